"""The readers' weights: two regressions, a threshold and a share, read from a JSON file that is checked as it is read.

`python -m training.calibrate` writes the files. What the columns mean: `features` and `summary`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketarag.answering.features import SENTENCE_FEATURES, Matrix
from ketarag.answering.summary import CONFIDENCE_FEATURES, NETWORK_CONFIDENCE_FEATURES, NETWORK_SENTENCE_FEATURES
from ketarag.errors import ModelError

FIRST_READER = Path(__file__).with_name("first_reader.json")
TRAINED_READER = Path(__file__).with_name("reader.json")


@dataclass(frozen=True, slots=True)
class Logistic:
    """p = 1 / (1 + exp(-(w · (x - mean) / scale + b))). All vectors have the length of `names`."""

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def logits(self, rows: Matrix) -> NDArray[np.float64]:
        """Shape (len(rows),), natural-log odds."""
        standard = (rows - np.array(self.mean)) / np.array(self.scale)
        return np.asarray(standard @ np.array(self.weights) + self.intercept, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ReaderWeights:
    """Both regressions, the threshold on confidence below which is abstained, and how much a second sentence must reach."""

    sentence: Logistic
    confidence: Logistic
    threshold: float
    share: float
    fingerprint: str

    @classmethod
    def load(cls, path: Path, *, network: bool) -> ReaderWeights:
        """From FIRST_READER, or TRAINED_READER with `network`. Raises ModelError when it is missing or does not fit this version."""
        more = (NETWORK_SENTENCE_FEATURES, NETWORK_CONFIDENCE_FEATURES) if network else ((), ())
        try:
            data = path.read_bytes()
            table = json.loads(data)
            sentence = _logistic(table["sentence"], (*SENTENCE_FEATURES, *more[0]))
            confidence = _logistic(table["confidence"], (*CONFIDENCE_FEATURES, *more[1]))
            fingerprint = hashlib.sha256(data).hexdigest()[:16]
            return cls(sentence, confidence, _share(table, "threshold"), _share(table, "share"), fingerprint)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{path}: not the reader's weights ({error}); reinstall ketarag, or run `python -m training.calibrate`"
            ) from error


def _logistic(table: Mapping[str, Any], names: tuple[str, ...]) -> Logistic:
    if tuple(table["names"]) != names:
        raise ValueError(f"its features are {table['names']}, this version has {list(names)}")
    mean, scale, weights = (tuple(map(float, table[key])) for key in ("mean", "scale", "weights"))
    if {len(mean), len(scale), len(weights)} != {len(names)}:
        raise ValueError("its vectors have other lengths than its names")
    intercept = float(table["intercept"])
    if not np.isfinite([*mean, *scale, *weights, intercept]).all() or min(scale) <= 0:
        raise ValueError("a number of it is not finite, or a scale is not positive")
    return Logistic(names, mean, scale, weights, intercept)


def _share(table: Mapping[str, Any], name: str) -> float:
    value = float(table[name])
    if not 0 < value <= 1:
        raise ValueError(f"{name} is {value}, not in (0, 1]")
    return value
