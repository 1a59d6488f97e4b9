"""Occurrences of stems in the passages of an index, block by block, from the words that were counted when they were written."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ketarag.indexing.counts import Counts
from ketarag.indexing.lexical import Block
from ketarag.indexing.shelf import Shelf
from ketarag.text import STOP_WORDS, stem

PASSAGES = 16_384
"""In a block: a million and a half occurrences, some 50 MB while they are sorted."""


def blocks(shelf: Shelf, passages: int = PASSAGES) -> Iterator[Block]:
    """All passages in order, about `passages` at a time."""
    stems: dict[str, int] = {}
    known: dict[int, tuple[Counts, NDArray[np.int64]]] = {}
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    begin = end = 0
    for segment, _, first, count in shelf.places.tolist():
        if segment not in known:
            counts = shelf.segments[segment].words()
            known[segment] = counts, _stem_numbers(counts, stems)
        counts, numbers = known[segment]
        starts = counts.starts[first : first + count + 1]
        inside = slice(int(starts[0]), int(starts[-1])) if count else slice(0, 0)
        rows = np.repeat(np.arange(end - begin, end - begin + count), np.diff(starts))
        parts.append((numbers[counts.numbers[inside]], rows, counts.times[inside].astype(np.int64)))
        end += count
        if end - begin >= passages:
            yield _block(parts, list(stems), begin, end)
            parts, begin = [], end
    if parts:
        yield _block(parts, list(stems), begin, end)


def _stem_numbers(counts: Counts, stems: dict[str, int]) -> NDArray[np.int64]:
    """For each word of a vocabulary the number of its stem, -1 for a stop word."""
    return np.array(
        [-1 if word in STOP_WORDS else stems.setdefault(stem(word), len(stems)) for word in counts.vocabulary],
        dtype=np.int64,
    )


def _block(
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]], stems: list[str], begin: int, end: int
) -> Block:
    """Words of one stem in one passage become one occurrence."""
    numbers, rows, times = (np.concatenate(column) for column in zip(*parts, strict=True))
    content = numbers >= 0
    numbers, rows, times = numbers[content], rows[content], times[content]
    lengths = np.bincount(rows, times, minlength=end - begin).astype(np.int64)
    present, local = np.unique(numbers, return_inverse=True)
    pairs, inverse = np.unique(rows * max(len(present), 1) + local, return_inverse=True)
    together = np.bincount(inverse, times, minlength=len(pairs)).astype(np.int64)
    words = [stems[at] for at in present.tolist()]
    size = max(len(present), 1)
    return Block(words, pairs % size, pairs // size + begin, together, lengths)
