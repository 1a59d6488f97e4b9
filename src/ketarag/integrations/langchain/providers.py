"""A model's name -> LangChain's object for it, or an error that says what to install or which variable to set."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel

from ketarag.errors import SettingsError
from ketarag.integrations.langchain.address import address_of, is_loopback, origin
from ketarag.integrations.langchain.calls import guard_response

SEED = 7
"""Any number; the same one each time, so that a server that can repeat itself does."""
LONGEST = 600
"""Seconds without a byte after which a library gives up by itself; `calls` has the limit of a call, which is shorter."""

_EXTRAS = {"openai": "openai", "azure_openai": "openai", "anthropic": "anthropic", "ollama": "ollama"}
_VARIABLES = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "azure_openai": ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"),
}
_WANTED = {"temperature": 0.0, "seed": SEED, "max_retries": 0, "timeout": LONGEST, "request_timeout": LONGEST}
"""Given to a model where its class has such a field: the likeliest words, the same each time, and no retries but ours."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What the user asked for: `provider` of LangChain's, "" where it is to be guessed; `url` "" for the provider's own."""

    provider: str
    model: str
    url: str = ""


def read_spec(spec: str, base_url: str | None) -> Spec:
    """ "provider:model"; with a URL, anything else is a model of an OpenAI-compatible server. Raises SettingsError."""
    url = _checked_url(base_url) if base_url else ""
    provider, colon, model = spec.strip().partition(":")
    if not colon or provider not in known_providers():
        provider, model = "openai" if url else "", spec.strip()
    if provider == "openai" and url and not urlsplit(url).path.strip("/"):
        url = urlsplit(url)._replace(path="/v1").geturl()  # where every such server has it
    if not model.strip():
        raise SettingsError(
            f"the chat model {spec!r} names no model; write provider:model, for example ollama:llama3.2"
        )
    return Spec(provider, model, url)


@cache
def known_providers() -> tuple[str, ...]:
    """The providers that the installed LangChain knows, as it names them itself."""
    from langchain.chat_models import init_chat_model

    try:
        init_chat_model("model", model_provider="no such provider")
    except ValueError as error:
        listed = str(error).partition("Supported model providers are:")[2]
        return tuple(sorted(name.strip() for name in listed.split(",") if name.strip())) or tuple(_EXTRAS)
    return tuple(_EXTRAS)


def build(spec: Spec, plain: bool = False) -> BaseChatModel:
    """The model, without asking it anything; `plain`: without parameters that not every server takes. Raises SettingsError."""
    first = _made(spec, _address(spec))
    _check_key(spec, first)
    options = {name: value for name, value in _WANTED.items() if _takes(first, name)}
    if "timeout" in options:
        options.pop("request_timeout", None)
    if plain:
        options = {name: value for name, value in options.items() if name not in ("temperature", "seed")}
    return _made(spec, {**_address(spec), **options, **_client(spec, first, plain)})


def _address(spec: Spec) -> dict[str, Any]:
    if not spec.url:
        return {}
    if spec.provider == "azure_openai":
        return {"azure_endpoint": spec.url}
    # An OpenAI-compatible server mostly wants no key, and the client does not start without one.
    key = {"api_key": os.environ.get("OPENAI_API_KEY") or "none"} if spec.provider == "openai" else {}
    return {"base_url": spec.url, **key}


def _client(spec: Spec, first: BaseChatModel, plain: bool) -> dict[str, Any]:
    """An HTTP client that follows no redirect, stops when it is told, and takes no proxy to reach this machine."""
    settings: dict[str, Any] = {
        "follow_redirects": False,
        "trust_env": not is_loopback(address_of(first)),
        "event_hooks": {"response": [guard_response]},
    }
    if spec.provider == "ollama" or _takes(first, "sync_client_kwargs"):
        return {"sync_client_kwargs": {**settings, "timeout": LONGEST}}
    if not _takes(first, "openai_proxy"):  # only the OpenAI package's models, and those derived from them
        return {}
    from openai import DefaultHttpxClient

    usage = {} if plain else {"stream_usage": True}
    if settings["trust_env"] and getattr(first, "openai_proxy", None):
        return usage  # the user's own proxy, which the package puts into a client of its own
    return {"http_client": DefaultHttpxClient(**settings), "openai_proxy": "", **usage}


def _made(spec: Spec, options: dict[str, Any]) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    name = f"{spec.provider}:{spec.model}".lstrip(":")
    try:
        model = init_chat_model(spec.model, model_provider=spec.provider or None, **options)
    except ImportError as error:
        raise SettingsError(_to_install(spec.provider, name, error)) from error
    except Exception as error:  # each package has errors of its own, and their messages may hold a key
        if not spec.provider:
            raise SettingsError(
                f"the chat model {name!r} names no provider that LangChain knows; write provider:model, for example "
                f"ollama:llama3.2, with one of: {', '.join(known_providers())}"
            ) from None
        unset = [variable for variable in _VARIABLES.get(spec.provider, ()) if not os.environ.get(variable)]
        cure = f"set {', '.join(unset)}" if unset else "see the page of its package for the variables that it reads"
        raise SettingsError(f"the chat model {name} cannot be set up ({type(error).__name__}); {cure}") from None
    if not isinstance(model, BaseChatModel):
        raise SettingsError(f"{name!r} names no chat model; write provider:model, for example ollama:llama3.2")
    return model


def _to_install(provider: str, name: str, error: ImportError) -> str:
    if provider in _EXTRAS:
        return f"the chat model {name} needs a package; install it with: pip install 'ketarag[{_EXTRAS[provider]}]'"
    return f"the chat model {name} needs a package: {error}"  # LangChain's words, which name the package


def _check_key(spec: Spec, model: BaseChatModel) -> None:
    """A key that is missing is said now, not with the first question. Raises SettingsError naming the variable."""
    for field, variable in model.lc_secrets.items():
        if variable not in (*_VARIABLES.get(spec.provider, ())[:1], f"{spec.provider.upper()}_API_KEY"):
            continue
        if not _takes(model, field) or getattr(model, "azure_ad_token", None) or spec.provider == "ollama":
            continue
        key = getattr(model, field)
        if key is None or (hasattr(key, "get_secret_value") and not key.get_secret_value()):
            raise SettingsError(f"the chat model {spec.provider}:{spec.model} needs a key; set {variable}")


def _takes(model: BaseChatModel, name: str) -> bool:
    fields = type(model).model_fields
    return name in fields or any(field.alias == name for field in fields.values())


def _checked_url(url: str) -> str:
    parts = urlsplit(url) if url.isascii() else None
    if parts is None or parts.scheme not in ("http", "https") or not origin(url):
        raise SettingsError(f"the chat model's URL {origin(url) or url!r} is none; write http://host:port/v1")
    return url
