from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ketarag.indexing.layered import LayeredStore, Listed
from ketarag.indexing.store import FlatVectors, InvertedVectors, write_inverted
from ketarag.protocols import Vectors

ROWS = np.eye(4, dtype=np.float32)


def clustered(count: int, dimension: int = 16) -> Vectors:
    random = np.random.default_rng(0)
    centres = random.normal(size=(20, dimension))
    rows = centres[random.integers(0, 20, count)] + random.normal(scale=0.3, size=(count, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def store() -> LayeredStore:
    return LayeredStore(FlatVectors([ROWS[:2], ROWS[2:]], 4), Listed("abcd"), 4)


def test_what_lies_below_is_found_by_id(store: LayeredStore) -> None:
    assert len(store) == 4
    assert store.search(ROWS[2:3], 1) == [("c", 1.0)]
    np.testing.assert_array_equal(store.vectors(["d", "a"]), ROWS[[3, 0]])


def test_what_is_written_hides_it(store: LayeredStore) -> None:
    store.add(["a", "new"], ROWS[[1, 0]])
    store.delete(["b"])
    assert len(store) == 4
    assert store.search(ROWS[:1], 1) == [("new", 1.0)]
    assert store.search(ROWS[1:2], 1) == [("a", 1.0)]
    np.testing.assert_array_equal(store.vectors(["a", "c"]), ROWS[[1, 2]])
    with pytest.raises(KeyError, match="b"):
        store.vectors(["b"])


@pytest.fixture(scope="module")
def inverted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vectors, InvertedVectors]:
    rows = clustered(4000)
    path = tmp_path_factory.mktemp("inverted") / "vectors.faiss"
    write_inverted(path, lambda size: [rows[at : at + 999] for at in range(0, len(rows), 999)], len(rows), 16)
    return rows, InvertedVectors(path, lambda numbers: rows[list(numbers)])


def test_inverted_lists_find_the_nearest_and_score_them_exactly(inverted: tuple[Vectors, InvertedVectors]) -> None:
    rows, vectors = inverted
    assert len(vectors) == 4000
    found = 0
    for query in rows[:50] + 0.05:
        scores = rows @ query
        best = vectors.search(query[None], 10)
        assert [score for _, score in best] == sorted((score for _, score in best), reverse=True)
        assert all(score == pytest.approx(float(scores[number]), abs=1e-6) for number, score in best)
        found += len({number for number, _ in best} & set(np.argsort(-scores)[:10].tolist()))
    assert found >= 0.98 * 500


def test_as_many_as_are_asked_for_are_found(inverted: tuple[Vectors, InvertedVectors]) -> None:
    rows, vectors = inverted
    assert [len(vectors.search(rows[:1], k)) for k in (-1, 0, 1, 600, 4000, 5000)] == [0, 0, 1, 600, 4000, 4000]


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "vectors.faiss").write_bytes(b"nothing of the kind")
    with pytest.raises(RuntimeError):
        InvertedVectors(tmp_path / "vectors.faiss", lambda numbers: ROWS[list(numbers)])
