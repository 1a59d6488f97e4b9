"""Runs cases against an assistant: one result for each, none dropped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eval.cases import ClaimCase, QuestionCase
from eval.metrics import citation_precision, citation_recall, fact_recall, verbatim
from ketarag import Answer, Assistant, KetaRAGError, Verdict


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What one question case scored. None: not scored (an abstention has no citation precision), never 0.

    `seconds` is the wall time of the last question alone. `error` is "" unless the case crashed.
    """

    case: QuestionCase
    answer: Answer | None
    error: str
    seconds: float
    facts: float | None
    citation_recall: float | None
    citation_precision: float | None
    verbatim: float | None


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """Whether a claim was judged as its case says."""

    case: ClaimCase
    verdict: Verdict
    right: bool


def run_questions(assistant: Assistant, cases: Iterable[QuestionCase]) -> Iterator[QuestionResult]:
    """In the order of the cases; a case that raises is a result with its error."""
    documents = {document.id: document for document in assistant.documents}
    for case in cases:
        conversation = assistant.conversation()
        answer, error, started = None, "", time.perf_counter()
        try:
            for question in case.history:
                conversation.ask(question)
            started = time.perf_counter()
            answer = conversation.ask(case.question)
        except KetaRAGError as raised:
            error = str(raised)
        seconds = time.perf_counter() - started
        citations = answer.citations if answer else ()
        answered = case.answerable and answer is not None
        yield QuestionResult(
            case=case,
            answer=answer,
            error=error,
            seconds=seconds,
            facts=fact_recall(answer, case.facts) if answer and answered else (0.0 if case.answerable else None),
            citation_recall=citation_recall(citations, case.evidence) if case.answerable else None,
            citation_precision=citation_precision(citations, case.evidence) if case.answerable else None,
            verbatim=verbatim(citations, documents),
        )


def run_claims(assistant: Assistant, cases: Iterable[ClaimCase]) -> Iterator[ClaimResult]:
    """In the order of the cases."""
    for case in cases:
        verdict = assistant.verify(case.claim)
        yield ClaimResult(case, verdict, verdict.supported == case.supported)
