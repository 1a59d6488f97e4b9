"""cite: a place in a document -> a citation with its verbatim quote. The one place where those that are shown are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ketarag.pages import page_of
from ketarag.types import Citation, Document, Evidence, Span


def citation(
    marker: int, document: Document, place: Span, heading: str, score: float, passage_id: str = ""
) -> Citation:
    """Of the words at `place`. Quote, title, date and page are the document's own, so that they cannot differ from it."""
    return Citation(
        marker=marker,
        document_id=document.id,
        title=document.title,
        heading=heading,
        quote=document.text[place.start : place.end],
        start=place.start,
        end=place.end,
        score=score,
        passage_id=passage_id,
        published=document.published,
        page=page_of(document, place.start),
    )


def cite(evidence: Sequence[Evidence], documents: Mapping[str, Document]) -> tuple[Citation, ...]:
    """One citation for each piece of evidence, markers from 1 in the order given."""
    return tuple(
        citation(
            marker,
            documents[item.sentence.document_id],
            item.span,
            item.sentence.heading,
            item.score,
            item.passage.id,
        )
        for marker, item in enumerate(evidence, start=1)
    )
