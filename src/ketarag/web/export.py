"""A conversation to keep, `POST /v1/export`: what was asked and answered, with every quote and its place.

What a client sends is checked first: a quote counts where its document has those words, a sentence where such a quote carries it, and
what is left out is said. Titles, dates, pages and hashes are the documents' own. Not here: how it is written (`ketarag.web.export_text`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ketarag.pages import page_of
from ketarag.sequences import by_id
from ketarag.web.api import FAILURES
from ketarag.web.export_text import FORMATS
from ketarag.web.failures import Route
from ketarag.web.schemas import Quote
from ketarag.web.service import Service
from ketarag.web.streaming import unless_gone
from ketarag.web.turns import stands

if TYPE_CHECKING:
    from ketarag.types import Document


class GivenQuote(Quote):
    """A citation of an answer; `title` and `score` are not needed."""

    marker: int = Field(ge=1)
    heading: str = ""


class GivenClaim(BaseModel):
    """One sentence and the markers of the citations that carry it."""

    text: str
    markers: list[int] = []


class GivenAnswer(BaseModel):
    """Of an answer, what is exported. An `Answer` fits as it is."""

    text: str
    claims: list[GivenClaim] = []
    citations: list[GivenQuote] = []
    abstained: bool
    reason: str = ""
    confidence: float = Field(0.0, ge=0, le=1)
    nearest: list[GivenQuote] = []
    warnings: list[str] = []
    fingerprint: str = ""
    written_by: str = ""


class GivenTurn(BaseModel):
    """A question and its answer."""

    question: str
    answer: GivenAnswer


class Export(BaseModel):
    """A conversation, oldest turn first, and how to write it."""

    format: Literal["markdown", "json", "html"]
    turns: list[GivenTurn] = Field(min_length=1)


class Exported(BaseModel):
    """A file: its name, its media type, its text."""

    name: str
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A quote that stands: `quote == document.text[start:end]`. `page`, from 1, is where it begins; `sha256` is of the document's file."""

    marker: int
    document_id: str
    title: str
    published: date | None
    heading: str
    quote: str
    start: int
    end: int
    page: int | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence of an answer, and the markers of the quotes that carry it."""

    text: str
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One turn after the check. `left_out` says in words what did not stand.

    `told` are the answer's sentences, for an abstention that there is no answer. `sources` then are where the documents come closest.
    """

    question: str
    abstained: bool
    told: tuple[Told, ...]
    reason: str
    confidence: float
    warnings: tuple[str, ...]
    sources: tuple[Source, ...]
    fingerprint: str
    written_by: str
    left_out: tuple[str, ...]


def router(service: Service) -> APIRouter:
    """The one route."""
    made = APIRouter(prefix="/v1", route_class=Route, tags=["page"], responses=FAILURES)

    @made.post("/export", summary="A conversation as a file")
    async def export(request: Request, body: Export) -> Exported:
        documents = by_id(service.assistant_for(request.scope).documents)
        work = service.call(lambda: exported(body, documents, datetime.now(UTC)))
        return await unless_gone(request.receive, work)

    return made


def exported(given: Export, documents: Mapping[str, Document], now: datetime) -> Exported:
    """The file for a conversation; `now` stands in it and in its name."""
    form = FORMATS[given.format]
    name = f"ketarag-{now:%Y-%m-%d-%H%M}.{form.suffix}"
    return Exported(name=name, type=form.type, text=form.write(items_of(given.turns, documents), now))


def items_of(turns: Iterable[GivenTurn], documents: Mapping[str, Document]) -> list[Item]:
    """What holds of the turns, and what was left out of each."""
    return [_item(turn, documents) for turn in turns]


def _item(turn: GivenTurn, documents: Mapping[str, Document]) -> Item:
    answer = turn.answer
    quotes = answer.nearest if answer.abstained else answer.citations
    sources = tuple(_source(one, documents[one.document_id]) for one in quotes if stands(one, documents))
    told, dropped = _told(answer, {source.marker for source in sources})
    missing = [_said(len(quotes) - len(sources), "quote", "the document does not have those words at that place")]
    missing.append(_said(dropped, "sentence", "no quote that stands carries it"))
    return Item(
        question=turn.question,
        abstained=answer.abstained,
        told=told,
        reason=answer.reason if answer.abstained else "",
        confidence=answer.confidence,
        warnings=tuple(answer.warnings),
        sources=sources,
        fingerprint=answer.fingerprint,
        written_by=answer.written_by,
        left_out=tuple(one for one in missing if one),
    )


def _told(answer: GivenAnswer, standing: set[int]) -> tuple[tuple[Told, ...], int]:
    """The sentences that quotes carry, all of whose markers stand, and how many others there were."""
    if answer.abstained:
        return (Told(answer.text, ()),), 0
    carried = [one for one in answer.claims if one.markers and standing.issuperset(one.markers)]
    return tuple(Told(one.text, tuple(one.markers)) for one in carried), len(answer.claims) - len(carried)


def _source(quote: GivenQuote, document: Document) -> Source:
    return Source(
        marker=quote.marker,
        document_id=document.id,
        title=document.title,
        published=document.published,
        heading=quote.heading if quote.heading != document.title else "",
        quote=quote.quote,
        start=quote.start,
        end=quote.end,
        page=page_of(document, quote.start),
        sha256=document.sha256,
    )


def _said(count: int, noun: str, why: str) -> str:
    if not count:
        return ""
    return f"{count} {noun}{' was' if count == 1 else 's were'} left out: {why}."
