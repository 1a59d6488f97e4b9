"""The source around the places that a case is about, cut where a place begins or ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MARGIN = 160
"""Characters shown before and after a place, at most; places nearer than that to each other stand in one excerpt."""


@dataclass(frozen=True, slots=True)
class Place:
    """`[start, end)` of one text, and what it is ("cited", "gold", ...)."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text that the same places cover. `labels`: theirs, sorted, each once."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`text[start:end]` as its stretches, in order. `cut_before`, `cut_after`: whether it begins or ends amid a paragraph."""

    start: int
    end: int
    stretches: tuple[Stretch, ...]
    cut_before: bool
    cut_after: bool


def excerpts(text: str, places: Sequence[Place]) -> tuple[Excerpt, ...]:
    """In the order of the text, no two of them touching. What lies outside the text is left out."""
    inside = [place for place in places if 0 <= place.start < place.end <= len(text)]
    windows: list[tuple[int, int]] = []
    for start, end in sorted(_window(text, place) for place in inside):
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(end, windows[-1][1]))
        else:
            windows.append((start, end))
    return tuple(
        Excerpt(
            start,
            end,
            _stretches(text, start, end, inside),
            cut_before=start > 0 and not text[:start].endswith("\n\n"),
            cut_after=end < len(text) and not text.startswith("\n\n", end),
        )
        for start, end in windows
    )


def _window(text: str, place: Place) -> tuple[int, int]:
    """The place with its surroundings: within its paragraph, from and to whole words."""
    start = max(0, place.start - MARGIN)
    paragraph = text.rfind("\n\n", start, place.start)
    if paragraph >= 0:
        start = paragraph + 2
    elif start:
        space = text.find(" ", start, place.start)
        start = space + 1 if space >= 0 else start
    end = min(len(text), place.end + MARGIN)
    paragraph = text.find("\n\n", place.end, end)
    if paragraph >= 0:
        end = paragraph
    elif end < len(text):
        space = text.rfind(" ", place.end, end)
        end = space if space >= 0 else end
    return start, end


def _stretches(text: str, start: int, end: int, places: Sequence[Place]) -> tuple[Stretch, ...]:
    here = [place for place in places if place.start < end and start < place.end]
    cuts = sorted({start, end, *(at for place in here for at in (place.start, place.end))})
    return tuple(
        Stretch(text[a:b], tuple(sorted({place.label for place in here if place.start <= a and b <= place.end})))
        for a, b in pairwise(cuts)
    )
