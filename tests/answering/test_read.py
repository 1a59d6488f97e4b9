"""Both readers: their scores are probabilities, best first; what the trained one asks its network, and what it makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import hits_of, make_passage

from ketarag.answering.features import SENTENCE_FEATURES, FeatureExtractor, candidates
from ketarag.answering.rarity import TermStatistics
from ketarag.answering.read import NETWORK_PASSAGES, WITHOUT_AMOUNT, FeatureReader, TrainedReader, most_promising
from ketarag.answering.summary import CONFIDENCE_FEATURES, NETWORK_CONFIDENCE_FEATURES, NETWORK_SENTENCE_FEATURES
from ketarag.answering.weights import FIRST_READER, Logistic, ReaderWeights
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary
from ketarag.protocols import PairReading, Reader
from ketarag.testing import FakePairModel, HashEmbedder
from ketarag.types import Passage

GLOSSARY = Glossary.load(shipped_corpus() / "glossary.toml")
DOSE = make_passage(
    ["A dose of 500 mg is given SC.", "It is repeated weekly.", "Relief persists."], document="dose.txt"
)
HARM = make_passage(["Tachycardia is common.", "Dreams may be vivid."], document="harm.txt")
LONG = make_passage([f"Patient {number} had relief." for number in range(20)], document="long.txt")
FIRST = ReaderWeights.load(FIRST_READER, network=False)


class RecordingModel(FakePairModel):
    """Keeps what it was asked; thinks of a sentence what `opinions` says, else that it is no evidence."""

    def __init__(self, opinions: Mapping[str, float] | None = None) -> None:
        self.opinions = opinions or {}
        self.asked: list[tuple[str, list[list[str]]]] = []

    def read(self, first: str, passages: Sequence[Sequence[str]]) -> list[PairReading]:
        self.asked.append((first, [list(sentences) for sentences in passages]))
        readings = super().read(first, passages)
        scores = [np.array([self.opinions.get(text, -5.0) for text in sentences]) for sentences in passages]
        return [
            replace(one, evidence=said, answers=float(said.max())) for one, said in zip(readings, scores, strict=True)
        ]


def trained(network: FakePairModel, sentence: Mapping[str, float], confidence: Mapping[str, float]) -> TrainedReader:
    """Weighs the named columns only."""
    parts = [
        Logistic(names, (0.0,) * len(names), (1.0,) * len(names), tuple(said.get(name, 0.0) for name in names), 0.0)
        for names, said in (
            ((*SENTENCE_FEATURES, *NETWORK_SENTENCE_FEATURES), sentence),
            ((*CONFIDENCE_FEATURES, *NETWORK_CONFIDENCE_FEATURES), confidence),
        )
    ]
    return TrainedReader(extractor(), FIRST, ReaderWeights(*parts, 0.5, 0.8, "by hand"), network)


def extractor() -> FeatureExtractor:
    return FeatureExtractor(HashEmbedder(), GLOSSARY, TermStatistics.of([DOSE, HARM, LONG], GLOSSARY))


@pytest.fixture(scope="module")
def reader() -> FeatureReader:
    return FeatureReader(extractor(), FIRST)


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
    reader: FeatureReader, question: str, context: str, passages: list[Passage], count: int
) -> None:
    both = trained(FakePairModel(), {"cosine": 2.0, "network_lead": 1.0}, {"best": 1.0, "network_most": 0.5})
    for one in (reader, both):
        check(one, question, context, passages, count)


def check(reader: Reader, question: str, context: str, passages: list[Passage], count: int) -> None:
    hits = hits_of(*passages[:count])
    reading = reader.read(question, hits, context, [DOSE.id])
    scores = [item.score for item in reading.evidence]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert 0 <= reading.confidence <= 1
    assert all(item.sentence in item.passage.sentences for item in reading.evidence)
    assert reader.read(question, hits, context, [DOSE.id]) == reading


def test_the_network_is_asked_once_with_the_sentences_of_each_passage() -> None:
    network = RecordingModel()
    trained(network, {}, {}).read("What dose is given?", hits_of(HARM, DOSE))
    assert network.asked == [("What dose is given?", [[s.clean for s in p.sentences] for p in (DOSE, HARM)])]


def test_the_network_sees_the_question_behind_its_conversation() -> None:
    network = RecordingModel()
    trained(network, {}, {}).read("How much is given?", hits_of(DOSE), "relief")
    assert [first for first, _ in network.asked] == ["relief / How much is given?"]


@pytest.mark.parametrize(("question", "hits"), [("What dose is given?", []), ("the of and", hits_of(DOSE))])
def test_the_network_is_not_asked_where_there_is_nothing_to_read(question: str, hits: list) -> None:
    network = RecordingModel()
    reading = trained(network, {}, {}).read(question, hits)
    assert (reading.evidence, reading.confidence, network.asked) == ((), 0.0, [])


def test_the_network_reads_two_passages_those_with_the_best_sentence_of_the_first_reader() -> None:
    good = [make_passage(["Relief persists.", f"Patient {number}."], document=f"{number}.txt") for number in range(7)]
    network = RecordingModel()
    trained(network, {}, {}).read("relief persists", hits_of(HARM, *good))
    ((_, passages),) = network.asked
    assert passages == [[s.clean for s in passage.sentences] for passage in good[:NETWORK_PASSAGES]]
    assert NETWORK_PASSAGES == 2


def test_passages_are_promising_by_their_best_sentence_and_equal_ones_as_found() -> None:
    found = candidates(hits_of(HARM, DOSE, LONG))
    logits = np.zeros(len(found))
    logits[4] = 1.0  # the last sentence of DOSE
    logits[5] = 1e-9  # the first of LONG, rounded away
    assert most_promising(found, logits) == [DOSE, HARM]
    logits[-1] = 2.0
    assert most_promising(found, logits) == [LONG, DOSE]


def test_the_network_can_put_a_sentence_first_that_shares_no_word() -> None:
    network = RecordingModel({"Dreams may be vivid.": 3.0, "Tachycardia is common.": 1.0})
    reading = trained(network, {"network_evidence": 1.0}, {}).read("What dose is given?", hits_of(DOSE, HARM))
    assert [item.sentence.clean for item in reading.evidence[:2]] == ["Dreams may be vivid.", "Tachycardia is common."]
    assert reading.evidence[0].score == pytest.approx(1 / (1 + np.exp(-3.0)))
    assert reading.evidence[2].score == pytest.approx(1 / (1 + np.exp(5.0)))


def test_the_confidence_sees_the_passage_that_most_likely_answers_and_the_best_sentence() -> None:
    network = RecordingModel({"Dreams may be vivid.": 3.0, "Relief persists.": 1.0})
    asked = ("What is given?", hits_of(DOSE, HARM))
    for sentence, column, value in (
        ({"network_lead": 1.0}, "network_most", 3.0),
        ({"network_lead": 1.0}, "network_next", 1.0),
        ({"network_lead": 1.0}, "network_best_evidence", 3.0),
        ({"network_lead": -1.0}, "network_best_evidence", -5.0),  # ranked first is now what the network likes least
        ({"network_evidence": 2.0}, "best", 6.0),
    ):
        reading = trained(network, sentence, {column: 1.0}).read(*asked)
        assert reading.confidence == pytest.approx(1 / (1 + np.exp(-value)))


def test_without_a_say_of_the_network_the_order_is_that_of_the_first_reader(reader: FeatureReader) -> None:
    alone = dict(zip(FIRST.sentence.names, np.array(FIRST.sentence.weights) / FIRST.sentence.scale, strict=True))
    both = trained(RecordingModel({"Dreams may be vivid.": 9.0}), alone, {})
    asked = ("What dose is given?", hits_of(HARM, DOSE))
    assert [i.sentence for i in both.read(*asked).evidence] == [i.sentence for i in reader.read(*asked).evidence]


def test_the_fingerprint_names_both_weights_and_the_network() -> None:
    other = RecordingModel()
    other.fingerprint = "other"
    one = trained(RecordingModel(), {}, {})
    weights = replace(one._weights, fingerprint="other")
    readers = [
        one,
        trained(other, {}, {}),
        TrainedReader(extractor(), FIRST, weights, RecordingModel()),
        TrainedReader(extractor(), replace(FIRST, fingerprint="other"), one._weights, RecordingModel()),
    ]
    assert len({reader.fingerprint for reader in readers}) == 4
    assert one.fingerprint == trained(RecordingModel(), {"cosine": 1.0}, {}).fingerprint
    assert (one.threshold, one.share) == (0.5, 0.8)


@pytest.mark.parametrize(
    ("question", "declined"),
    [
        ("What dose is repeated weekly?", True),
        ("How often is the dose repeated?", False),
        ("What dose is given SC?", False),
    ],
)
def test_a_dose_is_not_answered_by_a_sentence_without_one(question: str, declined: bool) -> None:
    opinions = {DOSE.sentences[0 if "SC" in question else 1].clean: 9.0}
    reader = trained(RecordingModel(opinions), {"network_evidence": 1.0}, {"network_most": 1.0})
    assert (reader.read(question, hits_of(DOSE)).confidence <= WITHOUT_AMOUNT) is declined


@pytest.mark.parametrize(
    ("question", "context", "others"),
    [
        ("What dose is given for pain?", "", 0),
        ("What dose?", "pain", 0),
        ("What dose is given?", "", 1),
        ("How is pain treated?", "", 1),
    ],
)
def test_an_amount_for_something_else_is_no_evidence_beside_the_one_asked_for(
    question: str, context: str, others: int
) -> None:
    pain = make_passage(["For pain a dose of 500 mg is given.", "A dose of 100 mg is an option."], document="pain.txt")
    mood = make_passage(["For mood a dose of 5 mg is given.", "Relief persists."], document="mood.txt")
    opinions = {sentence.clean: 5.0 - at for at, sentence in enumerate((*pain.sentences, *mood.sentences))}
    reader = trained(RecordingModel(opinions), {"network_evidence": 1.0}, {})
    found = [item.sentence for item in reader.read(question, hits_of(mood, pain), context).evidence]
    assert found == [*pain.sentences, *mood.sentences[1 - others :]]
