from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from ketarag.answering.rarity import TermStatistics
from ketarag.errors import CorpusError, IndexingError
from ketarag.glossary import Entry, Glossary
from ketarag.indexing import build as build_module
from ketarag.indexing import load as load_module
from ketarag.indexing import tidy as tidy_module
from ketarag.indexing.build import ensure_index, rebuild_index
from ketarag.indexing.folder import Index, current_generation
from ketarag.protocols import Vectors
from ketarag.testing import HashEmbedder
from tests.indexing.files import bomb, docx_of, encrypted, pdf_of, scanned

TEXT = "# Routes\n\nKetamine is given PO or SC.\n\n# Harm\n\nIt may cause cystitis.\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.md").write_text(TEXT)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "index"


def ensure(corpus: Path, place: Path, embedder: HashEmbedder | None = None) -> tuple[Index, list[str]]:
    said: list[str] = []
    return ensure_index(corpus, place, embedder or HashEmbedder(), said.append), said


def test_a_missing_index_is_built_and_a_fresh_one_is_not(corpus: Path, place: Path) -> None:
    index, said = ensure(corpus, place)
    assert [passage.heading for passage in index.passages] == ["Routes", "Harm"]
    assert len(index.vectors) == 2
    assert "no index here" in said[0]
    again, said = ensure(corpus, place)
    assert (again.fingerprint, said) == (index.fingerprint, [])


def test_the_same_corpus_gives_the_same_index(corpus: Path, place: Path, tmp_path: Path) -> None:
    assert ensure(corpus, place)[0].fingerprint == ensure(corpus, tmp_path / "other")[0].fingerprint


def test_a_changed_document_makes_the_index_stale(corpus: Path, place: Path) -> None:
    before, _ = ensure(corpus, place)
    (corpus / "a.md").write_text(TEXT.replace("PO", "IM"))
    after, said = ensure(corpus, place)
    assert "(documents changed)" in said[0]
    assert "IM" in after.passages[0].text
    assert after.fingerprint != before.fingerprint


def test_a_new_a_removed_and_a_renamed_document_and_a_sidecar_make_it_stale(corpus: Path, place: Path) -> None:
    ensure(corpus, place)
    (corpus / "b.md").write_text("More.")
    assert "documents changed" in ensure(corpus, place)[1][0]
    (corpus / "b.md").rename(corpus / "c.md")
    assert "documents changed" in ensure(corpus, place)[1][0]
    (corpus / "c.md").unlink()
    assert "documents changed" in ensure(corpus, place)[1][0]
    (corpus / "a.toml").write_text('title = "A"')
    assert "documents changed" in ensure(corpus, place)[1][0]
    assert ensure(corpus, place)[1] == []


def test_another_model_or_limit_makes_it_stale(corpus: Path, place: Path) -> None:
    ensure(corpus, place)
    assert "(model changed)" in ensure(corpus, place, HashEmbedder(dimension=8))[1][0]
    assert "(settings and model changed)" in ensure(corpus, place, HashEmbedder(8, max_word_pieces=40))[1][0]


def test_a_change_of_the_time_of_a_file_does_not(corpus: Path, place: Path) -> None:
    ensure(corpus, place)
    os.utime(corpus / "a.md", (0, 0))
    assert ensure(corpus, place)[1] == []


def test_without_its_corpus_a_whole_index_is_used_as_it_is(corpus: Path, place: Path) -> None:
    before, _ = ensure(corpus, place)
    shutil.rmtree(corpus)
    assert ensure(corpus, place)[0].fingerprint == before.fingerprint


def test_without_corpus_and_index_the_corpus_is_named(tmp_path: Path, place: Path) -> None:
    with pytest.raises(CorpusError, match="missing: no such folder"):
        ensure(tmp_path / "missing", place)


def test_an_old_index_stays_whole_when_the_corpus_can_no_longer_be_read(corpus: Path, place: Path) -> None:
    before, _ = ensure(corpus, place)
    (corpus / "a.md").write_bytes(b"\0\0")
    with pytest.raises(CorpusError, match="not text"):
        ensure(corpus, place)
    assert current_generation(place) == before.generation


