"""What the reader learns from: one row for each of its three tasks, and their JSON lines.

Not here: where rows come from (`sources`), how they are altered (`alter`), how they are read as word pieces (`encoding`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Task = Literal["read", "entail", "rank"]

SUPPORTED, CONTRADICTED, NOT_SAID = 0, 1, 2
"""Labels of the task "entail"."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example.

    `first` is the question (after the conversation, if any) or the claim; `sentences` the passage. `label`: for "read" and
    "rank" 1 when the passage answers (is relevant), else 0; for "entail" one of SUPPORTED, CONTRADICTED, NOT_SAID.
    `gold` are the positions in `sentences` of the evidence, `answer` a stretch of one of them or "": both empty unless the
    task is "read" and the label 1. `group` names what must stay on one side of a split: an article, a claim, a passage.
    """

    task: Task
    first: str
    sentences: tuple[str, ...]
    label: int
    source: str
    group: str
    gold: tuple[int, ...] = ()
    answer: str = ""


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """One JSON object a line; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
            count += 1
    return count


def read_rows(path: Path) -> Iterator[Row]:
    """The rows that `write_rows` wrote."""
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        table = json.loads(line)
        yield Row(**{**table, "sentences": tuple(table["sentences"]), "gold": tuple(table["gold"])})
