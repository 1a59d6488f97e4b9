"""Connections to browsers and programs: how many, and how long one may keep us waiting. uvicorn limits neither.

A connection that does not send the head of a request, or does not take what it asked for, is cut, so that nobody holds the
service's file descriptors by opening many and saying nothing. Not here: how long a body may take (`ketarag.web.limits`).
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""From a connection's beginning, or the answer before, until the head of a request is there."""

STALL_SECONDS = 60.0
"""How long a client may take nothing of an answer that is being sent."""

_SPARE = 200
"""File descriptors for everything but connections: models, documents, the audit."""

_WANTED = 8_192
"""File descriptors that the process asks for."""

SHARE = 4
"""One address may have that part of the connections: a ward behind one address has two for each page that is open."""


def most_connections() -> int:
    """How many connections this process can have, after asking the system for as many files as it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    files = _WANTED if soft == resource.RLIM_INFINITY else min(soft, _WANTED)
    return max(files - _SPARE, SHARE)


def limited_protocol(most: int, many_from: Callable[[str], bool]) -> type[H11Protocol]:
    """The protocol for uvicorn, for at most `most` connections. Where `many_from` holds of an address, it may have all of them."""

    class Limited(_Timed):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > most or (not self._may_have_all() and self._of_same_address() > most // SHARE):
                transport.abort()

        def _may_have_all(self) -> bool:
            return self.client is None or many_from(self.client[0])

        def _of_same_address(self) -> int:
            assert self.client is not None
            others = (one.client for one in self.connections if isinstance(one, H11Protocol))
            return sum(1 for one in others if one is not None and one[0] == self.client[0])

    return Limited


class _Timed(H11Protocol):
    """Cuts a client that owes the head of a request, or the end of one that was answered, or does not read."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._waiting: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._time_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._time_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._time_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._stalled)

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._waiting)
        _cancel(self._stalled)
        super().connection_lost(exc)

    def _time_head(self) -> None:
        """Begin to wait, go on waiting, or stop: what arrives in the meantime gives nobody more time."""
        owes = self.conn.their_state is h11.IDLE
        owes = owes or (self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE)
        if not owes or self.transport.is_closing():
            _cancel(self._waiting)
            self._waiting = None
        elif self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_SECONDS, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
