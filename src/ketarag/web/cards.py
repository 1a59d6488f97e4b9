"""The source panel's quote cards as HTML, and the ids by which the page's script goes from a marker to its words.

Pure functions, everything escaped. Not here: answers (`ketarag.web.render`), the document itself (`ketarag.web.source`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from ketarag.dates import human_date
from ketarag.pages import page_name
from ketarag.types import Answer, Citation, Document
from ketarag.web.escaping import escape


def panel_html(turns: Sequence[tuple[int, Answer]], documents: Mapping[str, Document]) -> str:
    """The source panel: the cards of every answer, the latest first. `turns` are (number, answer), oldest first."""
    groups = [_group(turn, answer, documents) for turn, answer in reversed(turns)]
    empty = '<p class="kr-empty">The passages that an answer quotes are listed here, word for word.</p>'
    return f'<div class="kr-cards">{"".join(groups) or empty}</div>'


def card_html(citation: Citation, turn: int, document: Document | None, supports: bool = True) -> str:
    """One citation: marker, title and date of its document, heading, the verbatim quote, its page and where it stands.

    The address of its link has the offsets, by which the page's script finds the sentence in the source.
    """
    published = f" · {human_date(document.published)}" if document and document.published else ""
    told = citation.heading in ("", citation.title)
    heading = "" if told else f'<p class="kr-heading">{escape(citation.heading)}</p>'
    page = f"{page_name(citation.page)}, " if citation.page else ""
    label = f"Source {citation.marker}" if supports else f"Closest passage {citation.marker}"
    id, place = card_id(turn, citation.marker), place_id(citation.document_id, citation.start, citation.end)
    return (
        f'<article class="{"kr-card" if supports else "kr-card kr-near"}" id="{id}" '
        f'tabindex="-1" title="{label} of question {turn}">'
        f'<header><span class="kr-badge">{citation.marker}</span>'
        f'<span class="kr-title">{escape(citation.title)}{published}</span></header>{heading}'
        f'<blockquote class="kr-quote">{escape(citation.quote)}</blockquote>'
        f'<footer><span class="kr-place">{page}characters {citation.start:,}–{citation.end:,}</span> '
        f'<a class="kr-show" href="#{place}" title="Show in the source: {label}">Show in the source</a>'
        "</footer></article>"
    )


def card_id(turn: int, marker: int) -> str:
    """The id of a card in the page; the answer links to it."""
    return f"cite-{turn}-{marker}"


def document_key(document_id: str) -> str:
    """A name for a document that an id in the page can hold: ten hexadecimal digits."""
    return hashlib.sha256(document_id.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def place_id(document_id: str, start: int, end: int) -> str:
    """The id of a stretch of a document. Gradio takes `data-` attributes away, so the offsets stand in an id."""
    return f"at-{document_key(document_id)}-{start}-{end}"


def _group(turn: int, answer: Answer, documents: Mapping[str, Document]) -> str:
    """The cards of one answer under its question."""
    citations = answer.nearest if answer.abstained else answer.citations
    cards = [card_html(one, turn, documents.get(one.document_id), not answer.abstained) for one in citations]
    title = escape(answer.question.strip()[:120])
    kind = '<p class="kr-kind">Closest in the document (not an answer)</p>' if answer.abstained and cards else ""
    none = '<p class="kr-empty">Nothing in the document comes close.</p>' if answer.abstained and not cards else ""
    return f'<section class="kr-group"><h3>{title}</h3>{kind}{none}{"".join(cards)}</section>'
