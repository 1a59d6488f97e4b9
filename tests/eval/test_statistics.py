"""Intervals and tests against what can be reckoned by hand, against slow and plain twins, and against the truth in simulations."""

from __future__ import annotations

from math import comb
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from eval import statistics
from eval.statistics import (
    auroc_interval,
    interval,
    interval_of,
    mcnemar,
    paired_auroc_bootstrap,
    paired_bootstrap,
)

ROWS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcdef")), min_size=1, max_size=30)


def alone(count: int) -> list[str]:
    """Each case its own cluster."""
    return [f"case {at}" for at in range(count)]


def test_two_clusters_by_hand() -> None:
    """A quarter of the draws hold the first alone, a quarter the second alone, so the quantiles are their means."""
    assert interval([0.0, 1.0, 1.0, 0.0, 1.0], ["a", "b", "b", "a", "b"]) == (0.6, 0.0, 1.0)


def test_a_mean_of_many_has_the_width_of_the_normal_interval() -> None:
    values = [float(at % 4 == 0) for at in range(400)]
    value, low, high = interval(values, alone(400))
    spread = 1.96 * (0.25 * 0.75 / 400) ** 0.5
    assert value == 0.25
    assert (low, high) == (pytest.approx(0.25 - spread, abs=0.005), pytest.approx(0.25 + spread, abs=0.005))


def test_cases_of_a_cluster_do_not_count_as_many() -> None:
    values = [float(at % 2) for at in range(40)]
    _, low, high = interval(
        [value for value in values for _ in range(5)], [str(at) for at in range(40) for _ in range(5)]
    )
    assert (low, high) == interval(values, [str(at) for at in range(40)])[1:]


def test_the_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(7)
    clusters = [str(at) for at in range(60) for _ in range(4)]
    held = 0
    for _ in range(200):
        chances = rng.beta(2, 1, size=60)  # the mean is 2/3; cases of a cluster share their chance
        _, low, high = interval(list((rng.random((60, 4)) < chances[:, None]).ravel().astype(float)), clusters)
        held += low <= 2 / 3 <= high
    assert 180 <= held <= 198


@given(ROWS, st.randoms())
def test_the_interval_holds_its_value_and_does_not_hang_on_the_order(
    rows: list[tuple[float, str]], random: object
) -> None:
    value, low, high = interval([v for v, _ in rows], [c for _, c in rows])
    assert 0 <= low <= value <= high <= 1 + 1e-12
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert interval([v for v, _ in rows], [c for _, c in rows]) == pytest.approx((value, low, high), abs=1e-9)


def test_one_cluster_has_no_width() -> None:
    assert interval([0.0, 1.0], ["a", "a"]) == (0.5, 0.5, 0.5)
    assert interval([0.25], ["a"]) == (0.25, 0.25, 0.25)


def test_forty_figures_of_three_hundred_cases_take_less_than_a_second() -> None:
    values = [float(at % 3 == 0) for at in range(300)]
    statistics._draws.cache_clear()
    started = process_time()
    for _ in range(40):
        interval(values, alone(300))
    assert process_time() - started < 1


def test_any_figure_has_the_interval_that_its_own_has() -> None:
    values, clusters = [0.1, 0.9, 0.4, 0.4, 0.7, 0.2], ["a", "a", "b", "c", "c", "d"]
    array = np.asarray(values)
    assert interval_of(lambda rows: float(array[rows].mean()), clusters) == pytest.approx(interval(values, clusters))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_interval_of_a_figure_that_draws_only_make_worse_holds_it(sign: int) -> None:
    """The share of cases that are there, of which a draw misses a third."""
    found = interval_of(lambda rows: sign * len(set(rows)) / len(rows), alone(20))
    assert found is not None
    value, low, high = found
    assert value == sign
    assert low <= value <= high
    assert high - low > 0.3


def test_a_figure_that_is_not_always_scored() -> None:
    assert interval_of(lambda rows: None, ["a", "b"]) is None
    assert interval_of(lambda rows: 1.0 if set(rows) == {0, 1} else None, ["a", "b"]) == (1.0, 1.0, 1.0)


SCORES = [0.9, 0.8, 0.8, 0.7, 0.55, 0.5, 0.4, 0.3, 0.2, 0.2]
LABELS = [True, True, False, True, True, False, True, False, False, True]
CLUSTERS = ["a", "b", "b", "c", "d", "e", "f", "f", "g", "h"]


def _slow_auroc(rows: object) -> float | None:
    labels = np.asarray(LABELS)[rows]
    return float(roc_auc_score(labels, np.asarray(SCORES)[rows])) if 0 < labels.sum() < len(labels) else None


def test_auroc_of_all_draws_at_once_is_that_of_each() -> None:
    fast = auroc_interval(SCORES, LABELS, CLUSTERS)
    assert fast == pytest.approx(interval_of(_slow_auroc, CLUSTERS))
    assert fast is not None
    assert fast[0] == pytest.approx(roc_auc_score(LABELS, SCORES))
    assert fast[1] < fast[0] < fast[2]


