"""Confidence and abstention, on examples that can be reckoned by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import (
    answerability_auroc,
    area_under_risk,
    calibration_error,
    reliability,
    risk_coverage,
)


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
