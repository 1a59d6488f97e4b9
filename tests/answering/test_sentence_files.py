"""Vectors of sentences on disk: the same numbers, nothing written for a question, nothing believed that is damaged."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sentences import make_passage

from ketarag.answering import sentence_files
from ketarag.answering.features import FeatureExtractor, candidates
from ketarag.answering.rarity import TermStatistics
from ketarag.answering.sentence_files import SentenceFiles
from ketarag.glossary import Glossary
from ketarag.protocols import TokenVectors
from ketarag.testing import HashEmbedder
from ketarag.types import Hit

PASSAGES = [
    make_passage(["Ketamine is given SC.", "About 90% of a dose is excreted — naïve."], document="a.txt"),
    make_passage(["Pain is relieved."], document="b.txt"),
]


class Counting(HashEmbedder):
    """Counts the texts that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0

    def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        self.texts += len(texts)
        return super().encode_tokens(texts)


def extractor(folder: Path, embedder: HashEmbedder | None = None) -> FeatureExtractor:
    files = SentenceFiles(folder, "an embedder")
    glossary = Glossary()
    return FeatureExtractor(embedder or HashEmbedder(), glossary, TermStatistics.of(PASSAGES, glossary), files=files)


def rows(features: FeatureExtractor) -> bytes:
    """What the features of every sentence are."""
    hits = [Hit(passage, 1.0, rank, "dense") for rank, passage in enumerate(PASSAGES, start=1)]
    return features.sentence_features(features.view("Is ketamine given SC?"), candidates(hits), ()).tobytes()


def test_what_is_read_from_files_is_what_was_embedded(tmp_path: Path) -> None:
    expected = rows(extractor(tmp_path / "none"))
    extractor(tmp_path / "files").write_files("library", PASSAGES, lambda line: None)
    later = Counting()
    assert rows(extractor(tmp_path / "files", later)) == expected
    assert later.texts == 1  # the question


def test_a_question_writes_nothing(tmp_path: Path) -> None:
    rows(extractor(tmp_path / "files"))
    assert list(tmp_path.iterdir()) == []


def test_it_is_done_once_for_each_library(tmp_path: Path) -> None:
    said: list[str] = []
    extractor(tmp_path).write_files("library", PASSAGES, said.append)
    again = Counting()
    extractor(tmp_path, again).write_files("library", PASSAGES, said.append)
    assert (len(said), again.texts) == (1, 0)
    extractor(tmp_path, again).write_files("another", PASSAGES, said.append)
    assert (len(said), again.texts) == (2, 0)  # the same passages: read, not embedded


@pytest.mark.parametrize("damage", [b"", b"x" * 40, None])
def test_a_damaged_file_is_as_none(tmp_path: Path, damage: bytes | None) -> None:
    expected = rows(extractor(tmp_path / "none"))
    extractor(tmp_path).write_files("library", PASSAGES, lambda line: None)
    for path in tmp_path.glob("*.vectors"):
        data = bytearray(path.read_bytes())
        data[-5] ^= 1
        path.write_bytes(bytes(data) if damage is None else damage)
    assert rows(extractor(tmp_path)) == expected


def test_another_embedder_or_text_has_files_of_its_own(tmp_path: Path) -> None:
    files = SentenceFiles(tmp_path, "one")
    tokens, windows = HashEmbedder().encode_tokens(["a b", "c"]), HashEmbedder().encode(["a b", "a b c"])
    files.keep(["a b", "c"], (tokens, windows))
    found = files.find(["a b", "c"])
    assert found is not None
    for one, other in zip(found[0], tokens, strict=True):
        np.testing.assert_array_equal(one.spans, other.spans)
        np.testing.assert_array_equal(one.vectors, other.vectors)
        np.testing.assert_array_equal(one.pooled, other.pooled)
    np.testing.assert_array_equal(found[1], windows)
    assert files.find(["a b"]) is None
    assert SentenceFiles(tmp_path, "other").find(["a b", "c"]) is None


def test_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extractor(tmp_path).write_files("library", PASSAGES[:1], lambda line: None)
    (first,) = tmp_path.glob("*.vectors")

    os.utime(first, (1, 1))
    monkeypatch.setattr(sentence_files, "MOST_BYTES", first.stat().st_size + 10)
    extractor(tmp_path).write_files("more", PASSAGES[1:], lambda line: None)
    assert not first.exists()
    assert len(list(tmp_path.glob("*.vectors"))) == 1


def test_a_large_library_is_left_to_its_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketarag.answering.features.MOST_WRITTEN", 1)
    extractor(tmp_path / "files").write_files("library", PASSAGES, pytest.fail)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_it_is_said_and_works(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    said: list[str] = []
    features = extractor(tmp_path / "file")
    features.write_files("library", PASSAGES, said.append)
    assert said[-1].startswith("The sentences are read again at each start: ")
    assert rows(features) == rows(extractor(tmp_path / "none"))
