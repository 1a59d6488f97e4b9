"""Running and stopping the server: what was begun is finished, what comes meanwhile is told to come back, then it ends with 0."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from ketarag.web.service import Service

GRACE_SECONDS = 5
"""How long connections are waited for once nothing is worked on: a page keeps one open for as long as it is shown."""

_LOOK_SECONDS = 0.05


def run(config: uvicorn.Config, listener: socket.socket, service: Service, ready: str) -> None:
    """Say `ready`, serve until SIGTERM or Ctrl-C, and return when what runs is finished; a second Ctrl-C waits for nothing."""
    with suppress(KeyboardInterrupt), _ended_by_sigterm():
        _Server(config, service, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Refuses new questions first, and closes its doors when those that were taken are answered.

    uvicorn alone would give up what is not answered within `GRACE_SECONDS`, or wait for ever for a page that is open.
    """

    def __init__(self, config: uvicorn.Config, service: Service, ready: str) -> None:
        super().__init__(config)
        self._service = service
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn, and say so: from here on a signal stops it in order."""
        await super().startup(sockets)
        sys.stdout.write(f"{self._ready}\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what runs or waits in line, each within the time that an answer may take; then as uvicorn does."""
        workers = self._service.workers
        workers.refuse()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._service.limits.seconds):
                while (workers.running or workers.waiting) and not self.force_exit:
                    await asyncio.sleep(_LOOK_SECONDS)
        await super().shutdown(sockets)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM like Ctrl-C: uvicorn raises the signal that ended it once more, which would kill the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
