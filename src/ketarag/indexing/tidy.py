"""tidy: segments that are small, half unused or counted with another glossary -> few, whole ones. Nothing is embedded for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ketarag.glossary import Glossary
from ketarag.indexing.folder import Place
from ketarag.indexing.segments import Segment, SegmentWriter

MOST_SMALL = 32
"""Small segments that an index may have; with the whole ones, of which there are at most as many, 64 times five files are kept open."""
_LEAST_WHOLE = 16_384
_USED = 0.5


def tidied(
    folder: Path,
    places: Sequence[Place],
    glossary: Glossary,
    dimension: int,
    report: Callable[[str], None],
    *,
    thorough: bool = False,
) -> list[Place]:
    """The same documents, some of them in other segments; `thorough`: all that can be put together, however few."""
    used: Counter[str] = Counter()
    for place in places:
        first, last = place.segment.passages_of(place.row)
        used[place.segment.name] += last - first
    whole = max(_LEAST_WHOLE, used.total() // MOST_SMALL)
    segments = {place.segment.name: place.segment for place in places}
    wanted = _USED if not thorough else 1.0
    moved = {
        name
        for name, one in segments.items()
        if used[name] < wanted * one.record.passages or one.record.glossary != glossary.fingerprint
    }
    small = {name for name, one in segments.items() if one.record.passages < whole}
    if len(small | moved) > (1 if thorough else MOST_SMALL):
        moved |= small
    if not moved:
        return list(places)
    report(f"Putting {len(moved)} of {len(segments)} segments together")
    there = _written_anew(
        folder, [place for place in places if place.segment.name in moved], glossary, dimension, whole
    )
    return [
        Place(place.id, *there.get(place.segment.record.keys[place.row], (place.segment, place.row)))
        for place in places
    ]


def _written_anew(
    folder: Path, places: Sequence[Place], glossary: Glossary, dimension: int, whole: int
) -> dict[str, tuple[Segment, int]]:
    """Key -> where the document lies now."""
    there: dict[str, tuple[Segment, int]] = {}
    left = {place.segment.record.keys[place.row]: place for place in places}
    while left:
        writer = SegmentWriter(folder, glossary, dimension)
        keys: list[str] = []
        while left and writer.passages < whole:
            key = next(iter(left))
            place = left.pop(key)
            writer.add(place.segment.finished(place.row))
            keys.append(key)
        made = writer.close()
        there |= {key: (made, row) for row, key in enumerate(keys)}
    return there
