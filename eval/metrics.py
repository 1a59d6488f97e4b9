"""Metrics of one answer against one case: pure functions. None means "not scored", never 0.

Citation precision and recall follow ALCE (Gao et al. 2023) with gold spans in the place of a judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval.cases import Gold
from ketarag import Answer, Citation, Document
from ketarag.text import normalise


def contains(answer: str, phrase: str) -> bool:
    """Whether the phrase stands in the answer as whole words, both normalised alike."""
    pattern = rf"(?<!\w){re.escape(_flat(phrase))}(?!\w)"
    return re.search(pattern, _flat(answer)) is not None


def fact_recall(answer: Answer, facts: Sequence[Sequence[str]]) -> float:
    """Share of the facts of which one alternative stands in the answer's text (markers aside)."""
    text = " ".join(claim.text for claim in answer.claims)
    return sum(any(contains(text, phrase) for phrase in fact) for fact in facts) / len(facts)


def citation_recall(citations: Sequence[Citation], evidence: Sequence[Sequence[Gold]]) -> float:
    """Share of the evidence groups of which one place is overlapped by a citation."""
    return sum(any(_overlap(c, gold) for c in citations for gold in group) for group in evidence) / len(evidence)


def citation_precision(citations: Sequence[Citation], evidence: Sequence[Sequence[Gold]]) -> float | None:
    """Share of the citations that overlap a gold place; None without citations."""
    if not citations:
        return None
    places = [gold for group in evidence for gold in group]
    return sum(any(_overlap(c, gold) for gold in places) for c in citations) / len(citations)


def verbatim(citations: Sequence[Citation], documents: dict[str, Document]) -> float | None:
    """Share of the quotes that are the document's text at their offsets; None without citations."""
    if not citations:
        return None
    return sum(documents[c.document_id].text[c.start : c.end] == c.quote for c in citations) / len(citations)


def _overlap(citation: Citation, gold: Gold) -> bool:
    return citation.start < gold.end and gold.start < citation.end


def _flat(text: str) -> str:
    """Normalised, with the space between a figure and its unit or sign taken out."""
    return re.sub(r"(?<=\d) (?=%|mg|microgram|mcg|ug|g\b|kg|h\b|min)", "", normalise(text))
