from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ketarag.errors import IndexingError, StoreError
from ketarag.indexing import publish as publish_module
from ketarag.indexing import remote as remote_module
from ketarag.indexing.build import ensure_index
from ketarag.indexing.folder import Index, current_generation
from ketarag.indexing.publish import Note
from ketarag.indexing.remote import Remote
from ketarag.protocols import Vectors
from ketarag.testing import HashEmbedder, MemoryVectorStore


def silent(line: str) -> None:
    pass


class Far(MemoryVectorStore):
    """Fails after `most` vectors, and while it is down."""

    def __init__(self, most: int = 1000) -> None:
        super().__init__(256)
        self.added: list[str] = []
        self.most = most
        self.down = False
        self.calls = 0

    def answering(self) -> None:
        self.calls += 1
        if self.down:
            raise StoreError("far: cannot be reached")

    def __len__(self) -> int:
        self.answering()
        return super().__len__()

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        self.answering()
        if len(self.added) + len(ids) > self.most:
            raise StoreError("far: cannot be reached")
        self.added += ids
        super().add(ids, vectors)

    def delete(self, ids: Sequence[str]) -> None:
        self.answering()
        super().delete(ids)

    def search(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        self.answering()
        return super().search(vector, k)

    @property
    def ids(self) -> set[str]:
        return {name.partition(":")[2] for name in self._rows}


class Shelves:
    """A corpus whose index is published to `far`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.far = Far()

    def remote(self) -> Remote:
        def connect(partition: str) -> Far:
            self.far.answering()
            return self.far

        return Remote(self.note, connect)

    @property
    def note(self) -> Note:
        return Note(self.folder / "index", "far://")

    def indexed(self, numbers: Sequence[int], say: str = "dose", *, publish: bool = True) -> Index:
        corpus = self.folder / "corpus"
        corpus.mkdir(exist_ok=True)
        for path in corpus.iterdir():
            path.unlink()
        for number in numbers:
            (corpus / f"{number:02}.md").write_text(f"Document {number} speaks of {say} {number}.")
        remote = self.remote() if publish else None
        return ensure_index(corpus, self.folder / "index", HashEmbedder(), silent, publisher=remote)

    def check(self, index: Index) -> None:
        vectors = self.remote().over(index)
        for passage in index.passages:
            found = vectors.search(HashEmbedder().encode([passage.clean]), 3)
            expected = index.vectors.search(HashEmbedder().encode([passage.clean]), 3)
            assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-5)
            assert found[0][0] == passage.id


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    return Shelves(tmp_path)


def test_only_what_changed_is_written(shelves: Shelves) -> None:
    first = shelves.indexed(range(5))
    shelves.check(first)
    assert len(shelves.far.added) == 5
    index = shelves.indexed(range(2, 7))
    shelves.check(index)
    assert len(shelves.far.added) == 7
    shelves.check(first)  # what the new index does not need stays for those that answer from the old one


def test_what_was_replaced_is_deleted_by_the_next_build_and_then_missed_by_nobody_unknowingly(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_module, "CHECKED_FOR", 0.0)
    first = shelves.indexed(range(5))
    running = shelves.remote().over(first)
    question = HashEmbedder().encode(["Document 1"])
    before = running.search(question, 3)
    second = shelves.indexed(range(5), "quantity")
    assert len(shelves.far._rows) == 10
    assert running.search(question, 3) == before
    shelves.check(second)
    third = shelves.indexed(range(5), "amount")
    assert len(shelves.far._rows) == 10
    shelves.check(third)
    shelves.check(second)
    with pytest.raises(StoreError, match="then start this again"):
        running.search(question, 3)


def test_what_comes_back_is_not_written_again(shelves: Shelves) -> None:
    first = shelves.indexed(range(3))
    shelves.indexed(range(1))
    shelves.check(shelves.indexed(range(3)))
    assert len(shelves.far.added) == 3
    shelves.indexed(range(3), "more")
    shelves.check(first)


def test_after_a_failure_the_old_index_stands_and_the_next_run_goes_on(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_module, "BATCH", 2)
    old = shelves.indexed(range(2))
    shelves.far.most = 5
    with pytest.raises(StoreError):
        shelves.indexed(range(8))
    assert current_generation(shelves.folder / "index") == old.generation
    shelves.check(old)
    with shelves.note.path.open("a") as note:
        note.write('["there", "half a li')  # as a kill leaves it
    shelves.far.most, done = 1000, len(shelves.far.added)
    shelves.check(shelves.indexed(range(8)))
    assert len(shelves.far.added) == 8
    assert done == 4


def test_what_was_begun_and_is_wanted_no_longer_is_deleted(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between writing and noting."""

    def killed(self: Note, rows: Sequence[tuple[object, ...]]) -> None:
        if rows and rows[0][0] == "there":
            raise KeyboardInterrupt
        append(self, rows)

    append = Note.append
    with monkeypatch.context() as patch:
        patch.setattr(Note, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            shelves.indexed(range(3))
    assert len(shelves.far._rows) == 3
    index = shelves.indexed([7])
    assert shelves.far.ids == set(index.passages.names)
    shelves.check(index)


def test_a_store_that_lost_everything_is_filled_again(shelves: Shelves) -> None:
    index = shelves.indexed(range(4))
    running = shelves.remote().over(index)
    question = HashEmbedder().encode(["Document 1"])
    running.search(question, 2)
    shelves.far._rows.clear()
    with pytest.raises(StoreError, match="does not hold the vectors of this index"):
        running.search(question, 2)
    lines: list[str] = []
    shelves.remote().complete(index, lines.append)
    assert lines[0].startswith("The store lacks")
    shelves.check(index)


def test_an_index_that_was_never_published_is_published_first(shelves: Shelves) -> None:
    index = shelves.indexed(range(4), publish=False)
    with pytest.raises(StoreError, match="run `ketarag ingest`"):
        shelves.remote().over(index).search(HashEmbedder().encode(["Document 1"]), 2)
    shelves.remote().complete(index, silent)
    shelves.check(index)
    lines: list[str] = []
    shelves.remote().complete(index, lines.append)
    assert lines == []


def test_vectors_of_others_are_passed_over_however_many_they_are(shelves: Shelves) -> None:
    index = shelves.indexed(range(3))
    question = HashEmbedder().encode(["Document 1"])
    expected = shelves.remote().over(index).search(question, 2)
    shelves.far.add([f"{'0' * 16}:0{at % 3}.md#0-9{at}" for at in range(300)], question.repeat(300, axis=0))
    shelves.far.add(["no name at all", ":", "#"], question.repeat(3, axis=0))
    assert shelves.remote().over(index).search(question, 2) == expected
    assert shelves.remote().over(index).search(question, 0) == []


def test_while_it_is_down_every_question_says_so_and_few_wait_for_it(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = shelves.indexed(range(3))
    running = shelves.remote().over(index)
    question = HashEmbedder().encode(["Document 1"])
    expected = running.search(question, 2)
    shelves.far.down, shelves.far.calls = True, 0
    for _ in range(5):
        with pytest.raises(StoreError, match="far: cannot be reached"):
            running.search(question, 2)
    assert shelves.far.calls == 1
    monkeypatch.setattr(remote_module, "WAITS", 0.0)
    shelves.far.down = False
    assert running.search(question, 2) == expected


def test_a_store_that_is_down_is_said_before_anything_is_embedded(shelves: Shelves) -> None:
    shelves.far.down = True
    with pytest.raises(StoreError):
        shelves.indexed(range(3))
    assert not list((shelves.folder / "index").glob("segments/*"))


@pytest.mark.parametrize("text", ["something else\n", '["other", "x"]\n', '["begun"]\n', "[]\n", '["there", 7]\n'])
def test_a_note_that_is_none_is_an_error_and_removing_it_is_the_cure(shelves: Shelves, text: str) -> None:
    index = shelves.indexed([1])
    shelves.note.path.write_text(text)
    with pytest.raises(IndexingError, match="remove this file"):
        shelves.remote().complete(index, silent)
    with pytest.raises(StoreError, match="remove this file"):
        shelves.remote().over(index).search(HashEmbedder().encode(["Document 1"]), 2)
    shelves.note.path.unlink()
    shelves.remote().complete(index, silent)
    shelves.check(index)


def test_each_address_and_each_index_has_its_own_part_of_a_store(tmp_path: Path) -> None:
    notes: list[Callable[[], Note]] = [
        lambda: Note(tmp_path, "milvus://a"),
        lambda: Note(tmp_path, "milvus://b"),
    ]
    names = {note().partition for note in notes}
    assert len(names) == 2
    assert {note().partition for note in notes} == names
    assert all(name.isidentifier() for name in names)
