"""A conversation as the browser keeps it, and what is believed of it when it comes back: nothing that is not checked.

Each answer goes to the browser as a record: its JSON with a seal that only this process can make. What comes back with
its seal is shown as it was, except what its documents do not say any more. Without it (the service was restarted, or
somebody wrote into the browser's storage) only quotes count, and they are read from the documents again.
Nothing is kept here. Not here: where the browser keeps it and for how long (`static/history.js`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, TypeAdapter, ValidationError

from ketarag import types
from ketarag.indexing.markers import disjoint, markdown_signs, reference_markers
from ketarag.indexing.segment import clean_text
from ketarag.pages import page_of
from ketarag.presentation import to_json
from ketarag.sequences import by_id
from ketarag.types import Answer, Citation, Claim, Document, Span, Verdict
from ketarag.web import schemas
from ketarag.web.turns import checked, restored

if TYPE_CHECKING:
    from ketarag.assistant import Assistant

MOST_KEPT = 40
"""Answers of one conversation that are shown and kept; before them, the oldest goes."""

LONGEST_RECORD = 200_000
"""Characters of one record that are read; an answer of three sentences takes about 8,000."""

GONE = "What this answer quoted is not in the documents any more, so that part of it is not shown."
"""Said with a restored answer that lacks something."""

READ_AGAIN = "Read again from the source: shown are the sentences that this answer quoted, not all that was said then."
"""Said with a restored answer that has no seal of this process."""

_UNANSWERED = "The documents did not answer this question."
"""Takes the place of an abstention that has no seal of this process."""


class _Turn(BaseModel):
    """What a record holds."""

    question: str
    answer: Answer


class Seal:
    """Makes records and tells its own from others. The key is of this process and is written nowhere."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def record(self, answer: Answer) -> str:
        """`answer` for the browser: base64 of `{"question", "answer"}`, the turn that `/v1/export` takes, "." and the seal."""
        body = base64.b64encode(to_json({"question": answer.question, "answer": answer}).encode()).decode()
        return f"{body}.{self._of(body)}"

    def is_own(self, record: str) -> bool:
        """Whether this process made the record, and nobody changed it."""
        body, _, seal = record.rpartition(".")
        return hmac.compare_digest(self._of(body).encode(), seal.encode("utf-8", "surrogatepass"))

    def _of(self, body: str) -> str:
        return hmac.new(self._key, body.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def reopened(kept: str, assistant: Assistant, seal: Seal) -> list[Answer]:
    """The answers that a browser kept, oldest first, as far as they still hold. `kept` is a JSON list of records.

    What is damaged or too long is passed over; no error is raised for anything that a browser may send.
    """
    try:
        records = TypeAdapter(list[str]).validate_json(kept)[-MOST_KEPT:]
    except ValidationError:
        return []
    again = _Again(assistant, by_id(assistant.documents))
    answers = []
    for record in records:
        if len(record) <= LONGEST_RECORD and (read := _read(record)) is not None:
            own = seal.is_own(record)
            answers.append(_standing(read.answer, again.documents) if own else again.answer(read))
    return [answer for answer in answers if answer is not None]


def _read(record: str) -> _Turn | None:
    try:
        return _Turn.model_validate(json.loads(base64.b64decode(record.rpartition(".")[0], validate=True)))
    except (ValueError, RecursionError):  # no base64, no JSON, no turn; nested too deep
        return None


def _standing(answer: Answer, documents: Mapping[str, Document]) -> Answer:
    """An answer of ours without the claims whose quotes the documents do not have any more."""
    citations, nearest = _stand(answer.citations, documents), _stand(answer.nearest, documents)
    if len(citations) == len(answer.citations) and len(nearest) == len(answer.nearest):
        return replace(answer, citations=citations, nearest=nearest)
    stands = {one.marker for one in citations}
    claims = tuple(claim for claim in answer.claims if stands.issuperset(claim.markers))
    warnings = answer.warnings if answer.abstained else (*answer.warnings, GONE)
    text = answer.text if answer.abstained else _text(claims)
    return replace(answer, text=text, claims=claims, citations=citations, nearest=nearest, warnings=warnings)


def _stand(citations: Sequence[Citation], documents: Mapping[str, Document]) -> tuple[Citation, ...]:
    """Those whose words the documents have there, on the page where they stand now."""
    known = [(one, documents[one.document_id]) for one in citations if one.document_id in documents]
    return tuple(
        replace(one, page=page_of(document, one.start))
        for one, document in known
        if document.text[one.start : one.end] == one.quote
    )


@dataclass(frozen=True, slots=True)
class _Again:
    """Answers that only their quotes are believed of. `holes` are what the documents have beside their words."""

    assistant: Assistant
    documents: Mapping[str, Document]
    holes: dict[str, list[Span]] = field(default_factory=dict)

    def answer(self, read: _Turn) -> Answer | None:
        """The quotes that stand, in the documents' own words; None when the question is none."""
        turns = checked([schemas.Turn(question=read.question, answer=_quoted(read.answer))], self.documents)
        if not turns:
            return None
        (turn,) = restored(turns, self.assistant)
        if read.answer.abstained or not read.answer.citations:
            return replace(turn.answer, text=_UNANSWERED)
        citations = turn.answer.citations
        claims = tuple(Claim(self._words(one), (one.marker,), Verdict(True, 1.0, (one,))) for one in citations)
        gone = () if len(citations) == len(read.answer.citations) else (GONE,)
        warnings = (READ_AGAIN, *gone) if claims else gone
        return replace(turn.answer, text=_text(claims), claims=claims, abstained=False, warnings=warnings)

    def _words(self, citation: Citation) -> str:
        """A quote as answers say it: without reference markers and line breaks."""
        text = self.documents[citation.document_id].text
        if citation.document_id not in self.holes:
            self.holes[citation.document_id] = disjoint([*reference_markers(text), *markdown_signs(text)])
        return clean_text(text, (Span(citation.start, citation.end),), self.holes[citation.document_id])


def _quoted(answer: Answer) -> schemas.Answered:
    quotes = []
    for citation in answer.citations:
        with suppress(ValidationError):  # offsets that no document has
            quotes.append(schemas.Quote.model_validate(citation))
    return schemas.Answered(citations=quotes)


def _text(claims: Sequence[Claim]) -> str:
    return " ".join(claim.text + "".join(f" [{marker}]" for marker in claim.markers) for claim in claims)


def turns_of(answers: Sequence[Answer]) -> list[types.Turn]:
    """Answers as the turns of a conversation."""
    return [types.Turn(answer.question, answer.standalone_question, answer) for answer in answers]
