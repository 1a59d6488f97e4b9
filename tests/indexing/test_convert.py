from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ketarag.errors import ModelError
from ketarag.indexing import convert as conversion
from ketarag.indexing.convert import SAMPLES, convert, folder_for, read_conversion
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.runtime import OpenVinoEmbedder


@pytest.fixture(scope="module")
def folder(embedder: SentenceTransformerEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted") / "minilm"
    convert(embedder.model, embedder.fingerprint, folder)
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_the_drift_is_measured_and_written(folder: Path, embedder: SentenceTransformerEmbedder) -> None:
    found = read_conversion(folder)
    assert found is not None
    assert 0.9995 < found.least_cosine < 1.001
    assert (found.fingerprint, found.dimension, found.max_word_pieces) == (embedder.fingerprint, 384, 256)
    assert json.loads((folder / "conversion.json").read_text())["least_cosine"] == found.least_cosine


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "compiled.blob", "tokenizer.json"])
def test_a_damaged_file_is_noticed(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    assert read_conversion(copy) is None


@pytest.mark.parametrize("name", ["model.bin", "conversion.json"])
def test_a_missing_file_is_noticed(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert read_conversion(copy) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fingerprint": "x"}', "{}"])
def test_a_record_that_is_none_is_no_conversion(copy: Path, text: str) -> None:
    (copy / "conversion.json").write_text(text)
    assert read_conversion(copy) is None


def test_a_damaged_conversion_is_made_again(copy: Path, embedder: SentenceTransformerEmbedder) -> None:
    (copy / "model.bin").write_bytes(b"")
    convert(embedder.model, embedder.fingerprint, copy)
    assert read_conversion(copy) is not None
    assert [path.name for path in copy.parent.iterdir() if path.name.startswith(".part")] == []


def test_a_conversion_that_drifts_is_refused_and_leaves_nothing(
    tmp_path: Path, embedder: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "LEAST_COSINE", 1.5)
    with pytest.raises(ModelError, match=r"cosine of 0\.99"):
        convert(embedder.model, embedder.fingerprint, tmp_path / "model")
    assert not (tmp_path / "model").exists()
    assert list(tmp_path.glob(".part*")) == []


def test_what_openvino_cannot_load_is_a_clear_error(copy: Path) -> None:
    found = read_conversion(copy)
    assert found is not None
    (copy / "model.xml").write_text("<net/>")
    with pytest.raises(ModelError, match=r"model\.xml: OpenVINO cannot load it"):
        OpenVinoEmbedder(replace(found, processor="another"), copy)


def test_what_was_compiled_is_read_again_and_gives_the_same_vectors(
    folder: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read_conversion(folder)
    assert found is not None
    afresh = OpenVinoEmbedder(replace(found, processor="another"), folder).encode(SAMPLES)
    (copy / "compiled.blob").write_bytes(b"damaged after its hash was checked")
    damaged = OpenVinoEmbedder(found, copy).encode(SAMPLES)
    monkeypatch.setattr(OpenVinoEmbedder, "_compiled", None)  # it is not compiled
    read = OpenVinoEmbedder(found, folder).encode(SAMPLES)
    assert read.tobytes() == afresh.tobytes() == damaged.tobytes()


def test_each_model_has_a_folder_of_its_own() -> None:
    assert folder_for("one") != folder_for("two")
    assert folder_for("one") == folder_for("one")
