"""What a client says was asked and answered before -> turns of a conversation. Data, none of it believed.

An earlier answer counts by its quotes alone, and a quote counts when the document has those words at that place. So a
made-up answer cannot put words into a conversation that no document contains. One mechanism for every route.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ketarag import types
from ketarag.answering.cite import citation
from ketarag.answering.questions import checked_question
from ketarag.errors import QuestionError
from ketarag.sequences import by_id
from ketarag.web.schemas import Answered, Quote, Turn

if TYPE_CHECKING:
    from ketarag.assistant import Assistant

TURNS_KEPT = 20
"""Latest turns that count: more than a chain of follow-ups has."""

QUOTES_KEPT = 8
"""Quotes of one turn that count; an answer is one to three sentences."""


def checked(turns: Sequence[Turn], documents: Mapping[str, types.Document]) -> list[Turn]:
    """The latest turns without what does not hold: questions that cannot be asked, quotes that no document has."""
    kept = []
    for turn in turns[-TURNS_KEPT:]:
        with suppress(QuestionError):
            asked = checked_question(turn.question)
            quotes = [quote for quote in distinct(turn.answer.citations) if stands(quote, documents)]
            kept.append(Turn(question=asked, answer=Answered(citations=quotes[:QUOTES_KEPT])))
    return kept


def restored(turns: Sequence[Turn], assistant: Assistant) -> list[types.Turn]:
    """Checked turns as `Assistant.conversation` takes them; the passages of the last one are looked up."""
    documents = by_id(assistant.documents)
    return [_turn(turn, documents, assistant if turn is turns[-1] else None) for turn in turns]


def _turn(turn: Turn, documents: Mapping[str, types.Document], assistant: Assistant | None) -> types.Turn:
    citations = tuple(
        citation(
            marker,
            documents[quote.document_id],
            types.Span(quote.start, quote.end),
            heading="",
            score=0.0,
            passage_id=assistant.passage_at(quote.document_id, quote.start, quote.end) if assistant else "",
        )
        for marker, quote in enumerate(turn.answer.citations, 1)
    )
    answer = types.Answer(
        question=turn.question,
        standalone_question=turn.question,
        text=" ".join(f"{' '.join(one.quote.split())} [{one.marker}]" for one in citations),
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


def distinct(quotes: Iterable[Quote]) -> list[Quote]:
    """Each place once, in order."""
    return list({(quote.document_id, quote.start, quote.end): quote for quote in quotes}.values())


def stands(quote: Quote, documents: Mapping[str, types.Document]) -> bool:
    """Whether the document has these words there. The lengths are compared first: a place may be as long as a document."""
    document = documents.get(quote.document_id)
    if document is None or not quote.quote or quote.end - quote.start != len(quote.quote):
        return False
    return document.text.startswith(quote.quote, quote.start)
