from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ketarag.errors import IndexingError
from ketarag.indexing import publish as publish_module
from ketarag.indexing.build import ensure_index
from ketarag.indexing.folder import Index
from ketarag.indexing.publish import publish
from ketarag.protocols import Vectors
from ketarag.testing import HashEmbedder, MemoryVectorStore


class Remote(MemoryVectorStore):
    """Fails after `most` vectors."""

    def __init__(self, most: int = 1000) -> None:
        super().__init__(256)
        self.added: list[str] = []
        self.most = most

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        if len(self.added) + len(ids) > self.most:
            raise ConnectionError
        self.added += ids
        super().add(ids, vectors)

    @property
    def ids(self) -> set[str]:
        return set(self._rows)


def indexed(tmp_path: Path, numbers: Sequence[int], say: str = "dose") -> Index:
    corpus = tmp_path / "corpus"
    corpus.mkdir(exist_ok=True)
    for path in corpus.iterdir():
        path.unlink()
    for number in numbers:
        (corpus / f"{number:02}.md").write_text(f"Document {number} speaks of {say} {number}.")
    return ensure_index(corpus, tmp_path / "index", HashEmbedder(), lambda _: None)


def told(index: Index, store: Remote, tmp_path: Path) -> int:
    return publish(index, store, tmp_path / "note", lambda _: None)


def check(index: Index, store: Remote) -> None:
    assert store.ids == set(index.passages.names)
    for passage in index.passages:
        assert store.search(HashEmbedder().encode([passage.clean]), 1)[0][0] == passage.id


def test_only_what_changed_is_written_and_what_is_gone_is_deleted(tmp_path: Path) -> None:
    store = Remote()
    index = indexed(tmp_path, range(5))
    assert told(index, store, tmp_path) == 5
    check(index, store)
    assert told(index, store, tmp_path) == 0
    index = indexed(tmp_path, range(2, 7))
    assert told(index, store, tmp_path) == 2
    check(index, store)
    index = indexed(tmp_path, range(2, 7), "quantity")
    assert told(index, store, tmp_path) == 5
    check(index, store)


def test_after_a_failure_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_module, "BATCH", 2)
    store = Remote(most=5)
    index = indexed(tmp_path, range(8))
    with pytest.raises(ConnectionError):
        told(index, store, tmp_path)
    with (tmp_path / "note").open("a") as note:
        note.write('["06.md", "half a li')  # as a kill leaves it
    store.most = 1000
    assert told(index, store, tmp_path) == 4
    check(index, store)


def test_a_note_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("something else\n")
    with pytest.raises(IndexingError, match="empty the store"):
        told(indexed(tmp_path, [1]), Remote(), tmp_path)
