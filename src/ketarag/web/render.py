"""Answers and citations as the HTML of the chat and of the source panel: pure functions.

Everything that a user or a document says goes through `escape`, which leaves no character that HTML or Markdown
gives a meaning, so nothing of it becomes a tag, a link or an emphasis. Not here: the page (`ketarag.web.page`), its
style and its script (`static/`), the document itself (`ketarag.web.source`), text for terminals (`ketarag.presentation`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from ketarag.presentation import human_date, printable, strength
from ketarag.types import Answer, Citation, Claim, Document, Step

STEPS: Mapping[Step, str] = {
    "condense": "Understanding the question",
    "retrieve": "Searching the document",
    "read": "Reading the passages",
    "compose": "Checking every statement against its source",
}
"""What the reader sees while a step of the flow runs."""

PLACEHOLDER = (
    '<div class="kr-welcome"><p class="kr-welcome-title">What would you like to know?</p>'
    "<p>Every sentence of an answer is quoted from the source, with the place where it stands.</p></div>"
)
"""What an empty conversation shows."""

FOOTER = (
    '<footer class="kr-foot">Shows what the document says; it is no medical advice. Check the source before you act. '
    "Nothing you type is stored.</footer>"
)
"""The line under the page."""

SHOWN_QUESTION = 600
"""Characters of a question that the chat repeats; a longer one is cut with its length."""

_PLAIN = re.compile(r"[^\w ,;?%']|_")
"""What `escape` encodes: all but letters, digits, spaces and punctuation without a meaning in HTML and Markdown."""

_BULLET = re.compile(r"\s*•\s*")

_COPY = '<p class="kr-tools"><button class="kr-copy" type="button">Copy with sources</button></p>'
"""The page's script fills the clipboard from what the answer and its cards show."""


def escape(text: str) -> str:
    """`text` as HTML and Markdown that show exactly it: special characters as entities, line breaks as `<br>`.

    Control characters and those that reorder text are shown as their escape, as in a terminal.
    """
    return _PLAIN.sub(lambda found: "<br>" if found[0] == "\n" else f"&#{ord(found[0])};", printable(text))


def question_html(question: str) -> str:
    """What the user asked, as typed; over `SHOWN_QUESTION` characters its beginning and its length."""
    if len(question) <= SHOWN_QUESTION:
        return _div("kr-question", escape(question.strip()))
    note = f'<span class="kr-meta">({len(question):,} characters)</span>'
    return _div("kr-question", f"{escape(question[:SHOWN_QUESTION].strip())} … {note}")


def working_html(step: Step | None, claims: Sequence[Claim] = (), turn: int = 0) -> str:
    """What is done so far, then what is being done."""
    doing = f'<p class="kr-working">{STEPS[step] if step else "Working"} …</p>'
    return _div("kr-answer", "".join(claim_html(claim, turn) for claim in claims) + doing)


def error_html(message: str) -> str:
    """A message for a question that cannot be answered as it is."""
    return _div("kr-answer kr-error", f"<p>{escape(message)}</p>")


def answer_html(answer: Answer, turn: int) -> str:
    """An answer with links into its source; an abstention says so and names what comes closest."""
    claims = "".join(claim_html(claim, turn) for claim in answer.claims)
    body = _abstention(answer, turn) if answer.abstained else claims
    tools = "" if answer.abstained else _COPY
    notes = "".join(f'<p class="kr-note">{escape(warning)}</p>' for warning in answer.warnings)
    return _div("kr-answer kr-abstained" if answer.abstained else "kr-answer", body + notes + _meta(answer) + tools)


def claim_html(claim: Claim, turn: int) -> str:
    """One sentence with its markers; a lead-in with bullets becomes a list."""
    markers = "".join(f"&nbsp;{_marker_link(turn, marker)}" for marker in claim.markers)
    lead, *items = [escape(part) for part in _BULLET.split(claim.text)]
    if not items:
        return f"<p>{lead}{markers}</p>"
    items[-1] += markers
    return f"<p>{lead}</p><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def panel_html(turns: Sequence[tuple[int, Answer]], documents: Mapping[str, Document]) -> str:
    """The source panel: the cards of every answer, the latest first. `turns` are (number, answer), oldest first."""
    groups = [_group(turn, answer, documents) for turn, answer in reversed(turns)]
    empty = '<p class="kr-empty">The passages that an answer quotes are listed here, word for word.</p>'
    return f'<div class="kr-cards">{"".join(groups) or empty}</div>'


