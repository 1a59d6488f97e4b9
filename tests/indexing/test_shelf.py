from __future__ import annotations

from pathlib import Path

import pytest

from ketarag.errors import IndexingError
from ketarag.indexing import build as build_module
from ketarag.indexing import shelf as shelf_module
from ketarag.indexing.build import ensure_index
from ketarag.indexing.folder import Index, read_index
from ketarag.testing import HashEmbedder


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """Documents with none to three passages, in several segments."""
    monkeypatch.setattr(build_module, "BATCH", 2)
    corpus = tmp_path / "corpus"
    (corpus / "b#1-2").mkdir(parents=True)
    for name, passages in (("a.md", 3), ("b#1-2/x.md", 1), ("c.md", 0), ("d.md", 2)):
        text = "".join(f"# Part {number} of {name}\n\nWords of {number}.\n\n" for number in range(passages))
        (corpus / name).write_text(text or "# Nothing but a heading\n")
    return ensure_index(corpus, tmp_path / "index", HashEmbedder(), lambda _: None)


def test_passages_are_found_by_number_and_by_id(index: Index) -> None:
    passages = list(index.passages)
    assert len(index.passages) == len(passages) == 6
    assert len(index.manifest.segments) == 2
    assert list(index.passages.names) == [passage.id for passage in passages]
    assert [passage.document_id for passage in passages] == [*["a.md"] * 3, "b#1-2/x.md", *["d.md"] * 2]
    for number, passage in enumerate(passages):
        assert index.passages[number] == index.passages.by_id[passage.id] == passage
        assert passage.text == index.documents.by_id[passage.document_id].text[passage.start : passage.end]
    assert index.passages[-1] == passages[-1]
    assert index.passages[1:3] == passages[1:3]
    assert index.passages.names[-2:] == [passage.id for passage in passages[-2:]]


@pytest.mark.parametrize(
    "name", ["", "#", "a.md", "a.md#", "a.md#0-", "a.md#0-1", "a.md#x-y", "a.md#-3-5", "c.md#0-9", "z#0-1"]
)
def test_what_is_no_passage_has_no_number(index: Index, name: str) -> None:
    assert name not in index.passages.by_id
    with pytest.raises(KeyError):
        index.passages.by_id[name]


def test_beyond_the_ends_is_nothing(index: Index) -> None:
    for sequence in (index.passages, index.documents, index.passages.names):
        for at in (len(sequence), -len(sequence) - 1):
            with pytest.raises(IndexError):
                sequence[at]


def test_documents_are_found_by_number_and_by_id(index: Index) -> None:
    assert [document.id for document in index.documents] == ["a.md", "b#1-2/x.md", "c.md", "d.md"]
    assert list(index.documents.by_id) == ["a.md", "b#1-2/x.md", "c.md", "d.md"]
    assert index.documents[-1] is index.documents.by_id["d.md"]
    assert ("e.md" in index.documents.by_id, len(index.documents.by_id)) == (False, 4)


def test_of_many_documents_the_last_are_kept(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "_KEPT_CHARACTERS", 10)
    first = index.documents[0]
    assert index.documents[0] is first
    assert index.documents[3] != first
    assert index.documents[0] is not first
    assert index.documents[0] == first


def test_a_line_that_was_damaged_since_is_an_error_that_names_the_cure(index: Index, tmp_path: Path) -> None:
    path = next(path for path in sorted((tmp_path / "index").glob("segments/*/passages.jsonl")) if path.stat().st_size)
    path.write_bytes(b"x" * path.stat().st_size)
    opened = index.passages
    with pytest.raises(IndexingError, match="ketarag ingest"):
        list(opened)
    with pytest.raises(IndexingError, match="damaged"):
        read_index(tmp_path / "index")


def test_the_passages_of_some_documents_are_named_without_being_read(index: Index) -> None:
    names = list(index.passages.names)
    chosen = index.passages.of({"a.md", "d.md", "c.md", "unknown"})
    expected = [name for name in names if name.startswith(("a.md", "d.md"))]
    assert list(chosen) == expected
    assert len(chosen) == 5
    assert [name in chosen for name in names] == [name in expected for name in names]
    assert "unknown" not in chosen
    assert 3 not in chosen
    assert (
        index.passages.positions(chosen).tolist() == index.passages.positions(set(expected)).tolist() == [0, 1, 2, 4, 5]
    )
    assert index.passages.positions({"unknown"}).tolist() == list(index.passages.of([])) == []


def test_a_search_within_some_documents_finds_only_theirs(index: Index) -> None:
    question = HashEmbedder().encode(["Words of 0."])
    everything = [name for name, _ in index.vectors.search(question, 6)]
    chosen = index.passages.of({"d.md"})
    assert [name for name, _ in index.vectors.search(question, 6, chosen)] == [
        one for one in everything if one in chosen
    ]
