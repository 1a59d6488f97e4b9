"""Questions, answers and what stands around them as the HTML of the chat: pure functions.

Everything that a user, a document or a model says goes through `escape`, so nothing of it becomes a tag, a link or an
emphasis. Not here: the page (`ketarag.web.page`), its style and its scripts (`static/`), the quote cards
(`ketarag.web.cards`), the document itself (`ketarag.web.source`), text for terminals (`ketarag.presentation`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice

from ketarag.dates import human_date
from ketarag.presentation import strength
from ketarag.types import Answer, Claim, Document, Step
from ketarag.web.cards import card_id
from ketarag.web.escaping import escape

STEPS: Mapping[Step, str] = {
    "condense": "Understanding the question",
    "retrieve": "Searching the document",
    "read": "Reading the passages",
    "write": "Writing the answer",
    "compose": "Checking every statement against its source",
}
"""What the reader sees while a step of the flow runs."""

PLACEHOLDER = (
    '<div class="kr-welcome"><p class="kr-welcome-title">What would you like to know?</p>'
    "<p>Every sentence of an answer comes with the place in the source where it stands.</p></div>"
)
"""What an empty conversation shows."""

FOOTER = (
    '<footer class="kr-foot">Shows what the document says; it is no medical advice. Check the source before you act. '
    '<span id="kr-stored"></span></footer>'
)
"""The line under the page. What is stored, the server knows: the page's script asks it."""

SHOWN_QUESTION = 600
"""Characters of a question that the chat repeats; a longer one is cut with its length."""

CURRENT_YEARS = 2
"""Years after which a document is said to be old enough to have been overtaken: guidelines are reviewed every few years."""

_BULLET = re.compile(r"\s*•\s*")

_COPY = '<button class="kr-copy" type="button">Copy with sources</button>'
_RATE = (
    '<span class="kr-rate"><button class="kr-up" type="button">Helpful</button>'
    '<button class="kr-down" type="button">Not helpful</button></span>'
)
"""Shown by the page's script where the operator switched feedback on."""


def question_html(question: str) -> str:
    """What the user asked, as typed; over `SHOWN_QUESTION` characters its beginning and its length."""
    if len(question) <= SHOWN_QUESTION:
        return _div("kr-question", escape(question.strip()))
    note = f'<span class="kr-meta">({len(question):,} characters)</span>'
    return _div("kr-question", f"{escape(question[:SHOWN_QUESTION].strip())} … {note}")


def working_html(step: Step | None, claims: Sequence[Claim] = (), turn: int = 0, waiting: bool = False) -> str:
    """What is done so far, then what is being done. `waiting`: others' questions come first."""
    begins = "Waiting for the questions before yours" if waiting else "Working"
    doing = f'<p class="kr-working">{STEPS[step] if step else begins} …</p>'
    return _div("kr-answer", "".join(claim_html(claim, turn) for claim in claims) + doing)


def error_html(message: str) -> str:
    """A message for a question that cannot be answered as it is."""
    return _div("kr-answer kr-error", f"<p>{escape(message)}</p>")


def answer_html(answer: Answer, turn: int, documents: Mapping[str, Document]) -> str:
    """An answer with links into its source; an abstention says so and names what comes closest.

    `documents` give the titles and dates of what it quotes.
    """
    claims = "".join(claim_html(claim, turn) for claim in answer.claims)
    body = _abstention(answer, turn) if answer.abstained else claims
    notes = "".join(f'<p class="kr-note"><strong>Note:</strong> {escape(warning)}</p>' for warning in answer.warnings)
    about = "" if answer.abstained else _sources(answer, documents) + _written_by(answer)
    tools = _RATE if answer.abstained or not answer.claims else _COPY + _RATE
    inner = f'{body}{notes}{about}{_searched(answer)}<p class="kr-tools">{tools}</p>'
    classes = "kr-answer kr-abstained" if answer.abstained else "kr-answer"
    return f'<div class="{classes}" id="answer-{turn}">{inner}</div>'


