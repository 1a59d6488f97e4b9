"""An assistant without models: real nouns over the real document, a few questions known by a word in them.

"dose", "long", "eliminat" and "routes" are answered, "slow" takes its time, "fault" breaks, anything else is declined.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from ketarag.errors import QuestionError
from ketarag.types import (
    Answer,
    Citation,
    Claim,
    Document,
    Filter,
    Final,
    Hit,
    LeftOut,
    Passage,
    Progress,
    Sentence,
    Span,
    StreamEvent,
    Turn,
    Verdict,
    VerifiedClaim,
)
from ketarag.within import Catalogue, Choices

CORPUS = Path(__file__).parents[1] / "corpus"
TEXT = (CORPUS / "ketamine-pharmacology-and-cancer-pain.txt").read_text(encoding="utf-8")
DOCUMENT = Document(
    id="ketamine-pharmacology-and-cancer-pain.txt",
    title="Ketamine Pharmacology and Cancer Pain",
    text=TEXT,
    sha256=hashlib.sha256(TEXT.encode()).hexdigest(),
    published=date(2020, 4, 4),
    publisher="Dr. Ditzell Psychiatry (practice website, New York)",
    left_out=(LeftOut(Span(0, 17), "category label of the page"), LeftOut(Span(300, 480), "a teaser")),
    metadata=MappingProxyType(
        {"author": "somebody", "questions": "What IV dose is used for depression?\nHow is ketamine eliminated?"}
    ),
)

QUOTES = {
    "dose": [
        "Following a single IV dose (typically 500 microgram/kg over 40 min), up to 70% of patients respond, with "
        "improvements seen within hours."
    ],
    "long": ["However, the duration of benefit is generally less than one week."],
    "eliminat": [
        "About 90% of a parenteral dose of ketamine is excreted in the urine, mostly as conjugates of hydroxylated "
        "metabolites.",
        "Less than 5% is excreted unchanged via the feces and urine.",
    ],
    "routes": [
        "It can also be administered IM, IV, SL, intranasally, PR and spinally (preservative-free formulation).",
        "These include opioid-like and anti-inflammatory effects,5 and interactions with, e.g.:\n\n"
        "•other calcium, potassium, and sodium channels, e.g. HCN, AMPA\n\n"
        "•cholinergic, dopaminergic, and noradrenergic transmission\n\n•descending inhibitory pathways.",
    ],
}


def citation(quote: str, marker: int = 1, heading: str = "Miscellaneous Ketamine Facts") -> Citation:
    """A citation of words that the document contains."""
    start = TEXT.index(quote)
    place = (DOCUMENT.id, DOCUMENT.title, heading, quote, start, start + len(quote), 0.9)
    return Citation(marker, *place, published=DOCUMENT.published)


def build_answer(question: str, standalone: str | None = None, **changes: object) -> Answer:
    """The answer that the fake gives; `changes` replace fields."""
    said = [question.casefold(), (standalone or "").casefold()]
    wanted = next((quotes for text in said for word, quotes in QUOTES.items() if word in text), [])
    citations = tuple(citation(quote, marker) for marker, quote in enumerate(wanted, 1))
    claims = tuple(Claim(" ".join(one.quote.split()), (one.marker,), Verdict(True, 1.0, (one,))) for one in citations)
    answer = Answer(
        question=question,
        standalone_question=standalone or question,
        text=" ".join(f"{claim.text} [{claim.markers[0]}]" for claim in claims) or "The document does not answer this.",
        claims=claims,
        citations=citations,
        abstained=not claims,
        reason="" if claims else "No passage speaks of: pregnancy.",
        confidence=0.93 if claims else 0.11,
        nearest=() if claims else (citation("A toxicity monitoring form is available."),),
        warnings=(),
        timings_ms=MappingProxyType({"read": 1.5}),
        fingerprint="fake",
    )
    return replace(answer, **changes)  # type: ignore[arg-type]


class FakeConversation:
    """Follow-ups with "it" are joined to the question before."""

    def __init__(self, turns: Sequence[Turn] = (), told: str = "") -> None:
        """`told`: what an answer says of the filter."""
        self._turns = list(turns)
        self._told = told

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns)

    def ask(self, question: str) -> Answer:
        return next(event.answer for event in self.stream(question) if isinstance(event, Final))

    def stream(self, question: str) -> Iterator[StreamEvent]:
        if not question.strip():
            raise QuestionError("the question is empty: type a question")
        if len(question) > 2000:
            raise QuestionError(f"the question has {len(question):,} characters, more than 2,000: ask a shorter one")
        if "fault" in question:
            raise RuntimeError(f"secret {question}")
        yield Progress("condense")
        follows = self._turns and " it " in f" {question} ".replace("?", " ")
        standalone = f"{question} ({self._turns[-1].question})" if follows else question
        answer = build_answer(question, standalone, warnings=(self._told,) if self._told else ())
        for step in ("retrieve", "read", "compose"):
            yield Progress(step)  # type: ignore[arg-type]
        if "slow" in question:
            time.sleep(0.5)
        for claim, cited in zip(answer.claims, answer.citations, strict=True):
            yield VerifiedClaim(claim, (cited,))
        self._turns.append(Turn(question, standalone, answer))
        yield Final(answer)


@dataclass
class Contents:
    """What a filter chooses from."""

    documents: Sequence[Document]

    @property
    def passages(self) -> Contents:
        return self

    def of(self, documents: Collection[str]) -> Collection[str]:
        return documents


class FakeAssistant:
    """The methods of `ketarag.Assistant`."""

    documents = (DOCUMENT,)
    fingerprint = "fake"
    chat_model = None

    @property
    def catalogue(self) -> Catalogue:
        """Any document may be left: the answer is always of the one."""
        return Catalogue(Contents(self.documents))

    def choices(self) -> Choices:
        return self.catalogue.choices()

    def documents_within(self, within: Filter | None) -> int:
        return self.catalogue.scope(within).documents

    def conversation(self, turns: Sequence[Turn] = (), within: Filter | None = None) -> FakeConversation:
        return FakeConversation(turns, self.catalogue.scope(within).told)

    def ask(self, question: str, within: Filter | None = None) -> Answer:
        return self.conversation(within=within).ask(question)

    def stream(self, question: str, within: Filter | None = None) -> Iterator[StreamEvent]:
        return self.conversation(within=within).stream(question)

    def retrieve(self, question: str, k: int = 5, within: Filter | None = None) -> list[Hit]:
        self.documents_within(within)
        quote = QUOTES["long"][0]
        start = TEXT.index(quote)
        place = (DOCUMENT.id, start, start + len(quote), "Miscellaneous Ketamine Facts")
        sentence = Sentence(*place, quote, quote, 40)
        passage = Passage("p1", *place, quote, quote, (sentence,))
        return [Hit(passage, 0.03, 1, "dense+lexical")][:k] if question.strip() else []

    def passage_at(self, document_id: str, start: int, end: int) -> str:
        (hit,) = self.retrieve("long")
        passage = hit.passage
        return passage.id if document_id == passage.document_id and passage.start <= start < end <= passage.end else ""

    def verify(self, text: str) -> Verdict:
        cited = (citation(QUOTES["dose"][0]),)
        wrong = () if "70%" in text else ("number 90% is not in the cited passage",)
        return Verdict(not wrong, 0.8, cited, wrong)


if __name__ == "__main__":
    from ketarag.config import Settings
    from ketarag.web.server import serve

    serve(FakeAssistant(), Settings(port=0))  # type: ignore[arg-type]
