"""A night as it might be: some sixty cases on the shipped document, a baseline from which five differ, and what is said of them.

The questions, their facts and their gold places are real ones (of `dev`); answers, confidences and times are made up, the same each time.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from eval.record import (
    Change,
    ClaimRecord,
    Comparison,
    Environment,
    Failure,
    Figure,
    GivenAnswer,
    QuestionRecord,
    Quote,
    Run,
)
from eval.report import HistoryPoint, Material

ROOT = Path(__file__).parents[2]
DOCUMENT = "ketamine-pharmacology-and-cancer-pain.txt"
TEXT = (ROOT / "corpus" / DOCUMENT).read_bytes().decode("utf-8")
DECLINED = "The document does not answer this question."
EACH, TO_DEV = 5, 5
"""Questions of each category; every fifth is in `dev`."""


def rows(*, claims: bool) -> list[dict[str, Any]]:
    """The development cases as they stand in their files, sorted by id."""
    lines = [
        line
        for path in sorted((ROOT / "eval/cases/dev").glob("*.jsonl"))
        for line in path.read_text("utf-8").split("\n")
    ]
    found = [json.loads(line) for line in lines if line.strip()]
    return sorted((row for row in found if ("claim" in row) == claims), key=lambda row: str(row["id"]))


def quote(start: int, end: int) -> Quote:
    return Quote(document_id=DOCUMENT, start=start, end=end, quote=TEXT[start:end])


def answer(places: Iterable[Quote], confidence: float, text: str | None = None, standalone: str = "") -> GivenAnswer:
    """The places' words with markers, or `text`."""
    cited = tuple(places)
    claims = tuple(re.sub(r"(?<=[a-z.,])\d{1,2}(?=\s|$)", "", place.quote) for place in cited)
    said = " ".join(f"{claim} [{at}]" for at, claim in enumerate(claims, start=1)) if text is None else text
    return GivenAnswer(text=said, claims=claims, citations=cited, nearest=(), abstained=False, reason="",
                       confidence=confidence, standalone_question=standalone, warnings=())  # fmt: skip


def declined(places: Iterable[Quote], confidence: float) -> GivenAnswer:
    reason = f"No passage answers it well enough: {confidence:.2f} of the 0.50 that an answer needs."
    return GivenAnswer(text=DECLINED, claims=(), citations=(), nearest=tuple(places), abstained=True, reason=reason,
                       confidence=confidence, standalone_question="", warnings=())  # fmt: skip


def scored(record: QuestionRecord) -> QuestionRecord:
    """With the scores that the report reads: facts and exact from the wanted words, the rest roughly."""
    said = record.answer.text.lower() if record.answer and not record.answer.abstained else ""
    facts = sum(fact.lower() in said for fact in record.wanted) / len(record.wanted) if record.wanted else None
    right = record.answer is not None and record.answer.abstained != record.answerable
    scores = {"facts": facts, "exact": None if facts is None else float(facts == 1), "abstention_right": float(right)}
    return record.model_copy(update={"scores": scores})


def with_answer(record: QuestionRecord, given: GivenAnswer | None, error: str = "") -> QuestionRecord:
    return scored(record.model_copy(update={"answer": given, "error": error}))


def question(row: Mapping[str, Any], at: int, chance: random.Random) -> QuestionRecord:
    """As a good reader answers it: right if the document does, else declined; one in eight the other way round."""
    gold = tuple(quote(place["start"], place["end"]) for group in row["evidence"] for place in group)
    first = [quote(group[0]["start"], group[0]["end"]) for group in row["evidence"]]
    near = [quote(2805, 2856)]
    slips, sure = chance.random() < 0.125, chance.random()
    if row["answerable"] != slips:
        given = answer(
            first or near, round(0.55 + 0.44 * sure, 3), standalone=" ".join((*row["history"], row["question"]))
        )
    else:
        given = declined(first or near, round(0.02 + 0.45 * sure, 3))
    steps = {"condense": 1 + 3 * chance.random(), "retrieve": 14 + 9 * chance.random(), "read": 95 + 90 * chance.random() ** 2,
             "compose_verify": 5 + 30 * chance.random() * (not given.abstained)}  # fmt: skip
    return scored(
        QuestionRecord(
            id=row["id"],
            split="dev" if at % TO_DEV == TO_DEV - 1 else "test",
            category=row["category"],
            cluster=str((*row["history"], row["question"])[0]),
            history=tuple(row["history"]),
            question=row["question"],
            answerable=row["answerable"],
            wanted=tuple(fact[0] for fact in row["facts"]),
            gold=gold,
            answer=given,
            error="",
            scores={},
            timings_ms={name: round(value, 3) for name, value in (*steps.items(), ("all", sum(steps.values())))},
        )
    )


