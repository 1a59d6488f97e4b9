"""pages: which page of a PDF an offset stands on. Pages are separated by form feeds in the text, and by nothing else."""

from __future__ import annotations

import re
from bisect import bisect_right

from ketarag.indexing.parsed import PAGE_BREAK
from ketarag.types import Document, Span


def page_spans(document: Document) -> tuple[Span, ...]:
    """The stretch of each page, in order, without a gap; one for the whole text where there are no pages."""
    starts = page_starts(document)
    return tuple(Span(start, end) for start, end in zip(starts, [*starts[1:], len(document.text)], strict=True))


def page_starts(document: Document) -> list[int]:
    """Where each page begins, ascending; [0] where there are no pages."""
    return [0, *(match.end() for match in re.finditer(PAGE_BREAK, document.text))]


def page_of(document: Document, offset: int) -> int | None:
    """The page, from 1, that holds the character at `offset`; None for a document without pages."""
    starts = page_starts(document)
    return bisect_right(starts, offset) if len(starts) > 1 or document.id.lower().endswith(".pdf") else None
