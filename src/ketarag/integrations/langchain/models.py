"""Any LangChain chat model as a `ketarag.protocols.ChatModel`: a name for `init_chat_model`, or an instance.

    model = load_chat_model("ollama:llama3.2")
    model = load_chat_model("openai:my-model", base_url="http://127.0.0.1:8080/v1")   # vLLM, llama.cpp, LM Studio
    model = wrap(ChatAnthropic(model="..."))

What is asked of the model is asked through LangChain's own `_stream`, beneath its callbacks: no tracer, no debug handler
and no LangSmith that the environment switches on sees a question or a passage. See docs/chat-models.md for what leaves the machine.
Not here: which provider needs what (`providers`), where it sends (`address`), what went wrong (`failures`), the thread (`calls`).
"""

from __future__ import annotations

import logging
import random
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from ketarag.errors import ChatModelError, SettingsError
from ketarag.integrations.langchain.address import address_of, leaves_machine, origin
from ketarag.integrations.langchain.calls import THREAD_NAME, Call, OutOfTime, Piece
from ketarag.integrations.langchain.failures import Failure, failure
from ketarag.integrations.langchain.meter import Meter, Usage
from ketarag.integrations.langchain.providers import build, read_spec
from ketarag.protocols import Message

ATTEMPTS = 3
"""Of one call, before its first piece came."""
FIRST_WAIT = 0.5
"""Seconds before the second attempt, on average; doubled before each further one."""
HANGING = 8
"""Calls that were given up and have not ended: with so many, the model is not asked until one of them ends."""

_ROLES: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
_TALKATIVE = ("openai._base_client", "anthropic._base_client", "langchain_ollama.chat_models", "httpx", "httpx2")
"""Loggers of libraries that write requests or addresses."""


def load_chat_model(spec: str, base_url: str | None = None) -> LangChainModel:
    """The chat model of that name, for `init_chat_model` ("ollama:llama3.2"), without asking it anything.

    With `base_url`, `spec` names a model of an OpenAI-compatible server there ("openai:" may be left out); "ollama:", "anthropic:" and
    other providers take it as their own address. Its key is read from the environment by the provider's package. Raises SettingsError
    for a name, a package, a key or a URL that cannot work, naming what to install or to set.
    """
    asked = read_spec(spec, base_url)
    model = build(asked)
    name = f"{asked.provider}:{asked.model}" if asked.provider else asked.model
    compatible = bool(asked.url) and asked.provider == "openai"
    return LangChainModel(model, name, leaves_machine(model, proxied=False), lambda: build(asked, True), compatible)


def wrap(model: BaseChatModel, leaves: bool | None = None) -> LangChainModel:
    """An instance as it is set up, its callbacks left out. `leaves`: whether it sends to another machine, None to find out.

    Where that cannot be found out (a model in this process, of a package unknown here), it is taken to leave. Raises SettingsError.
    """
    if not isinstance(model, BaseChatModel):
        raise SettingsError(f"{type(model).__name__} is no LangChain chat model; give a BaseChatModel or its name")
    about = model._get_ls_params()
    name = f"{about.get('ls_provider', 'model')}:{about.get('ls_model_name', type(model).__name__)}"
    return LangChainModel(model, name, leaves_machine(model) if leaves is None else leaves)


