"""A file is found whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ketarag.checked import read_checked, write_checked


@pytest.mark.parametrize("body", [b"", b"x", b"words" * 1000])
def test_what_was_written_is_found(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "folder" / "file"
    write_checked(path, body)
    assert read_checked(path) == body
    write_checked(path, b"again")
    assert read_checked(path) == b"again"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "removed"])
def test_what_is_damaged_is_not_found(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "file"
    write_checked(path, b"some words")
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-1], "changed": data[:-1] + b"S", "emptied": b"", "removed": data}[damage])
    if damage == "removed":
        path.unlink()
    assert read_checked(path) is None


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        write_checked(tmp_path / "file", b"words")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
