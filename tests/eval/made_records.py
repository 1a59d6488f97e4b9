"""Runs by hand, small enough to read: what the gate, the figures and the baseline are tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.record import ClaimRecord, Environment, GivenAnswer, QuestionRecord, Quote, Run

PERFECT: Mapping[str, float] = {
    "abstention_right": 1.0,
    "facts": 1.0,
    "exact": 1.0,
    "citation_recall": 1.0,
    "citation_precision": 1.0,
    "cited_on_gold": 1.0,
    "verbatim": 1.0,
    "carried": 1.0,
    "recall_at_5": 1.0,
    "reciprocal_rank": 1.0,
    "ndcg_at_10": 1.0,
}


def place(start: int = 0, end: int = 10) -> Quote:
    return Quote(document_id="a.txt", start=start, end=end, quote="x" * (end - start))


def given(text: str = "The dose is 5 mg. [1]", confidence: float = 0.9, **other: Any) -> GivenAnswer:
    values: dict[str, Any] = {
        "text": text,
        "claims": (text.removesuffix(" [1]"),),
        "citations": (place(),),
        "nearest": (),
        "abstained": False,
        "reason": "",
        "confidence": confidence,
        "standalone_question": "q",
        "warnings": (),
    }
    return GivenAnswer(**(values | other))


def declined(confidence: float = 0.1) -> GivenAnswer:
    return given("The document does not answer this question.", confidence, abstained=True, claims=(), citations=())


def question(name: str, *, answerable: bool = True, ms: float = 100.0, **other: Any) -> QuestionRecord:
    """Answered perfectly, or declined as it should be."""
    none = {"abstention_right": 1.0, "exact": 1.0, "verbatim": None, "carried": None}
    values: dict[str, Any] = {
        "id": name,
        "split": "test",
        "category": "fact" if answerable else "unanswerable_near",
        "cluster": name,
        "history": (),
        "question": f"{name}?",
        "answerable": answerable,
        "wanted": ("5 mg",) if answerable else (),
        "gold": (place(),) if answerable else (),
        "answer": given() if answerable else declined(),
        "error": "",
        "scores": dict(PERFECT) if answerable else none,
        "timings_ms": {"read": ms / 2, "all": ms},
    }
    return QuestionRecord(**(values | other))


def claim(name: str, *, supported: bool = True, accepted: bool | None = None, **other: Any) -> ClaimRecord:
    values: dict[str, Any] = {
        "id": name,
        "split": "test",
        "kind": "paraphrase" if supported else "number",
        "claim": f"{name}.",
        "supported": supported,
        "accepted": supported if accepted is None else accepted,
        "score": 0.9,
        "problems": (),
    }
    return ClaimRecord(**(values | other))


def environment(**other: Any) -> Environment:
    values: dict[str, Any] = {
        "commit": "0" * 40,
        "dirty": False,
        "suite": "full",
        "versions": {"python": "3.11"},
        "settings": {"model": "m"},
        "hashes": {"corpus": "c", "cases": "k"},
        "fingerprint": "f",
        "machine": "one",
        "started": "2026-11-25T02:00:00+00:00",
        "duration_s": 1.0,
        "speed_unit_ms": 10.0,
        "peak_memory_mb": 100.0,
    }
    return Environment(**(values | other))


def run(
    questions: Sequence[QuestionRecord] | None = None, claims: Sequence[ClaimRecord] | None = None, **other: Any
) -> Run:
    """Twelve answerable questions, six that are not, four claims, unless told otherwise."""
    asked = [question(f"q{at}") for at in range(12)] + [question(f"n{at}", answerable=False) for at in range(6)]
    told = [claim("c0"), claim("c1"), claim("a0", supported=False), claim("a1", supported=False)]
    return Run(
        environment=environment(**other),
        questions=tuple(asked if questions is None else questions),
        claims=tuple(told if claims is None else claims),
    )


def with_case(whole: Run, name: str, **changes: Any) -> Run:
    """The same run with one case changed; scores that are named are put beside its others."""

    def changed(record: Any) -> Any:
        if record.id != name:
            return record
        values = dict(changes)
        if "scores" in values:
            values["scores"] = {**record.scores, **values["scores"]}
        return record.model_copy(update=values)

    return whole.model_copy(
        update={
            "questions": tuple(changed(record) for record in whole.questions),
            "claims": tuple(changed(record) for record in whole.claims),
        }
    )
