from __future__ import annotations

from pathlib import Path

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


def test_what_is_saved_is_loaded_and_can_be_written_on(store: FaissStore, tmp_path: Path) -> None:
    store.save(tmp_path)
    loaded = FaissStore.load(tmp_path)
    assert (len(loaded), loaded.dimension) == (3, 4)
    assert loaded.search(ROWS[2:3], 1) == [("ünïcode 😀", 1.0)]
    loaded.add(["b", "a"], ROWS[[1, 3]])
    assert len(loaded) == 4
    np.testing.assert_array_equal(loaded.vectors(["a", "b"]), ROWS[[3, 1]])


def test_an_empty_store_is_saved_and_loaded(tmp_path: Path) -> None:
    FaissStore(4).save(tmp_path)
    loaded = FaissStore.load(tmp_path)
    loaded.add(["a"], ROWS[:1])
    assert loaded.search(ROWS[:1], 5) == [("a", 1.0)]


def test_a_thousand_vectors_are_searched_like_numpy() -> None:
    rows = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    store = FaissStore(16)
    store.add([str(row) for row in range(1000)], rows)
    query = rows[:1] + 0.1
    assert [int(name) for name, _ in store.search(query, 20)] == np.argsort(-(rows @ query[0]))[:20].tolist()