def test_a_corpus_that_is_left_out_as_a_whole_is_an_error(corpus: Path, place: Path) -> None:
    (corpus / "a.toml").write_text('[[leave_out]]\nlines = [1, 8]\nreason = "all of it"')
    with pytest.raises(IndexingError, match="nothing to index"):
        ensure(corpus, place)


def test_a_document_without_a_sentence_does_not_stop_the_others(corpus: Path, place: Path) -> None:
    (corpus / "b.md").write_text("# Only a heading\n")
    index, _ = ensure(corpus, place)
    assert len(index.documents) == 2
    assert {passage.document_id for passage in index.passages} == {"a.md"}


def test_a_rebuild_says_what_was_read_and_what_was_not(corpus: Path, place: Path) -> None:
    (corpus / "empty.txt").touch()
    said: list[str] = []
    summary = rebuild_index(corpus, place, HashEmbedder(), said.append)
    assert (len(summary.documents), summary.passages, summary.rebuilt, summary.index) == (1, 2, True, place)
    assert [path.name for path, _ in summary.unreadable] == ["empty.txt"]
    assert said[1:] == ["Reading 1/2: a.md", "Reading 2/2: empty.txt", "Embedding passages: 2/2", "Writing the index"]
    again = rebuild_index(corpus, place, HashEmbedder(), said.append)
    assert (again.rebuilt, again.passages) == (False, 2)
    assert [path.name for path, _ in again.unreadable] == ["empty.txt"]


def test_a_thousand_passages_are_embedded_in_parts(corpus: Path, place: Path) -> None:
    (corpus / "a.md").write_text("".join(f"# Section {number}\n\nIt is number {number}.\n\n" for number in range(1000)))
    index, said = ensure(corpus, place)
    assert len(index.vectors) == len(index.passages) == 1000
    assert "Embedding passages: 1000/1000" in said


def test_a_build_waits_for_the_one_that_runs(corpus: Path, place: Path) -> None:
    place.mkdir()
    waits, said = threading.Event(), []

    def report(line: str) -> None:
        said.append(line)
        if "waiting" in line:
            waits.set()

    with FileLock(place / ".lock"):
        builder = threading.Thread(target=ensure_index, args=(corpus, place, HashEmbedder(), report))
        builder.start()
        assert waits.wait(10)
        assert not (place / "CURRENT").exists()
    builder.join(10)
    assert (place / "CURRENT").exists()


def test_a_lock_that_is_never_released_is_an_error(corpus: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "_LOCK_SECONDS", 0.05)
    place.mkdir()
    with FileLock(place / ".lock"), pytest.raises(IndexingError, match="locked by another process"):
        ensure(corpus, place)


def test_a_lock_file_left_behind_is_no_lock(corpus: Path, place: Path) -> None:
    place.mkdir()
    (place / ".lock").touch()
    ensure(corpus, place)


class CountingEmbedder(HashEmbedder):
    """Remembers what it was asked to embed; ends the program, as it were, after `most` passages."""

    def __init__(self, most: int = 1_000_000) -> None:
        super().__init__()
        self.embedded: list[str] = []
        self.most = most

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        if len(self.embedded) > self.most:
            raise KeyboardInterrupt
        return super().encode(texts)


def write_many(corpus: Path, numbers: Iterable[int]) -> None:
    (corpus / "a.md").unlink(missing_ok=True)
    for number in numbers:
        (corpus / f"{number:02}.md").write_text(f"Document {number} speaks of dose {number}.")


def contents(index: Index) -> tuple[object, ...]:
    passages = list(index.passages)
    vectors = index.vectors.vectors([passage.id for passage in passages]).tolist()
    words = dict(index.words), dict(index.stems), index.sentences, index.lexical.search("dose 3 document", 50)
    return list(index.documents), passages, vectors, words, index.fingerprint


def test_only_what_is_new_or_changed_is_embedded(corpus: Path, place: Path, tmp_path: Path) -> None:
    write_many(corpus, range(5))
    ensure(corpus, place)
    (corpus / "01.md").write_text("Document 1 speaks of something else.")
    (corpus / "02.md").unlink()
    (corpus / "05.md").write_text("A new one.")
    (corpus / "shelf").mkdir()
    (corpus / "03.md").rename(corpus / "shelf" / "03.md")  # moved: known again, under its new name
    embedder = CountingEmbedder()
    index, said = ensure(corpus, place, embedder)
    assert sorted(embedder.embedded) == ["A new one.", "Document 1 speaks of something else."]
    assert "3 of 5 documents are known already" in said
    assert [document.id for document in index.documents] == ["00.md", "01.md", "04.md", "05.md", "shelf/03.md"]
    assert index.vectors.search(embedder.encode(["Document 3 speaks of dose 3."]), 1)[0][0] == "shelf/03.md#0-28"
    assert contents(index) == contents(ensure(corpus, tmp_path / "anew")[0])


