"""Stores over an index's own vectors that hold nothing of their own: what lies below is deleted, what is added lies above or hides it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ketarag.indexing.layered import LayeredStore, Listed
from ketarag.indexing.store import FlatVectors, InvertedVectors, write_inverted
from ketarag.protocols import Vectors

IDS = [*"abcdefgh", "x", "y", "xy", *(f"n{number}" for number in range(400))]
"""Among them all that the contract writes, so that adding replaces what lies below."""


def rows_below(dimension: int) -> Vectors:
    rows = np.random.default_rng(7).normal(size=(len(IDS), dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def emptied(below: FlatVectors | InvertedVectors, dimension: int) -> LayeredStore:
    store = LayeredStore(below, Listed(IDS), dimension)
    store.delete(IDS)
    return store


def over_flat(dimension: int) -> LayeredStore:
    return emptied(FlatVectors([rows_below(dimension)], dimension), dimension)


def over_inverted(dimension: int) -> LayeredStore:
    rows = rows_below(dimension)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.faiss"
        write_inverted(
            path, lambda size: [rows[at : at + size] for at in range(0, len(rows), size)], len(rows), dimension
        )
        return emptied(InvertedVectors(path, lambda numbers: rows[list(numbers)]), dimension)
