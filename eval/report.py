"""Results -> figures, a table, and whether they hold the thresholds."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from eval.metrics import answerability_auroc, area_under_risk, calibration_error, citation_recall, risk_coverage
from eval.runner import ClaimResult, QuestionResult

THRESHOLDS = Path(__file__).with_name("thresholds.toml")

Figures = Mapping[str, tuple[float, int]]
"""Name -> (value, number of cases it is a mean over). A figure without cases is missing, not 0."""


def question_figures(results: Sequence[QuestionResult]) -> Figures:
    """Shares in [0, 1]; latencies in milliseconds."""
    answerable = [r for r in results if r.case.answerable]
    figures = {
        "facts": _mean(r.facts for r in answerable if not r.case.history),
        "facts_follow_up": _mean(r.facts for r in answerable if r.case.history),
        "all_facts": _mean(float(r.facts == 1.0) for r in answerable),
        "cited_on_gold": _mean(float((r.citation_recall or 0) > 0) for r in answerable),
        "citation_recall": _mean(r.citation_recall for r in answerable),
        "citation_precision": _mean(r.citation_precision for r in answerable),
        "verbatim": _mean(r.verbatim for r in results),
        "answerable_declined": _declined(results, lambda r: r.case.answerable),
        "near_declined": _declined(results, lambda r: r.case.category == "unanswerable_near"),
        "far_declined": _declined(results, lambda r: r.case.category == "unanswerable_far"),
        "follow_up_declined_right": _declined(results, lambda r: bool(r.case.history) and not r.case.answerable),
        "sentences": _mean(float(len(r.answer.claims)) for r in results if r.answer and not r.answer.abstained),
        **_confidence_figures([r for r in results if r.answer]),
        "errors": _mean(float(bool(r.error)) for r in results),
        "latency_p50_ms": _quantile([r.seconds * 1000 for r in results], 0.50),
        "latency_p95_ms": _quantile([r.seconds * 1000 for r in results], 0.95),
    }
    return {name: (value, count) for name, (value, count) in figures.items() if count}


def _confidence_figures(results: Sequence[QuestionResult]) -> Figures:
    """How far `Answer.confidence` tells answerable from near-topic questions, right answers from wrong ones, and what it promises."""
    near = [r for r in results if r.case.answerable or r.case.category != "unanswerable_far"]
    confidences = [r.answer.confidence for r in results if r.answer]
    answerable = [r.case.answerable for r in results]
    return {
        name: (value or 0.0, count if value is not None else 0)
        for name, value, count in (
            (
                "near_auroc",
                answerability_auroc([r.answer.confidence for r in near if r.answer], [r.case.answerable for r in near]),
                len(near),
            ),
            (
                "risk_area",
                area_under_risk(risk_coverage(confidences, [not _would_be_right(r) for r in results])),
                len(results),
            ),
            ("calibration_error", calibration_error(confidences, answerable), len(results)),
        )
    }


def _would_be_right(result: QuestionResult) -> bool:
    """Whether what is shown, or what an abstention names as nearest, stands on gold evidence."""
    shown = (result.answer.citations or result.answer.nearest) if result.answer else ()
    return result.case.answerable and citation_recall(shown, result.case.evidence) > 0


def category_figures(results: Sequence[QuestionResult]) -> Figures:
    """Fact recall of each answerable category."""
    names = sorted({r.case.category for r in results if r.case.answerable})
    return {name: _mean(r.facts for r in results if r.case.category == name and r.case.answerable) for name in names}


def claim_figures(results: Sequence[ClaimResult]) -> Figures:
    """Share judged right: supported claims accepted, altered ones rejected, by kind."""
    names = sorted({r.case.kind for r in results})
    figures = {f"claims_{name}": _mean(float(r.right) for r in results if r.case.kind == name) for name in names}
    return figures | {
        "claims_supported_accepted": _mean(float(r.right) for r in results if r.case.supported),
        "claims_altered_rejected": _mean(float(r.right) for r in results if not r.case.supported),
    }


def table(figures: Figures) -> str:
    """One line for each figure: name, value, number of cases."""
    width = max((len(name) for name in figures), default=0)
    return "\n".join(f"{name:<{width}}  {value:>8.3f}  (n = {count})" for name, (value, count) in figures.items())


def failures(figures: Figures, path: Path = THRESHOLDS) -> list[str]:
    """What `thresholds.toml` asks for and the figures do not hold, a missing figure included."""
    wanted = tomllib.loads(path.read_text(encoding="utf-8"))
    found = []
    for kind, holds in (("at_least", float.__ge__), ("at_most", float.__le__)):
        for name, bound in wanted.get(kind, {}).items():
            if name not in figures:
                found.append(f"{name}: not measured; {kind.replace('_', ' ')} {bound} is asked for")
            elif not holds(figures[name][0], float(bound)):
                found.append(f"{name}: {figures[name][0]:.3f}; {kind.replace('_', ' ')} {bound} is asked for")
    return found


def _declined(results: Sequence[QuestionResult], chosen: Callable[[QuestionResult], bool]) -> tuple[float, int]:
    return _mean(float(r.answer is not None and r.answer.abstained) for r in results if chosen(r))


def _mean(values: Iterable[float | None]) -> tuple[float, int]:
    scored = [value for value in values if value is not None]
    return (sum(scored) / len(scored) if scored else 0.0, len(scored))


def _quantile(values: Sequence[float], share: float) -> tuple[float, int]:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    at = max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)
    return (ordered[at] if ordered else 0.0, len(ordered))
