"""What a client says was asked and answered before -> turns of a conversation. Data, none of it believed.

An earlier answer counts by its quotes alone, and a quote counts when the document has those words at that place. So a
made-up answer cannot put words into a conversation that no document contains. One mechanism for every route.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ketarag import types
from ketarag.answering.questions import checked_question
from ketarag.errors import QuestionError
from ketarag.web.schemas import Answered, Quote, Turn

if TYPE_CHECKING:
    from ketarag.assistant import Assistant

TURNS_KEPT = 20
"""Latest turns that count: more than a chain of follow-ups has."""

QUOTES_KEPT = 8
"""Quotes of one turn that count; an answer is one to three sentences."""

_LOOKED_AT = 5
"""Passages among which the one that a quote stands in is looked for; the search for a quote's own words finds it first."""


def checked(turns: Sequence[Turn], documents: Mapping[str, types.Document]) -> list[Turn]:
    """The latest turns without what does not hold: questions that cannot be asked, quotes that no document has."""
    kept = []
    for turn in turns[-TURNS_KEPT:]:
        with suppress(QuestionError):
            asked = checked_question(turn.question)
            quotes = [quote for quote in _distinct(turn.answer.citations) if _stands(quote, documents)]
            kept.append(Turn(question=asked, answer=Answered(citations=quotes[:QUOTES_KEPT])))
    return kept


def restored(turns: Sequence[Turn], assistant: Assistant) -> list[types.Turn]:
    """Checked turns as `Assistant.conversation` takes them; the passages of the last one are looked up."""
    documents = {document.id: document for document in assistant.documents}
    return [_turn(turn, documents, assistant if turn is turns[-1] else None) for turn in turns]


def _turn(turn: Turn, documents: Mapping[str, types.Document], assistant: Assistant | None) -> types.Turn:
    citations = tuple(
        types.Citation(
            marker=marker,
            document_id=quote.document_id,
            title=documents[quote.document_id].title,
            heading="",
            quote=quote.quote,
            start=quote.start,
            end=quote.end,
            score=0.0,
            passage_id=_passage_id(quote, assistant) if assistant else "",
        )
        for marker, quote in enumerate(turn.answer.citations, 1)
    )
    answer = types.Answer(
        question=turn.question,
        standalone_question=turn.question,
        text=" ".join(f"{' '.join(citation.quote.split())} [{citation.marker}]" for citation in citations),
        claims=(),
        citations=citations,
        abstained=not citations,
        reason="",
        confidence=0.0,
        nearest=(),
        warnings=(),
        timings_ms={},
        fingerprint="",
    )
    return types.Turn(turn.question, turn.question, answer)


def _passage_id(quote: Quote, assistant: Assistant) -> str:
    """The indexed passage that holds a quote, "" where none does. Only a follow-up to the last turn needs it."""
    with suppress(QuestionError):
        place = types.Span(quote.start, quote.end)
        for hit in assistant.retrieve(quote.quote, k=_LOOKED_AT):
            if hit.passage.document_id == quote.document_id and hit.passage.span.contains(place):
                return hit.passage.id
    return ""


def _distinct(quotes: Iterable[Quote]) -> list[Quote]:
    return list({(quote.document_id, quote.start, quote.end): quote for quote in quotes}.values())


def _stands(quote: Quote, documents: Mapping[str, types.Document]) -> bool:
    """Whether the document has these words there. The lengths are compared first: a place may be as long as a document."""
    document = documents.get(quote.document_id)
    if document is None or not quote.quote or quote.end - quote.start != len(quote.quote):
        return False
    return document.text.startswith(quote.quote, quote.start)
