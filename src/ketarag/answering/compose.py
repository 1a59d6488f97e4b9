"""compose: evidence -> the one to three sentences that answer: the section of the best one first, each in the document's own order.

Of several documents the newest comes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from ketarag.types import Document, Evidence, Sentence

MOST_SENTENCES = 3

_NONE: Mapping[str, Document] = {}
_NEVER_ALONE = re.compile(r"(?:It|They|This|These|Those|Its|Their|Such)\b")


def compose(
    evidence: Sequence[Evidence],
    share: float,
    documents: Mapping[str, Document] = _NONE,
    rivals: Sequence[Evidence] = (),
) -> list[Evidence]:
    """The best sentence, others that score at least `share` of it, and the sentence before one that points back.

    `evidence` is best first; of the result, at most three and never empty for non-empty evidence, the section of the best sentence comes
    first, so that a hurried reader does not take another dose for the one asked for; within a section the order is the document's. Of
    several `documents` the newest comes first, one without a date last. `rivals` are sentences that say otherwise than the best: they come
    before others.
    """
    if not evidence:
        return []
    best = evidence[0]
    enough = [item for item in evidence[:MOST_SENTENCES] if item.score >= share * best.score]
    chosen = list(dict.fromkeys([best, *rivals, *enough]))[:MOST_SENTENCES] if rivals else enough
    before = _before(best)
    if (
        before is not None
        and all(item.sentence != before for item in chosen)
        and _NEVER_ALONE.match(best.sentence.clean)
    ):
        chosen = [*chosen[: MOST_SENTENCES - 1], Evidence(before, best.passage, best.score)]
    found = list(dict.fromkeys(item.sentence.document_id for item in chosen))
    order = sorted(found, key=lambda name: _published(documents.get(name)), reverse=True)
    sections = list(dict.fromkeys(item.sentence.heading for item in chosen))

    def place(item: Evidence) -> tuple[int, int, int]:
        sentence = item.sentence
        return order.index(sentence.document_id), sections.index(sentence.heading), sentence.start

    return sorted(chosen, key=place)


def _published(document: Document | None) -> date:
    return (document.published if document else None) or date.min


def _before(evidence: Evidence) -> Sentence | None:
    """The sentence before it in the same paragraph of its passage."""
    sentences = evidence.passage.sentences
    at = sentences.index(evidence.sentence)
    if at and sentences[at - 1].paragraph == evidence.sentence.paragraph:
        return sentences[at - 1]
    return None
