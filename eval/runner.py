"""Runs cases against an assistant: one record for each, none dropped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from eval.cases import ClaimCase, Gold, QuestionCase
from eval.metrics import (
    carried,
    citation_precision,
    citation_recall,
    cited_on_gold,
    exact_correct,
    fact_recall,
    retrieval_scores,
    verbatim,
)
from eval.record import ClaimRecord, GivenAnswer, QuestionRecord, Quote, Scores
from ketarag import Answer, Assistant, Citation, KetaRAGError
from ketarag.text import normalise

RANKED = 10
"""Passages whose order is scored."""


def run_questions(assistant: Assistant, cases: Iterable[tuple[str, QuestionCase]]) -> Iterator[QuestionRecord]:
    """From (split, case), in their order; a case that raises is a record with its error."""
    for split, case in cases:
        answer, error, timings = _ask(assistant, case)
        yield QuestionRecord(
            id=case.id,
            split=split,
            category=case.category,
            cluster=normalise((*case.history, case.question)[0]),
            history=case.history,
            question=case.question,
            answerable=case.answerable,
            wanted=tuple(fact[0] for fact in case.facts),
            gold=_gold(assistant, case.evidence),
            answer=_given(answer) if answer else None,
            error=error,
            scores=_scores(assistant, case, answer) if answer else _crashed(case),
            timings_ms=timings,
        )


def run_claims(assistant: Assistant, cases: Iterable[tuple[str, ClaimCase]]) -> Iterator[ClaimRecord]:
    """From (split, case), in their order; a case that raises is a record with its error."""
    for split, case in cases:
        accepted, score, error = False, 0.0, ""
        problems: tuple[str, ...] = ()
        try:
            verdict = assistant.verify(case.claim)
            accepted, score, problems = verdict.supported, verdict.score, verdict.problems
        except KetaRAGError as raised:
            error = str(raised)
        yield ClaimRecord(
            id=case.id,
            split=split,
            kind=case.kind,
            claim=case.claim,
            supported=case.supported,
            accepted=accepted,
            score=score,
            problems=problems,
            error=error,
        )


def milliseconds(assistant: Assistant, case: QuestionCase, times: int) -> float:
    """The least wall time of the case's last question over `times` tries: other work on the machine only ever adds."""
    return min(_ask(assistant, case)[2]["all"] for _ in range(times))


def _ask(assistant: Assistant, case: QuestionCase) -> tuple[Answer | None, str, dict[str, float]]:
    """The answer to the last question of the case, or None and the error; milliseconds by step, with "all"."""
    conversation, started = assistant.conversation(), time.perf_counter()
    try:
        for question in case.history:
            conversation.ask(question)
        started = time.perf_counter()
        answer = conversation.ask(case.question)
    except KetaRAGError as raised:
        return None, str(raised), {"all": (time.perf_counter() - started) * 1000}
    return answer, "", {**answer.timings_ms, "all": (time.perf_counter() - started) * 1000}


def _scores(assistant: Assistant, case: QuestionCase, answer: Answer) -> Scores:
    documents = {document.id: document for document in assistant.documents}
    always = {
        "abstention_right": float(answer.abstained != case.answerable),
        "verbatim": verbatim(answer.citations, documents),
        "carried": carried(answer),
        "exact": exact_correct(answer, case.facts),
    }
    if not case.answerable:
        return always
    hits = assistant.retrieve(answer.standalone_question, k=RANKED)
    return {
        **always,
        "facts": fact_recall(answer, case.facts),
        "citation_recall": citation_recall(answer.citations, case.evidence),
        "citation_precision": citation_precision(answer.citations, case.evidence),
        "cited_on_gold": cited_on_gold(answer.citations, case.evidence),
        **retrieval_scores([hit.passage for hit in hits], case.evidence),
    }


def _crashed(case: QuestionCase) -> Scores:
    """0 in what the case is always scored by."""
    names = ["abstention_right", "exact", *(["facts", "citation_recall", "cited_on_gold"] if case.answerable else [])]
    return dict.fromkeys(names, 0.0)


def _given(answer: Answer) -> GivenAnswer:
    return GivenAnswer(
        text=answer.text,
        claims=tuple(claim.text for claim in answer.claims),
        citations=_quotes(answer.citations),
        nearest=_quotes(answer.nearest),
        abstained=answer.abstained,
        reason=answer.reason,
        confidence=answer.confidence,
        standalone_question=answer.standalone_question,
        warnings=answer.warnings,
    )


def _quotes(citations: Sequence[Citation]) -> tuple[Quote, ...]:
    return tuple(
        Quote(document_id=c.document_id, start=c.start, end=c.end, quote=c.quote, heading=c.heading) for c in citations
    )


def _gold(assistant: Assistant, evidence: Sequence[Sequence[Gold]]) -> tuple[Quote, ...]:
    """Every place of every group, in the one document that the cases are about."""
    name = assistant.documents[0].id
    return tuple(Quote(document_id=name, start=g.start, end=g.end, quote=g.quote) for group in evidence for g in group)
