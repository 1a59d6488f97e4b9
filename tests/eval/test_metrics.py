"""Every metric on an example that can be reckoned by hand; what is not scored is None, never 0."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import answer, citation, gold

from eval.metrics import (
    answerability_auroc,
    area_under_risk,
    calibration_error,
    citation_precision,
    citation_recall,
    contains,
    fact_recall,
    reliability,
    risk_coverage,
    verbatim,
)
from ketarag import Document


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Up to 70% respond.", "70%"),
        ("Up to 70 % respond.", "70%"),
        ("over 40 min", "40min"),
        ("500 microgram/kg", "500microgram/kg"),
        ("2–3 weeks", "2-3 weeks"),
        ("It is given PO.", "po"),
        ("The S−enantiomer", "s-enantiomer"),
        ("about 4 times more", "4 times"),
        ("(PCP)", "PCP"),
        ("100mg/24h", "100 mg/24 h"),
    ],
)
def test_a_phrase_is_found_whatever_its_spelling(text: str, phrase: str) -> None:
    assert contains(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("170%", "70%"),
        ("norketamine", "ketamine"),
        ("postpone", "po"),
        ("40 minutes", "40 min"),
        ("7 and 0%", "70%"),
        ("", "dose"),
    ],
)
def test_a_part_of_a_word_or_number_is_not_the_phrase(text: str, phrase: str) -> None:
    assert not contains(text, phrase)


def test_fact_recall_is_the_share_of_facts_with_an_alternative_in_the_claims() -> None:
    said = answer("It lasts two days.", "About 70% respond.")
    assert fact_recall(said, [["70%", "seventy"], ["2 days", "two days"], ["never"]]) == pytest.approx(2 / 3)
    assert fact_recall(said, [["never"]]) == 0
    assert fact_recall(said, [["respond"]]) == 1


def test_markers_and_the_words_of_an_abstention_are_no_facts() -> None:
    assert fact_recall(answer("It is so."), [["1"]]) == 0
    assert fact_recall(answer(), [["document"]]) == 0


def test_citation_recall_is_the_share_of_groups_with_a_place_overlapped() -> None:
    evidence = [[gold(0, 10), gold(50, 60)], [gold(20, 30)]]
    assert citation_recall([citation(55, 58)], evidence) == 0.5
    assert citation_recall([citation(9, 21)], evidence) == 1
    assert citation_recall([citation(10, 20)], evidence) == 0
    assert citation_recall([], evidence) == 0


def test_citation_precision_is_the_share_of_citations_on_a_gold_place() -> None:
    evidence = [[gold(0, 10)], [gold(20, 30)]]
    assert citation_precision([citation(0, 5), citation(10, 15), citation(29, 40), citation(30, 31)], evidence) == 0.5
    assert citation_precision([citation(100, 110)], evidence) == 0


def test_without_citations_precision_and_verbatim_are_not_scored() -> None:
    assert citation_precision([], [[gold(0, 1)]]) is None
    assert verbatim([], {}) is None


def test_verbatim_is_the_share_of_quotes_that_stand_at_their_offsets() -> None:
    documents = {"a.txt": Document("a.txt", "A", "abcdef", "")}
    assert verbatim([citation(1, 3, "bc")], documents) == 1
    assert verbatim([citation(1, 3, "bc"), citation(1, 3, "cd")], documents) == 0.5
    assert verbatim([citation(0, 2, "bc")], documents) == 0


def test_risk_falls_with_what_is_declined() -> None:
    points = risk_coverage([0.9, 0.8, 0.7, 0.6], [False, True, False, True])
    assert points == [(0.25, 0.0), (0.5, 0.5), (0.75, pytest.approx(1 / 3)), (1.0, 0.5)]
    assert area_under_risk(points) == pytest.approx((0 + 0.5 + 1 / 3 + 0.5) / 4)


def test_equal_confidences_are_answered_together() -> None:
    assert risk_coverage([0.5, 0.5, 0.1], [True, False, False]) == [(2 / 3, 0.5), (1.0, pytest.approx(1 / 3))]
    assert risk_coverage([], []) == []
    assert area_under_risk([]) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_risk_of_answering_everything_is_the_share_wrong(rows: list[tuple[float, bool]]) -> None:
    confidences, wrong = [c for c, _ in rows], [w for _, w in rows]
    points = risk_coverage(confidences, wrong)
    assert points[-1] == (1.0, pytest.approx(sum(wrong) / len(wrong)))
    assert [coverage for coverage, _ in points] == sorted({coverage for coverage, _ in points})
    area = area_under_risk(points)
    assert area is not None
    assert 0 <= area <= 1


def test_reliability_and_its_error_by_hand() -> None:
    confidences, right = [0.05, 0.95, 0.95, 1.0], [False, True, False, True]
    assert reliability(confidences, right) == [(0.05, 0.0, 1), (pytest.approx(2.9 / 3), pytest.approx(2 / 3), 3)]
    assert calibration_error(confidences, right) == pytest.approx((0.05 + 3 * (2.9 / 3 - 2 / 3)) / 4)
    assert calibration_error([], []) is None


def test_auroc_is_the_chance_of_the_right_order() -> None:
    assert answerability_auroc([0.9, 0.4, 0.6], [True, False, True]) == 1.0
    assert answerability_auroc([0.2, 0.4, 0.3], [True, False, False]) == 0.0
    assert answerability_auroc([0.5, 0.5], [True, False]) == 0.5
    assert answerability_auroc([0.5, 0.4], [True, True]) is None
