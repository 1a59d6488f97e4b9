"""A store over an index's own vectors, which it never changes: what is added and deleted is held beside them, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np

from ketarag.indexing.store import FaissStore, Numbers
from ketarag.protocols import Vectors


class Numbered(Protocol):
    """Vectors by number, searched by inner product."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def search(self, vector: Vectors, k: int, within: Numbers | None = None) -> list[tuple[int, float]]:
        """The at most `k` nearest of one row: (number, inner product), best first; of the numbers `within`, None for all."""
        ...

    @property
    def method(self) -> str:
        """How they are compared, for people."""
        ...

    def rows(self, numbers: Sequence[int]) -> Vectors:
        """The vectors with these numbers."""
        ...


class Names(Protocol):
    """Ids of numbered vectors, and back."""

    def name(self, number: int) -> str:
        """The id with a number."""
        ...

    def number(self, name: str) -> int:
        """The number of an id, -1 for none."""
        ...

    def numbers(self, within: Collection[str]) -> Numbers:
        """The numbers of those ids that there are, ascending."""
        ...


class LayeredStore:
    """A `VectorStore`: the numbered vectors below, what was written since above them. Writes are not meant to run beside searches."""

    def __init__(self, below: Numbered, names: Names, dimension: int) -> None:
        """Nothing is read yet."""
        self._below = below
        self._names = names
        self._above = FaissStore(dimension)
        self._hidden: set[int] = set()
        self.dimension = dimension

    @property
    def search_method(self) -> str:
        """How the vectors below are compared, for people."""
        return self._below.method

    def __len__(self) -> int:
        """How many vectors it holds."""
        return len(self._below) - len(self._hidden) + len(self._above)

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Adds, or replaces where the id is held, until the program ends. Raises ValueError when the shapes do not fit."""
        self._above.add(ids, vectors)
        self._hide(ids)

    def delete(self, ids: Sequence[str]) -> None:
        """Forgets the ids, until the program ends; an unknown id is not an error."""
        self._above.delete(ids)
        self._hide(ids)

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first; of the ids `within`, None for all."""
        if k < 1:
            return []
        numbers = None if within is None else self._names.numbers(within)
        below = self._below.search(vector, k + len(self._hidden), numbers)
        found = [(self._names.name(number), score) for number, score in below if number not in self._hidden]
        if not len(self._above):
            return found[:k]
        return sorted([*found, *self._above.search(vector, k, within)], key=lambda pair: -pair[1])[:k]

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Shape (len(ids), dimension), float32. Raises KeyError on an unknown id."""
        rows = [self._row(name) for name in ids]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dimension)

    def _row(self, name: str) -> Vectors:
        number = self._names.number(name)
        held = number >= 0 and number not in self._hidden
        rows = self._below.rows([number]) if held else self._above.vectors([name])
        return np.asarray(rows[0], dtype=np.float32)

    def _hide(self, ids: Sequence[str]) -> None:
        self._hidden |= {number for name in ids if (number := self._names.number(name)) >= 0}


class Listed:
    """Ids of a list, for vectors that do not come from an index."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = list(ids)
        self._numbers: Mapping[str, int] = {name: number for number, name in enumerate(self._ids)}

    def name(self, number: int) -> str:
        """The id with a number."""
        return self._ids[number]

    def number(self, name: str) -> int:
        """The number of an id, -1 for none."""
        return self._numbers.get(name, -1)

    def numbers(self, within: Collection[str]) -> Numbers:
        """The numbers of those ids that there are, ascending."""
        held = [number for name, number in self._numbers.items() if name in within]
        return np.array(held, dtype=np.int64)
