"""Numbers as they are written: digits, words, fractions, multiples. Works on normalised text.

Not here: units and what a number counts (`quantities`).
"""

from __future__ import annotations

import re

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ONES += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000, "dozen": 12}
_VALUES = {word: i for i, word in enumerate(_ONES)} | {word: 10 * i for i, word in enumerate(_TENS, 2)} | _SCALES
_PARTS = {
    "half": 1 / 2,
    "third": 1 / 3,
    "quarter": 1 / 4,
    "fifth": 1 / 5,
    "sixth": 1 / 6,
    "eighth": 1 / 8,
    "tenth": 1 / 10,
}
_PARTS |= {"twentieth": 1 / 20, "hundredth": 1 / 100}
_PARTS |= {"halves": 1 / 2} | {f"{word}s": value for word, value in _PARTS.items() if word != "half"}

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+"
_SMALL = "|".join(sorted(_ONES + _TENS, key=len, reverse=True))
_LARGE = "hundred|thousand|million|billion"
_WORDS = rf"(?:{_SMALL})(?:[ -](?:{_SMALL}|{_LARGE}|dozen)){{0,6}}|dozen|a hundred|a thousand|a dozen"
_IN_DIGITS = rf"(?<![a-z0-9.])(?:{_DIGITS})(?: (?:{_LARGE})(?![a-z]))?"
NUMBER = rf"(?:{_IN_DIGITS}|(?<![a-z])(?:{_WORDS})(?![a-z]))"
"""A number in digits or words, of normalised text."""

PART = (
    rf"(?<![a-z-])(?:(?P<part_of>{_SMALL}|an?)[ -])?(?P<part>"
    r"half|halves|third|thirds|quarter|quarters|fifths?|sixths?|eighths?|tenths?|twentieths?|hundredths?)"
    r"(?![a-z]|[ -]?li(?:fe|ves))"
)
"""A fraction in words; whether it is one ("a third of") or an ordinal ("the third dose") is for `part_value`."""

RATIO = rf"(?P<ratio_a>{NUMBER})(?: out of| in every| in) (?P<ratio_b>{NUMBER})"
"""One in four."""

MULTIPLE = (
    r"(?<![a-z])(?P<multiple>once(?= (?:daily|weekly|monthly|an?|every|per|each)(?![a-z]))|twice|thrice"
    r"|(?:doubl|tripl|quadrupl)(?:e|es|ed|ing)|"
    rf"(?P<folds>{_SMALL})[ -]?fold)(?![a-z])"
)
"""Twice, double, sevenfold."""

_MULTIPLES = {"once": 1.0, "twice": 2.0, "thrice": 3.0, "doubl": 2.0, "tripl": 3.0, "quadr": 4.0}


def number_value(text: str) -> float:
    """The value of a match of `NUMBER`."""
    total, current = 0.0, 0.0
    for token in text.replace("-", " ").split():
        if token == "a":
            continue
        value = float(_VALUES[token]) if token in _VALUES else float(token.replace(",", ""))
        if token in _SCALES:
            current = max(current, 1.0) * value
            if value > 100:
                total, current = total + current, 0.0
        else:
            current += value
    return total + current


def part_value(match: re.Match[str]) -> float | None:
    """The value of a match of `PART`; None for an ordinal ("the third dose")."""
    count, word = match["part_of"], match["part"]
    if count is None and word not in ("half", "halves") and not match.string.startswith(" of", match.end()):
        return None
    return (1.0 if count in (None, "a", "an") else float(_VALUES[count])) * _PARTS[word]


def multiple_value(match: re.Match[str]) -> float:
    """The value of a match of `MULTIPLE`."""
    return float(_VALUES[match["folds"]]) if match["folds"] else _MULTIPLES[match["multiple"][:5]]
