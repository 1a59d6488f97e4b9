"""An answer as one text, for clients that show text: the claims with markers, then a line for each quote.

The lines are also what an earlier answer is known by when it comes back in a conversation: clients return the text and
nothing else. What a line says is then checked against the document (`ketarag.web.turns`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ketarag.dates import human_date
from ketarag.pages import page_name
from ketarag.presentation import printable
from ketarag.types import Answer, Citation, Claim, Document, Final, StreamEvent, VerifiedClaim
from ketarag.web.schemas import Quote

_MARKER = re.compile(r"\[\d{1,4}\] ")
_SPAN = re.compile(r"(\d{1,9})-(\d{1,9})\)")

_MARKDOWN = re.compile(r"<(?=[A-Za-z/!?])|(?<=\])(?=[(\[])")
"""Where text would begin a tag, a link or an image in a client that shows Markdown."""


class Telling:
    """The text of one answer as it grows: the pieces of all its events, joined, are the whole."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._claims = 0

    def piece(self, event: StreamEvent) -> str:
        """What an event adds, "" for nothing."""
        if isinstance(event, VerifiedClaim):
            return self._claim(event.claim)
        return self._end(event.answer) if isinstance(event, Final) else ""

    def _claim(self, claim: Claim) -> str:
        self._claims += 1
        markers = "".join(f" [{marker}]" for marker in claim.markers)
        return f"{' ' if self._claims > 1 else ''}{_shown(claim.text)}{markers}"

    def _end(self, answer: Answer) -> str:
        """Claims that were not streamed, or that there are none and why; notes; quotes."""
        claims = "".join(self._claim(claim) for claim in answer.claims[self._claims :])
        notes = [f"Note: {_shown(warning)}" for warning in answer.warnings]
        if answer.abstained:
            said = " ".join(part for part in (_shown(answer.text), _shown(answer.reason)) if part)
            quotes = [f"Closest, but not an answer: {self._place(one)}" for one in answer.nearest]
            return "\n\n".join([said, *notes, *quotes])
        quotes = [f"[{one.marker}] {self._place(one)}" for one in answer.citations]
        return "\n\n".join([claims, *notes, *quotes])

    def _place(self, citation: Citation) -> str:
        published = self._documents[citation.document_id].published
        day = human_date(published) if published else ""
        parts = (citation.title, day, citation.heading, page_name(citation.page))
        known = dict.fromkeys(_shown(part) for part in parts if part)
        place = f"{citation.document_id}, characters {citation.start}-{citation.end}"
        return f"{_quoted(citation.quote)}{', '.join(known)}; {place})"


def quotes_of(text: str, documents: Mapping[str, Document]) -> list[Quote]:
    """The quotes that a text lists, as far as they are lines that `Telling` writes for these documents."""
    found = (_quote(line, documents) for line in text.splitlines())
    return [quote for quote in found if quote is not None]


def tokens(texts: Iterable[str]) -> int:
    """Words and punctuation marks."""
    return sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in texts)


def _quote(line: str, documents: Mapping[str, Document]) -> Quote | None:
    """Read from the end, without going back: a line may be as long as a request, and written to take long."""
    head, _, tail = line.strip().rpartition(", characters ")
    before, _, name = head.rpartition("; ")
    marker, span, document = _MARKER.match(before), _SPAN.fullmatch(tail), documents.get(name)
    if marker is None or span is None or document is None:
        return None
    start, end = int(span[1]), int(span[2])
    if end - start > 2 * len(before):  # more words than the line has; white space that it lacks included
        return None
    words = document.text[start:end]
    if not words or not before.startswith(_quoted(words), marker.end()):
        return None
    return Quote(document_id=document.id, start=start, end=end, quote=words)


def _quoted(quote: str) -> str:
    return f'"{_shown(quote)}" ('


def _shown(text: str) -> str:
    """`text` on one line, without control characters and with nothing that Markdown would make a tag, link or image of."""
    return _MARKDOWN.sub(lambda found: f"\\{found[0]}", printable(" ".join(text.split())))
