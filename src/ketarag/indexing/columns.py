"""columns: the gutter between two columns of running text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from ketarag.indexing.lines import Run

_LEAST, _MOST = 6, 2_000
"""Runs of a page of text; a map or a drawing has more."""

_SAME = 12.0
"""Points between two pages' gutters that are one: each is the middle of a ragged strip."""


def usual_gutters(pages: Iterable[Sequence[Run]]) -> list[float]:
    """Where columns of a document's pages are parted, ascending; each place once."""
    groups: list[list[float]] = []
    for gutter in sorted(gutter for runs in pages for gutter in _gutters(runs, 3)):
        if groups and gutter - groups[-1][-1] <= _SAME:
            groups[-1].append(gutter)
        else:
            groups.append([gutter])
    return [median(group) for group in groups]


def gutter_of(runs: Sequence[Run], usual: Sequence[float] = ()) -> float | None:
    """The middle of the strip that (nearly) no line crosses, where both sides read like text; None without one.

    `usual` are those of other pages: at one of them even a line or two are a column, the end of the text before it.
    """
    if len(runs) > _MOST:
        return None
    found = _gutter(runs) if len(runs) >= _LEAST else None
    if found is not None:
        return found
    return next((gutter for gutter in usual if ends_beside(runs, gutter)), None)


def _gutters(runs: Sequence[Run], most: int) -> Iterator[float]:
    """That of a page, and those within its sides."""
    gutter = gutter_of(runs) if most else None
    if gutter is not None:
        yield gutter
        yield from _gutters([run for run in runs if run.x1 <= gutter], most - 1)
        yield from _gutters([run for run in runs if run.x0 >= gutter], most - 1)


def _gutter(runs: Sequence[Run]) -> float | None:
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


def ends_beside(runs: Sequence[Run], gutter: float) -> bool:
    """Whether a text ends in the column behind a gutter: no more than two lines, at the top, beside a column that reads like text."""
    left, right = [run for run in runs if run.x1 <= gutter], [run for run in runs if run.x0 >= gutter]
    if not 1 <= len(right) <= 2 or len(left) < len(right) or not _reads_like_text(left):
        return False
    return min(run.top for run in right) <= min(run.top for run in left) + 0.5 * right[0].size


def _lines_beside(runs: Sequence[Run], gutter: float) -> int:
    """How many lines stand on the emptier side of a strip; 0 when a side does not read like text."""
    sides = (
        [run for run in runs if run.x1 <= gutter],
        [run for run in runs if run.x0 >= gutter],
    )
    return min(len(side) for side in sides) if all(map(_reads_like_text, sides)) else 0


def _reads_like_text(side: Sequence[Run]) -> bool:
    if not side or sum(len(run.text.split()) >= 3 for run in side) < 0.5 * len(side):
        return False
    width = max(run.x1 for run in side) - min(run.x0 for run in side)
    return median(run.x1 - run.x0 for run in side) >= 0.3 * width