class LangChainModel:
    """A `ChatModel`. Safe to share between threads."""

    def __init__(
        self,
        model: BaseChatModel,
        name: str,
        leaves: bool,
        plainer: Callable[[], BaseChatModel] | None = None,
        compatible: bool = False,
    ) -> None:
        """Use `load_chat_model` or `wrap`. `plainer` builds the model without parameters that not every server takes.

        `compatible`: an OpenAI-compatible server, which takes the older name of the token limit.
        """
        _keep_quiet()
        where = origin(address_of(model))
        self.name = f"{name} at {where}" if where else name
        self.leaves_machine = leaves
        self._model = model
        self._plainer = plainer
        if plainer is not None:  # loaded by us: nobody else uses its connections
            self._close_with_this(model)
        self._compatible = compatible
        self._given_up: list[Call] = []
        self._usage = Usage()
        self._lock = threading.Lock()

    @property
    def usage(self) -> Usage:
        """What all calls so far took."""
        return self._usage

    def stream(self, messages: Sequence[Message], *, seconds: float, tokens: int) -> Iterator[str]:
        """As `ChatModel.stream` says: pieces until the model ends or `tokens` are written. Raises ChatModelError."""
        deadline = time.monotonic() + seconds
        said = [_ROLES[message.role](message.text) for message in messages]
        meter = Meter(tokens, sum(len(message.text.encode()) for message in messages))
        attempt = 1
        while True:
            problem = yield from self._attempt(said, deadline, meter)
            if problem is None:
                return
            if problem.plainer and self._plainer is not None and not meter.began:
                self._become_plainer()
                continue
            if not problem.again or meter.began or attempt == ATTEMPTS:
                raise ChatModelError(f"{self.name}: {problem.reason}")
            wait = FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1.5) if problem.wait is None else problem.wait
            if time.monotonic() + wait >= deadline:
                raise ChatModelError(
                    f"{self.name}: {problem.reason}; a wait of {wait:.0f} s is beyond the time limit (KETARAG_LLM_SECONDS)"
                )
            time.sleep(wait)
            attempt += 1

    def _attempt(self, said: list[BaseMessage], deadline: float, meter: Meter) -> Generator[str, None, Failure | None]:
        """The pieces of one request; then what went wrong with it, None where nothing did. Raises ChatModelError."""
        call = self._begin(said, deadline, meter.tokens)
        try:
            for piece in call.pieces(deadline):
                text = meter.take(piece)
                if text:
                    yield text
                if meter.full:
                    return None
        except OutOfTime:
            raise ChatModelError(
                f"{self.name}: not done in time; give it longer (KETARAG_LLM_SECONDS) or use a faster one"
            ) from None
        except Exception as error:  # each package has errors of its own
            return failure(error)
        finally:
            call.stop()
            with self._lock:
                self._given_up.append(call)
                self._usage += meter.usage()
        return None if meter.began else Failure("its answer is empty")

    def _begin(self, said: list[BaseMessage], deadline: float, tokens: int) -> Call:
        with self._lock:
            self._given_up = [call for call in self._given_up if call.alive]
            hanging = sum(call.hangs for call in self._given_up)
        if hanging >= HANGING:
            raise ChatModelError(f"{self.name}: not asked, since {hanging} calls to it still hang; restart its server")
        left = deadline - time.monotonic()
        if left <= 0 or tokens < 1:
            raise ChatModelError(f"{self.name}: not asked, since nothing is left of its time or tokens")
        model, options = _limited(self._model, tokens, self._compatible)
        if type(model).__module__.startswith(("langchain_openai.", "langchain_anthropic.")):
            options["timeout"] = left
        return Call(lambda: _written(model, said, options))

    def _become_plainer(self) -> None:
        """For good: a server that does not take a parameter now does not take it later."""
        with self._lock:
            if self._plainer is not None:
                self._model, self._plainer, self._compatible = self._plainer(), None, False
                self._close_with_this(self._model)

    def _close_with_this(self, model: BaseChatModel) -> None:
        weakref.finalize(self, _close, model).atexit = False


def _written(model: BaseChatModel, said: list[BaseMessage], options: dict[str, Any]) -> Generator[Piece]:
    """The reply in pieces; in one where the model, or the server, does not stream."""
    if model.rate_limiter is not None:
        model.rate_limiter.acquire(blocking=True)
    streamed = False
    if type(model)._stream is not BaseChatModel._stream and model.disable_streaming is not True:
        for chunk in model._stream(said, **options):
            streamed = True
            yield _piece(chunk.message)
    if not streamed:
        yield _piece(model._generate(said, **options).generations[0].message)


def _piece(message: BaseMessage) -> Piece:
    usage = getattr(message, "usage_metadata", None) or {}
    return Piece(str(message.text), usage.get("input_tokens", 0), usage.get("output_tokens", 0))


def _limited(model: BaseChatModel, tokens: int, compatible: bool) -> tuple[BaseChatModel, dict[str, Any]]:
    """The model told to write at most `tokens`, and what its call takes; the model as it is where it cannot be told."""
    if compatible:  # max_completion_tokens, which the package sends, is younger than many servers
        return model, {"extra_body": {"max_tokens": tokens}}
    for name in ("max_tokens", "num_predict", "max_output_tokens"):
        if name in type(model).model_fields:
            given = getattr(model, name)
            least = min(given, tokens) if isinstance(given, int) and given > 0 else tokens
            return model.model_copy(update={name: least}), {}
    return model, {}


def _close(model: BaseChatModel) -> None:
    """Closes the connections that are kept open for the next request, of the packages that keep a client for the model alone."""
    client = getattr(model, "root_client", None) or getattr(model, "_client", None)
    if type(model).__module__.startswith(("langchain_openai.", "langchain_ollama.")) and client is not None:
        client.close()


class _Unsaid(logging.Filter):
    """Leaves out what a library logs of our calls: requests hold the question and the passages, addresses may hold more."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.threadName != THREAD_NAME


_UNSAID = _Unsaid()


def _keep_quiet() -> None:
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_UNSAID)
