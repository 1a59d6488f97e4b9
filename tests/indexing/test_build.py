from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from ketarag.errors import CorpusError, IndexingError
from ketarag.indexing import build as build_module
from ketarag.indexing.build import ensure_index, rebuild_index
from ketarag.indexing.folder import Index, current_generation
from ketarag.testing import HashEmbedder

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
    assert current_generation(place) == before.fingerprint


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
    assert said[1:] == ["Reading 1/1: a.md", "Embedding passages: 2/2"]
    again = rebuild_index(corpus, place, HashEmbedder(), said.append)
    assert (again.rebuilt, again.passages) == (False, 2)
    assert [path.name for path, _ in again.unreadable] == ["empty.txt"]


def test_a_thousand_passages_are_embedded_in_parts(corpus: Path, place: Path) -> None:
    (corpus / "a.md").write_text("".join(f"# Section {number}\n\nIt is number {number}.\n\n" for number in range(1000)))
    index, said = ensure(corpus, place)
    assert len(index.vectors) == len(index.passages) == 1000
    assert said[-1] == "Embedding passages: 1000/1000"


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


def _build(corpus: Path, place: Path) -> tuple[str, list[str]]:
    index, said = ensure(corpus, place)
    return index.fingerprint, said


def test_processes_that_build_at_once_get_one_whole_index(corpus: Path, place: Path) -> None:
    (corpus / "a.md").write_text(TEXT * 300)
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(_build, [corpus] * 3, [place] * 3))
    assert len({fingerprint for fingerprint, _ in results}) == 1
    assert sum(any("Building" in line for line in said) for _, said in results) == 1
    assert {path.name for path in place.iterdir()} == {"CURRENT", ".lock", results[0][0]}


def test_whatever_is_killed_and_whenever_the_old_or_the_new_index_stands(tmp_path: Path) -> None:
    program = Path(__file__).with_name("killed_builds.py")
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path)], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] > 30
    assert found["old"] > 0
    assert found["new"] > 0
    assert (found["damaged"], found["not mended"], found["litter"]) == (0, 0, 0)
