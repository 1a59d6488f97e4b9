"""Figures over clusters: the value by hand, the interval around it, the same every time."""

from __future__ import annotations

import pytest

from training.intervals import auroc, mean


def test_the_mean_lies_in_its_interval_and_single_clusters_have_none() -> None:
    value, low, high = mean([1.0, 0.0, 1.0, 1.0], ["a", "a", "b", "c"])
    assert value == 0.75
    assert low == 0.5
    assert high == 1.0
    assert mean([1.0, 0.0], ["a", "a"]) == (0.5, 0.5, 0.5)


def test_rows_of_a_cluster_are_drawn_together() -> None:
    apart = mean([0.0, 1.0] * 20, [str(at) for at in range(40)])
    together = mean([0.0, 1.0] * 20, [str(at // 2) for at in range(40)])
    assert together == (0.5, 0.5, 0.5)
    assert apart[1] < 0.5 < apart[2]


def test_auroc_by_hand_and_draws_of_one_class_do_not_count() -> None:
    value, low, high = auroc([True, False, True], [0.9, 0.5, 0.4], ["a", "b", "c"])
    assert value == 0.5
    assert 0 <= low <= value <= high <= 1


def test_the_same_rows_give_the_same_interval() -> None:
    rows = ([True, False, True, False, True], [0.9, 0.8, 0.7, 0.2, 0.1], list("abcde"))
    assert auroc(*rows) == auroc(*rows)
    assert auroc(*rows)[0] == pytest.approx(3 / 6)
