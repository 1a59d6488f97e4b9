"""The history: one line a full run, in a JSON-lines file that is only ever appended to.

A line is written whole and forced to the disk before the lock is let go. A run that is killed while writing leaves at most a broken last
line: it is skipped when reading, and the next line starts on its own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from eval.figures import Figures
from eval.record import Run
from eval.report import HistoryPoint

FILE = "history.jsonl"


def point(run: Run, figures: Figures, passed: bool) -> HistoryPoint:
    """What the history keeps of a run."""
    values = {split: {name: figure.value for name, figure in found.items()} for split, found in figures.items()}
    environment = run.environment
    return HistoryPoint(commit=environment.commit, started=environment.started, figures=values, passed=passed)


def append(path: Path, new: HistoryPoint) -> None:
    """Adds a line. Two runs that end together wait for each other. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(path.name + ".lock")), path.open("a+b") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(new.model_dump_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> Sequence[HistoryPoint]:
    """Every whole line, oldest first; none where there is no file."""
    if not path.exists():
        return ()
    points = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            points.append(HistoryPoint.model_validate_json(line))
        except ValidationError:
            continue  # broken by a kill, or blank
    return tuple(points)
