"""Metrics of cases against their gold: pure functions, each with its formula and source. None means "not scored", never 0.

Not here: figures over a whole run (`eval.figures`), intervals and tests (`eval.statistics`).
"""

from eval.metrics.answers import answer_length, contains, exact_correct, fact_recall
from eval.metrics.citations import carried, citation_precision, citation_recall, cited_on_gold, verbatim
from eval.metrics.confidence import (
    answerability_auroc,
    area_under_risk,
    calibration_error,
    reliability,
    risk_coverage,
)
from eval.metrics.retrieval import retrieval_scores

__all__ = [
    "answer_length", "answerability_auroc", "area_under_risk", "calibration_error",
    "carried", "citation_precision", "citation_recall", "cited_on_gold", "contains", "exact_correct", "fact_recall", "reliability",
    "retrieval_scores", "risk_coverage", "verbatim",
]  # fmt: skip
