"""Where a LangChain chat model sends what it is given: the address, and whether that is another machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from langchain_core.language_models import BaseChatModel

_PLACES: tuple[Callable[[Any], object], ...] = (
    lambda model: model.root_client.base_url,  # langchain-openai, Azure included: the URL that is used, whatever set it
    lambda model: model.anthropic_api_url,
    lambda model: model._client._client.base_url,  # langchain-ollama: OLLAMA_HOST counts
    lambda model: model.base_url,
    lambda model: model.azure_endpoint,
    lambda model: model.endpoint_url,
    lambda model: model.endpoint,
    lambda model: model.api_base,
    lambda model: model.server_url,
)
"""Where the packages keep the address, the surest first. None of them has a common name for it."""


def origin(url: str) -> str:
    """Scheme, host and port of a URL, without user, password, path, query and fragment; "" where it has no host."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # a port that is none
        return ""
    if not host:
        return ""
    return f"{parts.scheme}://[{host}]{port}" if ":" in host else f"{parts.scheme}://{host}{port}"


def address_of(model: BaseChatModel) -> str:
    """The URL that requests go to, as it is set (it may hold a password: show `origin` of it); "" where none is found."""
    for place in _PLACES:
        try:
            found = str(place(model) or "")
        except AttributeError:
            continue
        if origin(found) or _is_socket(found):
            return found
    return ""


def is_loopback(url: str) -> bool:
    """Whether the address is this machine: loopback by number or as localhost, or a Unix socket. No name is looked up."""
    if _is_socket(url):
        return True
    host = (_split(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def leaves_machine(model: BaseChatModel, proxied: bool = True) -> bool:
    """Whether what the model is given goes to another machine. Where no address is found: yes, it is not known that it stays.

    `proxied`: the model's HTTP client takes the proxies of the environment, which then see what goes to this machine too.
    """
    url = address_of(model)
    if not url:
        return not type(model).__module__.startswith("langchain_core.")  # its models for tests run in this process
    return not is_loopback(url) or (proxied and _behind_proxy(url))


def _behind_proxy(url: str) -> bool:
    parts = _split(url)
    proxies = getproxies()
    return bool((parts.scheme in proxies or "all" in proxies) and not proxy_bypass(parts.hostname or ""))


def _is_socket(url: str) -> bool:
    return _split(url).scheme.lower() in ("unix", "http+unix")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")
