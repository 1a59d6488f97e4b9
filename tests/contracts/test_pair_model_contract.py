"""Any `PairModel`. A new one passes by subclassing `PairModelContract` with its fixture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passages import PASSAGES

from ketarag.answering.cross_encoder import CrossEncoder
from ketarag.protocols import Entailment, PairModel, PairReading
from ketarag.testing import FakePairModel

QUESTION = "How much of a parenteral dose is excreted in the urine?"
TEXTS = [[sentence.clean for sentence in passage.sentences] for passage in PASSAGES]
ODD = ["", " \n", "\0\x1b", "😀" * 60, "的", "I\u0307 ﬁ e\u0301\u0302", "x" * 3000, "dose " * 700]
INHERITED = [HealthCheck.differing_executors, HealthCheck.function_scoped_fixture]


def numbers(reading: PairReading) -> tuple[object, ...]:
    lists = (reading.evidence.tolist(), reading.span_scores.tolist())
    return (reading.answers, reading.relevant, reading.spans, *lists)


def check(reading: PairReading, sentences: list[str]) -> None:
    assert len(reading.spans) == len(sentences)
    assert np.isfinite([reading.answers, reading.relevant]).all()
    for scores in (reading.evidence, reading.span_scores):
        assert scores.shape == (len(sentences),)
        assert scores.dtype == np.float64
        assert np.isfinite(scores).all()
    for span, sentence in zip(reading.spans, sentences, strict=True):
        assert span is None or span.end <= len(sentence)


def parts(entailment: Entailment) -> list[float]:
    return [entailment.supported, entailment.contradicted, entailment.not_said]


class PairModelContract:
    @pytest.fixture
    def model(self) -> PairModel:
        raise NotImplementedError

    def test_there_is_a_whole_reading_for_each_passage(self, model: PairModel) -> None:
        readings = model.read(QUESTION, TEXTS)
        assert len(readings) == len(TEXTS)
        for reading, sentences in zip(readings, TEXTS, strict=True):
            check(reading, sentences)
            assert None not in reading.spans

    def test_no_passages_give_no_readings(self, model: PairModel) -> None:
        assert model.read(QUESTION, []) == []

    def test_a_passage_is_read_by_itself(self, model: PairModel) -> None:
        together = [numbers(reading) for reading in model.read(QUESTION, TEXTS)]
        alone = [numbers(model.read(QUESTION, [sentences])[0]) for sentences in TEXTS]
        assert together == alone
        assert len({str(row) for row in together}) == len(TEXTS)

    def test_readings_stand_in_the_order_of_the_passages(self, model: PairModel) -> None:
        forth, back = model.read(QUESTION, TEXTS), model.read(QUESTION, [*TEXTS[::-1], *TEXTS])
        expected = [numbers(reading) for reading in forth]
        assert [numbers(reading) for reading in back] == [*expected[::-1], *expected]

    def test_another_question_is_read_otherwise(self, model: PairModel) -> None:
        question, other = (
            [numbers(reading) for reading in model.read(text, TEXTS)]
            for text in (QUESTION, "Is it given into the spine?")
        )
        assert question != other

    def test_an_entailment_is_probabilities_that_sum_to_one(self, model: PairModel) -> None:
        for claim in ("Ketamine is given PO.", "The capital of France is Paris.", *TEXTS[0]):
            for sentences in TEXTS:
                values = parts(model.entail(claim, sentences))
                assert all(0 <= value <= 1 for value in values)
                assert sum(values) == pytest.approx(1, abs=1e-6)
                assert model.entail(claim, sentences) == model.entail(claim, sentences)

    @pytest.mark.parametrize("odd", ODD)
    def test_odd_texts_are_no_error(self, model: PairModel, odd: str) -> None:
        for first, sentences in ((odd, TEXTS[0]), (QUESTION, [odd]), (QUESTION, [odd, TEXTS[0][0], odd])):
            check(model.read(first, [sentences])[0], sentences)
            assert sum(parts(model.entail(first, sentences))) == pytest.approx(1, abs=1e-6)

    @settings(max_examples=40, suppress_health_check=INHERITED)
    @given(first=st.text(max_size=40), sentences=st.lists(st.text(max_size=60), min_size=1, max_size=4))
    def test_spans_and_scores_hold_for_any_text(self, model: PairModel, first: str, sentences: list[str]) -> None:
        (reading,) = model.read(first, [sentences])
        check(reading, sentences)
        assert numbers(model.read(first, [TEXTS[0], sentences])[1]) == numbers(reading)

    def test_the_fingerprint_is_a_fixed_name(self, model: PairModel) -> None:
        assert model.fingerprint
        assert model.fingerprint == model.fingerprint.strip()


class TestFakePairModel(PairModelContract):
    @pytest.fixture
    def model(self) -> PairModel:
        return FakePairModel()


class TestCrossEncoder(PairModelContract):
    @pytest.fixture
    def model(self, network: CrossEncoder) -> PairModel:
        return network


def test_the_fake_counts_shared_words() -> None:
    reading = FakePairModel().read("weekly dose", [["Relief persists.", "A dose.", "A weekly dose."]])[0]
    assert reading.evidence == pytest.approx([-np.log(101), 0, np.log(101)])
    assert reading.answers == reading.evidence[2]
    assert FakePairModel().entail("weekly dose", ["A dose."]) == Entailment(0.5, 0.0, 0.5)
