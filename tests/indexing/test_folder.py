from __future__ import annotations

import ast
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ketarag.indexing
from ketarag.errors import IndexingError
from ketarag.indexing import folder as folder_module
from ketarag.indexing.build import ensure_index
from ketarag.indexing.folder import FORMAT, Index, current_generation, read_index
from ketarag.testing import HashEmbedder

GENERATION = [
    "manifest.json",
    "ids.text.npy",
    "ids.ends.npy",
    "places.npy",
    "corpus.json",
    *(f"{kind}.{part}.npy" for kind in ("words", "stems") for part in ("text", "ends", "totals")),
    *(f"bm25/{name}.npy" for name in ("stems.text", "stems.ends", "starts", "positions", "scores", "highest", "size")),
]
SEGMENT = [
    "segment.json",
    "documents.jsonl",
    "documents.npy",
    "passages.jsonl",
    "passages.npy",
    "vectors.npy",
    *(f"{kind}.{part}.npy" for kind in ("words", "stems") for part in ("text", "ends", "starts", "numbers", "times")),
]
FILES = ["CURRENT", *GENERATION, *(f"segments/*/{name}" for name in SEGMENT)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus and its index; not to be written to."""
    place = tmp_path_factory.mktemp("built")
    (place / "corpus").mkdir()
    (place / "corpus" / "a.md").write_text("# Routes\n\nKetamine is\u2028given PO.4 It helps.\n\n# Harm\n\nCystitis.\n")
    (place / "corpus" / "a.toml").write_text(
        'title = "Routes"\npublished = 2020-04-04\n[[leave_out]]\nlines = [5, 5]\nreason = "not it"\n'
    )
    ensure_index(place / "corpus", place / "index", HashEmbedder(), lambda _: None)
    return place


@pytest.fixture
def place(built: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(built, tmp_path / "copy"))


def path_of(index: Path, name: str) -> Path:
    if name == "CURRENT":
        return index / name
    if name.startswith("segments/"):
        (found,) = index.glob(name)
        return found
    return index / current_generation(index) / name


def content(index: Index) -> tuple[object, ...]:
    vectors = index.vectors.vectors([passage.id for passage in index.passages])
    return (
        list(index.documents),
        list(index.passages),
        vectors.tolist(),
        index.lexical.search("ketamine cystitis", 9),
        dict(index.words),
        dict(index.stems),
        index.sentences,
        index.fingerprint,
    )


def test_these_are_all_files_of_an_index(built: Path) -> None:
    generation = built / "index" / current_generation(built / "index")
    found = {path.relative_to(generation).as_posix() for path in generation.rglob("*") if path.is_file()}
    assert found == set(GENERATION)
    (segment,) = (built / "index" / "segments").iterdir()
    assert {path.name for path in segment.iterdir()} == set(SEGMENT)
    assert {path.name for path in (built / "index").iterdir()} == {"CURRENT", ".lock", "segments", generation.name}


def test_what_is_written_is_read(built: Path) -> None:
    index = read_index(built / "index")
    (document,) = index.documents
    assert document.text == (built / "corpus" / "a.md").read_text()
    assert (document.title, str(document.published)) == ("Routes", "2020-04-04")
    assert [item.reason for item in document.left_out] == ["not it"]
    assert [passage.clean for passage in index.passages] == ["Ketamine is given PO. It helps.", "Cystitis."]
    assert all(passage.text == document.text[passage.start : passage.end] for passage in index.passages)
    assert content(index) == content(read_index(built / "index"))


@pytest.mark.parametrize("where", [0, 0.5, 1])
@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_noticed(place: Path, name: str, where: float) -> None:
    path = path_of(place / "index", name)
    data = bytearray(path.read_bytes())
    data[round(where * (len(data) - 1))] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexingError, match=r"ketarag ingest"):
        read_index(place / "index")


@pytest.mark.parametrize("left", [0, 0.5, 0.99])
@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_noticed(place: Path, name: str, left: float) -> None:
    path = path_of(place / "index", name)
    data = path.read_bytes()
    path.write_bytes(data[: min(int(len(data) * left), len(data) - 1)])
    with pytest.raises(IndexingError, match=r"ketarag ingest"):
        read_index(place / "index")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_noticed_and_named(place: Path, name: str) -> None:
    path_of(place / "index", name).unlink()
    with pytest.raises(IndexingError, match="no index here" if name == "CURRENT" else name.rpartition("/")[2]):
        read_index(place / "index")


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_the_place_of_a_file_is_noticed(place: Path, name: str) -> None:
    path = path_of(place / "index", name)
    path.unlink()
    path.mkdir()
    with pytest.raises(IndexingError):
        read_index(place / "index")


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_index_is_built_anew(place: Path, name: str) -> None:
    whole = content(read_index(place / "index"))
    path_of(place / "index", name).write_bytes(b"damaged")
    said: list[str] = []
    index = ensure_index(place / "corpus", place / "index", HashEmbedder(), said.append)
    assert content(index) == whole
    assert said[0].startswith("Building the index")


@pytest.mark.parametrize("name", ["../../etc", "/etc/passwd", "x" * 24, "A" * 24, "", "0" * 23])
def test_only_the_name_of_a_generation_is_followed(place: Path, name: str) -> None:
    (place / "index" / "CURRENT").write_text(name)
    with pytest.raises(IndexingError, match="damaged"):
        read_index(place / "index")


def test_a_manifest_of_another_format_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = folder_module.FORMAT
    monkeypatch.setattr(folder_module, "FORMAT", 99)
    with pytest.raises(IndexingError, match=f"format {written}, this version reads 99"):
        read_index(place / "index")


@pytest.mark.parametrize(
    "table",
    [
        [],
        {},
        {"format": FORMAT},
        {"format": FORMAT, "segments": 3},
        {"format": FORMAT, "segments": ["../.."]},
        "not json",
    ],
)
def test_a_manifest_that_names_itself_but_is_none_is_refused(tmp_path: Path, table: object) -> None:
    data = b"{" if table == "not json" else json.dumps(table).encode()
    generation = hashlib.sha256(data).hexdigest()[:24]
    (tmp_path / generation).mkdir()
    (tmp_path / generation / "manifest.json").write_bytes(data)
    (tmp_path / "CURRENT").write_text(generation)
    with pytest.raises(IndexingError, match="ketarag ingest"):
        read_index(tmp_path)


def test_a_folder_without_an_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexingError, match="no index here"):
        read_index(tmp_path / "missing")


def test_a_folder_that_cannot_be_written_is_an_error(built: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IndexingError, match="name another place with --index"):
        ensure_index(built / "corpus", tmp_path / "file" / "index", HashEmbedder(), lambda _: None)


def test_no_file_of_an_index_is_pickled(built: Path) -> None:
    for path in (path for path in (built / "index").rglob("*") if path.is_file()):
        if path.suffix == ".npy":
            assert not np.load(path, allow_pickle=False).dtype.hasobject
        elif path.name not in ("CURRENT", ".lock"):
            assert path.read_bytes()[:1] == b"{", path  # JSON


def _sources() -> Iterator[tuple[str, ast.AST]]:
    for path in Path(ketarag.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.name, node


def test_nothing_of_ours_unpickles() -> None:
    for name, node in _sources():
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant), name
            assert node.value.value is False, name
        imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"} & set(imported), name
