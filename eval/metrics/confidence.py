"""What `Answer.confidence` is worth. Confidences in [0, 1], one a question; the other arguments go with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise


def answerability_auroc(confidences: Sequence[float], answerable: Sequence[bool]) -> float | None:
    """Chance that an answerable question has more confidence than one that is not, ties counting half; None for one class only.

    Area under the ROC curve = Mann-Whitney U / (positives * negatives) (Hanley & McNeil 1982).
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(answerable, confidences)) if len(set(answerable)) == 2 else None


def risk_coverage(confidences: Sequence[float], wrong: Sequence[bool]) -> list[tuple[float, float]]:
    """(coverage, risk) after each question from the most confident on: share answered, and share of those that are wrong.

    El-Yaniv & Wiener 2010. Equal confidences are answered together. Coverage ascends to 1; empty for no questions.
    """
    order = sorted(zip(confidences, wrong, strict=True), key=lambda pair: -pair[0])
    points, errors = [], 0
    for at, (confidence, is_wrong) in enumerate(order, start=1):
        errors += is_wrong
        if at == len(order) or order[at][0] < confidence:
            points.append((at / len(order), errors / at))
    return points


def area_under_risk(points: Sequence[tuple[float, float]]) -> float | None:
    """Mean risk over coverage: the sum of width * risk at the right end of each step; None for no points.

    AURC, Geifman & El-Yaniv 2017. In [0, 1]; less is better.
    """
    if not points:
        return None
    widths = [after[0] - before[0] for before, after in pairwise([(0.0, 0.0), *points])]
    return sum(width * risk for width, (_, risk) in zip(widths, points, strict=True))


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, count) of each bin of equal width that holds something, from 0 to 1.

    The reliability diagram (DeGroot & Fienberg 1983). A confidence on the border of two bins is in the upper one, 1 in the last.
    """
    held: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, is_right in zip(confidences, right, strict=True):
        held[min(int(confidence * bins), bins - 1)].append((confidence, is_right))
    return [
        (sum(c for c, _ in rows) / len(rows), sum(r for _, r in rows) / len(rows), len(rows))
        for _, rows in sorted(held.items())
    ]


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float | None:
    """Mean over the bins, by their counts, of |mean confidence - share right|; None for nothing.

    Expected calibration error (ECE), Naeini et al. 2015. In [0, 1]; less is better.
    """
    if not confidences:
        return None
    return sum(n * abs(mean - share) for mean, share, n in reliability(confidences, right, bins)) / len(confidences)
