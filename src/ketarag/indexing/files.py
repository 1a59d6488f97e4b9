"""Files that are checked: their hashes and sizes, written beside them, and bytes on the disk before names."""

from __future__ import annotations

import os
from pathlib import Path

from ketarag.errors import IndexingError
from ketarag.indexing.load import file_sha256

CURE = "run `ketarag ingest` to build it again"

Files = dict[str, tuple[str, int]]
"""Name -> (SHA-256, bytes)."""


def described(folder: Path) -> Files:
    """Every file under a folder."""
    return {
        path.relative_to(folder).as_posix(): (file_sha256(path), path.stat().st_size) for path in sorted(files(folder))
    }


def check(folder: Path, wanted: Files, *, thorough: bool) -> None:
    """Raises IndexingError, naming the file, unless every file has its size and, `thorough`, its hash."""
    for name, (sha256, size) in wanted.items():
        path = folder / name
        try:
            there = path.stat().st_size if path.is_file() else -1
        except OSError:
            there = -1
        if there != size or (thorough and file_sha256(path) != sha256):
            raise IndexingError(f"{path}: damaged or missing (it is not as it was written); {CURE}")


def size_of(wanted: Files) -> int:
    """Bytes of all files together."""
    return sum(size for _, size in wanted.values())


def sync(folder: Path) -> None:
    """Bytes before names: what is named next is on the disk even if the power fails the moment after."""
    for path in [*files(folder), *(path for path in folder.rglob("*") if path.is_dir()), folder]:
        sync_one(path)


def sync_one(path: Path) -> None:
    """Of a file its bytes, of a folder its names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def files(folder: Path) -> list[Path]:
    """Every plain file under a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]