def card_html(citation: Citation, turn: int, document: Document | None, supports: bool = True) -> str:
    """One citation: marker, title and date of its document, heading, the verbatim quote and where it stands.

    The address of its link has the offsets, by which the page's script finds the sentence in the source.
    """
    published = f" · {human_date(document.published)}" if document and document.published else ""
    told = citation.heading in ("", citation.title)
    heading = "" if told else f'<p class="kr-heading">{escape(citation.heading)}</p>'
    label = f"Source {citation.marker}" if supports else f"Closest passage {citation.marker}"
    id, place = card_id(turn, citation.marker), place_id(citation.document_id, citation.start, citation.end)
    return (
        f'<article class="{"kr-card" if supports else "kr-card kr-near"}" id="{id}" '
        f'tabindex="-1" title="{label} of question {turn}">'
        f'<header><span class="kr-badge">{citation.marker}</span>'
        f'<span class="kr-title">{escape(citation.title)}{published}</span></header>{heading}'
        f'<blockquote class="kr-quote">{escape(citation.quote)}</blockquote>'
        f'<footer><span class="kr-place">characters {citation.start:,}–{citation.end:,}</span> '
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


def header_html(documents: Sequence[Document]) -> str:
    """The page's title and what it answers from."""
    shown = "; ".join(_document_line(document) for document in documents[:3])
    more = f" and {len(documents) - 3:,} more" if len(documents) > 3 else ""
    return (
        '<header class="kr-top"><h1>KetaRAG</h1><p class="kr-tagline">Answers in the very words of the source, or says '
        f'that the source does not answer.</p><p class="kr-source">Source: {shown or "no documents"}{more}</p></header>'
    )


def _document_line(document: Document) -> str:
    parts = [f"<em>{escape(document.title)}</em>", escape(document.publisher), _day(document)]
    return ", ".join(part for part in parts if part)


def _day(document: Document) -> str:
    return human_date(document.published) if document.published else ""


def _group(turn: int, answer: Answer, documents: Mapping[str, Document]) -> str:
    """The cards of one answer under its question."""
    citations = answer.nearest if answer.abstained else answer.citations
    cards = [card_html(one, turn, documents.get(one.document_id), not answer.abstained) for one in citations]
    title = escape(answer.question.strip()[:120])
    kind = '<p class="kr-kind">Closest in the document (not an answer)</p>' if answer.abstained and cards else ""
    none = '<p class="kr-empty">Nothing in the document comes close.</p>' if not cards else ""
    return f'<section class="kr-group"><h3>{title}</h3>{kind}{none}{"".join(cards)}</section>'


def _abstention(answer: Answer, turn: int) -> str:
    """That the documents do not answer, why, and links to what comes closest."""
    parts = [f'<p class="kr-lead">{escape(answer.text)}</p>']
    if answer.reason:
        parts.append(f"<p>{escape(answer.reason)}</p>")
    if answer.nearest:
        links = " ".join(_marker_link(turn, citation.marker, "Closest passage") for citation in answer.nearest)
        parts.append(f'<p class="kr-meta">Closest in the document (not an answer): {links}</p>')
    return "".join(parts)


def _meta(answer: Answer) -> str:
    """How strong the evidence is, and the question that was searched where it is not the one typed."""
    parts = [] if answer.abstained else [f"Evidence: {strength(answer.confidence)}"]
    if answer.standalone_question.strip() not in ("", answer.question.strip()):
        parts.append(f"searched as “{escape(answer.standalone_question.strip())}”")
    return f'<p class="kr-meta">{" · ".join(parts)}</p>' if parts else ""


def _marker_link(turn: int, marker: int, label: str = "Citation") -> str:
    # Gradio takes `aria-label` away, so the name stands in `title`; the page's script makes it the label.
    said = f"{label} {marker}: show in the source"
    return f'<a class="kr-marker" href="#{card_id(turn, marker)}" title="{said}">[{marker}]</a>'


def _div(classes: str, inner: str) -> str:
    """One HTML block without a line break, so that Markdown passes it through as it is."""
    return f'<div class="{classes}">{inner}</div>'
