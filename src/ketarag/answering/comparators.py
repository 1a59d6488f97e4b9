"""What is said around a number: less than, up to, about, exactly. Synonyms are one class.

Works on normalised text (`ketarag.text.normalise`).
"""

from __future__ import annotations

import re
from enum import StrEnum


class Comparator(StrEnum):
    """How a number is bound; the value is how a problem names it."""

    NONE = "the plain figure"
    ABOUT = "about"
    BELOW = "less than"
    UP_TO = "up to"
    NOT_ABOVE = "not exceeding"
    ABOVE = "more than"
    AT_LEAST = "at least"
    EXACTLY = "exactly"


_BEFORE = {
    Comparator.NOT_ABOVE: (
        r"(?:not?|never|without|n't|rarely|hardly|seldom) "
        r"(?:usually |generally |typically |normally )?exceed(?:s|ing|ed)?"
    ),
    Comparator.UP_TO: (
        r"up to|up until|at (?:the )?most|(?:not?|never|n't) (?:more|longer|greater|higher|further) than"
        r"|as (?:many|much|long|high|far) as|(?:a |the )?max(?:imum|imally|\.)?(?: of)?|to a maximum of"
        r"|not above|not over|<=|≤|capped at"
    ),
    Comparator.AT_LEAST: (
        r"at (?:the very )?least|(?:not?|never|n't) (?:less|fewer|lower|shorter|smaller|under|below)(?: than)?"
        r"|(?:a |the )?min(?:imum|imally|\.)?(?: of)?|not (?:under|below)|>=|≥|upwards? of|starting at"
    ),
    Comparator.BELOW: (
        r"(?:less|fewer|lower|smaller|shorter|earlier|sooner|younger|lesser) than|under|below|beneath|<|short of"
        r"|not (?:even|quite)|within less than|inside"
    ),
    Comparator.ABOVE: (
        r"(?:more|greater|higher|larger|longer|later|older|bigger|better) than|over|above|>|beyond|in excess of"
        r"|exceed(?:s|ing|ed)?|surpass(?:es|ing|ed)?"
    ),
    Comparator.EXACTLY: r"exactly|precisely|fixed at",
    Comparator.ABOUT: (
        r"about|approximately|approx\.?|roughly|around|some|circa|ca\.?|c\.|nearly|almost|close to|in the region of"
        r"|o[fn] the order of|near|an estimated|~|≈|±"
    ),
}
_AFTER = {
    Comparator.UP_TO: r"or (?:less|fewer|lower|under|below|shorter)|at (?:the )?most|maximum|max|tops",
    Comparator.AT_LEAST: r"or (?:more|greater|higher|over|above|longer)|at (?:the very )?least|minimum"
    r"|and (?:more|over|above)"
    r"|\+",
    Comparator.ABOUT: r"or so|or thereabouts",
    Comparator.EXACTLY: r"exactly|precisely",
}
_REACH = 48  # characters looked at on either side of a number
_FILLER = (
    r"(?:\s|only|just|a|an|the|another|one|first|next|average|mean|total|of|in|for|even|few|several|couple|about|approximately|roughly|around)"
    "*"
)
_BEFORE_PATTERNS = [(kind, re.compile(rf"(?<![a-z])(?:{words}){_FILLER}$")) for kind, words in _BEFORE.items()]
_AFTER_PATTERNS = [(kind, re.compile(rf"\s*(?:{words})(?![a-z])")) for kind, words in _AFTER.items()]
_OVER_A_TIME = re.compile(rf"(?<![a-z])over{_FILLER}$")

_FITS = {
    Comparator.NONE: {Comparator.NONE, Comparator.ABOUT},
    Comparator.ABOUT: {Comparator.ABOUT, Comparator.NONE},
    Comparator.BELOW: {Comparator.BELOW, Comparator.NOT_ABOVE},
    Comparator.UP_TO: {Comparator.UP_TO, Comparator.NOT_ABOVE},
    Comparator.NOT_ABOVE: {Comparator.UP_TO, Comparator.NOT_ABOVE},
    Comparator.ABOVE: {Comparator.ABOVE},
    Comparator.AT_LEAST: {Comparator.AT_LEAST},
    Comparator.EXACTLY: {Comparator.EXACTLY, Comparator.NONE, Comparator.ABOUT},
}


def fits(claimed: Comparator, stated: Comparator) -> bool:
    """True when a source that states `stated` carries a claim that says `claimed`.

    "About" may be dropped or added; no bound may be dropped, added or changed.
    """
    return claimed in _FITS[stated]


def comparator_around(text: str, start: int, end: int, *, is_time: bool) -> Comparator:
    """The class of what is said around `text[start:end]` of normalised text.

    "Over 40 min" (`is_time`) is a duration, not a bound.
    """
    before = text[max(0, start - _REACH) : start]
    after = text[end : end + _REACH]
    for kind, pattern in _AFTER_PATTERNS:
        if pattern.match(after):
            return kind
    for kind, pattern in _BEFORE_PATTERNS:
        if pattern.search(before) and not (kind is Comparator.ABOVE and is_time and _OVER_A_TIME.search(before)):
            return kind
    return Comparator.NONE
