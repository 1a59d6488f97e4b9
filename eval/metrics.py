"""Metrics of one answer against one case: pure functions. None means "not scored", never 0.

Citation precision and recall follow ALCE (Gao et al. 2023) with gold spans in the place of a judge.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from sklearn.metrics import roc_auc_score

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


def answerability_auroc(confidences: Sequence[float], answerable: Sequence[bool]) -> float | None:
    """Chance that an answerable question has more confidence than one that is not (area under the ROC curve); None for one class only."""
    return float(roc_auc_score(answerable, confidences)) if len(set(answerable)) == 2 else None


def risk_coverage(confidences: Sequence[float], wrong: Sequence[bool]) -> list[tuple[float, float]]:
    """(coverage, risk) after each question from the most confident on: share answered, and share of those that are wrong.

    El-Yaniv & Wiener 2010. Equal confidences are answered together.
    """
    order = sorted(zip(confidences, wrong, strict=True), key=lambda pair: -pair[0])
    points, errors = [], 0
    for at, (confidence, is_wrong) in enumerate(order, start=1):
        errors += is_wrong
        if at == len(order) or order[at][0] < confidence:
            points.append((at / len(order), errors / at))
    return points


def area_under_risk(points: Sequence[tuple[float, float]]) -> float | None:
    """Mean risk over coverage, by the right end of each step; None for no points. Geifman & El-Yaniv 2017 (AURC)."""
    if not points:
        return None
    widths = [after[0] - before[0] for before, after in pairwise([(0.0, 0.0), *points])]
    return sum(width * risk for width, (_, risk) in zip(widths, points, strict=True))


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, count) of each bin of equal width that holds something, from 0 to 1."""
    held: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, is_right in zip(confidences, right, strict=True):
        held[min(int(confidence * bins), bins - 1)].append((confidence, is_right))
    return [
        (sum(c for c, _ in rows) / len(rows), sum(r for _, r in rows) / len(rows), len(rows))
        for _, rows in sorted(held.items())
    ]


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float | None:
    """Mean distance of confidence and share right over the bins, by their counts (ECE, Naeini et al. 2015); None for nothing."""
    if not confidences:
        return None
    return sum(n * abs(mean - share) for mean, share, n in reliability(confidences, right, bins)) / len(confidences)


def _overlap(citation: Citation, gold: Gold) -> bool:
    return citation.start < gold.end and gold.start < citation.end


def _flat(text: str) -> str:
    """Normalised, with the space between a figure and its unit or sign taken out."""
    return re.sub(r"(?<=\d) (?=%|mg|microgram|mcg|ug|g\b|kg|h\b|min)", "", normalise(text))
