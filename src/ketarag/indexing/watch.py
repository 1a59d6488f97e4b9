"""watch: a corpus folder looked at again and again, by names, sizes and times; an update when it has come to rest.

Looking works on every file system, shared folders included, needs no library, and costs a few milliseconds for a thousand files.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ketarag.errors import KetaRAGError

EVERY = 2.0
"""Seconds between two looks; in a folder that takes long to look at, ten times as long as that takes."""


def watch(
    corpus: Path,
    update: Callable[[], object],
    report: Callable[[str], None],
    stop: threading.Event | None = None,
    every: float = EVERY,
) -> None:
    """Calls `update` at once, then whenever files have changed and two looks in a row see the same; until `stop` is set.

    What `update` raises of ours is reported, and tried again when the folder changes next.
    """
    ended = stop or threading.Event()
    done: object = None
    before: object = _state(corpus)
    while not ended.is_set():
        if before != done:
            done = before
            try:
                update()
            except KetaRAGError as error:
                report(f"Not updated: {error}")
            report(f"Watching {corpus}")
        before = _at_rest(corpus, ended, every)


def _at_rest(corpus: Path, ended: threading.Event, every: float) -> object:
    """What the folder holds, once it no longer changes: a file that is still being copied is not read half."""
    last: object = None
    while True:
        started = time.perf_counter()
        now = _state(corpus)
        if now == last or ended.wait(max(every, 10 * (time.perf_counter() - started))):
            return now
        last = now


def _state(corpus: Path) -> frozenset[tuple[str, int, int]]:
    return frozenset(_files(os.fspath(corpus)))


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        try:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _files(entry.path)
            else:
                state = entry.stat()
                yield entry.path, state.st_size, state.st_mtime_ns
        except OSError:  # gone since
            continue
