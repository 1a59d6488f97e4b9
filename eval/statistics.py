"""Intervals of figures, and whether a fall is more than chance.

Questions of one conversation are right or wrong together, so whole clusters are drawn, with replacement, as many as there are (the cluster
bootstrap: Field & Welsh 2007, "Bootstrapping clustered data"). The seed is fixed and the draws hang on the number of clusters alone: the
same cases give the same figures, in whatever order they come.

Arguments go together, one entry a case: a value or a pair of values, and the name of its cluster. Cases that are not scored are left out by
the caller, in a pair when either side is not scored. All functions raise ValueError for entries that do not go together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float, float]
"""Value, and the 95 % interval that holds it: low, high."""
Array = NDArray[np.float64]
Rows = NDArray[np.intp]

DRAWS = 2000
SEED = 20261125
_NOISE = 1e-12
"""Means that differ by less are equal: what is left of them is rounding."""


def interval(values: Sequence[float], clusters: Sequence[str]) -> Interval:
    """The mean over cases, and the 2.5 % and 97.5 % quantiles of the mean over drawn cases.

    The percentile interval (Efron & Tibshirani 1993, chapter 13), widened to hold the mean where it does not. With one cluster, or all
    values equal, it has no width: the bootstrap cannot tell what it has not seen. Raises ValueError for no values and for NaN.
    """
    row_values, member = _numbers(values, clusters), _members(clusters)
    weights = _draws(int(member.max()) + 1)
    return _around(float(row_values.mean()), _means(row_values, member, weights))


def auroc_interval(confidences: Sequence[float], positive: Sequence[bool], clusters: Sequence[str]) -> Interval | None:
    """The same of the area under the ROC curve (`metrics.answerability_auroc`); None for one class only.

    Draws that hold one class only do not count.
    """
    scores, labels, member = _numbers(confidences, clusters), _labels(positive, clusters), _members(clusters)
    if labels.all() or not labels.any():
        return None
    drawn = _aurocs(scores, labels, _draws(int(member.max()) + 1)[:, member])
    return _around(_auroc(scores, labels), drawn[np.isfinite(drawn)])


def interval_of(measure: Callable[[Rows], float | None], clusters: Sequence[str]) -> Interval | None:
    """The same of any figure that is no mean: `measure` maps places of cases, repeated as they were drawn, to the figure.

    It is called 2001 times, so it is for a few figures. None where it gives None for all cases; draws for which it does, do not count.
    """
    member = _members(clusters)
    rows = np.arange(len(member))
    value = measure(rows)
    if value is None:
        return None
    counts = _draws(int(member.max()) + 1)[:, member].astype(np.intp)
    drawn = [figure for count in counts if (figure := measure(np.repeat(rows, count))) is not None]
    return _around(value, np.asarray(drawn or [value], dtype=np.float64))


def mcnemar(before: Sequence[float], after: Sequence[float]) -> float:
    """Exact one-sided p for a fall of a right-or-wrong score: P(X >= lost), X ~ Binomial(lost + won, 1/2).

    `lost` cases went from 1 to 0, `won` cases from 0 to 1; the others say nothing (McNemar 1947). 1 when nothing changed. It takes cases as
    independent: `paired_bootstrap` does not. Raises ValueError for a value that is neither 0 nor 1.
    """
    from scipy.stats import binomtest

    if len(before) != len(after):
        raise ValueError(f"{len(before)} values before and {len(after)} after are no pairs")
    if other := (set(before) | set(after)) - {0, 1}:
        raise ValueError(f"{min(other)} is neither right (1) nor wrong (0)")
    lost = sum(old > new for old, new in zip(before, after, strict=True))
    won = sum(old < new for old, new in zip(before, after, strict=True))
    return float(binomtest(lost, lost + won, 0.5, alternative="greater").pvalue) if lost + won else 1.0


def paired_bootstrap(before: Sequence[float], after: Sequence[float], clusters: Sequence[str]) -> float:
    """One-sided p for a fall of the mean: (1 + draws with fall* >= 2 fall) / (1 + draws), fall = mean(before - after).

    Were there no fall, drawn falls would scatter about 0 as they now do about the one seen, so that is what is taken off them
    (Berg-Kirkpatrick et al. 2012, "An empirical investigation of statistical significance in NLP"); the ones make it valid with so few
    draws (Davison & Hinkley 1997). 1 when nothing changed; about a half or more for a rise. Raises ValueError as `interval`.
    """
    falls = _numbers(before, clusters) - _numbers(after, clusters)
    member = _members(clusters)
    drawn = _means(falls, member, _draws(int(member.max()) + 1))
    return _chance(float(falls.mean()), drawn)


def paired_auroc_bootstrap(
    before: Sequence[float], after: Sequence[float], positive: Sequence[bool], clusters: Sequence[str]
) -> float | None:
    """The same for a fall of the area under the ROC curve of two runs' confidences; None for one class only."""
    scores = [_numbers(before, clusters), _numbers(after, clusters)]
    labels, member = _labels(positive, clusters), _members(clusters)
    if labels.all() or not labels.any():
        return None
    weights = _draws(int(member.max()) + 1)[:, member]
    old, new = (_aurocs(each, labels, weights) for each in scores)
    drawn = old - new
    return _chance(_auroc(scores[0], labels) - _auroc(scores[1], labels), drawn[np.isfinite(drawn)])


