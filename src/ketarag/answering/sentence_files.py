"""The vectors of a document's sentences on disk, so that the first question after a start need not embed them all again.

A file for each passage in the user's cache, named by what it was made of (the embedder and the very texts), checked by its hash, written
aside and renamed. Written for all passages of a small library at once, never because of what somebody asked. What is not there, or
damaged, is embedded as ever: the numbers are the same. Not here: what is embedded and when (`features`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from ketarag.checked import read_checked, write_checked
from ketarag.protocols import TokenVectors, Vectors

MOST_BYTES = 300_000_000
"""Of all files together; the oldest are removed. A sentence takes about 70,000, a short article 7,000,000."""

Embedded = tuple[list[TokenVectors], Vectors]
"""Each sentence word piece by word piece, and the vectors of their windows, shape (sentences, dimension)."""


def default_folder() -> Path:
    """In the user's cache, for all libraries: a passage that stands in two of them is kept once."""
    return Path(platformdirs.user_cache_path("ketarag")) / "sentences"


class SentenceFiles:
    """Keeps what one embedder made of sentences. Safe to share between threads and processes."""

    def __init__(self, folder: Path, embedder: str) -> None:
        """`embedder` is its fingerprint. Nothing is read or made yet."""
        self._folder = folder
        self._embedder = embedder

    def find(self, texts: Sequence[str]) -> Embedded | None:
        """What was kept for the sentences of a passage; None where there is nothing whole."""
        body = read_checked(self._path(texts))
        return None if body is None else _unpacked(body, len(texts))

    def keep(self, texts: Sequence[str], embedded: Embedded) -> None:
        """Writes them, unless they are there. Raises OSError where that cannot be done."""
        path = self._path(texts)
        if not path.exists():
            write_checked(path, _packed(embedded))

    def is_done(self, library: str) -> bool:
        """Whether all passages of a library (named by the fingerprint of its index) were kept once."""
        return self._mark(library).exists()

    def set_done(self, library: str) -> None:
        """Notes that they are, and removes the oldest files of all libraries beyond MOST_BYTES. Raises OSError."""
        self._mark(library).touch()
        left = MOST_BYTES
        found = [(path.stat(), path) for path in self._folder.iterdir()]
        for stat, path in sorted(found, key=lambda pair: -pair[0].st_mtime):
            left -= stat.st_size
            if left < 0:
                path.unlink(missing_ok=True)

    def _path(self, texts: Sequence[str]) -> Path:
        return self._folder / f"{self._name(*texts)}.vectors"

    def _mark(self, library: str) -> Path:
        return self._folder / f"{self._name(library)}.done"

    def _name(self, *parts: str) -> str:
        made_of = "\0".join([self._embedder, *parts])
        return hashlib.sha256(made_of.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _packed(embedded: Embedded) -> bytes:
    """Number of columns, pieces of each sentence, then spans, piece vectors, pooled vectors and windows."""
    tokens, windows = embedded
    head = np.array([windows.shape[1], *(len(one.vectors) for one in tokens)], dtype=np.int32)
    parts: list[NDArray[np.generic]] = [head]
    parts += [np.asarray(one.spans, dtype=np.int32) for one in tokens]
    parts += [np.asarray(one.vectors, dtype=np.float32) for one in tokens]
    parts += [np.asarray(one.pooled, dtype=np.float32) for one in tokens]
    return b"".join(part.tobytes() for part in [*parts, np.asarray(windows, dtype=np.float32)])


def _unpacked(body: memoryview, sentences: int) -> Embedded:
    columns, *pieces = np.frombuffer(body, dtype=np.int32, count=sentences + 1).tolist()
    ends = np.cumsum(pieces).tolist()
    at, total = 4 * (sentences + 1), sum(pieces)
    spans = np.frombuffer(body, dtype=np.int32, count=2 * total, offset=at).reshape(total, 2).astype(np.int64)
    numbers = np.frombuffer(body, dtype=np.float32, offset=at + 8 * total).reshape(-1, columns)
    vectors, pooled, windows = np.split(numbers, [total, total + sentences])
    tokens = [
        TokenVectors(spans[end - count : end], vectors[end - count : end], pooled[row])
        for row, (end, count) in enumerate(zip(ends, pieces, strict=True))
    ]
    return tokens, windows