def test_auroc_of_one_class_is_not_scored() -> None:
    assert auroc_interval([0.1, 0.2], [True, True], ["a", "b"]) is None
    assert paired_auroc_bootstrap([0.1, 0.2], [0.1, 0.2], [False, False], ["a", "b"]) is None


@pytest.mark.parametrize(
    ("lost", "won", "p"), [(0, 0, 1), (1, 0, 1 / 2), (5, 0, 1 / 32), (1, 1, 3 / 4), (0, 3, 1), (6, 1, 8 / 128)]
)
def test_mcnemar_by_hand(lost: int, won: int, p: float) -> None:
    before = [1.0] * lost + [0.0] * won + [1.0, 0.0] * 20
    after = [0.0] * lost + [1.0] * won + [1.0, 0.0] * 20
    assert mcnemar(before, after) == pytest.approx(p)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_mcnemar_is_the_tail_of_the_binomial(pairs: list[tuple[bool, bool]]) -> None:
    lost, won = pairs.count((True, False)), pairs.count((False, True))
    tail = sum(comb(lost + won, at) for at in range(lost, lost + won + 1)) / 2 ** (lost + won)
    assert mcnemar([old for old, _ in pairs], [new for _, new in pairs]) == pytest.approx(tail)


@pytest.mark.parametrize(("before", "after"), [([1.0], [0.5]), ([2.0], [1.0]), ([1.0], [1.0, 0.0])])
def test_mcnemar_takes_pairs_of_right_or_wrong_only(before: list[float], after: list[float]) -> None:
    with pytest.raises(ValueError, match=r"neither right|no pairs"):
        mcnemar(before, after)


def test_a_fall_of_one_of_two_clusters_by_hand() -> None:
    """The fall is 1/2; a quarter of the draws hold the fallen cluster alone, whose fall is twice that."""
    p = paired_bootstrap([1.0, 1.0], [0.0, 1.0], ["a", "b"])
    assert p == pytest.approx(0.25, abs=0.03)


def test_nothing_changed_is_no_fall_however_the_numbers_round() -> None:
    values = [at / 7 for at in range(7)] * 30
    assert paired_bootstrap(values, values, alone(210)) == 1
    assert paired_auroc_bootstrap(SCORES, SCORES, LABELS, CLUSTERS) == 1


def test_a_fall_is_told_from_chance_and_from_a_rise() -> None:
    before, after = [1.0] * 100, [0.0] * 8 + [1.0] * 92
    assert paired_bootstrap(before, after, alone(100)) < 0.02
    assert paired_bootstrap(before, [0.0] * 2 + [1.0] * 98, alone(100)) > 0.05
    assert paired_bootstrap(after, before, alone(100)) > 0.5


def test_one_conversation_that_fell_is_one_fall() -> None:
    before, after = [1.0] * 100, [0.0] * 8 + [1.0] * 92
    together = ["one conversation"] * 8 + alone(92)
    assert paired_bootstrap(before, after, together) > 0.05 > paired_bootstrap(before, after, alone(100))


def test_under_chance_alone_few_falls_are_found() -> None:
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(200):
        before, after = rng.random(80) < 0.8, rng.random(80) < 0.8
        found += paired_bootstrap(list(before.astype(float)), list(after.astype(float)), alone(80)) < 0.05
    assert 1 <= found <= 20


def test_a_lower_area_is_a_fall() -> None:
    rng = np.random.default_rng(3)
    labels = [bool(at % 2) for at in range(120)]
    good = [float(label + rng.normal(0, 0.4)) for label in labels]
    bad = [float(label + rng.normal(0, 2)) for label in labels]
    fallen, risen = (paired_auroc_bootstrap(*pair, labels, alone(120)) for pair in ((good, bad), (bad, good)))
    assert fallen is not None
    assert fallen < 0.01
    assert risen is not None
    assert risen > 0.5


def test_an_area_that_fell_by_one_case_may_be_chance() -> None:
    slightly = [0.45 if score == 0.7 else score for score in SCORES]
    p = paired_auroc_bootstrap(SCORES, slightly, LABELS, CLUSTERS)
    assert p is not None
    assert 0.1 < p < 0.5


@pytest.mark.parametrize(
    ("values", "clusters"), [([], []), ([1.0], ["a", "b"]), ([float("nan")], ["a"]), ([None], ["a"])]
)
def test_entries_that_do_not_go_together_are_refused(values: list[float], clusters: list[str]) -> None:
    with pytest.raises(ValueError, match=r"clusters|scored"):
        interval(values, clusters)
    with pytest.raises(ValueError, match=r"clusters|scored"):
        paired_bootstrap(values, values, clusters)


def test_labels_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        auroc_interval([0.1, 0.2], [True], ["a", "b"])
