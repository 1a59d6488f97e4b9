"""The first reader: its weights are checked as they are read, its scores are probabilities."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import hits_of, make_passage

from ketarag.answering import read as module
from ketarag.answering.features import FeatureExtractor
from ketarag.answering.rarity import TermStatistics
from ketarag.answering.read import FeatureReader, Logistic, ReaderWeights
from ketarag.config import shipped_corpus
from ketarag.errors import ModelError
from ketarag.glossary import Glossary
from ketarag.testing import HashEmbedder

SHIPPED = Path(module.__file__).with_name("reader.json")
GLOSSARY = Glossary.load(shipped_corpus() / "glossary.toml")
DOSE = make_passage(
    ["A dose of 500 mg is given SC.", "It is repeated weekly.", "Relief persists."], document="dose.txt"
)
HARM = make_passage(["Tachycardia is common.", "Dreams may be vivid."], document="harm.txt")
LONG = make_passage([f"Patient {number} had relief." for number in range(20)], document="long.txt")


@pytest.fixture(scope="module")
def reader() -> FeatureReader:
    terms = TermStatistics.of([DOSE, HARM, LONG], GLOSSARY)
    return FeatureReader(FeatureExtractor(HashEmbedder(), GLOSSARY, terms), ReaderWeights.load())


def test_the_shipped_weights_fit_this_version() -> None:
    weights = ReaderWeights.load()
    assert 0 < weights.threshold < 1
    assert 0 < weights.share <= 1
    assert weights == ReaderWeights.load(SHIPPED)


def test_missing_weights_are_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"reader\.json: .*No such file.*training\.calibrate"):
        ReaderWeights.load(tmp_path / "reader.json")


def change(path: tuple[str, ...], value: object) -> Callable[[dict[str, Any]], object]:
    def changed(table: dict[str, Any]) -> object:
        place = table
        for key in path[:-1]:
            place = place[key]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        return table

    return changed


@pytest.mark.parametrize(
    "damage",
    [
        change(("sentence",), None),
        change(("threshold",), None),
        change(("confidence", "weights"), None),
        change(("sentence", "mean"), [0.0]),
        change(("sentence", "names"), ["cosine"]),
        change(("confidence", "names"), ["best"]),
        change(("sentence", "scale"), "wide"),
        change(("share",), "all"),
        change(("share",), [1]),
        change(("confidence",), [1, 2]),
        change(("sentence", "names"), 7),
        lambda table: [table],
        lambda table: None,
    ],
)
def test_weights_that_do_not_fit_are_refused_and_named(tmp_path: Path, damage: Callable[[Any], object]) -> None:
    path = tmp_path / "reader.json"
    path.write_text(json.dumps(damage(json.loads(SHIPPED.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(ModelError, match=r"reader\.json: not the reader's weights"):
        ReaderWeights.load(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", SHIPPED.read_bytes()[:200]])
def test_a_truncated_file_is_refused_and_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reader.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"reader\.json"):
        ReaderWeights.load(path)


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "reader.json"
    path.write_text(json.dumps(change(("threshold",), 0.123)(json.loads(SHIPPED.read_text(encoding="utf-8")))))
    changed = ReaderWeights.load(path)
    assert changed.threshold == 0.123
    assert changed.fingerprint != ReaderWeights.load().fingerprint


def test_the_regression_as_reckoned_by_hand() -> None:
    logistic = Logistic(("a", "b"), mean=(1.0, 0.0), scale=(2.0, 1.0), weights=(3.0, -1.0), intercept=0.5)
    assert logistic.logits(np.array([[1.0, 0.0], [3.0, 2.0]])).tolist() == [0.5, 1.5]


@pytest.mark.parametrize("question", ["What dose is given?", "", "the of and"])
def test_no_hits_give_no_evidence_and_no_confidence(reader: FeatureReader, question: str) -> None:
    reading = reader.read(question, [])
    assert (reading.evidence, reading.confidence, reading.unanswered) == ((), 0.0, ())


@pytest.mark.parametrize("question", ["", "?", "the of and", "💊"])
def test_a_question_without_content_gives_none_either(reader: FeatureReader, question: str) -> None:
    assert reader.read(question, hits_of(DOSE)).evidence == ()


def test_a_question_without_content_is_read_with_its_conversation(reader: FeatureReader) -> None:
    assert reader.read("?", hits_of(DOSE, HARM), "vivid dreams").evidence[0].sentence.text == "Dreams may be vivid."


def test_the_sentence_with_the_words_and_the_measure_comes_first(reader: FeatureReader) -> None:
    assert reader.read("What dose is given?", hits_of(HARM, DOSE)).evidence[0].sentence == DOSE.sentences[0]


def test_at_most_eight_sentences_are_evidence(reader: FeatureReader) -> None:
    assert len(reader.read("relief", hits_of(LONG, DOSE)).evidence) == 8


def test_equal_sentences_stand_in_the_order_of_the_document(reader: FeatureReader) -> None:
    twins = make_passage(["Relief persists."] * 3, document="twins.txt")
    assert [item.sentence.start for item in reader.read("relief", hits_of(twins)).evidence] == [0, 17, 34]


def test_what_is_not_spoken_of_is_named(reader: FeatureReader) -> None:
    assert reader.read("What dose is given in glaucoma?", hits_of(DOSE)).unanswered == ("glaucoma",)


def test_a_single_sentence_can_be_read(reader: FeatureReader) -> None:
    reading = reader.read("relief", hits_of(make_passage(["Relief persists."])))
    assert len(reading.evidence) == 1


@settings(max_examples=60)
@given(st.text(max_size=60), st.text(max_size=30), st.permutations([DOSE, HARM, LONG]), st.integers(0, 3))
def test_scores_are_probabilities_best_first_and_always_the_same(
    reader: FeatureReader, question: str, context: str, passages: list, count: int
) -> None:
    hits = hits_of(*passages[:count])
    reading = reader.read(question, hits, context, [DOSE.id])
    scores = [item.score for item in reading.evidence]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert 0 <= reading.confidence <= 1
    assert all(item.sentence in item.passage.sentences for item in reading.evidence)
    assert reader.read(question, hits, context, [DOSE.id]) == reading