def test_a_sidecar_makes_its_document_new(corpus: Path, place: Path) -> None:
    write_many(corpus, range(3))
    ensure(corpus, place)
    (corpus / "01.toml").write_text('title = "One"\npublished = 2020-04-04')
    embedder = CountingEmbedder()
    index, _ = ensure(corpus, place, embedder)
    assert embedder.embedded == ["Document 1 speaks of dose 1."]
    assert [document.title for document in index.documents] == ["00", "One", "02"]


def test_what_is_finished_is_not_lost(corpus: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "BATCH", 3)
    write_many(corpus, range(10))
    with pytest.raises(KeyboardInterrupt):
        ensure(corpus, place, CountingEmbedder(most=7))
    assert not (place / "CURRENT").exists()
    embedder = CountingEmbedder()
    index, said = ensure(corpus, place, embedder)
    assert "6 of 10 documents are known already" in said
    assert len(embedder.embedded) == 4
    assert len(index.passages) == 10


def test_two_documents_of_the_same_bytes_and_name_are_two(corpus: Path, place: Path, tmp_path: Path) -> None:
    (corpus / "b").mkdir()
    shutil.copy(corpus / "a.md", corpus / "b" / "a.md")
    index, _ = ensure(corpus, place)
    assert [document.id for document in index.documents] == ["a.md", "b/a.md"]
    assert len(index.passages) == len(index.vectors) == 4
    assert index.sentences == 4
    assert index.stems["ketamin"] == 2
    assert contents(index) == contents(ensure(corpus, tmp_path / "anew")[0])


def test_a_change_of_the_glossary_counts_anew_and_embeds_nothing(corpus: Path, place: Path, tmp_path: Path) -> None:
    ensure(corpus, place)
    glossary = Glossary((Entry(("PO", "by mouth"), "route", "oral"),))
    embedder = CountingEmbedder()
    said: list[str] = []
    index = ensure_index(corpus, place, embedder, said.append, glossary)
    assert "(glossary changed)" in said[0]
    assert embedder.embedded == []
    assert index.stems["mouth"] == 1
    assert contents(index) == contents(ensure_index(corpus, tmp_path / "anew", HashEmbedder(), print, glossary))
    assert TermStatistics.of(index.passages, glossary).counts == dict(index.stems)


def test_many_small_updates_leave_few_segments(
    corpus: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy_module, "MOST_SMALL", 3)
    write_many(corpus, range(2))
    for number in range(2, 9):
        write_many(corpus, [number])
        index, _ = ensure(corpus, place)
        assert len(index.manifest.segments) <= 3
    assert contents(index) == contents(ensure(corpus, tmp_path / "anew")[0])


def test_a_segment_that_is_mostly_unused_is_written_anew(corpus: Path, place: Path) -> None:
    write_many(corpus, range(9))
    (before,) = ensure(corpus, place)[0].manifest.segments
    for number in range(6):
        (corpus / f"{number:02}.md").unlink()
    index, _ = ensure(corpus, place)
    (after,) = index.manifest.segments
    assert after != before
    assert len(index.passages) == 3
    assert [path.name for path in (place / "segments").iterdir()] == [after]


def test_an_open_index_answers_on_while_another_is_built(corpus: Path, place: Path) -> None:
    index, _ = ensure(corpus, place)
    before = contents(index)
    (corpus / "a.md").write_text(TEXT.replace("PO", "IM"))
    ensure(corpus, place)
    assert contents(index) == before


