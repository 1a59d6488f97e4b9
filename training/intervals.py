"""Figures with their intervals: bootstrap over clusters, since questions of one paragraph are right or wrong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

Figure = tuple[float, float, float]
"""Value, 2.5 % and 97.5 % quantile."""
Array = NDArray[np.float64]

DRAWS = 1000
SEED = 20261125


def mean(values: Sequence[float], clusters: Sequence[str]) -> Figure:
    """Of numbers, one a row."""
    array = np.asarray(values, dtype=np.float64)
    return _interval(lambda rows: float(array[rows].mean()), clusters)


def auroc(right: Sequence[bool], scores: Sequence[float], clusters: Sequence[str]) -> Figure:
    """Chance that a right row scores above another one; a draw that holds one class only does not count."""
    labels, array = np.asarray(right, dtype=bool), np.asarray(scores, dtype=np.float64)
    return _interval(
        lambda rows: float(roc_auc_score(labels[rows], array[rows])) if len(set(labels[rows])) == 2 else np.nan,
        clusters,
    )


def _interval(measure: Callable[[NDArray[np.int64]], float], clusters: Sequence[str]) -> Figure:
    rng = np.random.default_rng(SEED)
    _, number = np.unique(np.asarray(clusters), return_inverse=True)
    members = [np.flatnonzero(number == at) for at in range(int(number.max()) + 1)]
    draws = []
    for _ in range(DRAWS):
        rows = np.concatenate([members[at] for at in rng.integers(len(members), size=len(members))])
        if not np.isnan(value := measure(rows)):
            draws.append(value)
    whole = measure(np.arange(len(number)))
    return whole, float(np.quantile(draws, 0.025)), float(np.quantile(draws, 0.975))
