from __future__ import annotations

import numpy as np
import pytest

from ketarag.indexing.store import FaissStore

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
