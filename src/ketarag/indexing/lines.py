"""lines: what a page is made of: runs of text, ruling lines, and the lines that runs make. Points, y downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

NEAR = 3.0
"""Points within which two edges are the same one."""


class Run(NamedTuple):
    """Text on one line without a wide gap. `base` is where its letters stand, `size` their height."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    base: float
    size: float
    bold: bool


class Rule(NamedTuple):
    """A ruling line: level when it is wider than high, else upright."""

    x0: float
    x1: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was read, `number` from 1. `askew` is text at another angle; `trouble` why there is no text, or ""."""

    number: int
    bottom: float
    runs: tuple[Run, ...]
    rules: tuple[Rule, ...]
    askew: tuple[str, ...]
    trouble: str = ""


@dataclass(slots=True)
class Line:
    """One line of a column. `cells`: how many cells are filled when it is the row of a table, else 0."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool
    cells: int = 0


def visual_lines(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs on the same base line together, from left to right; the lines from top to bottom."""
    lines: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (run.base, run.x0)):
        line = next((line for line in reversed(lines[-4:]) if abs(line[0].base - run.base) < 0.3 * run.size), None)
        if line is None:
            lines.append([run])
        else:
            line.append(run)
    return [sorted(line, key=lambda run: run.x0) for line in lines]


def middle(run: Run) -> float:
    """The height of its middle."""
    return (run.top + run.bottom) / 2


def line_of(runs: Sequence[Run], row: bool) -> Line:
    """Runs from left to right, at least one, as one line; as cells where it is a `row`."""
    main = max(runs, key=lambda run: len(run.text))
    text = row_text([run.text for run in runs]) if row else " ".join(run.text for run in runs)
    top, bottom = min(run.top for run in runs), max(run.bottom for run in runs)
    return Line(
        text,
        runs[0].x0,
        max(run.x1 for run in runs),
        top,
        bottom,
        main.size,
        all(r.bold for r in runs),
        len(runs) if row else 0,
    )


def row_text(cells: Sequence[str]) -> str:
    """One row of a table as a line; an empty cell keeps its place."""
    return " ".join(["|", *(word for cell in cells for word in (*cell.split(), "|"))])
