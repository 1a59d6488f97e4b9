"""Lines at the end of a file that others write too: a line is there as a whole or not at all, as far as the disk lets it."""

from __future__ import annotations

import os


def append_all(file: int, line: bytes) -> None:
    """Write all of `line` at the end of a file that was opened with O_APPEND and locked; raises OSError, having written nothing."""
    size = os.fstat(file).st_size
    try:
        written = 0
        while written < len(line):
            written += os.write(file, line[written:])
    except OSError:
        os.ftruncate(file, size)  # a full disk took half the line
        raise


def ends_whole(file: int) -> bool:
    """Whether the file, opened for reading, is empty or ends with a line break: a crash leaves half a line."""
    size = os.fstat(file).st_size
    return not size or os.pread(file, 1, size - 1) == b"\n"
