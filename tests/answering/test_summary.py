"""What the regressions see of a whole question and of the network: reckoned by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sentences import hits_of, make_passage

from ketarag.answering.features import SENTENCE_FEATURES, FeatureExtractor, candidates
from ketarag.answering.rarity import TermStatistics
from ketarag.answering.summary import (
    CONFIDENCE_FEATURES,
    NETWORK_CONFIDENCE_FEATURES,
    NETWORK_SENTENCE_FEATURES,
    NetworkView,
    confidence_features,
)
from ketarag.glossary import Glossary
from ketarag.testing import FakePairModel, HashEmbedder
from ketarag.types import Passage, Span

DOSE = make_passage(["The weekly dose.", "Relief persists.", "A dose."], document="dose.txt")
HARM = make_passage(["Dreams may be vivid.", "Weekly tachycardia."], document="harm.txt")
FOUND = candidates(hits_of(DOSE, HARM))
ALL, HALF, NONE = math.log(101), 0.0, -math.log(101)
"""Log odds of `FakePairModel` for a sentence that holds two, one and none of the two words of QUESTION."""
QUESTION = "weekly dose"
UNREAD = make_passage(["Weekly dose.", "Another dose."], document="unread.txt")


def seen(*passages: Passage) -> NetworkView:
    return NetworkView.of(FakePairModel(), QUESTION, passages)


def column(view: NetworkView, name: str, *passages: Passage) -> list[float]:
    rows = view.sentence_features(candidates(hits_of(*passages)))
    return [float(value) for value in rows[:, NETWORK_SENTENCE_FEATURES.index(name)]]


def test_a_sentence_has_its_own_evidence_and_its_passages_answer() -> None:
    view = seen(DOSE, HARM)
    assert column(view, "network_evidence", DOSE, HARM) == pytest.approx([ALL, NONE, HALF, NONE, HALF])
    assert column(view, "network_span", DOSE, HARM) == pytest.approx([ALL, NONE, HALF, NONE, HALF])
    assert column(view, "network_answers", DOSE, HARM) == pytest.approx([ALL, ALL, ALL, HALF, HALF])


def test_the_lead_is_zero_for_the_best_and_how_far_behind_the_others_are() -> None:
    behind = [0.0, NONE - ALL, HALF - ALL, NONE - ALL, HALF - ALL]
    assert column(seen(DOSE, HARM), "network_lead", DOSE, HARM) == pytest.approx(behind)


def test_every_column_has_its_name() -> None:
    assert seen(DOSE).sentence_features(FOUND).shape == (len(FOUND), len(NETWORK_SENTENCE_FEATURES))


def test_a_sentence_that_was_not_read_gets_the_least_of_what_was() -> None:
    view = seen(HARM)
    assert column(view, "network_evidence", UNREAD, HARM) == pytest.approx([NONE, NONE, NONE, HALF])
    assert column(view, "network_lead", UNREAD, HARM) == pytest.approx([NONE, NONE, NONE, 0.0])
    assert column(view, "network_span", UNREAD, HARM) == pytest.approx([NONE, NONE, NONE, HALF])
    assert column(view, "network_answers", UNREAD, HARM) == pytest.approx([HALF] * 4)


def test_the_order_of_the_passages_changes_no_row() -> None:
    back = seen(HARM, DOSE).sentence_features(FOUND)
    assert back.tolist() == seen(DOSE, HARM).sentence_features(FOUND).tolist()


def test_the_networks_part_of_the_confidence() -> None:
    view = seen(DOSE, HARM)
    rows = view.sentence_features(FOUND)
    rows[2] = [0.25, -9.0, 0.5, 0.75]
    named = dict(zip(NETWORK_CONFIDENCE_FEATURES, view.confidence_features(rows, 2), strict=True))
    assert named == pytest.approx(
        {
            "network_most": ALL,
            "network_next": HALF,
            "network_best_evidence": 0.25,
            "network_best_span": 0.5,
            "network_best_answers": 0.75,
        }
    )


def test_a_single_passage_is_also_the_next_one() -> None:
    view = seen(HARM)
    summary = view.confidence_features(view.sentence_features(candidates(hits_of(HARM))), 0)
    assert summary[:2].tolist() == [HALF, HALF]


def test_the_stretch_that_answers_is_that_of_the_sentence() -> None:
    view = seen(DOSE)
    assert [view.answer_span(one.passage, one.sentence) for one in FOUND] == [
        Span(0, 16),
        Span(0, 16),
        Span(0, 7),
        None,
        None,
    ]


def confidence(question: str, best: int) -> dict[str, float]:
    """By column, over rows in which the place of every number can be told: row 2, column 3 holds 203."""
    glossary = Glossary()
    features = FeatureExtractor(HashEmbedder(), glossary, TermStatistics.of([DOSE, HARM], glossary))
    rows = np.add.outer(100.0 * np.arange(len(FOUND)), np.arange(len(SENTENCE_FEATURES), dtype=np.float64))
    logits = np.array([0.0, -1.0, 0.5, -2.0, -3.0])
    logits[best] = 7.0
    values = confidence_features(features, features.view(question), FOUND, rows, logits)
    return dict(zip(CONFIDENCE_FEATURES, map(float, values), strict=True))


def test_the_scores_of_the_best_two_sentences() -> None:
    named = confidence(QUESTION, 1)
    assert (named["best"], named["second"]) == (7.0, 0.5)


def test_a_single_sentence_is_also_the_second() -> None:
    glossary = Glossary()
    only = make_passage(["A dose."])
    features = FeatureExtractor(HashEmbedder(), glossary, TermStatistics.of([only], glossary))
    rows = np.zeros((1, len(SENTENCE_FEATURES)))
    found = candidates(hits_of(only))
    values = confidence_features(features, features.view(QUESTION), found, rows, np.array([3.0]))
    assert values[:2].tolist() == [3.0, 3.0]


@pytest.mark.parametrize("best", [0, 3])
def test_the_columns_of_the_best_sentence_are_its_own(best: int) -> None:
    named = confidence(QUESTION, best)
    at = {name: 100.0 * best + SENTENCE_FEATURES.index(name) for name in SENTENCE_FEATURES}
    taken = {
        "best_cosine": "local_cosine",
        "best_soft": "soft_coverage",
        "best_coverage": "window_coverage",
        "best_rare": "rare_coverage",
        "best_strangest": "strangest_word",
        "measure_missing": "measure_missing",
        "kind_missing": "kind_missing",
    }
    assert {name: named[name] for name in taken} == {name: at[source] for name, source in taken.items()}
    assert named["top_cosine"] == 400.0 + SENTENCE_FEATURES.index("cosine")


def test_the_passage_of_the_best_sentence_is_read_as_one() -> None:
    inside, elsewhere = confidence("vivid tachycardia", 3), confidence("vivid tachycardia", 0)
    assert inside["passage_rare"] == pytest.approx(1.0)
    assert elsewhere["passage_rare"] < inside["passage_rare"]
    assert elsewhere["passage_strangest"] > elsewhere["strangest"] == inside["strangest"]


def test_what_the_documents_never_name() -> None:
    assert confidence("vivid dreams", 0)["unknown_share"] == 0.0
    assert confidence("zebra", 0)["unknown_share"] == 1.0
    assert 0 < confidence("vivid zebra", 0)["unknown_share"] < 1
    assert confidence("vivid glaucoma", 0)["unknown_subjects"] == 1.0
    assert confidence("vivid dreams", 0)["unknown_subjects"] == 0.0


def test_the_length_of_the_question_counts_its_own_words() -> None:
    assert confidence("vivid dreams", 0)["log_question_words"] == pytest.approx(math.log(3))
    assert confidence("vivid", 0)["log_question_words"] == pytest.approx(math.log(2))