def claim_html(claim: Claim, turn: int) -> str:
    """One sentence with its markers; a lead-in with bullets becomes a list."""
    markers = "".join(f"&nbsp;{_marker_link(turn, marker)}" for marker in claim.markers)
    markers += ' <span class="kr-repaired">the source’s own sentence</span>' if claim.repaired else ""
    lead, *items = [escape(part) for part in _BULLET.split(claim.text)]
    if not items:
        return f"<p>{lead}{markers}</p>"
    items[-1] += markers
    return f"<p>{lead}</p><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def header_html(documents: Mapping[str, Document]) -> str:
    """The page's title and what it answers from: the first three documents by name, of which alone something is read."""
    shown = "; ".join(_document_line(documents[id]) for id in islice(documents, 3))
    more = f" and {len(documents) - 3:,} more" if len(documents) > 3 else ""
    return (
        '<header class="kr-top"><h1>KetaRAG</h1><p class="kr-tagline">Answers from the source and shows where it '
        f'stands, or says that the source does not answer.</p><p class="kr-source">Source: {shown or "no documents"}{more}</p></header>'
    )


def age_note(published: date | None, today: date | None = None) -> str:
    """What to keep in mind of a document of this age, "" where nothing; `today` is the present day when None."""
    if published is None:
        return "date not known: check that it is current"
    days = ((today or datetime.now(UTC).date()) - published).days
    return f"{published.year}: check for newer guidance" if days > CURRENT_YEARS * 365 else ""


def _document_line(document: Document) -> str:
    published = human_date(document.published) if document.published else ""
    parts = [f"<em>{escape(document.title)}</em>", escape(document.publisher), published]
    return ", ".join(part for part in parts if part)


def _abstention(answer: Answer, turn: int) -> str:
    """That the documents do not answer, why, links to what comes closest, and questions that they do answer."""
    parts = [f'<p class="kr-lead">{escape(answer.text)}</p>']
    if answer.reason:
        parts.append(f"<p>{escape(answer.reason)}</p>")
    if answer.nearest:
        links = " ".join(_marker_link(turn, citation.marker, "Closest passage") for citation in answer.nearest)
        parts.append(f'<p class="kr-meta">Closest in the document (not an answer): {links}</p>')
    if answer.suggestions:
        asks = (f'<button class="kr-suggest" type="button">{escape(one)}</button>' for one in answer.suggestions)
        parts.append(f'<p class="kr-meta">What it does answer:</p><p class="kr-suggestions">{"".join(asks)}</p>')
    return "".join(parts)


def _sources(answer: Answer, documents: Mapping[str, Document]) -> str:
    """How strong the evidence is, and the documents that are quoted, with their age."""
    quoted = dict.fromkeys(citation.document_id for citation in answer.citations)
    named = [_source(documents[id]) for id in quoted if id in documents]
    evidence = [f"Evidence: {strength(answer.confidence)}"] if answer.confidence > 0 else []
    parts = [*evidence, *named]
    return f'<p class="kr-meta">{" · ".join(parts)}</p>' if parts else ""


def _source(document: Document) -> str:
    published = f", {human_date(document.published)}" if document.published else ""
    note = age_note(document.published)
    aged = f' <span class="kr-age">{note}</span>' if note else ""
    return f"<em>{escape(document.title)}</em>{published}{aged}"


def _written_by(answer: Answer) -> str:
    """Who wrote the sentences where it is not the documents, and what the mark of a repaired one means."""
    if not answer.written_by:
        return ""
    repaired = " Where a sentence did not stand there, the source’s own took its place."
    told = repaired if any(claim.repaired for claim in answer.claims) else ""
    return (
        f'<p class="kr-meta">Written by {escape(answer.written_by)}, checked sentence by sentence against the '
        f"source.{told}</p>"
    )


def _searched(answer: Answer) -> str:
    """The question that was searched, where it is not the one typed."""
    searched = answer.standalone_question.strip()
    if searched in ("", answer.question.strip()):
        return ""
    return f'<p class="kr-meta">searched as “{escape(searched)}”</p>'


def _marker_link(turn: int, marker: int, label: str = "Citation") -> str:
    # Gradio takes `aria-label` away, so the name stands in `title`; the page's script makes it the label.
    said = f"{label} {marker}: show in the source"
    return f'<a class="kr-marker" href="#{card_id(turn, marker)}" title="{said}">[{marker}]</a>'


def _div(classes: str, inner: str) -> str:
    """One HTML block without a line break, so that Markdown passes it through as it is."""
    return f'<div class="{classes}">{inner}</div>'