def test_a_corpus_with_a_bad_file_of_each_kind_is_indexed_without_them(corpus: Path, place: Path) -> None:
    bad = {
        "scanned.pdf": (scanned(), "text"), "locked.pdf": (encrypted(), "password"), "half.pdf": (pdf_of(["Words."])[:300], ""),
        "bomb.docx": (bomb(300_000_000), ""), "half.docx": (docx_of("Words.")[:200], ""), "picture.md": (b"\x89PNG\r\n\0\0", ""),
        "null.txt": (b"\0\1\2", "not text"), "empty.html": (b"", "empty"), "nothing.html": (b"<html></html>", "no visible text"),
        "program.exe": (b"MZ", "ending"), "other.pdf": (b"PK\3\4", ""),
    }  # fmt: skip
    for name, (data, _) in bad.items():
        (corpus / name).write_bytes(data)
    (corpus / "c.md").write_text("One more.")
    (corpus / "c.toml").write_text("not = a sidecar")
    summary = rebuild_index(corpus, place, HashEmbedder(), print)
    assert [document.id for document in summary.documents] == ["a.md"]
    why = {path.name: reason for path, reason in summary.unreadable}
    assert why.keys() == {*bad, "c.md"}
    for name, (_, said) in bad.items():
        assert said in why[name], why[name]
        assert name in why[name]
    assert not rebuild_index(corpus, place, HashEmbedder(), print).rebuilt


def test_a_file_that_could_not_be_read_is_tried_again(
    corpus: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "b.md").write_text("More of it.")
    with monkeypatch.context() as patch:
        patch.setattr(load_module, "MAX_BYTES", len(TEXT) - 1)
        summary = rebuild_index(corpus, place, HashEmbedder(), print)
        assert [path.name for path, _ in summary.unreadable] == ["a.md"]
        assert not rebuild_index(corpus, place, HashEmbedder(), print).rebuilt
    embedder = CountingEmbedder()
    summary = rebuild_index(corpus, place, embedder, print)
    assert (summary.rebuilt, summary.unreadable, summary.embedded) == (True, (), 2)


def test_who_embeds_elsewhere_may_read_ahead_and_what_came_is_kept(
    corpus: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "BATCH", 3)
    monkeypatch.setattr(build_module, "_SLICE", 2)
    for number in range(9):
        (corpus / f"n{number}.md").write_text(
            "\n\n".join(f"# {at}\n\nDose {number} of {at}." for at in range(number)) or "# N"
        )
    closed, given = [], 8

    def all_ahead(batches: Iterable[Sequence[str]]) -> Generator[Vectors, None, None]:
        try:
            for at, texts in enumerate(list(batches)):
                if at == given:
                    raise IndexingError("no worker is left")
                yield HashEmbedder().encode(texts)
        finally:
            closed.append(True)

    with pytest.raises(IndexingError, match="no worker is left"):
        rebuild_index(corpus, place, HashEmbedder(), print, embed_all=all_ahead)
    kept, given = len(list((place / "segments").iterdir())), 1000
    summary = rebuild_index(corpus, place, HashEmbedder(), print, embed_all=all_ahead)
    assert kept >= 3
    assert summary.embedded < summary.passages
    assert len(closed) == 2
    assert ensure(corpus, place)[0].fingerprint == ensure(corpus, tmp_path / "other")[0].fingerprint


def _build(corpus: Path, place: Path) -> tuple[str, list[str]]:
    index, said = ensure(corpus, place)
    return index.generation, said


def test_processes_that_build_at_once_get_one_whole_index(corpus: Path, place: Path) -> None:
    (corpus / "a.md").write_text(TEXT * 300)
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(_build, [corpus] * 3, [place] * 3))
    assert len({fingerprint for fingerprint, _ in results}) == 1
    assert sum(any("Building" in line for line in said) for _, said in results) == 1
    assert {path.name for path in place.iterdir()} == {"CURRENT", ".lock", "segments", results[0][0]}


def kill_often(folder: Path, kills: int) -> dict[str, int]:
    program = Path(__file__).with_name("killed_builds.py")
    done = subprocess.run(
        [sys.executable, str(program), str(folder), str(kills)],
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_whatever_is_killed_and_whenever_the_old_or_the_new_index_stands(tmp_path: Path) -> None:
    found = kill_often(tmp_path, 8)
    assert found["killed"] == 8
    assert found["old"] > 0
    assert found["new"] > 0
    assert (found["damaged"], found["not mended"], found["litter"]) == (0, 0, 0)
