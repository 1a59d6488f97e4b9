"""store: vectors in FAISS. The only module that imports it.

Three ways to keep them: `FaissStore` in memory by id, to be written to; `FlatVectors`, exact, and `InvertedVectors`, approximate with
exact scores, of an index that is not written to, by number. Which of the two an index has, its size decides (`FLAT`).
Not here: ids and writes over the last two (`layered`), the folder that an index is written to as a whole (`folder`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import faiss
import numpy as np
from numpy.typing import NDArray

from ketarag.protocols import Vectors

Numbers = NDArray[np.int64]
"""Of vectors, ascending, shape (n,)."""

FLAT = 20_000
"""Up to so many vectors every one is compared: 2 ms and 30 MB at this size, and nothing is missed."""
TABLE = ((100_000, 256, 64), (400_000, 512, 96), (2_000_000, 2048, 128), (8_000_000, 4096, 192))
"""(Up to so many vectors, lists that they are sorted into, lists that are searched): at least 0.98 of the true ten nearest of real
questions among real passages. What was measured is in `docs/decisions/0013-index.md`."""
RESCORED = 2
"""Times as many candidates as are asked for have their exact inner products computed, and at least `_LEAST_RESCORED`: from 50 on, more
change nothing."""
_LEAST_RESCORED = 100
_TRAINED_ON = 64
"""Vectors a list that its centre is found from."""
_BLOCK = 20_000
_SEED = 7


class FaissStore:
    """Unit vectors by string id in a flat inner-product index: exact, in memory."""

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

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first; of the ids `within`, None for all."""
        if not len(self) or k < 1:
            return []
        some = None
        if within is not None:
            kept = [number for name, number in self._numbers.items() if name in within]
            some = _only(np.array(kept, dtype=np.int64))
        row = np.ascontiguousarray(vector, dtype=np.float32)
        scores, numbers = self._index.search(row, min(k, len(self)), params=some)
        return [(self._names[int(n)], float(s)) for n, s in zip(numbers[0], scores[0], strict=True) if n >= 0]

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Shape (len(ids), dimension), float32. Raises KeyError on an unknown id."""
        rows = [self._index.reconstruct(self._numbers[name]) for name in ids]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dimension)


class FlatVectors:
    """All vectors in memory, each compared with the question's: exact."""

    def __init__(self, blocks: Iterable[Vectors], dimension: int) -> None:
        """Numbered from 0 in the order of the blocks."""
        self._index = faiss.IndexFlatIP(dimension)
        for block in blocks:
            self._index.add(np.ascontiguousarray(block, dtype=np.float32))

    method = "each compared exactly"

    def __len__(self) -> int:
        """How many there are."""
        return int(self._index.ntotal)

    def search(self, vector: Vectors, k: int, within: Numbers | None = None) -> list[tuple[int, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (number, inner product), best first; of `within`, None for all."""
        if not len(self) or k < 1:
            return []
        some = None if within is None else _only(within)
        row = np.ascontiguousarray(vector, dtype=np.float32)
        scores, numbers = self._index.search(row, min(k, len(self)), params=some)
        return [(int(n), float(s)) for n, s in zip(numbers[0], scores[0], strict=True) if n >= 0]

    def rows(self, numbers: Sequence[int]) -> Vectors:
        """The vectors with these numbers."""
        found = [self._index.reconstruct(int(number)) for number in numbers]
        return np.array(found, dtype=np.float32).reshape(len(found), self._index.d)


class InvertedVectors:
    """Vectors in lists around centres, in 8 bits a number, mapped from a file; the nearest of them are compared exactly."""

    def __init__(self, path: Path, rows: Callable[[Sequence[int]], Vectors]) -> None:
        """`path`: what `write_inverted` wrote; `rows` gives the exact vectors. Raises RuntimeError on a file that is none."""
        self._index = cast(Any, faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY))
        self.rows = rows
        lists = int(self._index.nlist)
        self._probes = next((probes for _, most, probes in TABLE if lists <= most), TABLE[-1][2])
        self.method = f"{lists} lists in 8 bits, {min(self._probes, lists)} searched; the nearest compared exactly"

    def __len__(self) -> int:
        """How many there are."""
        return int(self._index.ntotal)

    def search(self, vector: Vectors, k: int, within: Numbers | None = None) -> list[tuple[int, float]]:
        """The at most `k` nearest found of one row, shape (1, dimension): (number, exact inner product), best first.

        `within`: the only numbers that are searched, ascending; None for all. Up to `FLAT` of them are compared exactly.
        """
        if not len(self) or k < 1:
            return []
        row = np.ascontiguousarray(vector, dtype=np.float32)
        numbers = within if within is not None and len(within) <= FLAT else self._candidates(row, k, within)
        scores = self.rows(numbers.tolist()) @ row[0] if len(numbers) else np.zeros(0, dtype=np.float32)
        best = np.lexsort((numbers, -scores))[:k]
        return list(zip(numbers[best].tolist(), scores[best].tolist(), strict=True))

    def _candidates(self, row: Vectors, k: int, within: Numbers | None) -> Numbers:
        """The numbers that are to be compared exactly, ascending.

        The fewer may be found, the farther apart they lie: as many lists more are searched, so that as many vectors are looked at.
        """
        searched = len(self) if within is None else len(within)
        wanted = min(max(RESCORED * k, _LEAST_RESCORED), searched)
        lists = self._index.nlist if wanted > searched // 8 else self._probes * len(self) // searched
        options: Any = faiss.SearchParametersIVF()
        options.nprobe = min(lists, self._index.nlist)
        selector = None if within is None else cast(Any, faiss).IDSelectorBitmap(_bits(within, len(self)))
        if selector is not None:
            options.sel = selector  # which must live as long as the search
        faiss.omp_set_num_threads(1)  # of this thread: a question must not wait for cores that other questions hold
        _, found = self._index.search(row, wanted, params=options)
        numbers: Numbers = np.sort(found[0][found[0] >= 0])
        return numbers


def write_inverted(path: Path, blocks: Callable[[int], Iterable[Vectors]], count: int, dimension: int) -> None:
    """Sorts `count` vectors into lists; `blocks(n)` gives them in order, about n at a time, and is asked twice.

    Held in memory: a number's byte for each vector, the sample that the centres are found from, and a block.
    """
    lists = next((lists for most, lists, _ in TABLE if count <= most), TABLE[-1][1])
    lists = max(1, min(lists, count // 40))  # FAISS wants 39 vectors a list to find a centre
    step = max(1, count // (lists * _TRAINED_ON))
    sample = np.concatenate([block[(-at) % step :: step] for at, block in _numbered(blocks(_BLOCK))])
    centres = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(
        centres, dimension, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False
    )
    index.cp.seed = _SEED
    index.cp.spherical = True
    index.train(np.ascontiguousarray(sample, dtype=np.float32))
    for block in blocks(_BLOCK):
        index.add(np.ascontiguousarray(block, dtype=np.float32))
    faiss.write_index(index, str(path))


def _only(numbers: Numbers) -> faiss.SearchParameters:
    """A search of these numbers only."""
    made: faiss.SearchParameters = cast(Any, faiss).SearchParameters(sel=faiss.IDSelectorBatch(numbers))
    return made


def _bits(numbers: Numbers, size: int) -> NDArray[np.uint8]:
    """A bit for each of `size` numbers, the lowest first."""
    held = np.zeros(size, dtype=np.bool_)
    held[numbers] = True
    return np.packbits(held, bitorder="little")


def _numbered(blocks: Iterable[Vectors]) -> Iterable[tuple[int, Vectors]]:
    at = 0
    for block in blocks:
        yield at, block
        at += len(block)
