"""Any `VectorStore`. A new one passes by subclassing `VectorStoreContract` with its fixture."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketarag.indexing.store import FaissStore
from ketarag.protocols import Vectors, VectorStore
from ketarag.testing import MemoryVectorStore
from tests.contracts.inverted_stores import over_flat, over_inverted

DIMENSION = 4
IDS = st.sampled_from("abcdefgh")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(IDS, max_size=4), st.integers(0, 99)),
        st.tuples(st.just("delete"), st.lists(IDS, max_size=4), st.just(0)),
    ),
    max_size=12,
)


def unit(*rows: tuple[float, ...]) -> Vectors:
    vectors = np.array(rows, dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def random_rows(count: int, seed: int) -> Vectors:
    return np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)


AXES = unit((1, 0, 0, 0), (0, 1, 0, 0), (0.6, 0.8, 0, 0))


def check_history(store: VectorStore, steps: list[tuple[str, list[str], int]], seed: int, k: int) -> None:
    held: dict[str, Vectors] = {}
    for step, ids, number in steps:
        if step == "add":
            rows = random_rows(len(ids), number)
            store.add(ids, rows)
            held |= dict(zip(ids, rows, strict=True))
        else:
            store.delete(ids)
            held = {name: row for name, row in held.items() if name not in ids}
    query = random_rows(1, seed)
    expected = sorted((float(row @ query[0]) for row in held.values()), reverse=True)[:k]
    found = store.search(query, k)
    assert len(store) == len(held)
    assert [score for _, score in found] == pytest.approx(expected, abs=1e-4)
    assert all(score == pytest.approx(float(held[name] @ query[0]), abs=1e-4) for name, score in found)


def check_within(store: VectorStore, held: set[str], within: set[str], seed: int, k: int) -> None:
    rows = dict(zip("abcdefgh", random_rows(8, 5), strict=True))
    names = sorted(held)
    store.add(names, np.array([rows[name] for name in names], dtype=np.float32).reshape(-1, DIMENSION))
    query = random_rows(1, seed)
    scores = {name: float(rows[name] @ query[0]) for name in held & within}
    expected = sorted(scores, key=lambda name: -scores[name])[:k]
    found = store.search(query, k, within)
    assert [name for name, _ in found] == expected
    assert [score for _, score in found] == pytest.approx([scores[name] for name in expected], abs=1e-4)


class VectorStoreContract:
    make: Callable[[int], VectorStore]

    @pytest.fixture
    def store(self) -> VectorStore:
        return type(self).make(DIMENSION)

    def test_an_empty_store_finds_nothing(self, store: VectorStore) -> None:
        assert len(store) == 0
        assert store.search(AXES[:1], 3) == []

    def test_the_nearest_come_first_with_their_inner_products(self, store: VectorStore) -> None:
        store.add(["x", "y", "xy"], AXES)
        found = store.search(AXES[:1], 3)
        assert [name for name, _ in found] == ["x", "xy", "y"]
        assert [score for _, score in found] == pytest.approx([1.0, 0.6, 0.0])

    @pytest.mark.parametrize(("k", "expected"), [(-1, 0), (0, 0), (1, 1), (3, 3), (1000, 3)])
    def test_at_most_k_are_found(self, store: VectorStore, k: int, expected: int) -> None:
        store.add(["x", "y", "xy"], AXES)
        assert len(store.search(AXES[:1], k)) == expected

    def test_an_id_that_is_held_is_replaced(self, store: VectorStore) -> None:
        store.add(["x", "y"], AXES[:2])
        store.add(["x"], AXES[1:2])
        assert len(store) == 2
        assert dict(store.search(AXES[1:2], 5)) == pytest.approx({"x": 1.0, "y": 1.0})

    def test_the_last_of_repeated_ids_wins(self, store: VectorStore) -> None:
        store.add(["x", "x"], AXES[:2])
        assert store.search(AXES[1:2], 5) == [("x", pytest.approx(1.0))]

    def test_deleted_ids_are_gone_and_unknown_ones_no_error(self, store: VectorStore) -> None:
        store.add(["x", "y", "xy"], AXES)
        store.delete(["x", "unknown", "x"])
        store.delete([])
        assert len(store) == 2
        assert [name for name, _ in store.search(AXES[:1], 5)] == ["xy", "y"]

    @pytest.mark.parametrize("shape", [(1, DIMENSION), (2, DIMENSION + 1), (2,), (0, DIMENSION)])
    def test_shapes_that_do_not_fit_are_refused_and_change_nothing(
        self, store: VectorStore, shape: tuple[int, ...]
    ) -> None:
        store.add(["x"], AXES[:1])
        with pytest.raises(ValueError, match="ids"):
            store.add(["x", "y"], np.ones(shape, dtype=np.float32))
        assert store.search(AXES[:1], 5) == [("x", pytest.approx(1.0))]

    def test_no_ids_add_nothing(self, store: VectorStore) -> None:
        store.add([], np.zeros((0, DIMENSION), dtype=np.float32))
        assert len(store) == 0

    def test_what_was_added_is_not_tied_to_the_array(self, store: VectorStore) -> None:
        rows = AXES[:1].copy()
        store.add(["x"], rows)
        rows[:] = 0
        assert store.search(AXES[:1], 1) == [("x", pytest.approx(1.0))]

    @pytest.mark.parametrize("kind", [list, set, frozenset])
    def test_only_the_ids_within_are_searched(
        self, store: VectorStore, kind: Callable[[list[str]], Collection[str]]
    ) -> None:
        store.add(["x", "y", "xy"], AXES)
        assert [name for name, _ in store.search(AXES[:1], 3, kind(["y", "xy", "unknown"]))] == ["xy", "y"]
        assert [name for name, _ in store.search(AXES[:1], 1, kind(["y"]))] == ["y"]
        assert store.search(AXES[:1], 3, kind([])) == store.search(AXES[:1], 3, kind(["unknown"])) == []
        assert len(store.search(AXES[:1], 3)) == 3

    @settings(suppress_health_check=[HealthCheck.differing_executors])
    @given(held=st.sets(IDS), within=st.sets(IDS), seed=st.integers(0, 99), k=st.integers(1, 9))
    def test_within_some_ids_it_finds_the_nearest_of_these(
        self, held: set[str], within: set[str], seed: int, k: int
    ) -> None:
        check_within(type(self).make(DIMENSION), held, within, seed, k)

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # inherited by each store's class
    @given(steps=STEPS, seed=st.integers(0, 99), k=st.integers(1, 9))
    def test_any_history_of_writes_searches_like_a_dictionary(
        self, steps: list[tuple[str, list[str], int]], seed: int, k: int
    ) -> None:
        check_history(type(self).make(DIMENSION), steps, seed, k)


class TestFaissStore(VectorStoreContract):
    make = FaissStore


class TestLayeredOverFlat(VectorStoreContract):
    make = over_flat


class TestLayeredOverInverted(VectorStoreContract):
    make = over_inverted


class TestMemoryVectorStore(VectorStoreContract):
    make = MemoryVectorStore
