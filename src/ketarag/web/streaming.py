"""Answers that arrive piece by piece, and clients that go away: server-sent events and their end.

Not here: what the events are (`ketarag.web.api`, `ketarag.web.openai_api`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, TypeVar

from starlette.responses import StreamingResponse

from ketarag.web.failures import ClientGoneError, ServiceError, failure_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

T = TypeVar("T")

EVENT_STREAM = "text/event-stream"


def frame(data: str, event: str | None = None) -> str:
    """One server-sent event. `data` is JSON on one line."""
    return f"event: {event}\ndata: {data}\n\n" if event else f"data: {data}\n\n"


async def unless_gone(receive: Receive, work: Awaitable[T]) -> T:
    """The result of `work`, which is cancelled when the client goes away first: then ClientGoneError is raised.

    The request's body has been read before.
    """
    doing, going = asyncio.ensure_future(work), asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({doing, going}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise ClientGoneError
    finally:
        doing.cancel()
        going.cancel()
        await asyncio.gather(doing, going, return_exceptions=True)


async def begun(
    receive: Receive, frames: AsyncGenerator[str, None], told: Callable[[ServiceError], str], route: str
) -> EventStream:
    """A stream whose first event is there, so that what is refused before it still has a status of its own.

    `told` writes a failure that comes later as an event.
    """
    first = await unless_gone(receive, anext(frames))
    return EventStream(first, _rest(frames, told, route))


class EventStream(StreamingResponse):
    """Server-sent events that stop being made when the client goes away, whatever the server."""

    media_type = EVENT_STREAM

    def __init__(self, first: str, rest: AsyncGenerator[str, None]) -> None:
        """`x-accel-buffering` tells nginx to pass every event on at once."""
        super().__init__(rest, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        self._first = first
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send all events, or as many as the client stays for."""
        async with aclosing(self._rest):
            with suppress(ClientGoneError):
                await unless_gone(receive, self._send_all(send))

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await _send_body(send, self._first)
        async for event in self._rest:
            await _send_body(send, event)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_body(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _rest(
    frames: AsyncGenerator[str, None], told: Callable[[ServiceError], str], route: str
) -> AsyncGenerator[str, None]:
    """The frames, and what goes wrong between them as the last one."""
    async with aclosing(frames):
        try:
            async for event in frames:
                yield event
        except Exception as error:
            yield told(failure_of(error, route))


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
