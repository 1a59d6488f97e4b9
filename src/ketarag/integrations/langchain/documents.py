"""Our nouns as LangChain documents. `page_content` is the source's own text, at [start, end) of the document.

`page`, from 1, is where it begins; as with LangChain's own loaders, the key is absent where a document has no pages.
"""

from __future__ import annotations

from langchain_core.documents import Document

from ketarag.types import Citation, Passage


def passage_document(passage: Passage, page: int | None, **metadata: float) -> Document:
    """With document_id, heading, start, end, page, and what else is given."""
    place = {"document_id": passage.document_id, "heading": passage.heading}
    offsets = {"start": passage.start, "end": passage.end, **_page(page)}
    return Document(id=passage.id, page_content=passage.text, metadata={**place, **offsets, **metadata})


def citation_document(citation: Citation) -> Document:
    """With document_id, title, heading, start, end, page, marker and score."""
    place = {"document_id": citation.document_id, "title": citation.title, "heading": citation.heading}
    offsets = {"start": citation.start, "end": citation.end, **_page(citation.page)}
    found = {"marker": citation.marker, "score": citation.score}
    return Document(page_content=citation.quote, metadata={**place, **offsets, **found})


def _page(page: int | None) -> dict[str, int]:
    return {} if page is None else {"page": page}
