"""conflicts: two documents that give another figure for the same thing; said with both dates, and never blended.

Built for few false alarms. Two sentences speak of the same thing when they have the same words of content, and each, with the other's
figures in the place of its own, passes every exact check against the other: bounds, routes, people and denials too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

from ketarag.answering.analysis import Analysis
from ketarag.answering.comparators import Comparator
from ketarag.answering.lexicon import LIGHT
from ketarag.answering.quantities import Quantity
from ketarag.answering.verify import ExactVerifier
from ketarag.dates import human_date
from ketarag.types import Document, Evidence

LEAST_SCORE = 0.3
"""Of the best sentence's score: what answers much less is not held against it."""
_SAME = 1e-6  # relative, of two equal figures
_NOT_MEASURED = ("count",)  # years, numbers of a list, how many were asked: seldom the same thing


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sentences of two documents, the newer document's first, and the figures that differ."""

    newer: Evidence
    older: Evidence
    figures: tuple[str, str]

    def told(self, documents: Mapping[str, Document]) -> str:
        """The warning that goes with an answer."""
        sides = zip((self.newer, self.older), self.figures, strict=True)
        said = [_side(documents[item.sentence.document_id], figures) for item, figures in sides]
        return f"The documents differ. {said[0]}; {said[1]}."


class ConflictFinder:
    """Holds evidence of several documents against each other. Safe to share between threads where the verifier is."""

    def __init__(self, verifier: ExactVerifier) -> None:
        self._verifier = verifier

    def conflicts(self, evidence: Sequence[Evidence], documents: Mapping[str, Document]) -> list[Conflict]:
        """One for each two documents at most, in the order of the evidence; none for evidence of one document."""
        near = [item for item in evidence if item.score >= LEAST_SCORE * evidence[0].score]
        if len({item.sentence.document_id for item in near}) < 2:
            return []
        found: dict[frozenset[str], Conflict] = {}
        for one, other in combinations(near, 2):
            pair = frozenset((one.sentence.document_id, other.sentence.document_id))
            if len(pair) < 2 or pair in found:
                continue
            if figures := self._differing(one, other):
                published = documents[one.sentence.document_id].published
                later = documents[other.sentence.document_id].published
                swapped = (later or date.min) > (published or date.min)
                found[pair] = Conflict(other, one, figures[::-1]) if swapped else Conflict(one, other, figures)
        return list(found.values())

    def _differing(self, one: Evidence, other: Evidence) -> tuple[str, str] | None:
        """The figures of each that the other has otherwise; None where they agree, or may speak of different things."""
        ours, theirs = self._verifier.read(one.sentence.clean), self._verifier.read(other.sentence.clean)
        if not ours.stems ^ theirs.stems <= LIGHT:
            return None
        mine, yours = _unmatched(ours, theirs), _unmatched(theirs, ours)
        if not mine or [figure.dimension for figure in mine] != [figure.dimension for figure in yours]:
            return None
        if not self._stands(_with(ours, mine, yours), other) or not self._stands(_with(theirs, yours, mine), one):
            return None
        return ", ".join(map(_bound, mine)), ", ".join(map(_bound, yours))

    def _stands(self, text: str, evidence: Evidence) -> bool:
        """Whether the sentence alone carries a text, exactly and in its words."""
        alone = replace(evidence.passage, sentences=(evidence.sentence,))
        checks = self._verifier.checks(text, [alone])
        return any(not check.problems and not check.wording for check in checks)


def _unmatched(text: Analysis, other: Analysis) -> list[Quantity]:
    """The measured figures of a text that the other one has not."""
    return [
        figure
        for figure in text.quantities
        if figure.value is not None
        and figure.dimension not in _NOT_MEASURED
        and not any(_equal(figure, theirs) for theirs in other.quantities)
    ]


def _equal(one: Quantity, other: Quantity) -> bool:
    if one.value is None or other.value is None or one.dimension != other.dimension:
        return False
    return math.isclose(one.value, other.value, rel_tol=_SAME)


def _with(text: Analysis, own: Sequence[Quantity], others: Sequence[Quantity]) -> str:
    """The text with others' figures in the place of its own."""
    parts, at = [], 0
    for figure, instead in zip(own, others, strict=True):
        parts += [text.canonical[at : figure.start], instead.text]
        at = figure.end
    return "".join([*parts, text.canonical[at:]])


def _bound(figure: Quantity) -> str:
    return figure.text if figure.comparator is Comparator.NONE else f"{figure.comparator} {figure.text}"


def _side(document: Document, figures: str) -> str:
    return f"{human_date(document.published)}, “{' '.join(document.title.split())}”: {figures}"
