"""Figures of a claim that its source does not hold: by digits and units alone, so that it can find what the verifier misses.

It shares no code with the program's verifier, and is cruder: "a dose of 5" passes where the source has "5 mg" and "5 h", and a figure that
was worked out from others, or written in words, is not seen or is named although it may be right.
"""

from __future__ import annotations

import re

from eval.metrics import contains
from ketarag.text import normalise

_FIGURE = re.compile(
    r"(?<![\w.])\d+(?:[.,]\d+)*\s*(?:%|(?:mg|microgram|ug|g|ml|mmol|mm)(?:/[a-z0-9/]+)?(?![a-z]))?", re.IGNORECASE
)
_MICRO = re.compile(r"(?<=\d)\s*(?:mcg|µg|μg|ug|micrograms?)\b", re.IGNORECASE)
_PERCENT = re.compile(r"(?<=\d)\s*(?:percent|per cent)\b", re.IGNORECASE)


def foreign_numbers(claim: str, source: str) -> tuple[str, ...]:
    """The figures of `claim`, with their unit of mass, volume or percent, that do not stand in `source`; each once, in order."""
    held = _plain(source)
    figures = dict.fromkeys(figure.strip().rstrip(".,") for figure in _FIGURE.findall(_plain(claim)))
    return tuple(figure for figure in figures if not contains(held, figure))


def _plain(text: str) -> str:
    return _PERCENT.sub("%", _MICRO.sub(" microgram", normalise(text)))