def environment(**other: Any) -> Environment:
    values: dict[str, Any] = {
        "commit": "5f1c2a9be0d34c7781a6b9d2c0ffee1234567890",
        "dirty": False,
        "suite": "full",
        "versions": {
            "python": "3.11.9",
            "torch": "2.13.0",
            "onnxruntime": "1.23.2",
            "faiss-cpu": "1.12.0",
            "ketarag": "0.1.0",
        },
        "settings": {"reader": "trained", "threshold": "0.5", "passages_read": "8"},
        "hashes": {"corpus": "a3" * 32, "index": "b4" * 32, "model reader": "c5" * 32, "cases test": "d6" * 32},
        "fingerprint": "0.1.0-3fa9c1d2",
        "machine": "Linux 6.1, 2 × AMD EPYC 7B13, 16 GB",
        "started": "2025-11-25T02:14:07+00:00",
        "duration_s": 843.2,
        "speed_unit_ms": 41.3,
        "peak_memory_mb": 1423.6,
    }
    return Environment(**(values | other))


def runs() -> tuple[Run, Run, tuple[Change, ...]]:
    """The run, its baseline, and the five cases between them: a wrong number, a citation moved by one sentence, an abstention lost, one
    won, an answer that says one sentence more. A claim is
    judged wrong that was right.
    """
    chance = random.Random(4)
    chosen = [row for _, group in groupby(sorted(rows(claims=False), key=lambda r: str(r["category"])), lambda r: str(r["category"]))
              for row in list(group)[:EACH]]  # fmt: skip
    before = [question(row, at, chance) for at, row in enumerate(chosen)]
    now, changes = list(before), []
    for verdict, why, pick, change in PLANTED:
        at = next(i for i, record in enumerate(before) if record.split == "test" and now[i] is record and pick(record))
        before[at], now[at] = change(before[at])
        changes.append(Change(id=now[at].id, verdict=verdict, why=(why,)))
    claims = [claim(row, at) for at, row in enumerate(rows(claims=True)[::9])]
    verdicts = [
        c.model_copy(update={"accepted": c.supported, "problems": ()}) if at == 0 else c for at, c in enumerate(claims)
    ]
    changes.insert(
        3, Change(id=claims[0].id, verdict="worse", why=("the claim is now rejected (number not in the source: 50)",))
    )
    baseline = environment(commit="91be77d0aa1c4e0c9e3f5d6b7a8c9d0e1f2a3b4c", started="2025-11-11T02:14:02+00:00", speed_unit_ms=39.8,
                           peak_memory_mb=1401.2, duration_s=820.0,
                           hashes=dict(environment().hashes) | {"model reader": "9e" * 32})  # fmt: skip
    slower = [
        r.model_copy(
            update={"timings_ms": {step: round(ms * (1.04 + 0.02 * (at % 3)), 3) for step, ms in r.timings_ms.items()}}
        )
        for at, r in enumerate(now)
    ]
    return (
        Run(environment=environment(), questions=tuple(slower), claims=tuple(claims)),
        Run(environment=baseline, questions=tuple(before), claims=tuple(verdicts)),
        tuple(changes),
    )


Pair = tuple[QuestionRecord, QuestionRecord]


def _right(record: QuestionRecord) -> bool:
    return bool(record.answerable and record.scores["exact"] and record.answer and not record.answer.abstained)


def _wrong_number(record: QuestionRecord) -> Pair:
    assert record.answer is not None
    text = re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), record.answer.text.split(" [")[0], count=2)
    return record, with_answer(record, record.answer.model_copy(update={"text": f"{text} [1]", "confidence": 0.71}))


def _moved_citation(record: QuestionRecord) -> Pair:
    assert record.answer is not None
    start = record.answer.citations[0].end + 1
    moved = quote(start, TEXT.index(". ", start + 20) + 1)
    return record, with_answer(record, record.answer.model_copy(update={"citations": (moved,)}))


def _lost_abstention(record: QuestionRecord) -> Pair:
    return record, with_answer(record, answer([quote(2805, 2856)], 0.58))


def _won(record: QuestionRecord) -> Pair:
    return record, with_answer(record, declined(record.answer.citations if record.answer else (), 0.44))


def _says_more(record: QuestionRecord) -> Pair:
    assert record.answer is not None
    more = quote(873, 1003)
    return record, with_answer(record, answer((*record.answer.citations, more), record.answer.confidence))


PLANTED = (
    ("worse", "facts 1.00 -> 0.00", lambda r: r.category == "number" and _right(r), _wrong_number),
    (
        "worse",
        "citation recall 1.00 -> 0.00",
        lambda r: r.category == "fact" and _right(r) and r.gold[0].end < 9000,
        _moved_citation,
    ),
    (
        "worse",
        "abstention right 1.00 -> 0.00",
        lambda r: r.category == "unanswerable_near" and r.answer.abstained,
        _lost_abstention,
    ),
    ("better", "abstention right 0.00 -> 1.00", lambda r: not r.answerable and not r.answer.abstained, _won),
    ("changed", "another text, as good by every score", lambda r: r.category == "mechanism" and _right(r), _says_more),
)


