"""premise: what a question takes for granted, and what the documents say instead: "Since X, ...", "Why does X ...?", "X, right?"

Built for few false alarms. Only what is exactly otherwise counts: a figure of the same kind with another value, the opposite direction, the
sides of a comparison exchanged, a denial. A network's "contradicted" is not believed here: of true premises, it calls every second one so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ketarag.answering.analysis import Analysis
from ketarag.answering.comparators import Comparator
from ketarag.answering.directions import comparison_problems, direction_problems
from ketarag.answering.polarity import polarity_problems
from ketarag.answering.quantities import Quantity
from ketarag.answering.verify import Check, ExactVerifier
from ketarag.text import content_stems
from ketarag.types import Passage

LEAST_SHARE = 0.75
"""Of a premise's content, by weight, that a sentence must hold to be about the same thing."""
_LEAST_CONTENT = 2  # content words of a statement that can be looked up
_SAME = 1e-6  # relative, of two equal figures

_OPENING = r"^\W*(?:(?:and|but|so|ok|okay|well|hi|hello|please),? )?"
_GIVEN = r"since|because(?! of)|given that|given(?= \w+'s)|as|considering that|seeing that|seeing as|now that|knowing that|if|assuming"
_WHY = r"(?:why|for what reason|how come|what is the reason)(?: that| then| exactly)?"
_AUXILIARY = r"(?:is|are|was|were|does|do|did|can|could|has|have|had|must|should|may|might|will|would)"
_ASKS = r"(?:why|how|what|which|when|who|where|does|is|should|can|do|then|so)"
_TAG = r"(?:am i |is that |that's |is it )?(?:right|correct|true|isn't it|doesn't it|why|how so|yes|no)"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_OPENING}(?:{_GIVEN}) (?P<said>[^?]+?),(?!\d) (?:then )?[^?]+\?*\W*$",
        rf"{_OPENING}{_WHY} (?:(?:{_AUXILIARY}(?P<no>n?'t|not| not)?|won't) )?(?:it that )?(?P<said>[^?]+?)\??\W*$",
        rf"^(?P<said>[^?]+?)[,.;]? {_TAG}\?\W*$",
        rf"^(?P<whole>\w[^?.;]+?)(?:[.;]|,? so|\s[-–])\s+{_ASKS}\b[^?]*\?\W*$",
    )
)
"""`said` is the premise; `whole` is one if it is a whole statement; with `no` it is denied."""
_STATES = re.compile(
    rf"\b(?:{_AUXILIARY}|prove[sd]?|show(?:s|ed)?|found|finds?|causes?|works?|lasts?|gives?|binds?|\w{{3,}}(?:ises|izes|ates))\b",
    re.IGNORECASE,
)
"""Words of which a whole statement has one."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A premise as the question puts it, and the sentences of a document that say otherwise."""

    said: str
    stated: str

    def __str__(self) -> str:
        """The warning that goes with an answer."""
        return f"The question takes it that “{self.said}”. The document says: “{self.stated}”"


def premise(question: str) -> str:
    """The statement that the question rests on, in its own words; "" where it makes none. It need not be a whole sentence."""
    text = " ".join(question.split()).replace("’", "'")
    for pattern in _PATTERNS:
        if found := pattern.match(text):
            parts = found.groupdict()
            said = ("not " if parts.get("no") else "") + (parts.get("said") or parts["whole"]).strip(" ,.;")
            whole = "whole" not in parts or _STATES.search(said)
            return said if whole and len(set(content_stems(said))) >= _LEAST_CONTENT else ""
    return ""


class PremiseChecker:
    """Holds what a question takes for granted against the passages found for it."""

    def __init__(self, verifier: ExactVerifier) -> None:
        self._verifier = verifier

    def doubt(self, question: str, passages: Sequence[Passage]) -> Doubt | None:
        """None where the question takes nothing for granted, or no sentence about the same thing says otherwise."""
        said = premise(question)
        about = [check for check in self._verifier.checks(said, passages) if check.share >= LEAST_SHARE] if said else []
        if not all(check.problems for check in about):
            return None
        against = next((check for check in about if _otherwise(check)), None)
        return Doubt(said, against.sentences[-1]) if against else None


def _otherwise(check: Check) -> bool:
    """Whether the window says the opposite of the premise, or another figure."""
    said, stated = check.claim, check.window
    return bool(
        direction_problems(said, stated)
        or comparison_problems(said, stated)
        or polarity_problems(said, stated)
        or _other_figures(said, stated)
    )


def _other_figures(said: Analysis, stated: Analysis) -> bool:
    """A figure of the premise that the window does not have, while it has one of the same dimension."""
    return any(
        figure.value is not None
        and any(other.dimension == figure.dimension for other in stated.quantities)
        and not any(_agree(figure, other) for other in stated.quantities)
        for figure in said.quantities
    )


_BOUNDS_BELOW = {Comparator.BELOW, Comparator.UP_TO, Comparator.NOT_ABOVE}
_BOUNDS_ABOVE = {Comparator.ABOVE, Comparator.AT_LEAST}


def _agree(figure: Quantity, other: Quantity) -> bool:
    """The same value, and no bound on opposite sides of it; parts of a rate count as figures."""
    if figure.comparator in _BOUNDS_BELOW and other.comparator in _BOUNDS_ABOVE:
        return False
    if figure.comparator in _BOUNDS_ABOVE and other.comparator in _BOUNDS_BELOW:
        return False
    whole, its_whole = (figure.value, figure.dimension), (other.value, other.dimension)
    pairs = [
        (whole, its_whole),
        *((whole, part) for part in other.parts),
        *((part, its_whole) for part in figure.parts),
    ]
    return any(
        ours is not None and theirs is not None and kind == its_kind and math.isclose(ours, theirs, rel_tol=_SAME)
        for (ours, kind), (theirs, its_kind) in pairs
    )
