"""A chat model from what people give: its name, a LangChain model, or one of their own. LangChain is imported when it is asked for."""

from __future__ import annotations

from typing import Any, Protocol, TypeGuard, cast

from ketarag.protocols import ChatModel


class Invokable(Protocol):
    """A LangChain chat model (`BaseChatModel`), so far as it must be known without LangChain."""

    def invoke(self, input: Any, /, *args: Any, **kwargs: Any) -> Any:
        """As LangChain has it."""
        ...


def chat_model(given: str | ChatModel | Invokable | None, url: str | None = None) -> ChatModel | None:
    """The chat model: by name ("ollama:llama3.2"), wrapped where it is LangChain's, else as it is; None for None and "".

    `url` is the base URL of the OpenAI-compatible server that has a model of that name. Raises SettingsError.
    """
    if given is None or given == "":
        return None
    if _is_ours(given):
        return given
    from ketarag.integrations.langchain.models import load_chat_model, wrap

    return load_chat_model(given, url) if isinstance(given, str) else wrap(cast(Any, given))


def _is_ours(given: object) -> TypeGuard[ChatModel]:
    return hasattr(given, "leaves_machine")
