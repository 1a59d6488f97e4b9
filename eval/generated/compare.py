"""Runs cases three ways and judges each by the same measures: extractive, the model's draft as it came, the draft verified.

The draft is that of the very call whose verified answer is judged beside it, so that the two differ by the verification alone. Whether to
answer at all is decided before the model is asked, in all three; a draft abstains further where the model says that nothing answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from eval.cases import QuestionCase
from eval.generated.numbers import foreign_numbers
from eval.generated.recorder import Exchange, Recorder, passage_of
from eval.metrics import citation_precision, citation_recall, exact_correct, fact_recall
from eval.record import Record, Scores
from ketarag import Answer, Assistant, Citation, Claim, KetaRAGError, Passage, Verdict
from ketarag.answering.generate import declines
from ketarag.answering.marks import Drafted
from ketarag.integrations.langchain.models import LangChainModel
from ketarag.text import normalise

Way = Literal["extractive", "draft", "verified"]
WAYS: tuple[Way, ...] = ("extractive", "draft", "verified")
_ALL_PASSAGES = 10_000
_LONGEST_CLAIM = 400
"""Characters of a claim that is put to the verifier; a longer one, which is no sentence, counts as rejected."""


class Said(Record):
    """One claim. `rejected`: the verifier does not find it in the documents. `numbers`: figures that its source does not hold.

    The source is what the claim cites, or, for a draft, everything that the model was given.
    """

    text: str
    markers: tuple[int, ...]
    rejected: bool
    numbers: tuple[str, ...]
    repaired: bool = False

    @property
    def hallucinated(self) -> bool:
        """Whether either says so."""
        return self.rejected or bool(self.numbers)


class Told(Record):
    """One answer. `first_claim_ms` None where nothing was claimed. `scores` as in `eval.record`."""

    claims: tuple[Said, ...]
    abstained: bool
    scores: Scores
    ms: float
    first_claim_ms: float | None
    warnings: tuple[str, ...] = ()


class Compared(Record):
    """One case three ways. `calls` and tokens are of the whole conversation; `error` of the model, "" where it did not fail.

    `not_shown` are sentences of the draft that the verified answer does not have as they were written.
    """

    id: str
    split: str
    category: str
    history: tuple[str, ...]
    question: str
    answerable: bool
    told: dict[Way, Told]
    asked_model: bool
    not_shown: tuple[Said, ...]
    calls: int
    input_tokens: int
    output_tokens: int
    error: str


class Comparison(Record):
    """A whole comparison. `estimated`: calls of which the server did not count the tokens."""

    model: str
    leaves_machine: bool
    fingerprint: str
    commit: str
    started: str
    estimated: int
    cases: tuple[Compared, ...]


def compare(
    extractive: Assistant,
    verified: Assistant,
    recorder: Recorder,
    model: LangChainModel,
    cases: Iterable[tuple[str, QuestionCase]],
) -> Iterator[Compared]:
    """From (split, case), in their order. `verified` writes with `recorder`, which stands in for `model`."""
    passages = [hit.passage for hit in extractive.retrieve("document", k=_ALL_PASSAGES)]
    judge = _Judge(extractive, passages)
    for split, case in cases:
        own = _asked(extractive, case)
        recorder.taken()
        before = model.usage
        written = _asked(verified, case)
        exchange = next((one for one in reversed(recorder.taken()) if one.passages), None)
        usage = model.usage
        drafted = judge.draft(case, written[0], exchange)
        told: dict[Way, Told] = {
            "extractive": judge.told(case, *own),
            "draft": drafted,
            "verified": judge.told(case, *written),
        }
        yield Compared(
            id=case.id,
            split=split,
            category=case.category,
            history=case.history,
            question=case.question,
            answerable=case.answerable,
            told=told,
            asked_model=exchange is not None,
            not_shown=_not_shown(drafted, written[0]),
            calls=usage.calls - before.calls,
            input_tokens=usage.input_tokens - before.input_tokens,
            output_tokens=usage.output_tokens - before.output_tokens,
            error=exchange.error if exchange else "",
        )


def _asked(assistant: Assistant, case: QuestionCase) -> tuple[Answer, float]:
    """The answer to the last question, and its milliseconds. Raises KetaRAGError."""
    conversation = assistant.conversation()
    for question in case.history:
        conversation.ask(question)
    started = time.perf_counter()
    answer = conversation.ask(case.question)
    return answer, (time.perf_counter() - started) * 1000


def _not_shown(draft: Told, answer: Answer) -> tuple[Said, ...]:
    shown = {normalise(claim.text) for claim in answer.claims if not claim.repaired}
    return tuple(said for said in draft.claims if normalise(said.text) not in shown)


class _Judge:
    """The same measures for whatever was said."""

    def __init__(self, assistant: Assistant, passages: Sequence[Passage]) -> None:
        self._assistant = assistant
        self._passages = passages

    def told(self, case: QuestionCase, answer: Answer, ms: float) -> Told:
        """An answer of ours."""
        quotes = {citation.marker: citation.quote for citation in answer.citations}
        said = [
            self._said(claim.text, claim.markers, " ".join(quotes[m] for m in claim.markers), claim.repaired)
            for claim in answer.claims
        ]
        return Told(
            claims=tuple(said),
            abstained=answer.abstained,
            scores=_scores(case, answer),
            ms=round(ms, 1),
            first_claim_ms=answer.timings_ms.get("first_claim"),
            warnings=answer.warnings,
        )

    def draft(self, case: QuestionCase, answer: Answer, exchange: Exchange | None) -> Told:
        """What the model wrote, as an answer that nobody checked: each sentence cites whole passages, as it says itself."""
        sentences = [] if exchange is None else [one for one in exchange.sentences if not declines(one)]
        given = {} if exchange is None else dict(exchange.passages)
        unchecked = self._unchecked(answer, sentences, given)
        source = " ".join(given.values())
        first = exchange.first_seconds if exchange else None
        return Told(
            claims=tuple(self._said(one.text, one.cited, source) for one in sentences),
            abstained=not sentences,
            scores=_scores(case, unchecked),
            ms=round((exchange.seconds if exchange else 0.0) * 1000, 1),
            first_claim_ms=None if first is None else round(first * 1000, 1),
        )

    def _said(self, text: str, markers: tuple[int, ...], source: str, repaired: bool = False) -> Said:
        return Said(
            text=text,
            markers=markers,
            rejected=not self._supported(text),
            numbers=foreign_numbers(text, source),
            repaired=repaired,
        )

    def _supported(self, text: str) -> bool:
        try:
            return len(text) <= _LONGEST_CLAIM and self._assistant.verify(text).supported
        except KetaRAGError:  # nothing in it that could be looked up
            return False

    def _unchecked(self, answer: Answer, sentences: Sequence[Drafted], given: dict[int, str]) -> Answer:
        cited = {
            number: passage_of(given[number], self._passages)
            for one in sentences
            for number in one.cited
            if number in given
        }
        citations = tuple(_citation(number, passage) for number, passage in cited.items() if passage)
        claims = tuple(Claim(one.text, one.cited, Verdict(False, 0.0, (), ("not checked",))) for one in sentences)
        return replace(answer, claims=claims, citations=citations, abstained=not claims)


def _citation(number: int, passage: Passage) -> Citation:
    place = (passage.heading, passage.text, passage.start, passage.end)
    return Citation(number, passage.document_id, "", *place, 0.0, passage.id)


def _scores(case: QuestionCase, answer: Answer) -> Scores:
    always = {
        "exact": exact_correct(answer, case.facts),
        "abstention_right": float(answer.abstained != case.answerable),
    }
    if not case.answerable:
        return always
    return {
        **always,
        "facts": fact_recall(answer, case.facts),
        "citation_recall": citation_recall(answer.citations, case.evidence),
        "citation_precision": citation_precision(answer.citations, case.evidence),
    }
