"""Records -> figures: what a run scored, per split, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.metrics import answer_length, area_under_risk, calibration_error, risk_coverage
from eval.metrics.places import overlap
from eval.record import ClaimRecord, Figure, QuestionRecord, Run
from eval.statistics import Interval, Rows, auroc_interval, interval, interval_of

Figures = Mapping[str, Mapping[str, Figure]]
"""Split -> figure name -> figure. A figure over no case is not there."""

Value = Callable[[QuestionRecord], float | None]


@dataclass(frozen=True, slots=True)
class Mean:
    """A figure that is a mean over question cases: of `value` where it is not None."""

    name: str
    value: Value


def _score(name: str, follow_up: bool | None = None) -> Value:
    """A score of answerable cases; of follow-ups only, of first questions only, or of both."""

    def value(record: QuestionRecord) -> float | None:
        fits = follow_up is None or bool(record.history) == follow_up
        return record.scores.get(name) if record.answerable and fits else None

    return value


def _declined(fits: Callable[[QuestionRecord], bool]) -> Value:
    def value(record: QuestionRecord) -> float | None:
        return float(record.answer is not None and record.answer.abstained) if fits(record) else None

    return value


def _length(words: bool) -> Value:
    def value(record: QuestionRecord) -> float | None:
        length = answer_length(record.answer.claims) if record.answer and not record.answer.abstained else None
        return float(length[words]) if length else None

    return value


MEANS = (
    Mean("facts", _score("facts", follow_up=False)),
    Mean("facts_follow_up", _score("facts", follow_up=True)),
    Mean("exact", _score("exact")),
    Mean("cited_on_gold", _score("cited_on_gold")),
    Mean("citation_recall", _score("citation_recall")),
    Mean("citation_precision", _score("citation_precision")),
    Mean("verbatim", lambda record: record.scores.get("verbatim")),
    Mean("carried", lambda record: record.scores.get("carried")),
    Mean("answerable_declined", _declined(lambda record: record.answerable)),
    Mean("near_declined", _declined(lambda record: record.category == "unanswerable_near")),
    Mean("far_declined", _declined(lambda record: record.category == "unanswerable_far")),
    Mean("follow_up_declined_right", _declined(lambda record: bool(record.history) and not record.answerable)),
    Mean("recall_at_5", _score("recall_at_5")),
    Mean("reciprocal_rank", _score("reciprocal_rank")),
    Mean("ndcg_at_10", _score("ndcg_at_10")),
    Mean("sentences", _length(words=False)),
    Mean("words", _length(words=True)),
    Mean("errors", lambda record: float(bool(record.error))),
)


def figures(run: Run) -> Figures:
    """Every figure of every split that the run has cases of."""
    splits = dict.fromkeys([*(r.split for r in run.questions), *(r.split for r in run.claims)])
    return {
        split: {
            **question_figures([record for record in run.questions if record.split == split]),
            **claim_figures([record for record in run.claims if record.split == split]),
        }
        for split in splits
    }


def question_figures(records: Sequence[QuestionRecord]) -> dict[str, Figure]:
    """Means, what the confidence is worth, facts by category, and latency."""
    categories = sorted({record.category for record in records if record.answerable})
    by_category = [Mean(f"facts_{name}", _of_category(name)) for name in categories if name != "follow_up"]
    found = {mean.name: _mean(mean.value, records) for mean in (*MEANS, *by_category)}
    found |= confidence_figures([record for record in records if record.answer])
    for name, share in (("latency_p50_ms", 0.50), ("latency_p95_ms", 0.95)):
        found[name] = _latency(records, share)
    return {name: figure for name, figure in found.items() if figure}


def confidence_figures(records: Sequence[QuestionRecord]) -> dict[str, Figure | None]:
    """How far the confidence tells answerable from near-topic questions, right answers from wrong ones, and what it promises."""
    near = [record for record in records if record.answerable or record.category != "unanswerable_far"]
    confidences, answerable = _confidences(records), [record.answerable for record in records]
    wrong = [not would_be_right(record) for record in records]

    def risk(rows: Rows) -> float | None:
        return area_under_risk(risk_coverage([confidences[at] for at in rows], [wrong[at] for at in rows]))

    def error(rows: Rows) -> float | None:
        return calibration_error([confidences[at] for at in rows], [answerable[at] for at in rows])

    clusters = [record.cluster for record in records]
    labels, near_clusters = [record.answerable for record in near], [record.cluster for record in near]
    auroc = auroc_interval(_confidences(near), labels, near_clusters) if near else None
    return {
        "near_auroc": _figure(auroc, len(near)),
        "risk_area": _figure(interval_of(risk, clusters) if records else None, len(records)),
        "calibration_error": _figure(interval_of(error, clusters) if records else None, len(records)),
    }


def would_be_right(record: QuestionRecord) -> bool:
    """Whether what is shown, or what an abstention names as nearest, stands on gold evidence."""
    shown = (record.answer.citations or record.answer.nearest) if record.answer else ()
    return record.answerable and any(
        place.document_id == gold.document_id and overlap(place, gold) for place in shown for gold in record.gold
    )


def claim_figures(records: Sequence[ClaimRecord]) -> dict[str, Figure]:
    """Share judged right of each kind; supported claims accepted, altered ones rejected."""
    groups = {f"claims_{kind}": [r for r in records if r.kind == kind] for kind in sorted({r.kind for r in records})}
    groups["claims_supported_accepted"] = [record for record in records if record.supported]
    groups["claims_altered_rejected"] = [record for record in records if not record.supported]
    groups["claims_accepted_supported"] = [record for record in records if record.accepted and not record.error]
    found = {
        name: _figure(interval([float(r.right) for r in group], [r.id for r in group]), len(group))
        for name, group in groups.items()
        if group
    }
    return {name: figure for name, figure in found.items() if figure}


def _of_category(category: str) -> Value:
    value = _score("facts")
    return lambda record: value(record) if record.category == category else None


def _mean(value: Value, records: Iterable[QuestionRecord]) -> Figure | None:
    scored = [(found, record.cluster) for record in records if (found := value(record)) is not None]
    return _figure(interval([v for v, _ in scored], [c for _, c in scored]), len(scored)) if scored else None


def _latency(records: Sequence[QuestionRecord], share: float) -> Figure | None:
    times = np.array([record.timings_ms["all"] for record in records if not record.error])
    clusters = [record.cluster for record in records if not record.error]
    found = interval_of(lambda rows: float(np.quantile(times[rows], share)), clusters) if clusters else None
    return _figure(found, len(clusters))


def _figure(found: Interval | None, count: int) -> Figure | None:
    return Figure(value=found[0], low=found[1], high=found[2], count=count) if found else None


def _confidences(records: Iterable[QuestionRecord]) -> list[float]:
    return [record.answer.confidence for record in records if record.answer]
