"""How often words stand in passages, and stems in the sentences of a document: counted once, added up vectorised.

From these the lexical index (`lexical`), the rarity of words (`ketarag.answering.rarity`) and the spelling's vocabulary are made
for a whole index without reading a passage again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ketarag.indexing.arrays import Vocabulary, open_array, save_array


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Rows of (number of a word, how often): row i is `[starts[i], starts[i + 1])` of `numbers` and `times`."""

    vocabulary: Vocabulary
    starts: NDArray[np.int64]
    numbers: NDArray[np.int32]
    times: NDArray[np.uint16]

    def save(self, folder: Path, name: str) -> None:
        """Writes five arrays into `folder`."""
        self.vocabulary.save(folder, name)
        for part in ("starts", "numbers", "times"):
            save_array(folder / f"{name}.{part}.npy", getattr(self, part))

    @classmethod
    def open(cls, folder: Path, name: str) -> Counts:
        """What `save` wrote, mapped."""
        parts = (open_array(folder / f"{name}.{part}.npy") for part in ("starts", "numbers", "times"))
        return cls(Vocabulary.open(folder, name), *parts)


class Counting:
    """Collects rows, compactly, then numbers the words in ascending order."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._rows: list[NDArray[np.int32]] = []
        self._times: list[NDArray[np.uint16]] = []

    def add(self, counts: Mapping[str, int]) -> None:
        """One more row."""
        known = self._numbers
        found = [known.setdefault(word, len(known)) for word in counts]
        self._rows.append(np.array(found, dtype=np.int32))
        self._times.append(np.minimum(np.array(list(counts.values()), dtype=np.int64), 65_535).astype(np.uint16))

    def done(self) -> Counts:
        """All rows, in the order they came."""
        order = {word: at for at, word in enumerate(sorted(self._numbers))}
        renumbered = np.array([order[word] for word in self._numbers], dtype=np.int32)
        starts = np.zeros(len(self._rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in self._rows], out=starts[1:])
        numbers = renumbered[np.concatenate(self._rows)] if self._rows else np.zeros(0, dtype=np.int32)
        times = np.concatenate(self._times) if self._times else np.zeros(0, dtype=np.uint16)
        return Counts(Vocabulary.of(self._numbers), starts, numbers, times)


class Totals(Mapping[str, int]):
    """Words with a number each, over mapped arrays; only words with a number above 0."""

    def __init__(self, vocabulary: Vocabulary, totals: NDArray[np.int64]) -> None:
        """`totals` has a number for each word of the vocabulary, in its order."""
        self._vocabulary = vocabulary
        self._totals = totals

    def __getitem__(self, word: str) -> int:
        """The number of a word. Raises KeyError."""
        at = self._vocabulary.find(word)
        if at < 0:
            raise KeyError(word)
        return int(self._totals[at])

    def items_above(self, least: int) -> list[str]:
        """The words with a number of at least `least`, ascending."""
        if least <= 1:
            return list(self._vocabulary)
        return [self._vocabulary[int(at)] for at in np.flatnonzero(self._totals >= least)]

    def __iter__(self) -> Iterator[str]:
        """The words in ascending order."""
        return iter(self._vocabulary)

    def __len__(self) -> int:
        """How many words there are."""
        return len(self._vocabulary)

    def save(self, folder: Path, name: str) -> None:
        """Writes three arrays into `folder`."""
        self._vocabulary.save(folder, name)
        save_array(folder / f"{name}.totals.npy", self._totals)

    @classmethod
    def open(cls, folder: Path, name: str) -> Totals:
        """What `save` wrote, mapped."""
        return cls(Vocabulary.open(folder, name), open_array(folder / f"{name}.totals.npy"))

    @classmethod
    def of(cls, parts: Iterable[tuple[Counts, NDArray[np.int64]]], *, rows: bool = False) -> Totals:
        """Sums over each part's rows, a row as often as its weight says: of how often, or (`rows`) of 1 for each row with the word."""
        found: Counter[str] = Counter()
        for counts, weights in parts:
            each = np.repeat(weights, np.diff(counts.starts))
            factors = each if rows else each * counts.times
            sums = np.bincount(counts.numbers, factors, minlength=len(counts.vocabulary)).astype(np.int64)
            found.update(
                {word: number for word, number in zip(counts.vocabulary, sums.tolist(), strict=True) if number}
            )
        words = sorted(found)
        return cls(Vocabulary.of(words), np.array([found[word] for word in words], dtype=np.int64))
