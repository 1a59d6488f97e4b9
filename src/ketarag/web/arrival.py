"""Where a request comes from: the address behind trusted proxies, the host it was sent to, the site that sent it.

What a proxy says about a request counts only when the proxy is one that the operator named. It is read here, once, and
removed: nothing behind can believe anybody else. uvicorn must not do the same with less care: `proxy_headers=False`.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ketarag.errors import SettingsError

if TYPE_CHECKING:
    from starlette.types import Scope

FORWARDED = frozenset(
    b"forwarded x-real-ip x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix x-forwarded-proto "
    b"x-forwarded-server".split()
)
"""Headers in which proxies say where a request came from and how."""

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as the rest of the app may see it.

    `scope` has the address and the scheme that the browser used, and no header that only a proxy may set. `claims` are
    the values of the header that says who asks, `trusted` whether the peer may set it.
    """

    scope: Scope
    claims: tuple[bytes, ...]
    trusted: bool


class Proxies:
    """The proxies that are believed, and the header in which they say who asks."""

    def __init__(self, networks: Sequence[str], header: str | None) -> None:
        """`networks`: addresses or networks as in `Settings.trusted_proxies`."""
        self._networks = [ip_network(network, strict=False) for network in networks]
        self._header = header.lower().encode() if header is not None else None

    def arrived(self, scope: Scope) -> Arrival:
        """The request that the server got, with what its peer may say about it."""
        peer = scope["client"][0] if scope.get("client") else ""
        trusted = self.trusts(peer)
        claims = tuple(value for name, value in scope["headers"] if name == self._header)
        dropped = FORWARDED | {self._header}
        seen = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in dropped]}
        if trusted:
            seen["client"] = (self._client(header_values(scope, b"x-forwarded-for"), peer), 0)
            if header_values(scope, b"x-forwarded-proto")[-1:] == ["https"]:
                seen["scheme"] = {"http": "https", "ws": "wss"}.get(scope["scheme"], scope["scheme"])
        return Arrival(seen, claims, trusted)

    def _client(self, hops: Sequence[str], peer: str) -> str:
        """The last address that no trusted proxy has; what stands before it anybody may have written."""
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                return peer
            peer = str(address)
            if not self.trusts(peer):
                return peer
        return peer

    def trusts(self, text: str) -> bool:
        """Whether an address is one of the proxies."""
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def header_values(scope: Scope, name: bytes) -> list[str]:
    """The values of a header that may be a list or come several times, in order."""
    values = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return [part.strip() for part in ",".join(values).split(",") if part.strip()]


def addressed_to_this_machine(scope: Scope) -> bool:
    """Whether the Host header names this machine by a loopback name, which no name server can take over."""
    return _is_loopback_name(_host(scope)[0])


def is_private(scope: Scope) -> bool:
    """Whether nobody on the way can read along: encrypted, or never leaving this machine."""
    return scope["scheme"] in ("https", "wss") or addressed_to_this_machine(scope)


def sent_by_own_page(scope: Scope) -> bool | None:
    """Whether the browser says that a page of this very service made the request; None where nothing says so.

    `Sec-Fetch-Site` is the browser's own word, which no page can forge. Where it is missing (plain HTTP, older
    browsers), the origin must be the host that was asked.
    """
    site = header_values(scope, b"sec-fetch-site")
    if site:
        return site == ["same-origin"] or site == ["none"]
    origin = header_values(scope, b"origin")
    if not origin:
        return None
    try:
        parts = urlsplit(origin[0])
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return False
    host, asked_port = _host(scope)
    return len(origin) == 1 and (parts.hostname, port) == (host, asked_port or _DEFAULT_PORTS.get(parts.scheme))


def is_loopback(host: str) -> bool:
    """Whether listening on `host` reaches this machine only. Names are resolved: all their addresses must be loopback.

    Raises SettingsError when a name cannot be resolved.
    """
    if host == "":
        return False  # every address, for `socket`
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"cannot listen on {host!r}: no such address or name; choose another with --host"
        ) from error
    addresses = [_address(str(entry[4][0])) for entry in found]
    return bool(addresses) and all(address is not None and address.is_loopback for address in addresses)


def _host(scope: Scope) -> tuple[str, int | None]:
    """The Host header as (name, port): lower case, without brackets and final dot; ("", None) when it cannot be read."""
    try:
        parts = urlsplit("//" + next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), ""))
        return (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", None


def _is_loopback_name(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address, also with a port or brackets as in X-Forwarded-For; one of IPv4 written as IPv6 is of IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
