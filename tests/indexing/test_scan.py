from __future__ import annotations

import os
from pathlib import Path

import pytest

from ketarag.errors import CorpusError
from ketarag.indexing import scan as scan_module
from ketarag.indexing.scan import Scan, scan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("Some words.")
    return tmp_path


def keys(found: Scan) -> list[str]:
    return [source.key("settings") for source in found.sources]


def test_the_hash_of_a_corpus_changes_with_what_is_indexed(folder: Path) -> None:
    seen = {scan(folder).sha256}
    (folder / "a.toml").write_text('title = "A"')
    seen.add(scan(folder).sha256)
    (folder / "a.txt").write_text("Other words.")
    seen.add(scan(folder).sha256)
    (folder / "a.txt").rename(folder / "b.txt")
    seen.add(scan(folder).sha256)
    (folder / "c.txt").write_text("More.")
    seen.add(scan(folder).sha256)
    assert len(seen) == 5
    (folder / "README.md").write_text("No document.")
    assert scan(folder).sha256 in seen


def test_a_document_in_a_folder_of_folders_is_named_by_its_path(folder: Path) -> None:
    (folder / "b" / "c").mkdir(parents=True)
    (folder / "b" / "c" / "a.txt").write_text("Some words.")
    found = scan(folder)
    assert [source.id for source in found.sources] == ["a.txt", "b/c/a.txt"]
    assert len(set(keys(found))) == 1


def test_a_key_changes_with_bytes_name_sidecar_and_settings(folder: Path) -> None:
    seen = {*keys(scan(folder)), scan(folder).sources[0].key("others")}
    (folder / "a.toml").write_text('title = "A"')
    seen.update(keys(scan(folder)))
    (folder / "a.txt").write_text("Other words.")
    seen.update(keys(scan(folder)))
    (folder / "a.txt").rename(folder / "b.txt")
    seen.update(keys(scan(folder)))
    assert len(seen) == 5


def replace_unnoticed(path: Path, text: str) -> None:
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_every_byte_of_a_small_corpus_is_hashed(folder: Path) -> None:
    os.utime(folder / "a.txt", (1, 1))
    first = scan(folder)
    replace_unnoticed(folder / "a.txt", "Same length"[:11])
    assert scan(folder, first.noted).sha256 != first.sha256


def test_in_a_large_corpus_size_and_time_tell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "HASHED_BYTES", 0)
    os.utime(folder / "a.txt", (1, 1))
    (folder / "a.toml").write_text("title = 'A'")
    os.utime(folder / "a.toml", (1, 1))
    first = scan(folder)
    monkeypatch.setattr(scan_module, "file_sha256", lambda path: f"hashed {path.name}")
    assert scan(folder, first.noted) == first
    (folder / "a.txt").write_text("Longer than before.")
    changed = scan(folder, first.noted).sources[0]
    assert (changed.seen.sha256, changed.beside) == ("hashed a.txt", first.sources[0].beside)
    os.utime(folder / "a.toml", (2, 2))
    again = scan(folder, first.noted).sources[0]
    assert again.beside is not None
    assert again.beside.sha256 == "hashed a.toml"


def test_a_file_noted_right_after_its_change_is_hashed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "HASHED_BYTES", 0)
    first = scan(folder)
    replace_unnoticed(folder / "a.txt", "Some wordz.")
    assert scan(folder, first.noted).sha256 != first.sha256


def test_an_empty_folder_has_no_sources_and_none_is_an_error(tmp_path: Path) -> None:
    assert scan(tmp_path).sources == ()
    with pytest.raises(CorpusError, match="no such folder"):
        scan(tmp_path / "missing")
