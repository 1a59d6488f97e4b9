from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ketarag.errors import IndexingError
from ketarag.glossary import Entry, Glossary
from ketarag.indexing.build import ensure_index
from ketarag.indexing.folder import Index, read_index
from ketarag.indexing.upkeep import compact_index, index_stats, told, verify_index
from ketarag.testing import HashEmbedder


def quiet(_: str) -> None:
    pass


def update(corpus: Path, place: Path, numbers: range) -> Index:
    corpus.mkdir(exist_ok=True)
    for path in corpus.iterdir():
        path.unlink()
    for number in numbers:
        (corpus / f"{number:02}.md").write_text(f"Document {number} speaks of dose {number}.")
    return ensure_index(corpus, place, HashEmbedder(), quiet)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    update(tmp_path / "corpus", tmp_path / "index", range(6))
    update(tmp_path / "corpus", tmp_path / "index", range(2, 9))
    return tmp_path / "index"


def test_an_index_in_numbers(place: Path) -> None:
    stats = index_stats(place)
    assert (stats.documents, stats.passages, stats.sentences, stats.segments, stats.unused) == (7, 7, 7, 2, 2)
    assert stats.words == 11
    assert stats.bytes == sum(
        path.stat().st_size
        for path in place.rglob("*")
        if path.is_file() and path.name not in ("CURRENT", ".lock", "manifest.json", "segment.json")
    )
    assert "segments:                     2, with 2 passages that are no longer used" in told(stats)


def test_a_folder_without_an_index_has_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(IndexingError, match="no index here"):
        index_stats(tmp_path)


def test_a_compact_index_is_the_same_in_one_piece(place: Path) -> None:
    before = read_index(place)
    passages = list(before.passages)
    after = compact_index(place, Glossary(), quiet)
    assert (after.segments, after.unused) == (1, 0)
    assert after.fingerprint == before.fingerprint
    assert list(read_index(place).passages) == passages
    assert verify_index(place, quiet) == ()
    assert compact_index(place, Glossary(), quiet).generation == after.generation


def test_another_glossary_is_no_reason_to_count_anew_unasked(place: Path) -> None:
    with pytest.raises(IndexingError, match="another glossary"):
        compact_index(place, Glossary((Entry(("PO",), "route", "oral"),)), quiet)


def test_a_whole_index_is_whole(place: Path) -> None:
    said: list[str] = []
    assert verify_index(place, said.append) == ()
    assert said[0] == "Checking files: 1/3"


def test_every_damaged_file_is_named(place: Path) -> None:
    damaged = sorted(place.glob("segments/*/passages.jsonl"))
    for path in damaged:
        data = bytearray(path.read_bytes())
        data[20] ^= 1
        path.write_bytes(data)
    problems = verify_index(place, quiet)
    assert len(problems) == 2
    assert all(any(str(path) in problem for problem in problems) for path in damaged)
    assert "no index here" in verify_index(place / "nowhere", quiet)[0]


def test_a_large_index_is_opened_by_its_sizes_and_verified_by_its_bytes(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ketarag.indexing.folder.CHECKED_BYTES", 0)
    path = next(place.glob("segments/*/vectors.npy"))
    data = path.read_bytes()
    path.write_bytes(data[:-4] + np.float32(0.5).tobytes())
    read_index(place)
    assert len(verify_index(place, quiet)) == 1
    path.write_bytes(data[:-4])
    with pytest.raises(IndexingError, match=r"vectors\.npy: damaged or missing"):
        read_index(place)
