"""store: vectors in FAISS. The only module that imports it.

Not here: the folder that an index is written to as a whole (`folder`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np

from ketarag.protocols import Vectors


class FaissStore:
    """Unit vectors by string id in a flat inner-product index: exact, the right choice up to some 10^5 passages."""

    def __init__(self, dimension: int) -> None:
        """An empty store for vectors of `dimension` columns."""
        self._index: faiss.Index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._next = 0

    def __len__(self) -> int:
        """How many vectors it holds."""
        return len(self._numbers)

    @property
    def dimension(self) -> int:
        """Columns of its vectors."""
        return int(self._index.d)

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Adds, or replaces where the id is held; the last of repeated ids wins.

        Raises ValueError unless `vectors` has shape (len(ids), dimension).
        """
        if vectors.shape != (len(ids), self.dimension):
            raise ValueError(
                f"{len(ids)} ids need vectors of shape ({len(ids)}, {self.dimension}), got {vectors.shape}"
            )
        rows = {name: row for row, name in enumerate(ids)}
        if not rows:
            return
        self.delete(list(rows))
        numbers = np.arange(self._next, self._next + len(rows), dtype=np.int64)
        self._next += len(rows)
        self._index.add_with_ids(np.ascontiguousarray(vectors[list(rows.values())], dtype=np.float32), numbers)
        self._numbers |= dict(zip(rows, map(int, numbers), strict=True))
        self._names |= dict(zip(map(int, numbers), rows, strict=True))

    def delete(self, ids: Sequence[str]) -> None:
        """Forgets the ids; an unknown id is not an error."""
        gone = [self._numbers.pop(name) for name in dict.fromkeys(ids) if name in self._numbers]
        if gone:
            self._index.remove_ids(faiss.IDSelectorBatch(np.array(gone, dtype=np.int64)))
        for number in gone:
            del self._names[number]

    def search(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first."""
        if not len(self) or k < 1:
            return []
        scores, numbers = self._index.search(np.ascontiguousarray(vector, dtype=np.float32), min(k, len(self)))
        return [(self._names[int(n)], float(s)) for n, s in zip(numbers[0], scores[0], strict=True) if n >= 0]

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Shape (len(ids), dimension), float32. Raises KeyError on an unknown id."""
        rows = [self._index.reconstruct(self._numbers[name]) for name in ids]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dimension)

    def save(self, folder: Path) -> None:
        """Writes `vectors.faiss` and `ids.json` into `folder`."""
        faiss.write_index(self._index, str(folder / "vectors.faiss"))
        (folder / "ids.json").write_text(json.dumps(self._numbers), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> FaissStore:
        """What `save` wrote; the caller has checked that the files are whole."""
        index = faiss.read_index(str(folder / "vectors.faiss"))
        store = cls(index.d)
        store._index = index
        store._numbers = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        store._names = {number: name for name, number in store._numbers.items()}
        store._next = max(store._names, default=-1) + 1
        return store
