"""Our nouns as LangChain documents. `page_content` is the source's own text, at [start, end) of the document."""

from __future__ import annotations

from langchain_core.documents import Document

from ketarag.types import Citation, Passage


def passage_document(passage: Passage, **metadata: float) -> Document:
    """With document_id, heading, start and end, and what else is given."""
    place = {"document_id": passage.document_id, "heading": passage.heading}
    offsets = {"start": passage.start, "end": passage.end}
    return Document(id=passage.id, page_content=passage.text, metadata={**place, **offsets, **metadata})


def citation_document(citation: Citation) -> Document:
    """With document_id, title, heading, start, end, marker and score."""
    place = {"document_id": citation.document_id, "title": citation.title, "heading": citation.heading}
    offsets = {"start": citation.start, "end": citation.end, "marker": citation.marker, "score": citation.score}
    return Document(page_content=citation.quote, metadata={**place, **offsets})