def claim(row: Mapping[str, Any], at: int) -> ClaimRecord:
    """Judged right, but for every seventh."""
    wrong = at % 7 == 0
    accepted = row["supported"] != wrong
    problems = () if accepted else ("number not in the source: 50",)
    return ClaimRecord(id=row["id"], split="test", kind=row["kind"], claim=row["claim"], supported=row["supported"],
                       accepted=accepted, score=0.91 if accepted else 0.12, problems=problems)  # fmt: skip


def figures(run: Run) -> dict[str, dict[str, Figure]]:
    """A few figures of each split, with intervals by the normal approximation."""
    found = {}
    for split in ("test", "dev"):
        asked = [r for r in run.questions if r.split == split]
        judged = [c for c in run.claims if c.split == split]
        answerable = [r for r in asked if r.answerable]
        near = [r for r in asked if r.category == "unanswerable_near"]
        far = [r for r in asked if r.category == "unanswerable_far"]
        laps = sorted(r.timings_ms["all"] for r in asked)
        shares = {
            "facts": [r.scores["facts"] or 0.0 for r in answerable],
            "exact": [r.scores["exact"] or 0.0 for r in answerable],
            "answerable_declined": [float(r.answer is not None and r.answer.abstained) for r in answerable],
            "near_declined": [float(r.answer is not None and r.answer.abstained) for r in near],
            "far_declined": [float(r.answer is not None and r.answer.abstained) for r in far],
            "verbatim": [1.0 for r in asked if r.answer and r.answer.citations],
            "sentences": [float(len(r.answer.claims)) for r in asked if r.answer and not r.answer.abstained],
            "claims_supported_accepted": [float(c.right) for c in judged if c.supported],
            "claims_altered_rejected": [float(c.right) for c in judged if not c.supported],
            "errors": [float(bool(r.error)) for r in asked],
        }
        found[split] = {name: mean(values) for name, values in shares.items() if values}
        for name, at in (("latency_p50_ms", 0.5), ("latency_p95_ms", 0.95)):
            value = laps[int(at * len(laps))]
            found[split][name] = Figure(value=value, count=len(laps), low=value * 0.93, high=value * 1.09)
    return found


def mean(values: list[float]) -> Figure:
    value = sum(values) / len(values)
    half = 1.96 * (value * max(0.0, 1 - value) / len(values)) ** 0.5
    return Figure(value=value, count=len(values), low=max(0.0, value - half), high=max(value, min(1.0, value + half)))


def history(material: Material, count: int = 20) -> tuple[HistoryPoint, ...]:
    """`count` earlier nights about the baseline's figures, of which two failed, and the run's own."""
    chance = random.Random(7)
    points = []
    for night in range(count):
        values = {
            split: {name: round(f.value * (1 + chance.gauss(0, 0.012)), 4) for name, f in those.items()}
            for split, those in material.baseline_figures.items()
        }
        day = 25 - count + night
        points.append(HistoryPoint(commit=f"{night:040x}", started=f"2025-11-{day:02d}T02:14:00+00:00", figures=values,
                                   passed=night not in (5, count - 1)))  # fmt: skip
    own = {split: {name: f.value for name, f in those.items()} for split, those in material.figures.items()}
    environment = material.run.environment
    return (*points, HistoryPoint(commit=environment.commit, started=environment.started, figures=own, passed=False))


def night() -> Material:
    """The whole material of a night that failed."""
    run, baseline, changes = runs()
    now, before = figures(run), figures(baseline)
    slow = max(run.questions, key=lambda r: r.timings_ms["all"]).id
    failures = (
        *(Failure(kind="worse", name=c.id, message="; ".join(c.why), cases=(c.id,)) for c in changes if c.verdict == "worse"),
        Failure(kind="baseline", name="facts", message="worse than the baseline by more than chance (p = 0.0310)"),
        Failure(kind="threshold", name="near_declined", message=f"{now['test']['near_declined'].value:.3f}; at least 0.95 is asked for"),
        Failure(kind="missing", name="near_auroc", message="not measured; at least 0.88 is asked for"),
        Failure(kind="slower", name=slow, message="takes 812 ms, 4.9 times the median; it was 1.4 times", cases=(slow,)),
        Failure(kind="slower", name="latency", message="half of the questions take 171 ms and more; 165 ms is the bound on this machine",
                cases=tuple(r.id for r in run.questions[:3])),
    )  # fmt: skip
    p_values = {
        "facts": 0.031,
        "exact": 0.125,
        "near_declined": 0.25,
        "far_declined": 1.0,
        "verbatim": 1.0,
        "answerable_declined": 0.0004,
    }
    material = Material(
        run=run,
        figures=now,
        baseline=baseline,
        baseline_figures=before,
        comparison=Comparison(changes=changes, p_values=p_values, failures=failures),
        documents={DOCUMENT: TEXT},
        at_least={
            "facts": 0.75,
            "near_declined": 0.95,
            "verbatim": 1.0,
            "near_auroc": 0.88,
            "claims_altered_rejected": 0.7,
        },
        at_most={"answerable_declined": 0.2, "errors": 0.0},
    )
    return replace(material, history=history(material))


def categories(run: Run) -> Counter[str]:
    return Counter(record.category for record in run.questions)
