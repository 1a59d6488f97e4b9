"""Results become figures; thresholds are held or named; what was not measured is named too."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import answer, case, claim_result, result

from eval.report import (
    THRESHOLDS,
    _quantile,
    category_figures,
    claim_figures,
    failures,
    question_figures,
    table,
)

ANSWERED, ABSTAINED = answer("The dose."), answer()
RESULTS = [
    result(case("fact"), ANSWERED, facts=1.0, citation_recall=1.0, citation_precision=0.5, verbatim=1.0, seconds=0.1),
    result(case("number"), ANSWERED, facts=0.5, citation_recall=0.5, citation_precision=1.0, verbatim=1.0, seconds=0.2),
    result(case("number"), ABSTAINED, facts=0.0, citation_recall=0.0, seconds=0.3),
    result(case("follow_up", history=["before?"]), ANSWERED, facts=1.0, citation_recall=0.0, citation_precision=0.0,
           verbatim=0.0, seconds=0.4),
    result(case("unanswerable_near"), ABSTAINED, seconds=0.5),
    result(case("unanswerable_near"), ANSWERED, verbatim=1.0, seconds=0.6),
    result(case("unanswerable_far"), ABSTAINED, seconds=0.7),
    result(case("unanswerable_near", history=["before?"]), None, error="broke", seconds=9.0),
]  # fmt: skip


def test_the_figures_as_reckoned_by_hand() -> None:
    figures = dict(question_figures(RESULTS))
    expected = {
        "facts": (0.5, 3),
        "facts_follow_up": (1.0, 1),
        "all_facts": (0.5, 4),
        "cited_on_gold": (0.5, 4),
        "citation_recall": (0.375, 4),
        "citation_precision": (0.5, 3),
        "verbatim": (0.75, 4),
        "answerable_declined": (0.25, 4),
        "near_declined": (1 / 3, 3),
        "far_declined": (1.0, 1),
        "follow_up_declined_right": (0.0, 1),
        "sentences": (1.0, 4),
        "near_auroc": (0.5, 6),
        "risk_area": (1.0, 7),
        "calibration_error": (abs(0.5 - 4 / 7), 7),
        "errors": (0.125, 8),
        "latency_p50_ms": (400.0, 8),
        "latency_p95_ms": (9000.0, 8),
    }
    assert figures.keys() == expected.keys()
    for name, (value, count) in expected.items():
        assert figures[name] == (pytest.approx(value), count), name


def test_a_figure_without_cases_is_missing_and_not_nought() -> None:
    figures = question_figures(RESULTS[:1])
    assert "near_declined" not in figures
    assert "facts_follow_up" not in figures
    assert question_figures([]) == {}


def test_an_error_is_not_an_abstention() -> None:
    assert question_figures([result(case("unanswerable_far"), None, error="broke")])["far_declined"] == (0.0, 1)


def test_facts_by_category_leave_the_unanswerable_out() -> None:
    assert category_figures(RESULTS) == {"fact": (1.0, 1), "follow_up": (1.0, 1), "number": (0.25, 2)}


def test_claims_are_counted_by_kind_and_by_side() -> None:
    results = [
        claim_result("verbatim", True),
        claim_result("paraphrase", False),
        claim_result("number", True),
        claim_result("unit", True),
    ]
    assert claim_figures(results) == {
        "claims_number": (1.0, 1),
        "claims_paraphrase": (0.0, 1),
        "claims_unit": (1.0, 1),
        "claims_verbatim": (1.0, 1),
        "claims_supported_accepted": (0.5, 2),
        "claims_altered_rejected": (1.0, 2),
    }


def thresholds(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "thresholds.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_threshold_that_does_not_hold_is_named_with_both_numbers(tmp_path: Path) -> None:
    path = thresholds(tmp_path, "[at_least]\nfacts = 0.8\nverbatim = 1.0\n[at_most]\nerrors = 0.0\nlatency = 100")
    figures = {"facts": (0.75, 4), "verbatim": (1.0, 4), "errors": (0.5, 2), "latency": (99.0, 2)}
    assert failures(figures, path) == [
        "facts: 0.750; at least 0.8 is asked for",
        "errors: 0.500; at most 0.0 is asked for",
    ]


def test_the_bound_itself_holds(tmp_path: Path) -> None:
    path = thresholds(tmp_path, "[at_least]\nfacts = 0.8\n[at_most]\nerrors = 0.1")
    assert failures({"facts": (0.8, 1), "errors": (0.1, 1)}, path) == []


def test_a_figure_that_was_not_measured_does_not_hold(tmp_path: Path) -> None:
    path = thresholds(tmp_path, "[at_least]\nfacts = 0.0\n[at_most]\nerrors = 1")
    assert failures({}, path) == [
        "facts: not measured; at least 0.0 is asked for",
        "errors: not measured; at most 1 is asked for",
    ]


def test_the_shipped_thresholds_ask_for_figures_that_exist() -> None:
    figures = {
        **question_figures(RESULTS),
        **claim_figures([claim_result(kind, True) for kind in ("paraphrase", "number")]),
    }
    known = {
        *figures,
        *(f"claims_{kind}" for kind in ("unit", "comparator", "route", "negation", "entity", "verbatim")),
    }
    asked = {line.split(":")[0] for line in failures({}, THRESHOLDS)}
    assert asked
    assert asked <= known


def test_the_table_has_a_line_for_each_figure() -> None:
    assert table({"facts": (0.5, 3), "errors": (0.125, 8)}) == "facts      0.500  (n = 3)\nerrors     0.125  (n = 8)"
    assert table({}) == ""


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3, 1, 2, 4], 0.5, 2),
        ([1, 2, 3], 0.5, 2),
        ([5], 0.95, 5),
        (range(1, 101), 0.95, 95),
        (range(1, 21), 0.95, 19),
        ([1, 2], 0.95, 2),
    ],
)
def test_quantiles_as_reckoned_by_hand(values: list[float], share: float, expected: float) -> None:
    assert _quantile(list(values), share) == (expected, len(values))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.sampled_from([0.05, 0.5, 0.95, 1.0]))
def test_a_quantile_is_the_smallest_value_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    value, count = _quantile(values, share)
    assert value in values
    assert count == len(values)
    assert sum(one <= value for one in values) >= share * len(values) - 1e-9
    assert sum(one < value for one in values) < share * len(values)


def test_no_values_have_no_quantile() -> None:
    assert _quantile([], 0.5)[1] == 0
