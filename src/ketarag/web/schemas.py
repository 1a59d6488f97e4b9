"""The JSON of `/v1`: what is sent and what comes back. Explicit, so that the library can change without the wire.

Answers have the fields of the nouns of the same names in `ketarag.types` and are made from them by `model_validate`.
Not here: OpenAI's protocol (`ketarag.web.openai_api`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from ketarag import types
from ketarag.config import QUESTION_LIMIT

MOST_NAMES = 50
"""Publishers, and tags, that one filter may name."""

LONGEST_NAME = 200
"""Characters of a publisher or tag that a filter may name."""

MOST_PASSAGES = 50
"""Passages that one search may ask for."""

_AskedSchema = WithJsonSchema({"type": "string", "minLength": 1, "maxLength": QUESTION_LIMIT, "pattern": r"\w"})

Asked = Annotated[str, _AskedSchema]
"""A question or claim. The library judges it and says what to do; the schema only tells its limits."""

Offset = Annotated[int, Field(ge=0, description="characters from the start of the document's text")]


Page = Annotated[
    int | None, Field(ge=1, description="the page, from 1, on which it begins; null where the document has no pages")
]


class _Made(BaseModel):
    """Made from a noun of the library."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Quote(_Made):
    """A stretch of a document, word for word: what an earlier turn rests on. Fields beyond these are ignored."""

    document_id: str
    start: Offset
    end: Offset
    quote: str


class Citation(Quote):
    """A verbatim quote that carries a claim."""

    marker: int = Field(ge=1, description="the number that claims name it by")
    title: str
    heading: str
    score: float = Field(ge=0, le=1)
    passage_id: str = Field(description='the passage that holds it, "" where there is none')
    published: date | None = Field(None, description="the document's date, null where unknown")
    page: Page


class Verdict(_Made):
    """Whether a claim stands in the passages it was compared with."""

    supported: bool
    score: float = Field(ge=0, le=1)
    evidence: list[Citation]
    problems: list[str] = Field(description="what is wrong, in words; empty exactly when supported")


class Claim(_Made):
    """One sentence of an answer, and the markers of the citations that carry it."""

    text: str
    markers: list[int]
    verdict: Verdict
    repaired: bool = Field(description="the source's own sentence, in the place of what a chat model wrote")


class Answer(_Made):
    """The answer to one question. An abstention has no claims and no citations; `nearest` then is what comes closest."""

    question: str
    standalone_question: str = Field(description="the question that was searched")
    text: str = Field(description="plain text with [1] markers")
    claims: list[Claim]
    citations: list[Citation]
    abstained: bool
    reason: str
    confidence: float = Field(ge=0, le=1, description="calibrated probability that the documents answer the question")
    nearest: list[Citation]
    warnings: list[str]
    timings_ms: dict[str, float]
    fingerprint: str = Field(description="index, settings and models: the same fingerprint gives the same answer")
    written_by: str = Field(
        description='the chat model that wrote the claims, "" where they are the documents\' own sentences'
    )
    suggestions: list[str] = Field(description="with an abstention: questions that the documents answer")


class Answered(BaseModel):
    """Of an earlier answer, what counts: its quotes, as far as they stand in the documents. An `Answer` fits as it is."""

    citations: list[Quote] = []


class Turn(BaseModel):
    """An earlier question and the answer that was given to it."""

    question: str
    answer: Answered


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class Filter(BaseModel):
    """Which documents may answer. A field that is left out excludes none; a document without a date is outside of any date."""

    model_config = ConfigDict(extra="forbid")

    published_from: date | None = Field(None, description="this day or later")
    published_to: date | None = Field(None, description="this day or earlier")
    publishers: list[Name] = Field([], max_length=MOST_NAMES, description="any of them; case makes no difference")
    tags: list[Name] = Field([], max_length=MOST_NAMES, description="all of them; case makes no difference")

    def noun(self) -> types.Filter:
        """As the library takes it."""
        return types.Filter(self.published_from, self.published_to, tuple(self.publishers), tuple(self.tags))


class _Within(BaseModel):
    """What is asked of some of the documents."""

    within: Filter | None = Field(None, description="which documents may answer; all when left out")

    @property
    def filter(self) -> types.Filter | None:
        """As the library takes it, None for all documents."""
        return self.within.noun() if self.within else None


class Ask(_Within):
    """A question, and what was asked and answered before it, oldest first."""

    question: Asked
    history: list[Turn] = []


class Retrieve(Ask):
    """A search."""

    k: int = Field(5, ge=1, le=MOST_PASSAGES, description="how many passages at most")


class Verify(BaseModel):
    """A claim to check against the documents."""

    claim: Asked


class Converse(_Within):
    """The next question of a conversation: `turns` as the server last returned them, none for a new one."""

    question: Asked
    turns: list[Turn] = []


class Conversed(BaseModel):
    """The answer, and the turns to send with the next question."""

    answer: Answer
    turns: list[Turn]


class Passage(_Made):
    """Consecutive sentences under one heading, word for word."""

    id: str
    document_id: str
    start: Offset
    end: Offset
    heading: str
    text: str


class Hit(_Made):
    """A passage found; `score` is comparable within one result only, `rank` counts from 1."""

    passage: Passage
    score: float
    rank: int = Field(ge=1)
    retriever: str
    page: Page


class Retrieved(BaseModel):
    """Passages, best first, and the question that was searched."""

    standalone_question: str
    hits: list[Hit]


class Progress(_Made):
    """Streamed as `progress`: a step begins."""

    step: str


class VerifiedClaim(_Made):
    """Streamed as `claim`: a claim that is final, with the citations that it is the first to use."""

    claim: Claim
    citations: list[Citation]


class Error(BaseModel):
    """What went wrong."""

    type: str
    message: str


class ErrorBody(BaseModel):
    """Every error of `/v1`; streamed as `error` when the answer had begun."""

    error: Error
