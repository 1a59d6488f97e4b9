"""Rows -> a figure with its interval (`eval.statistics`); None, never 0, where there is nothing to score. `clusters` as there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.record import Figure
from eval.statistics import auroc_interval, interval

Figures = Mapping[str, Figure | None]
"""Name -> figure, in the order in which they are shown."""


def mean(values: Sequence[float], clusters: Sequence[str]) -> Figure | None:
    """Of numbers, one a row; None for no rows."""
    if not values:
        return None
    value, low, high = interval(values, clusters)
    return Figure(value=value, count=len(values), low=low, high=high)


def auroc(right: Sequence[bool], scores: Sequence[float], clusters: Sequence[str]) -> Figure | None:
    """Chance that a right row scores above another one, ties counting half; None unless there are rows of both kinds."""
    if len(set(right)) < 2:
        return None
    found = auroc_interval(scores, right, clusters)
    return Figure(value=found[0], count=len(right), low=found[1], high=found[2]) if found else None
