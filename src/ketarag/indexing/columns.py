"""columns: the gutter between two columns of running text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ketarag.indexing.lines import Run

_LEAST, _MOST = 6, 2_000
"""Runs of a page of text; a map or a drawing has more."""


def gutter_of(runs: Sequence[Run]) -> float | None:
    """The middle of the strip that (nearly) no line crosses, where both sides read like text; None without one."""
    if not _LEAST <= len(runs) <= _MOST:
        return None
    size = median(run.size for run in runs)
    edges = sorted({edge for run in runs for edge in (run.x0, run.x1)})
    loads = [sum(box.size for box in runs if box.x0 < b and box.x1 > a) for a, b in pairwise(edges)]
    free = [
        (_lines_beside(runs, (a + b) / 2), -load, (a + b) / 2)
        for (a, b), load in zip(pairwise(edges), loads, strict=True)
        if b - a >= max(0.5 * size, 4.0) and load <= 0.25 * max(loads)
    ]
    # Beside a ragged margin one long line crosses a strip, and would be taken for a heading over both columns.
    beside, _, best = max(free, key=lambda strip: strip[:2], default=(0, 0.0, 0.0))
    return best if beside >= 3 else None


def _lines_beside(runs: Sequence[Run], gutter: float) -> int:
    """How many lines stand on the emptier side of a strip; 0 when a side does not read like text."""
    sides = (
        [run for run in runs if run.x1 <= gutter],
        [run for run in runs if run.x0 >= gutter],
    )
    for side in sides:
        if not side or sum(len(run.text.split()) >= 3 for run in side) < 0.5 * len(side):
            return 0
        width = max(run.x1 for run in side) - min(run.x0 for run in side)
        if median(run.x1 - run.x0 for run in side) < 0.3 * width:
            return 0
    return min(len(side) for side in sides)
