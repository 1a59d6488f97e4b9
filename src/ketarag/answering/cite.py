"""cite: evidence -> citations with markers and verbatim quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ketarag.types import Citation, Document, Evidence


def cite(evidence: Sequence[Evidence], documents: Mapping[str, Document]) -> tuple[Citation, ...]:
    """One citation for each piece of evidence, markers from 1 in the order given.

    The quote is cut from the document itself, so that it cannot differ from it.
    """
    return tuple(
        Citation(
            marker=marker,
            document_id=item.sentence.document_id,
            title=documents[item.sentence.document_id].title,
            heading=item.sentence.heading,
            quote=documents[item.sentence.document_id].text[item.sentence.start : item.sentence.end],
            start=item.sentence.start,
            end=item.sentence.end,
            score=item.score,
            passage_id=item.passage.id,
            published=documents[item.sentence.document_id].published,
        )
        for marker, item in enumerate(evidence, start=1)
    )
