"""Files that are found whole or not at all: written aside and renamed, the hash of what they hold before it. Imports nothing of ours."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

_DIGEST = 32


def read_checked(path: Path) -> memoryview | None:
    """What `write_checked` wrote; None where there is no file, or a damaged one."""
    try:
        data = memoryview(path.read_bytes())
    except OSError:
        return None
    body = data[_DIGEST:]
    return body if hashlib.sha256(body).digest() == data[:_DIGEST] else None


def write_checked(path: Path, body: bytes) -> None:
    """Writes a file, its folder too where it is missing. Raises OSError, having left nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(body).digest() + body)
        Path(aside).replace(path)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise
