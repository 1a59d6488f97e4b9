"""Work in threads: a few at once, some in line, none for ever, and none for a client that has gone.

An answer cannot be interrupted in the middle of a step, but between two of them; until then it keeps its place, so
that what is running is what is counted. Not here: the numbers (`ketarag.web.limits.Limits`).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from ketarag.web.failures import ServiceError

T = TypeVar("T")

RETRY_AFTER = 5.0
"""Seconds after which a line that was full has moved: it empties in about ten."""

_Work = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _End:
    """The last thing that comes out of a piece of work."""

    error: BaseException | None = None


class Workers:
    """At most `at_once` pieces of work run, at most `waiting` more are in line, in the order that they came."""

    def __init__(self, at_once: int, waiting: int) -> None:
        """Threads start when they are first needed."""
        self._at_once = at_once
        self._longest = waiting
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="ketarag-answer")
        self._line: deque[_Work] = deque()
        self._running = 0
        self._closed = False
        self._lock = threading.Lock()

    @property
    def running(self) -> int:
        """Pieces of work in a thread, those included whose client has gone and that have not come to a stop yet."""
        return self._running

    @property
    def waiting(self) -> int:
        """Pieces of work in line."""
        return len(self._line)

    @property
    def full(self) -> bool:
        """Whether a further piece of work would be refused."""
        return self._running >= self._at_once and len(self._line) >= self._longest

    @property
    def open(self) -> bool:
        """False once `refuse` or `close` was called."""
        return not self._closed

    async def run(self, make: Callable[[], Iterator[T]], seconds: float) -> AsyncGenerator[T, None]:
        """The items of `make()`, which is called and iterated in a thread, as they come.

        Raises ServiceError when the line is full or `seconds` have passed, and what the iterator raises. When the caller
        stops early, so does the iterator, after its current item.
        """
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[T | _End] = asyncio.Queue()
        unwanted = threading.Event()

        def tell(item: T | _End) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(inbox.put_nowait, item)

        def work() -> None:
            try:
                for item in make():
                    if unwanted.is_set():
                        return
                    tell(item)
                tell(_End())
            except BaseException as error:  # raised again where the work was asked for
                tell(_End(error))

        until = loop.time() + seconds
        self._enter(work)
        try:
            while not isinstance(item := await _next(inbox, until - loop.time(), seconds), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            unwanted.set()
            self._leave(work)

    def refuse(self) -> None:
        """Take no more work; what runs and what is in line goes on."""
        with self._lock:
            self._closed = True

    def close(self) -> None:
        """Take no more work and wait until what runs and what is in line is done."""
        self.refuse()
        self._pool.shutdown(wait=True)

    def _enter(self, work: _Work) -> None:
        with self._lock:
            if self._closed:
                raise ServiceError(
                    503, "shutting_down", "The server is stopping. Send it again.", retry_after=RETRY_AFTER
                )
            if self.full:
                count = self._running + len(self._line)
                message = f"{count} questions are being answered or wait. Send it again later."
                raise ServiceError(503, "queue_full", message, retry_after=RETRY_AFTER)
            if self._running < self._at_once:
                self._running += 1
                self._pool.submit(self._run, work)
            else:
                self._line.append(work)

    def _leave(self, work: _Work) -> None:
        """Out of the line, where it still is in it."""
        with self._lock, suppress(ValueError):
            self._line.remove(work)

    def _run(self, work: _Work) -> None:
        """One piece of work, then those in line."""
        after: _Work | None = work
        while after is not None:
            after()
            with self._lock:
                after = self._line.popleft() if self._line else None
                self._running -= after is None


async def _next(inbox: asyncio.Queue[T], left: float, seconds: float) -> T:
    try:
        async with asyncio.timeout(left):
            return await inbox.get()
    except TimeoutError:
        message = f"The answer took longer than {seconds:g} seconds and was given up. Send it again later."
        raise ServiceError(503, "timeout", message, retry_after=RETRY_AFTER) from None
