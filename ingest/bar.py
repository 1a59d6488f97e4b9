"""Progress on one line of a terminal; line by line anywhere else."""

from __future__ import annotations

import re
import shutil
from typing import TextIO

from ketarag.presentation import printable

_EMBEDDING = re.compile(r"Embedding passages: (\d+)/(?:about )?(\d+)(.*)")
_PASSING = ("Embedding passages", "Reading ", "Checking ")
_WIDTH = 24
_ANEW = "\r\x1b[K"
"""To the start of the line, and clear it."""


class Bar:
    """Lines of progress; those that only say how far it is are written over by the next."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._alone = stream.isatty()
        self._open = False

    def __call__(self, line: str) -> None:
        """Shows a line of `build_index`'s progress."""
        text = printable(line)
        passing = self._alone and text.startswith(_PASSING)
        if passing:
            text = _drawn(text)[: shutil.get_terminal_size().columns - 1]
        self._stream.write(f"{_ANEW if self._alone else ''}{text}{'' if passing else chr(10)}")
        self._stream.flush()
        self._open = passing

    def close(self) -> None:
        """Ends the line that is open."""
        if self._open:
            self._stream.write("\n")
            self._stream.flush()
            self._open = False


def _drawn(text: str) -> str:
    """A bar before the numbers of embedded passages."""
    found = _EMBEDDING.fullmatch(text)
    if found is None:
        return text
    done, total = int(found[1]), max(int(found[2]), 1)
    full = min(_WIDTH, _WIDTH * done // total)
    return f"[{'#' * full}{'.' * (_WIDTH - full)}] {done:,} of {total:,} passages{found[3]}"
