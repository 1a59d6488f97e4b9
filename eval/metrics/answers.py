"""What an answer says: the facts of its case, and how much text it takes to say them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval.metrics.share import share
from ketarag import Answer
from ketarag.text import normalise


def contains(answer: str, phrase: str) -> bool:
    """Whether the phrase stands in the answer as whole words and whole numbers, both normalised alike.

    "5 mg" is not in "0.5 mg", nor "7" in "7.5" or "7,000".
    """
    wanted = _flat(phrase)
    before = r"(?<!\w)(?<!\d[.,])" if wanted[:1].isdigit() else r"(?<!\w)"
    after = r"(?!\w)(?![.,]\d)" if wanted[-1:].isdigit() else r"(?!\w)"
    return re.search(before + re.escape(wanted) + after, _flat(answer)) is not None


def fact_recall(answer: Answer, facts: Sequence[Sequence[str]]) -> float | None:
    """Share of the facts of which one alternative stands in the answer's text (markers aside); None without facts.

    Recall of nuggets (Voorhees 2003, "Overview of the TREC 2003 question answering track") with a match of words for the assessor.
    """
    text = " ".join(claim.text for claim in answer.claims)
    return share(any(contains(text, phrase) for phrase in fact) for fact in facts)


def exact_correct(answer: Answer, facts: Sequence[Sequence[str]]) -> float:
    """1 for an answer that holds every fact, 0 otherwise; without facts (the document has no answer): 1 exactly for an abstention.

    Accuracy with "no answer" as one of the answers, as in SQuAD 2.0 (Rajpurkar et al. 2018), by facts in the place of the whole string.
    """
    if not facts:
        return float(answer.abstained)
    return float(not answer.abstained and fact_recall(answer, facts) == 1)


def answer_length(claims: Sequence[str]) -> tuple[int, int]:
    """Sentences and words (between white space) of an answer, given as the text of its claims."""
    return len(claims), sum(len(claim.split()) for claim in claims)


def _flat(text: str) -> str:
    """Normalised, with the space between a figure and its unit or sign taken out."""
    return re.sub(r"(?<=\d) (?=%|mg|microgram|mcg|ug|g\b|kg|h\b|min)", "", normalise(text))
