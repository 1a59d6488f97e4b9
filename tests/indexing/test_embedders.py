from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ketarag.config import BUNDLED_MODEL
from ketarag.errors import ModelError
from ketarag.indexing import embedders
from ketarag.indexing.convert import folder_for
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.embedders import load_embedder
from ketarag.indexing.runtime import OpenVinoEmbedder


def test_the_bundled_model_is_converted_once() -> None:
    said: list[str] = []
    first = load_embedder(BUNDLED_MODEL, said.append)
    assert isinstance(first, OpenVinoEmbedder)
    place = folder_for(first.fingerprint.removesuffix(":openvino"))
    before = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    said.clear()
    assert isinstance(load_embedder(BUNDLED_MODEL, said.append), OpenVinoEmbedder)
    assert said == []
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == before


def test_a_question_needs_no_torch_once_the_model_is_converted() -> None:
    load_embedder(BUNDLED_MODEL, print)
    code = (
        "import sys; from ketarag.indexing.embedders import load_embedder; "
        f"load_embedder({BUNDLED_MODEL!r}, print).encode(['half-life']); "
        "print([m for m in ('torch', 'sentence_transformers', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_original_that_is_not_loaded_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    load_embedder(BUNDLED_MODEL, print)
    monkeypatch.setattr("ketarag.indexing.embed.file_sha256", lambda path: pytest.fail(f"read {path}"))
    assert isinstance(load_embedder(BUNDLED_MODEL, print), OpenVinoEmbedder)


def test_where_it_cannot_be_converted_the_reference_serves_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ModelError("it drifts")

    monkeypatch.setattr(embedders, "folder_for", lambda _: tmp_path / "nowhere")
    monkeypatch.setattr(embedders, "convert", refuse)
    said: list[str] = []
    assert isinstance(load_embedder(BUNDLED_MODEL, said.append), SentenceTransformerEmbedder)
    assert said[-1] == "The embedding model runs in sentence-transformers, several times slower: it drifts"


def test_a_model_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModelError, match="KETARAG_MODEL"):
        load_embedder("no-such/model", print)
