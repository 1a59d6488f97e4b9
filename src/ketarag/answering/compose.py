"""compose: evidence -> the one to three sentences that answer, in the order in which the document says them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ketarag.types import Evidence, Sentence

MOST_SENTENCES = 3

_NEVER_ALONE = re.compile(r"(?:It|They|This|These|Those|Its|Their|Such)\b")


def compose(evidence: Sequence[Evidence], share: float) -> list[Evidence]:
    """The best sentence, others that score at least `share` of it, and the sentence before one that points back.

    `evidence` is best first; the result is in document order, at most three, never empty for non-empty evidence.
    """
    if not evidence:
        return []
    best = evidence[0]
    chosen = [item for item in evidence[:MOST_SENTENCES] if item.score >= share * best.score]
    before = _before(best)
    if (
        before is not None
        and all(item.sentence != before for item in chosen)
        and _NEVER_ALONE.match(best.sentence.clean)
    ):
        chosen = [*chosen[: MOST_SENTENCES - 1], Evidence(before, best.passage, best.score)]
    documents = list(dict.fromkeys(item.sentence.document_id for item in chosen))
    return sorted(chosen, key=lambda item: (documents.index(item.sentence.document_id), item.sentence.start))


def _before(evidence: Evidence) -> Sentence | None:
    """The sentence before it in the same paragraph of its passage."""
    sentences = evidence.passage.sentences
    at = sentences.index(evidence.sentence)
    if at and sentences[at - 1].paragraph == evidence.sentence.paragraph:
        return sentences[at - 1]
    return None
