"""tables: ruled tables, found by at least three level rules of one width; their rows become lines.

Not here: tables without rules (`layout`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ketarag.indexing.columns import gutter_of
from ketarag.indexing.lines import NEAR, Line, Rule, Run, line_of, middle, row_text, visual_lines


@dataclass(slots=True)
class Table:
    """Rows found between ruling lines, placed among the runs as one box."""

    x0: float
    x1: float
    top: float
    bottom: float
    rows: list[Line] = field(default_factory=list)


def ruled_tables(runs: Sequence[Run], rules: Sequence[Rule]) -> tuple[list[Table], list[Run]]:
    """The tables, and the runs that are in none."""
    tables: list[Table] = []
    left = list(runs)
    upright = [rule for rule in rules if rule.bottom - rule.top > rule.x1 - rule.x0]
    parts = [part for group in _groups(_level(rules)) for part in _without_columns(group, runs)]
    for group in parts:
        if len(group) < 3:
            continue
        table = Table(min(rule.x0 for rule in group), max(rule.x1 for rule in group), group[0].top, group[-1].top)
        inside = [run for run in left if _inside(run, table)]
        columns = _column_starts(inside, [rule for rule in upright if table.top - NEAR <= rule.top <= table.bottom])
        if len(columns) < 2:
            continue
        table.rows = list(_rows(inside, group, columns))
        if sum(row.cells > 1 for row in table.rows) >= 0.6 * len(table.rows):
            tables.append(table)
            left = [run for run in left if not _inside(run, table)]
    return tables, left


def _inside(run: Run, table: Table) -> bool:
    return table.top <= middle(run) < table.bottom and run.x0 >= table.x0 - NEAR and run.x1 <= table.x1 + NEAR


def _level(rules: Sequence[Rule]) -> list[Rule]:
    """Level rules from top to bottom, pieces of one line joined."""
    joined: list[Rule] = []
    level = (rule for rule in rules if rule.x1 - rule.x0 > rule.bottom - rule.top)
    for rule in sorted(level, key=lambda rule: (round(rule.top), rule.x0)):
        last = joined[-1] if joined else None
        if last and abs(last.top - rule.top) <= NEAR and rule.x0 <= last.x1 + 2 * NEAR:
            joined[-1] = last._replace(x1=max(last.x1, rule.x1))
        else:
            joined.append(rule)
    return [rule for rule in joined if rule.x1 - rule.x0 > 60]


def _groups(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """At least three level rules of the same width one under the other."""
    left = list(rules)
    while left:
        group = [left.pop(0)]
        for rule in list(left):
            if abs(rule.x0 - group[0].x0) <= 2 * NEAR and abs(rule.x1 - group[0].x1) <= 2 * NEAR:
                left.remove(rule)
                if rule.top - group[-1].top > NEAR:
                    group.append(rule)
        if len(group) >= 3:
            yield group


def _without_columns(rules: Sequence[Rule], runs: Sequence[Run]) -> Iterator[list[Rule]]:
    """The group, cut where columns of running text stand between two of its rules."""
    part = [rules[0]]
    for upper, lower in pairwise(rules):
        between = [run for run in runs if upper.top < middle(run) < lower.top and upper.x0 - NEAR <= run.x0 <= upper.x1]
        if len(visual_lines(between)) > 8 and gutter_of(between) is not None:
            yield part
            part = []
        part.append(lower)
    yield part


def _column_starts(runs: Sequence[Run], upright: Sequence[Rule]) -> list[float]:
    """Where the columns of a table begin: at its upright rules, else after the strips that its lines leave free."""
    if not runs:
        return []
    left, right = min(run.x0 for run in runs), max(run.x1 for run in runs)
    marks = sorted({round(rule.x0) for rule in upright if left + NEAR < rule.x0 < right - NEAR})
    starts = [left - NEAR]
    for mark in marks:
        if mark - starts[-1] > 2 * NEAR:
            starts.append(float(mark))
    if len(starts) > 1:
        return starts
    edge = left
    for run in sorted(runs, key=lambda run: run.x0):
        if run.x0 - edge > 0.4 * run.size:
            starts.append(run.x0 - NEAR)
        edge = max(edge, run.x1)
    return starts


def _rows(runs: Sequence[Run], rules: Sequence[Rule], columns: Sequence[float]) -> Iterator[Line]:
    """What stands between two rules is one row, unless several lines there look like rows of their own."""
    for upper, lower in pairwise(rules):
        lines = visual_lines([run for run in runs if upper.top <= middle(run) < lower.top])
        heads = sum(_column(line[0], columns) == 0 for line in lines)
        row: list[Run] = []
        before: list[Run] = []
        for line in lines:
            if row and heads > 1 and _column(line[0], columns) == 0 and not _is_wrapped(before, line, columns):
                yield _row(row, columns)
                row = []
            row += line
            before = line
        if row:
            yield _row(row, columns)


def _is_wrapped(upper: Sequence[Run], lower: Sequence[Run], columns: Sequence[float]) -> bool:
    """Whether the first cell of a line goes on with that of the line above; in doubt a line is a row of its own."""
    label = next((run.text for run in upper if _column(run, columns) == 0), "")
    goes_on = lower[0].text[0].islower() or lower[0].text[0] == "("
    return (label[:1].isupper() and goes_on) or label.endswith((",", "-", "/", "(", "–"))


def _row(runs: Sequence[Run], columns: Sequence[float]) -> Line:
    cells = [[run.text for run in runs if _column(run, columns) == column] for column in range(len(columns))]
    line = line_of(sorted(runs, key=lambda run: run.x0), row=True)
    line.text = row_text([" ".join(cell) for cell in cells])
    line.cells = sum(map(bool, cells))
    return line


def _column(run: Run, columns: Sequence[float]) -> int:
    return max(sum(start <= run.x0 + NEAR for start in columns) - 1, 0)