def _numbers(values: Sequence[float], clusters: Sequence[str]) -> Array:
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers) or len(numbers) != len(clusters):
        raise ValueError(
            f"{len(numbers)} values and {len(clusters)} clusters: one of each a case, and at least one case"
        )
    if not np.isfinite(numbers).all():
        raise ValueError("a value is no number: leave out cases that are not scored")
    return numbers


def _labels(positive: Sequence[bool], clusters: Sequence[str]) -> NDArray[np.bool_]:
    if len(positive) != len(clusters):
        raise ValueError(f"{len(positive)} labels and {len(clusters)} clusters: one of each a case")
    return np.asarray(positive, dtype=np.bool_)


def _members(clusters: Sequence[str]) -> Rows:
    """The number of each case's cluster, from 0, in alphabetical order."""
    return np.unique(np.asarray(clusters), return_inverse=True)[1]


@lru_cache(maxsize=4)  # the figures of one run are over few numbers of clusters
def _draws(clusters: int) -> Array:
    """How often each draw holds each cluster: (DRAWS, clusters); each row sums to `clusters`."""
    chosen = np.random.default_rng(SEED).integers(clusters, size=(DRAWS, clusters))
    chosen += clusters * np.arange(DRAWS)[:, None]
    counts = np.bincount(chosen.ravel(), minlength=DRAWS * clusters).reshape(DRAWS, clusters).astype(np.float64)
    counts.setflags(write=False)  # it is shared between calls
    return counts


def _means(values: Array, member: Rows, weights: Array) -> Array:
    """The mean over the cases of each draw: clusters of many cases weigh more, as they do in the figure itself."""
    clusters = np.stack([np.bincount(member, weights=values), np.bincount(member)])
    sums, counts = np.einsum(
        "dc,sc->sd", weights, clusters
    )  # not by BLAS: on a busy machine its threads wait for each other
    return np.asarray(sums / counts)


def _auroc(scores: Array, positive: NDArray[np.bool_]) -> float:
    return float(_aurocs(scores, positive, np.ones((1, len(scores))))[0])


def _aurocs(scores: Array, positive: NDArray[np.bool_], weights: Array) -> Array:
    """The area of each row of weights (draws, cases): the weight of pairs in the right order, ties half; NaN for one class only."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    above = np.add.reduceat(weights[:, order] * positive[order], starts, axis=1)
    below = np.add.reduceat(weights[:, order] * ~positive[order], starts, axis=1)
    lower = np.cumsum(below, axis=1) - below
    pairs = above.sum(axis=1) * below.sum(axis=1)
    areas: Array = np.full(len(pairs), np.nan)
    np.divide((above * (lower + below / 2)).sum(axis=1), pairs, out=areas, where=pairs > 0)
    return areas


def _around(value: float, drawn: Array) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value, min(float(low), value), max(float(high), value)


def _chance(fall: float, drawn: Array) -> float:
    return float((1 + np.count_nonzero(drawn >= 2 * fall - _NOISE)) / (1 + len(drawn)))
