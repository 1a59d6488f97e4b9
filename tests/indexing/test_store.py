from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ketarag.indexing import store as module
from ketarag.indexing.store import FaissStore, FlatVectors, InvertedVectors, write_inverted

ROWS = np.eye(4, dtype=np.float32)


@pytest.fixture
def store() -> FaissStore:
    store = FaissStore(4)
    store.add(["a", "b", "ünïcode 😀", "d"], ROWS)
    store.delete(["b"])
    return store


def test_vectors_come_back_by_id_in_the_order_asked(store: FaissStore) -> None:
    np.testing.assert_array_equal(store.vectors(["d", "a", "d"]), ROWS[[3, 0, 3]])
    assert store.vectors([]).shape == (0, 4)
    with pytest.raises(KeyError, match="b"):
        store.vectors(["b"])


def test_a_thousand_vectors_are_searched_like_numpy() -> None:
    rows = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    store = FaissStore(16)
    store.add([str(row) for row in range(1000)], rows)
    query = rows[:1] + 0.1
    assert [int(name) for name, _ in store.search(query, 20)] == np.argsort(-(rows @ query[0]))[:20].tolist()


@pytest.mark.parametrize("flat", [20_000, 10])
@pytest.mark.parametrize("kept", [1, 7, 100, 600])
def test_lists_are_searched_within_numbers_and_miss_nothing_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flat: int, kept: int
) -> None:
    """Few are compared exactly; of more than `FLAT` the lists are searched, with a selector and more of them."""
    monkeypatch.setattr(module, "FLAT", flat)
    rows = np.random.default_rng(3).normal(size=(3000, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    write_inverted(tmp_path / "v", lambda size: [rows[at : at + size] for at in range(0, 3000, size)], 3000, 16)
    lists, whole = InvertedVectors(tmp_path / "v", lambda numbers: rows[list(numbers)]), FlatVectors([rows], 16)
    within = np.sort(np.random.default_rng(kept).choice(3000, kept, replace=False)).astype(np.int64)
    for query in rows[:5] + 0.1:
        found = lists.search(query[None, :], 5, within)
        order = within[np.argsort(-(rows[within] @ query))][:5]
        assert [number for number, _ in found] == order.tolist()
        assert [number for number, _ in whole.search(query[None, :], 5, within)] == order.tolist()
    assert lists.search(rows[:1], 5, within[:0]) == whole.search(rows[:1], 5, within[:0]) == []
