"""What a request may take: bytes, time to arrive, and how many a client may send. Kept in memory, bounded.

`Limiter` is ASGI middleware; it stands inside of whatever finds out who the client is. Not here: how many answers are
worked on at once and how long (`ketarag.web.workers`, which takes its numbers from `Limits`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from ketarag.errors import SettingsError
from ketarag.web.failures import ServiceError
from ketarag.web.throttle import Throttle

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ketarag.config import Settings

MCP = "/mcp"
"""The route for MCP clients."""

LIMITED = ("/v1/", MCP)
"""What the paths begin with that are limited; health, metrics and the page are not."""


SLOWEST = 50_000
"""Bytes a second with which a large request is expected to arrive: a tenth of what a poor line carries."""

NONE_LARGER: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked. Raises SettingsError for a number that would let nothing through."""

    body: int = 1_000_000
    """Bytes of one request. Twenty turns with their whole answers take about 200,000."""
    seconds: float = 60.0
    """From a request's first byte to its body's last, and again from there to the answer, waiting in line included."""
    rate: float = 20.0
    """Requests a second of one client in the long run: about what two cores can answer, so that the line decides."""
    burst: int = 60
    """Requests of one client at once; fewer than `waiting`, so that one client cannot fill the line."""
    at_once: int = 4
    """Answers that are worked on at the same time."""
    waiting: int = 100
    """Requests that wait in line for that; further ones are refused. 0: nobody waits."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """What the operator set. Raises SettingsError where an answer would be given up while a chat model may still write it."""
        if settings.llm is not None and settings.llm_seconds >= settings.answer_seconds:
            raise SettingsError(
                f"KETARAG_LLM_SECONDS is {settings.llm_seconds}, and KETARAG_ANSWER_SECONDS, which includes them, "
                f"{settings.answer_seconds}; set the latter to {2 * settings.llm_seconds}, say"
            )
        return cls(
            body=settings.request_bytes,
            seconds=settings.answer_seconds,
            rate=settings.client_rate,
            burst=settings.client_burst,
            at_once=settings.answers_at_once,
            waiting=settings.answers_waiting,
        )

    def __post_init__(self) -> None:
        for name in ("body", "seconds", "rate", "burst", "at_once"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"the limit {name} is {getattr(self, name)}; set it above 0")
        if self.waiting < 0:
            raise SettingsError(f"the limit waiting is {self.waiting}; set it to 0 or above")


def address_of(scope: Scope) -> str:
    """Who is asking, where nobody has logged in: the address, for IPv6 the network of 64 bits that one household has."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:  # a Unix socket has none
        return f"address:{host}"
    wide = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None
    return f"address:{ipaddress.ip_network((address, 64), strict=False) if wide else address}"


class Limiter:
    """ASGI middleware: requests that are too many, too large or too slow to arrive get 429, 413 or 408."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        client_of: Callable[[Scope], str] = address_of,
        larger: Mapping[str, int] = NONE_LARGER,
    ) -> None:
        """`client_of` names who a request is counted for: a user or an API key that was checked, else the address.

        `larger`: bytes of a request by path, where files are sent, which may take the longer to arrive.
        """
        self._app = app
        self._limits = limits
        self._client_of = client_of
        self._larger = larger
        self._throttle = Throttle(limits.burst, 1 / limits.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse or pass on one request."""
        if scope["type"] != "http" or not scope["path"].startswith(LIMITED):
            await self._app(scope, receive, send)
        elif failure := self._refusal(scope):
            await failure.response(scope["path"])(scope, receive, send)
        else:
            most = self._most(scope)
            seconds = max(self._limits.seconds, self._larger.get(scope["path"], 0) / SLOWEST)
            await self._app(scope, Body(receive, most, seconds, _too_large(most)).receive, send)

    def _refusal(self, scope: Scope) -> ServiceError | None:
        wait = self._throttle.take(self._client_of(scope))
        if wait:
            message = f"Too many requests: {self._limits.rate:g} a second are answered. Wait and send it again."
            return ServiceError(429, "rate_limited", message, retry_after=wait)
        most = self._most(scope)
        return ServiceError(413, "too_large", _too_large(most)) if declared_length(scope) > most else None

    def _most(self, scope: Scope) -> int:
        return self._larger.get(scope["path"], self._limits.body)


class Body:
    """The body of one request as it arrives, counted and timed."""

    def __init__(
        self, receive: Receive, most: int, seconds: float, too_large: str = "The request is too large."
    ) -> None:
        """`most` bytes in `seconds` from now; `too_large` is said of more."""
        self._receive = receive
        self._left = most
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._too_large = too_large
        self._whole = False

    async def receive(self) -> Message:
        """The next message. Raises HTTPException, which FastAPI passes on, once a limit is passed."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            detail = f"The request did not arrive within {self._seconds:g} seconds. Send it again."
            raise HTTPException(408, detail) from None
        self._left -= len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._left < 0:
            raise HTTPException(413, self._too_large)
        return message


def _too_large(most: int) -> str:
    return f"The request is larger than {most:,} bytes. Send less at once."


def declared_length(scope: Scope) -> int:
    """The Content-Length that a request came with, 0 for none; more digits than a size has count as much."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(value[:19]) if value.isdigit() else 0
