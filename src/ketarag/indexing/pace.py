"""How fast passages are embedded, and how long the rest will take: from what was done in this run, nothing else."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_WINDOW = 20
"""Reports that the pace is taken over: it follows a machine that becomes busy, and does not jump with each batch."""


class Pace:
    """Counts passages and bytes of documents; what is not read yet is reckoned to hold as many passages a byte as what is."""

    def __init__(self, documents: int, size: int, clock: Callable[[], float] = time.perf_counter) -> None:
        """`documents` with `size` bytes are to be read."""
        self._documents = documents
        self._bytes_left = size
        self._bytes_read = 0
        self._documents_read = 0
        self._found = 0
        self._done = 0
        self._clock = clock
        self._marks = deque([(clock(), 0)], maxlen=_WINDOW)

    @property
    def done(self) -> int:
        """Passages that are embedded."""
        return self._done

    def read(self, size: int, passages: int) -> None:
        """A document of `size` bytes was read, and has so many passages."""
        self._documents_read += 1
        self._bytes_read += size
        self._bytes_left = max(self._bytes_left - size, 0)
        self._found += passages

    def embedded(self, passages: int) -> str:
        """So many more are embedded; says how far it is."""
        self._done += passages
        now = self._clock()
        began, before = self._marks[0]
        self._marks.append((now, self._done))
        rate = (self._done - before) / max(now - began, 1e-9)
        whole = self._documents_read == self._documents
        expected = 0 if whole else round(self._found * self._bytes_left / max(self._bytes_read, 1))
        total = self._found + expected
        if whole and self._done == total:
            return f"Embedding passages: {self._done}/{total}"
        left = duration((total - self._done) / max(rate, 1e-9))
        return f"Embedding passages: {self._done}/{'' if whole else 'about '}{total}, {rate:.0f} a second, about {left} left"


def duration(seconds: float) -> str:
    """For people: "40 s", "12 min", "3 h 20 min"; never more exact than it can be."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
