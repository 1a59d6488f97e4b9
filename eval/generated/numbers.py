"""Figures of a claim that its source does not hold: by digits and units alone, so that it can find what the verifier misses.

It shares no code with the program's verifier, and is cruder: "a dose of 5" passes where the source has "5 mg" and "5 h", and a figure that
was worked out from others, or written in words, is not seen or is named although it may be right.
"""

from __future__ import annotations

import re

from ketarag.text import normalise

_UNIT = r"%|(?:microgram|mg|kg|g|ml|mmol|h|min)(?:/[a-z0-9/]+)?(?![a-z])"
_FIGURE = re.compile(rf"(?<![\w.])(\d+(?:[.,]\d+)*)(?:\s*({_UNIT}))?")
_SPELT = (
    (re.compile(r"(?<=\d)\s*(?:mcg|µg|μg|ug|micrograms?)(?![a-z])"), " microgram"),
    (re.compile(r"(?<=\d)\s*(?:percent|per cent)\b"), "%"),
    (re.compile(r"(?<=\d)[ -]*(?:hours?|hrs?)\b"), " h"),
    (re.compile(r"(?<=\d)[ -]*(?:minutes?|mins)\b"), " min"),
)
"""One way to write each unit."""


def foreign_numbers(claim: str, source: str) -> tuple[str, ...]:
    """The figures of `claim`, with their unit of mass, volume, time of day or percent, that `source` does not hold; each once, in order.

    A figure without a unit is held by the same one with any.
    """
    held = _figures(source)
    numbers = {number for number, _ in held}
    said = dict.fromkeys(_figures(claim))
    foreign = [(n, unit) for n, unit in said if n not in numbers or (unit and (n, unit) not in held)]
    return tuple(f"{number} {unit}".strip().replace(" %", "%") for number, unit in foreign)


def _figures(text: str) -> list[tuple[str, str]]:
    plain = normalise(text)
    for written, one_way in _SPELT:
        plain = written.sub(one_way, plain)
    return [(number, unit) for number, unit in _FIGURE.findall(plain)]
