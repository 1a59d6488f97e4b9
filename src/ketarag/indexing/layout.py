"""layout: the runs of a page -> its lines in reading order: columns one after the other, tables row by row.

A gutter is a strip that no line but a heading across it crosses, with text of several words on both sides. Ruled tables
are found by their ruling lines, others by rows whose cells stand under each other.
Not here: glyphs (`pdf`), what repeats on every page (`running`), paragraphs (`prose`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ketarag.indexing.columns import ends_beside, gutter_of
from ketarag.indexing.lines import NEAR, Line, Rule, Run, line_of, visual_lines
from ketarag.indexing.tables import Table, ruled_tables

_Box = Run | Table
_LABEL = re.compile(r"[•‣◦▪*+–-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|\d{1,2}(?:\.\d{1,2}){1,4}\.?")
"""A bullet or number that stands before its line with a wide gap; not a cell."""


def flows(runs: Sequence[Run], rules: Sequence[Rule], usual: Sequence[float] = ()) -> list[list[Line]]:
    """The page's stretches of running text, in reading order, each from top to bottom. `usual`: the document's gutters."""
    tables, left = ruled_tables(runs, rules)
    return [flow for flow in _ordered([*left, *tables], usual, 0) if flow]


def _ordered(boxes: list[_Box], usual: Sequence[float], depth: int) -> Iterator[list[Line]]:
    """Columns left to right between the boxes that span them; `depth` counts the cuts so far, at most six."""
    gutter = gutter_of([box for box in boxes if isinstance(box, Run)], usual) if depth < 6 else None
    if gutter is None:
        yield _lines(boxes)
        return
    across = sorted((box for box in boxes if _crosses(box, gutter)), key=lambda box: box.top)
    rest = [box for box in boxes if not _crosses(box, gutter)]
    spanning: list[_Box] = []
    for box in across:
        above = [one for one in rest if _middle(one) < box.top]
        if above:
            yield _lines(spanning)
            spanning = []
            yield from _band(above, gutter, usual, depth)
            rest = [one for one in rest if _middle(one) >= box.top]
        spanning.append(box)
    yield _lines(spanning)
    yield from _band(rest, gutter, usual, depth)


def _band(boxes: list[_Box], gutter: float, usual: Sequence[float], depth: int) -> Iterator[list[Line]]:
    sides = [box for box in boxes if box.x1 <= gutter + NEAR], [box for box in boxes if box.x1 > gutter + NEAR]
    short = min(len({round(box.top) for box in side}) for side in sides) < 2 and not _is_prose(boxes)
    if short and not (gutter in usual and ends_beside([box for box in boxes if isinstance(box, Run)], gutter)):
        yield _lines(boxes)
        return
    for side in sides:
        if side:
            yield from _ordered(side, usual, depth + 1)


def _is_prose(boxes: Sequence[_Box]) -> bool:
    return all(isinstance(box, Table) or len(box.text.split()) > 3 for box in boxes)


def _crosses(box: _Box, x: float) -> bool:
    return box.x0 < x - NEAR and box.x1 > x + NEAR


def _middle(box: _Box) -> float:
    return (box.top + box.bottom) / 2


def _lines(boxes: Sequence[_Box]) -> list[Line]:
    """The boxes of one column as lines from top to bottom, rows of tables marked."""
    lines = visual_lines([box for box in boxes if isinstance(box, Run)])
    cells = [_cells(line) for line in lines]
    aligned = [False] * len(lines)
    for at, (upper, lower) in enumerate(pairwise(cells)):
        if _stand_under_each_other(upper, lower):
            aligned[at] = aligned[at + 1] = True
    found = [line_of(runs, row) for runs, row in zip(cells, aligned, strict=True)]
    for table in boxes:
        if isinstance(table, Table):
            at = sum(line.top < table.top for line in found)
            found[at:at] = table.rows
    return found


def _cells(line: list[Run]) -> list[Run]:
    """The runs of a line, a bullet or number joined to what it stands before."""
    if len(line) > 1 and _LABEL.fullmatch(line[0].text):
        first, second, *rest = line
        return [second._replace(text=f"{first.text} {second.text}", x0=first.x0), *rest]
    return line


def _stand_under_each_other(upper: list[Run], lower: list[Run]) -> bool:
    """Whether two lines are rows of one table: at least two cells each, and a further cell begins or ends in line."""
    if min(len(upper), len(lower)) < 2 or lower[0].top - upper[0].bottom > 1.5 * upper[0].size:
        return False
    return any(
        abs(one.x0 - other.x0) <= NEAR or abs(one.x1 - other.x1) <= NEAR for one in upper[1:] for other in lower[1:]
    )
