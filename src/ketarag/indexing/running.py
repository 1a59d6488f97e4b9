"""running: which lines of a page are its running header, footer or number: they stand at its edge, page after page.

A line counts when the same words, digits aside, stand at the same height on at least three pages (on both of two). Only
lines at the edge count, from the edge inwards up to the first that does not repeat.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import takewhile

from ketarag.indexing.lines import Page, Run, visual_lines

_DEPTH = 4
"""Lines from the edge that may be a running header or footer."""
_SAME_HEIGHT, _NUMBER_HEIGHT = 12.0, 3.0
"""Points within which words, or a bare number, stand at the same height."""
_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b")
_PAGE_NUMBER = re.compile(r"[\W_]*(?:(?:page|p|seite)\W*)?#(?:\W*(?:of|/|von)?\W*#)?[\W_]*")

Place = tuple[str, str]
"""(edge, words without digits)."""


def furniture(pages: Sequence[Page]) -> list[dict[Run, str]]:
    """For each page its runs that are furniture, with the reason."""
    edges = [_edges(page) for page in pages]
    heights: dict[Place, list[float]] = defaultdict(list)
    for page in edges:
        for edge, lines in page.items():
            for line in lines:
                heights[edge, _words(line)].append(line[0].base)
    with_text = sum(bool(page.runs) for page in pages)
    least = 3 if with_text > 2 else 2

    def times(edge: str, line: list[Run]) -> int:
        words = _words(line)
        near = _SAME_HEIGHT if any(character.isalpha() for character in words) else _NUMBER_HEIGHT
        return sum(abs(height - line[0].base) <= near for height in heights[edge, words])

    found: list[dict[Run, str]] = []
    for page in edges:
        here: dict[Run, str] = {}
        for edge, lines in page.items():
            for line in takewhile(lambda line, edge=edge: times(edge, line) >= least, lines):  # type: ignore[misc]
                number = _PAGE_NUMBER.fullmatch(_words(line))
                name = "page number" if number else "running header" if edge == "top" else "running footer"
                here |= dict.fromkeys(line, f"{name} (on {times(edge, line)} of {with_text} pages)")
        found.append(here)
    return found


def _edges(page: Page) -> dict[str, list[list[Run]]]:
    """The lines nearest to either edge, from the edge inwards; a short page's lines count for the nearer edge only."""
    lines = visual_lines(page.runs)
    depth = min(_DEPTH, len(lines) // 2) if len(lines) > 1 else 0
    return {"top": lines[:depth], "bottom": lines[::-1][:depth]}


def _words(line: Sequence[Run]) -> str:
    return " ".join(_NUMBER.sub("#", " ".join(run.text for run in line).casefold()).split())
