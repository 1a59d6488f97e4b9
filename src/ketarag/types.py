"""The nouns: what flows between the steps. Frozen, without behaviour beyond derived properties.

Offsets are half-open character positions (Python `str` indices) into `Document.text`. Nothing here imports anything of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch `[start, end)` of characters of one document, `0 <= start <= end`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span [{self.start}, {self.end}) is not 0 <= start <= end")

    def overlaps(self, other: Span) -> bool:
        """True when the two share at least one character."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """True when every character of `other` lies in this span."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A stretch of a document that is not indexed, and why."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """One source, as it was given.

    `text` is the decoded source (for HTML: the visible text of the page) and is never edited: every offset of
    the program points into it. `sha256` is of the file's bytes. `left_out` is in ascending order and disjoint.
    `metadata` is what else its sidecar says; "questions" are some that it answers and "tags" its keywords, one a line.
    """

    id: str
    title: str
    text: str
    sha256: str
    published: date | None = None
    publisher: str = ""
    left_out: tuple[LeftOut, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents may answer; as it is, all.

    Published from one day to another, both included (a document without a date is outside of any); by one of the `publishers`; with
    all of the `tags`. Upper and lower case and the number of spaces make no difference. Raises TypeError for one text in place of several.
    """

    published_from: date | None = None
    published_to: date | None = None
    publishers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("publishers", "tags"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise TypeError(f"{name} is the text {given!r}; give a tuple of texts")
            object.__setattr__(self, name, tuple(given))


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the stretch from it to the next heading. `heading` is "" before the first one.

    Headings of nested levels are joined: "Dose › Oral".
    """

    heading: str
    span: Span


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, or a lead-in with its list. `text == document.text[start:end]`.

    `clean` is the same without reference markers and line breaks: what models read and what answers say.
    `paragraph` counts the paragraphs of the document from 0.
    """

    document_id: str
    start: int
    end: int
    heading: str
    text: str
    clean: str
    paragraph: int

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive whole sentences under one heading: the unit of retrieval. `text == document.text[start:end]`."""

    id: str
    document_id: str
    start: int
    end: int
    heading: str
    text: str
    clean: str
    sentences: tuple[Sentence, ...]

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for one question. `rank` counts from 1; `score` is comparable within one result only.

    `retriever` names what found it: "dense", "lexical", "carried" (cited by the turn before), joined by "+".
    `page`, from 1, is where the passage begins; None where its document has no pages, and until `Assistant.retrieve` hands it out.
    """

    passage: Passage
    score: float
    rank: int
    retriever: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence chosen by the reader. `score` in [0, 1]: how likely it answers the question.

    `answer` is the span inside the sentence that holds the answer, None where the reader does not narrow.
    """

    sentence: Sentence
    passage: Passage
    score: float
    answer: Span | None = None

    @property
    def span(self) -> Span:
        """Where the sentence stands."""
        return self.sentence.span


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader made of one question: evidence, best first, and how likely the passages answer it at all.

    `confidence` in [0, 1] is calibrated: of the questions read with 0.8, four in five were answered by the source.
    `unanswered` names what the question asks for that no evidence speaks of (lower-cased words), for the reason shown.
    """

    evidence: tuple[Evidence, ...]
    confidence: float
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a claim stands in the passages it was checked against.

    `score` in [0, 1] is the probability that the evidence supports the claim, where something read it, else the share of the claim's
    content that the evidence covers. `problems` says in words what is wrong and is empty exactly when `supported`. `evidence` are the
    spans that were compared.
    """

    supported: bool
    score: float
    evidence: tuple[Citation, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote. `quote == document.text[start:end]`; `marker` counts from 1; `score` in [0, 1].

    `passage_id` names the passage that holds it, "" where there is none. `published` is the document's date, None where unknown.
    `page`, from 1, is where the quote begins; None where the document has no pages.
    """

    marker: int
    document_id: str
    title: str
    heading: str
    quote: str
    start: int
    end: int
    score: float
    passage_id: str = ""
    published: date | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer, the markers of the citations that carry it, and its verdict.

    `repaired`: what the chat model wrote here did not stand in the documents, and the source's own sentence took its place.
    """

    text: str
    markers: tuple[int, ...]
    verdict: Verdict
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    `text` carries `[1]` markers. When `abstained`, `claims` and `citations` are empty, `text` says that the
    documents do not answer, and `reason` why it was decided so; `nearest` then holds where the source comes
    closest (never support), and `suggestions` up to two questions that the documents answer. `confidence` in
    [0, 1] is the reader's calibrated probability that the documents answer the question. `timings_ms` maps step
    to milliseconds; "first_claim" is the time to the first claim. `written_by` names the chat model that wrote
    the claims, "" where they are the documents' own sentences. The same `fingerprint` and question (with the
    same conversation) give the same answer, as far as a chat model repeats itself.
    """

    question: str
    standalone_question: str
    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    abstained: bool
    reason: str
    confidence: float
    nearest: tuple[Citation, ...]
    warnings: tuple[str, ...]
    timings_ms: Mapping[str, float]
    fingerprint: str
    written_by: str = ""
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation, the question that was searched for it, and the answer."""

    question: str
    standalone_question: str
    answer: Answer


Step = Literal["condense", "retrieve", "read", "write", "compose"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Streamed: a step of the flow begins."""

    step: Step


@dataclass(frozen=True, slots=True)
class VerifiedClaim:
    """Streamed: a claim that is final, with the citations that it is the first to use."""

    claim: Claim
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Final:
    """Streamed last: the whole answer."""

    answer: Answer


StreamEvent = Progress | VerifiedClaim | Final
