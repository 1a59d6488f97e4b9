"""The quantities of a text: numbers with units, ranges, lists that share a unit, fractions, multiples, vague durations.

500 microgram/kg equals 0.5 mg/kg; "a quarter" equals 25 %; "hours" is a duration without a number. Reads text without
reference markers (`Sentence.clean`). Not here: comparing a claim with its source (`quantity_check`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ketarag.answering.comparators import Comparator, comparator_around
from ketarag.answering.numerals import MULTIPLE, NUMBER, PART, RATIO, multiple_value, number_value, part_value
from ketarag.answering.units import NAMES, TIME_UNITS, UNIT_PATTERN, measure
from ketarag.text import normalise

FREQUENCY = "[fold]/[time]"
"""Twice daily, every 12 hours."""

_VAGUE_NAMES = [
    name for spellings in TIME_UNITS.values() for name in spellings if len(name) > 4 or name in ("day", "days")
]
_VAGUE_NAMES += ["hour", "week", "year"]
_VAGUE = "|".join(sorted({name for name in _VAGUE_NAMES if name not in ("second", "minute")}, key=len, reverse=True))
_JOIN = r"(?:\s?-\s?|\s(?:to|and|or|versus|vs\.?|against|through|until|till)\s|,\s|/|\s?:\s?)"
_RATE = rf"(?:\s?/\s?|\s(?:per|an?|every|each)\s|-)(?P<by>(?:{NUMBER})[ -]?)?(?P<unit>{UNIT_PATTERN})"
_SLASH_RATE = re.compile(_RATE.replace("|-)", ")"))
_ADVERB = re.compile(r"\s(?P<unit>hourly|daily|weekly|monthly|yearly)(?![a-z])")
_ADVERBS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
_EVERY = "hourly|daily|weekly|monthly|yearly"
_INTERVAL = rf"(?<![a-z])(?:every|each) (?P<interval>(?:{NUMBER})[ -]?)?(?P<interval_unit>{UNIT_PATTERN})"
_UNIT = re.compile(rf"[ -]?(?P<unit>{UNIT_PATTERN})")
_BETWEEN = re.compile(_JOIN)
_TOKEN = re.compile(
    rf"(?P<ratio>{RATIO})|{MULTIPLE}|{PART}|(?P<number>{NUMBER})"
    rf"|(?<![a-z])(?P<single>an?) (?P<single_unit>{_VAGUE})(?![a-z])|(?<![a-z0-9])(?P<vague>{_VAGUE})(?![a-z])"
    rf"|(?<![a-z])(?P<every>{_EVERY})(?![a-z])|{_INTERVAL}"
)
_TIME_ADJECTIVE = re.compile(r"(?<![a-z])(?:half) an? (?P<unit>hour|day|week|month|year)(?![a-z])")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a text, in base units.

    `value` is None for a vague duration ("weeks"). `dimension` names what is measured ("[mass]", "[mass]/[mass]",
    "fraction", "fold", "count", "[time]"). `group` numbers the ranges and lists of the text: the members of one share
    it, and `ranged` says that it is a range. `parts` are the (value, dimension) of a rate's sides: ("100 mg/24h").
    `start` and `end` are offsets into the normalised text.
    """

    value: float | None
    dimension: str
    comparator: Comparator
    text: str
    start: int
    end: int
    group: int
    ranged: bool = False
    parts: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number as read, before it has its group and comparator. `unit_text` is "" where it has no unit of its own."""

    start: int
    number_end: int
    end: int
    value: float | None
    dimension: str
    scale: float
    parts: tuple[tuple[float, str], ...] = ()


def quantities(text: str) -> list[Quantity]:
    """Every quantity of `text`, left to right; [] when it has none. Offsets are into `normalise(text)`."""
    normal = normalise(text)
    found: list[Quantity] = []
    for group, (members, ranged) in enumerate(_groups(normal, list(_figures(normal)))):
        bound = Comparator.NONE
        for place, figure in enumerate(members):
            own = comparator_around(
                normal, figure.start, figure.end, is_time="time" in figure.dimension or figure.value is None
            )
            bound = own if place == 0 or own is not Comparator.NONE or not ranged else bound
            value = None if figure.value is None else figure.value * figure.scale
            name = normal[figure.start : figure.end]
            found.append(
                Quantity(value, figure.dimension, bound, name, figure.start, figure.end, group, ranged, figure.parts)
            )
    return found


def _figures(normal: str) -> Iterator[_Figure]:
    at = 0
    while match := _TOKEN.search(normal, at):
        figure = _figure(normal, match)
        at = max(figure.end if figure else match.end(), at + 1)
        if figure is not None:
            yield figure


def _figure(normal: str, match: re.Match[str]) -> _Figure | None:
    start, end = match.span()
    if match["vague"]:
        return _Figure(start, end, end, None, _vague_dimension(match["vague"]), 1.0)
    if match["single"]:
        dimension, scale = measure(match["single_unit"])
        return _Figure(start, end, end, 1.0, dimension, scale)
    if match["every"] or match["interval_unit"]:
        dimension, scale = measure(_ADVERBS[match["every"]] if match["every"] else match["interval_unit"])
        count = number_value(match["interval"].strip(" -")) if match["interval"] else 1.0
        return (
            None
            if dimension != "[time]" or not count
            else _Figure(start, end, end, 1.0 / count, FREQUENCY, 1.0 / scale)
        )
    if match["ratio"]:
        whole = number_value(match["ratio_b"])
        if whole > number_value(match["ratio_a"]) > 0:
            return _Figure(start, end, end, number_value(match["ratio_a"]) / whole, "fraction", 1.0)
        return _with_unit(normal, start, match.end("ratio_a"), number_value(match["ratio_a"]))
    if match["multiple"]:
        return _with_rate(normal, start, end, end, multiple_value(match), "[fold]", 1.0)
    if match["part"]:
        return _part(normal, match)
    return _with_unit(normal, start, end, number_value(match["number"]))


def _part(normal: str, match: re.Match[str]) -> _Figure | None:
    value = part_value(match)
    if value is None:
        return None
    if timed := _TIME_ADJECTIVE.match(normal, match.start("part")):
        dimension, scale = measure(timed["unit"])
        return _Figure(match.start(), match.end(), timed.end(), value, dimension, scale)
    return _Figure(match.start(), match.end(), match.end(), value, "fraction", 1.0)


def _vague_dimension(word: str) -> str:
    """A dimension of its own for each vague unit: "hours" and "weeks" are different things."""
    return f"vague {NAMES.get(word, word)}"


def _with_unit(normal: str, start: int, number_end: int, value: float) -> _Figure | None:
    unit = _UNIT.match(normal, number_end)
    if unit is None:
        return _Figure(start, number_end, number_end, value, "count", 1.0)
    dimension, scale = measure(unit["unit"])
    return _with_rate(normal, start, number_end, unit.end(), value, dimension, scale)


def _with_rate(
    normal: str, start: int, number_end: int, end: int, value: float, dimension: str, scale: float
) -> _Figure:
    """Reads on over "/kg", "per day", "/24h", "daily"."""
    parts: tuple[tuple[float, str], ...] = ((value * scale, dimension),)
    for _ in range(3):
        if adverb := _ADVERB.match(normal, end):
            below, size, end = *measure(_ADVERBS[adverb["unit"]]), adverb.end()
        elif rate := _SLASH_RATE.match(normal, end):
            below, size = measure(rate["unit"])
            size *= number_value(rate["by"].strip(" -")) if rate["by"] else 1.0
            end = rate.end()
        else:
            break
        scale /= size or 1.0
        dimension = "/".join([dimension.split("/")[0], *sorted([*dimension.split("/")[1:], below])])
        parts = (*parts, (size, below))
    return _Figure(start, number_end, end, value, dimension, scale, parts if len(parts) > 1 else ())


def _groups(normal: str, figures: list[_Figure]) -> Iterator[tuple[list[_Figure], bool]]:
    """Neighbours with nothing but a joining word between them: ranges and lists, which share the last one's unit."""
    at = 0
    while at < len(figures):
        last = at
        while last + 1 < len(figures) and _joined(normal, figures[last], figures[last + 1]):
            last += 1
        members = figures[at : last + 1]
        if len(members) == 1:
            yield members, False
        else:
            yield _share_unit(members), _is_range(normal, members)
        at = last + 1


def _joined(normal: str, left: _Figure, right: _Figure) -> bool:
    if right.start - left.end > 12 or not _BETWEEN.fullmatch(normal, left.end, right.start):
        return False
    return left.dimension in (right.dimension, "count") or right.dimension.startswith(f"{left.dimension}/")


def _share_unit(members: list[_Figure]) -> list[_Figure]:
    shared: list[_Figure] = []
    unit = members[-1]
    for figure in reversed(members):
        if figure.value is not None and figure.dimension != unit.dimension and unit.value:
            parts = unit.parts and ((figure.value * unit.parts[0][0] / unit.value, unit.parts[0][1]), *unit.parts[1:])
            figure = replace(figure, dimension=unit.dimension, scale=unit.scale, parts=parts)
        unit = figure
        shared.append(figure)
    return shared[::-1]


def _is_range(normal: str, members: list[_Figure]) -> bool:
    if len(members) != 2:
        return False
    between = normal[members[0].end : members[1].start].strip()
    before = normal[max(0, members[0].start - 16) : members[0].start]
    return between in ("-", "to", "through", "until", "till") or (between == "and" and "between" in before)
