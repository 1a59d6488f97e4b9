"""Any `Reader`. A new one passes by subclassing `ReaderContract` with its fixture."""

from __future__ import annotations

from itertools import pairwise

import pytest
from passages import HITS

from ketarag.answering.read import FeatureReader, TrainedReader
from ketarag.answering.weights import FIRST_READER, ReaderWeights
from ketarag.assistant import Assistant
from ketarag.protocols import Reader
from ketarag.testing import FakeReader


class ReaderContract:
    @pytest.fixture
    def reader(self) -> Reader:
        raise NotImplementedError

    def test_the_sentence_that_answers_comes_first(self, reader: Reader) -> None:
        reading = reader.read("How much of a parenteral dose is excreted in the urine?", HITS)
        assert reading.evidence[0].sentence.clean == "About 90% of a parenteral dose is excreted in the urine."

    def test_scores_are_probabilities_in_descending_order(self, reader: Reader) -> None:
        reading = reader.read("How is ketamine given?", HITS)
        assert reading.evidence
        assert all(0 <= item.score <= 1 for item in reading.evidence)
        assert all(left.score >= right.score for left, right in pairwise(reading.evidence))
        assert 0 <= reading.confidence <= 1

    def test_evidence_is_a_sentence_of_a_passage_that_was_found(self, reader: Reader) -> None:
        for item in reader.read("ketamine dose", HITS[:2]).evidence:
            assert item.passage in [hit.passage for hit in HITS[:2]]
            assert item.sentence in item.passage.sentences
            assert item.answer is None or item.span.contains(item.answer)

    def test_nothing_found_gives_no_evidence_and_no_confidence(self, reader: Reader) -> None:
        reading = reader.read("How is it given?", [])
        assert reading.evidence == ()
        assert reading.confidence == 0

    def test_another_topic_is_below_the_threshold(self, reader: Reader) -> None:
        assert reader.read("What is the capital of France?", HITS).confidence < reader.threshold

    def test_the_same_question_reads_the_same(self, reader: Reader) -> None:
        question = ("How long does the benefit last?", HITS, "depression", [HITS[0].passage.id])
        assert reader.read(*question) == reader.read(*question)

    def test_settings_are_shares_of_one(self, reader: Reader) -> None:
        assert 0 < reader.threshold < 1
        assert 0 < reader.share <= 1
        assert reader.fingerprint

    @pytest.mark.parametrize("question", ["", "?", "the of and", "😀", "x" * 2000, "\0"])
    def test_an_odd_question_is_no_error(self, reader: Reader, question: str) -> None:
        assert 0 <= reader.read(question, HITS).confidence <= 1


class TestFakeReader(ReaderContract):
    @pytest.fixture
    def reader(self) -> Reader:
        return FakeReader()


class TestFeatureReader(ReaderContract):
    @pytest.fixture
    def reader(self, assistant: Assistant) -> Reader:
        loaded = assistant._reader
        assert isinstance(loaded, TrainedReader)
        return FeatureReader(loaded._features, ReaderWeights.load(FIRST_READER, network=False))


class TestTrainedReader(ReaderContract):
    @pytest.fixture
    def reader(self, assistant: Assistant) -> Reader:
        assert isinstance(assistant._reader, TrainedReader)
        return assistant._reader
