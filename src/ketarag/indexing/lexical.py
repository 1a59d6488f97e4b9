"""The lexical side of the index: BM25 over stems (Lucene's variant, k1 1.5, b 0.75), exact, without looking at every passage.

The scores of each stem's passages are reckoned once (as `bm25s` does it, which is the reference in the tests), kept in mapped arrays,
and added up for a query from the rarest stem on. As soon as what is left of the query cannot lift a passage that was not found yet among
the best (MaxScore, Turtle & Flood 1995), its common stems are looked up for the passages found only.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ketarag.indexing.arrays import Vocabulary, open_array, save_array
from ketarag.text import content_stems

K1, B = 1.5, 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Occurrences of stems in passages that follow each other: `stems`, `positions` and `times`, each shape (n,), every pair once.

    `lengths`, shape (passages of the block,): stems of each, with repeats.
    """

    words: Sequence[str]
    stems: NDArray[np.int64]
    positions: NDArray[np.int64]
    times: NDArray[np.int64]
    lengths: NDArray[np.int64]


class LexicalIndex:
    """BM25 scores of texts in the order they were given. Safe to share between threads."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        starts: NDArray[np.int64],
        positions: NDArray[np.int32],
        scores: NDArray[np.float32],
        highest: NDArray[np.float32],
        size: int,
    ) -> None:
        """Use `build` or `load`. Stem i has the ascending `positions[starts[i]:starts[i + 1]]`, their scores and the highest of these."""
        self._vocabulary = vocabulary
        self._starts = starts
        self._positions = positions
        self._scores = scores
        self._highest = highest
        self._size = size
        self._own = threading.local()

    def __len__(self) -> int:
        """How many texts there are."""
        return self._size

    @classmethod
    def build(cls, texts: Sequence[str]) -> LexicalIndex:
        """Indexes the texts; position i of `search` is texts[i]."""
        return _build(lambda: [block_of([Counter(content_stems(text)) for text in texts], 0)], _in_memory)

    @classmethod
    def write(cls, folder: Path, blocks: Callable[[], Iterable[Block]]) -> None:
        """Indexes blocks, given twice in the same order, into `folder`; never holds more than one of them, and nothing is pickled."""
        folder.mkdir()
        index = _build(blocks, lambda name, dtype, size: _mapped(folder / f"{name}.npy", dtype, size))
        index._vocabulary.save(folder, "stems")
        save_array(folder / "starts.npy", index._starts)
        save_array(folder / "highest.npy", index._highest)
        save_array(folder / "size.npy", np.array([index._size], dtype=np.int64))

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """What `write` wrote."""
        starts, positions, scores, highest, size = (
            open_array(folder / f"{name}.npy") for name in ("starts", "positions", "scores", "highest", "size")
        )
        return cls(Vocabulary.open(folder, "stems"), starts, positions, scores, highest, int(size[0]))

    def column(self, stem: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The ascending positions of the texts that hold a stem, and the score that it gives each; empty for an unknown one."""
        number = self._vocabulary.find(stem)
        start, end = self._starts[number : number + 2] if number >= 0 else (0, 0)
        return self._positions[start:end], self._scores[start:end]

    def search(self, query: str, k: int, within: NDArray[np.int64] | None = None) -> list[tuple[int, float]]:
        """The at most `k` best (position, score > 0), best first; ties by position; of the positions `within`, None for all."""
        asked = Counter(content_stems(query))
        terms = [
            _Term(times, *self.column(stem), times * float(self._highest[number]))
            for stem, times in asked.items()
            if (number := self._vocabulary.find(stem)) >= 0
        ]
        if within is not None:
            searched = np.zeros(self._size, dtype=np.bool_)
            searched[within] = True
            terms = [kept for term in terms if len((kept := term.within(searched)).positions)]
        if not terms or k < 1:
            return []
        positions, scores = self._summed(sorted(terms, key=lambda term: len(term.positions)), k)
        best = _best(positions, scores, k)
        return [(int(positions[at]), float(scores[at])) for at in best]

    def _summed(self, terms: list[_Term], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Positions that may be among the best `k`, ascending, with their scores; `terms` from the rarest on."""
        sums = self._scratch()
        seen: list[NDArray[np.int32]] = []
        left = sum(term.highest for term in terms)
        for at, term in enumerate(terms):
            if seen and (found := self._enough(sums, seen, left, k)) is not None:
                scores = sums[found]
                self._clear(sums, seen)
                for late in terms[at:]:
                    late.add_to(found, scores)
                return found, scores
            fresh = term.positions[sums[term.positions] == 0]
            sums[term.positions] += term.times * term.scores
            seen.append(fresh)
            left -= term.highest
        found = np.sort(np.concatenate(seen)).astype(np.int64)
        scores = sums[found]
        self._clear(sums, seen)
        return found, scores

    def _enough(
        self, sums: NDArray[np.float32], seen: list[NDArray[np.int32]], left: float, k: int
    ) -> NDArray[np.int64] | None:
        """The positions seen that can still be among the best, when no other can; None where others can."""
        found = np.concatenate(seen)
        if len(found) < k:
            return None
        scores = sums[found]
        reached = float(np.partition(scores, -k)[-k])
        slack = 1e-4 * (1 + abs(reached))  # of adding float32 numbers in another order
        if left + slack >= reached:
            return None
        return np.sort(found[scores + left + slack >= reached]).astype(np.int64)

    def _scratch(self) -> NDArray[np.float32]:
        """Zeros for every text, one array a thread: clearing what a query touched is cheaper than a new one."""
        if not hasattr(self._own, "sums"):
            self._own.sums = np.zeros(self._size, dtype=np.float32)
        sums: NDArray[np.float32] = self._own.sums
        return sums

    def _clear(self, sums: NDArray[np.float32], seen: list[NDArray[np.int32]]) -> None:
        for positions in seen:
            sums[positions] = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    times: int
    positions: NDArray[np.int32]
    scores: NDArray[np.float32]
    highest: float

    def within(self, searched: NDArray[np.bool_]) -> _Term:
        """The same for the texts that are searched only; its highest score stays an upper bound."""
        held = searched[self.positions]
        return _Term(self.times, self.positions[held], self.scores[held], self.highest)

    def add_to(self, found: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        """Adds this term's scores for ascending positions."""
        at = np.minimum(np.searchsorted(self.positions, found), len(self.positions) - 1)
        held = self.positions[at] == found
        scores[held] += self.times * self.scores[at[held]]


def block_of(rows: Sequence[Counter[str]], first: int) -> Block:
    """Rows of counted stems; the first row's position is `first`."""
    numbers: dict[str, int] = {}
    stems = [numbers.setdefault(stem, len(numbers)) for row in rows for stem in row]
    sizes = [len(row) for row in rows]
    positions = np.repeat(np.arange(first, first + len(rows), dtype=np.int64), sizes)
    times = np.array([number for row in rows for number in row.values()], dtype=np.int64)
    lengths = np.array([row.total() for row in rows], dtype=np.int64)
    return Block(list(numbers), np.array(stems, dtype=np.int64), positions, times, lengths)


def _best(positions: NDArray[np.int64], scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Where the `k` highest scores above 0 stand, best first, ties by position; no full sort of many."""
    some = np.arange(len(scores))
    if len(scores) > k:
        least = np.partition(scores, -k)[-k]
        some = np.flatnonzero(scores >= least)
    order = some[np.lexsort((positions[some], -scores[some]))][:k]
    return order[scores[order] > 0]


_Allocate = Callable[[str, type[np.generic], int], NDArray[np.generic]]


def _build(blocks: Callable[[], Iterable[Block]], allocate: _Allocate) -> LexicalIndex:
    """Two passes: how many passages hold each stem, then their scores, into arrays of just that size."""
    held: Counter[str] = Counter()
    words = 0
    size = 0
    for block in blocks():
        held.update(dict(zip(block.words, np.bincount(block.stems, minlength=len(block.words)).tolist(), strict=True)))
        words += int(block.lengths.sum())
        size += len(block.lengths)
    stems = sorted(held)
    number = {stem: at for at, stem in enumerate(stems)}
    frequencies = np.array([held[stem] for stem in stems], dtype=np.int64)
    starts = np.zeros(len(stems) + 1, dtype=np.int64)
    np.cumsum(frequencies, out=starts[1:])
    rarity = np.log(1 + (size - frequencies + 0.5) / (frequencies + 0.5))
    positions, scores = (
        allocate("positions", np.int32, int(starts[-1])),
        allocate("scores", np.float32, int(starts[-1])),
    )
    filled = starts[:-1].copy()
    for part in _scored(blocks(), number, rarity, words / max(size, 1)):
        stem, position, score = part
        places, counted = np.unique(stem, return_counts=True)
        at = np.repeat(filled[places], counted) + _ranks(counted)
        positions[at], scores[at] = position, score
        filled[places] += counted
    highest = np.maximum.reduceat(scores, starts[:-1]) if stems else np.zeros(0, dtype=np.float32)
    return LexicalIndex(Vocabulary.of(stems), starts, positions, scores, highest, size)  # type: ignore[arg-type]


def _scored(
    blocks: Iterable[Block], number: dict[str, int], rarity: NDArray[np.float64], mean: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """(stem, position, score) of each block, ordered by stem, then position."""
    first = 0
    for block in blocks:
        stem = np.array([number[word] for word in block.words], dtype=np.int64)[block.stems]
        order = np.lexsort((block.positions, stem))
        stem, position, times = stem[order], block.positions[order], block.times[order]
        length = block.lengths[position - first]
        yield stem, position, rarity[stem] * times / (K1 * (1 - B + B * length / mean) + times)
        first += len(block.lengths)


def _ranks(counted: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... for each run of the given lengths."""
    ends = np.cumsum(counted)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counted, counted)


def _in_memory(name: str, dtype: type[np.generic], size: int) -> NDArray[np.generic]:  # noqa: ARG001
    return np.zeros(size, dtype=dtype)


def _mapped(path: Path, dtype: type[np.generic], size: int) -> NDArray[np.generic]:
    if not size:
        save_array(path, np.zeros(0, dtype=dtype))
        return np.zeros(0, dtype=dtype)
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(size,))
