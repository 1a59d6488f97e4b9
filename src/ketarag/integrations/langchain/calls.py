"""One call to a chat model in a thread of its own, so that a library that blocks holds up nobody.

The thread is a daemon: it never keeps the process from ending. Once the call is stopped it ends with the next bytes that come, or
when the library's own time limit passes.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

THREAD_NAME = "ketarag-chat-model"
"""Threads that speak to a chat model; what libraries log in them is left out (see `models`)."""

_REPLY_BYTES = 16 * 2**20
"""Bytes of one reply that are read. 100,000 tokens as server-sent events of 200 bytes are 20 million: more than anyone asks for."""
_HELD = 64
"""Pieces that wait for the reader of the stream."""
_LOOK = 0.05
"""Seconds after which a thread that waits for the reader looks whether the call was stopped."""
_GRACE = 2.0
"""Seconds that a stopped call may take to end before it counts as hanging."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a reply. Tokens as the server counts them, 0 where it does not say."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


class OutOfTime(Exception):  # noqa: N818 - not an error of anything called
    """The deadline passed before the reply was complete."""


class Stopped(Exception):  # noqa: N818
    """Raised in the thread: nobody reads the reply any more, or it is far too long."""


class Call:
    """A running request. `stop` ends it from any thread."""

    def __init__(self, work: Callable[[], Generator[Piece]]) -> None:
        """Starts at once; `work` runs in the thread, and its generator is closed there."""
        self._work = work
        self._pieces: queue.Queue[Piece | BaseException | None] = queue.Queue(_HELD)
        self._stopped = threading.Event()
        self._stopped_at = 0.0
        self._bytes_read = 0
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    @property
    def hangs(self) -> bool:
        """Whether it was stopped and does not end."""
        return self.alive and self._stopped.is_set() and time.monotonic() > self._stopped_at + _GRACE

    def stop(self) -> None:
        """Nothing more is read."""
        self._stopped_at = time.monotonic()
        self._stopped.set()

    def pieces(self, deadline: float) -> Iterator[Piece]:
        """The reply as it comes, until `deadline` (`time.monotonic`). Raises OutOfTime, and what the work raises."""
        while True:
            try:
                piece = self._pieces.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise OutOfTime from None
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            if time.monotonic() >= deadline:
                raise OutOfTime
            yield piece

    def check(self, read: int = 0) -> None:
        """Called in the thread for every `read` bytes. Raises Stopped."""
        self._bytes_read += read
        if self._stopped.is_set() or self._bytes_read > _REPLY_BYTES:
            raise Stopped

    def _run(self) -> None:
        _current.set(self)
        try:
            with closing(self._work()) as pieces:
                for piece in pieces:
                    if not self._put(piece):
                        return
            self._put(None)
        except BaseException as error:  # whatever a library raises is the reader's to judge
            self._put(error)

    def _put(self, item: Piece | BaseException | None) -> bool:
        """False when the call was stopped before the reader had room."""
        while not self._stopped.is_set():
            try:
                self._pieces.put(item, timeout=_LOOK)
            except queue.Full:
                continue
            return True
        return False


_current: ContextVar[Call | None] = ContextVar("ketarag_chat_call", default=None)


def guard_response(response: Any) -> None:
    """An event hook for the clients of httpx and httpx2: a stopped call reads no further, whatever trickles in."""
    if (call := _current.get()) is not None:
        response.stream = _guarded(response.stream, call)


def _guarded(stream: Any, call: Call) -> Any:
    base: Any = next(kind for kind in type(stream).__mro__ if kind.__name__ == "SyncByteStream")

    class Guarded(base):  # type: ignore[misc]  # of the library that the response is of
        def __iter__(self) -> Iterator[bytes]:
            for part in stream:
                call.check(len(part))
                yield part

        def close(self) -> None:
            stream.close()

    return Guarded()
