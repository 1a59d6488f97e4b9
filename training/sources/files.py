"""Reading lines and cutting passages to length, for every source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Table = dict[str, Any]
LONGEST_PASSAGE = 190  # words: about the 256 word pieces that are read, less the question


def json_lines(path: Path) -> list[Table]:
    """The objects of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def around(texts: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
    """The sentences at `places` with the one before the first: what a claim is held against."""
    if not places:
        return shortened(texts)
    first, last = max(0, min(places) - 1), max(places)
    return shortened(texts[first : last + 1])


def shortened(texts: Sequence[str]) -> tuple[str, ...]:
    """Whole sentences from the start, up to LONGEST_PASSAGE words; at least one."""
    kept: list[str] = []
    count = 0
    for text in texts:
        count += len(text.split())
        if kept and count > LONGEST_PASSAGE:
            break
        kept.append(text)
    return tuple(kept)
