"""read: question and passages -> the sentences that answer, and how likely any does.

The first reader: features of `features` weighed by two logistic regressions, one for "this sentence answers", one for "the
passages answer at all". Their weights and the abstention threshold are in `reader.json`, fitted on the project's
own development cases by `python -m training.calibrate`. A trained reader follows behind the same protocol.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketarag.answering.features import (
    SENTENCE_FEATURES,
    Candidate,
    FeatureExtractor,
    Matrix,
    QuestionView,
    candidates,
)
from ketarag.errors import ModelError
from ketarag.types import Evidence, Hit, Reading

CONFIDENCE_FEATURES = (
    "best", "second", "top_cosine", "best_cosine", "best_soft", "best_coverage", "best_rare", "best_strangest",
    "passage_soft", "passage_rare", "passage_strangest", "strangest", "measure_missing", "kind_missing", "unknown_share",
    "unknown_subjects", "log_question_words",
)  # fmt: skip
"""Columns of `confidence_features`, in order."""

_MOST_EVIDENCE = 8
_DECIMALS = 6


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
    def load(cls, path: Path | None = None) -> ReaderWeights:
        """From `reader.json` beside this module. Raises ModelError when it is missing or does not fit this version."""
        path = path or Path(__file__).with_name("reader.json")
        try:
            data = path.read_bytes()
            table = json.loads(data)
            sentence = _logistic(table["sentence"], SENTENCE_FEATURES)
            confidence = _logistic(table["confidence"], CONFIDENCE_FEATURES)
            fingerprint = hashlib.sha256(data).hexdigest()[:16]
            return cls(sentence, confidence, float(table["threshold"]), float(table["share"]), fingerprint)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{path}: not the reader's weights ({error}); reinstall ketarag, or run `python -m training.calibrate`"
            ) from error


class FeatureReader:
    """Scores every sentence of the hits from lexical, semantic and question-type features."""

    def __init__(self, features: FeatureExtractor, weights: ReaderWeights) -> None:
        """Deterministic: the same weights and hits give the same reading."""
        self._features = features
        self._weights = weights

    @property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        return self._weights.fingerprint

    @property
    def threshold(self) -> float:
        """The calibrated confidence below which the documents are taken not to answer."""
        return self._weights.threshold

    @property
    def share(self) -> float:
        """The part of the best sentence's score that a further one must reach to belong to the answer."""
        return self._weights.share

    def read(self, question: str, hits: Sequence[Hit], context: str = "", carried: Sequence[str] = ()) -> Reading:
        """At most eight sentences, best first; no evidence and confidence 0 for no hits or a question without content."""
        view = self._features.view(question, context)
        found = candidates(hits)
        if not found or not view.weights:
            return Reading((), 0.0, ())
        rows = self._features.sentence_features(view, found, carried)
        # Rounded: equal sentences differ in the last bits of their vectors, and then the document's order decides.
        logits = np.round(self._weights.sentence.logits(rows), _DECIMALS)
        order = sorted(
            range(len(found)), key=lambda at: (-logits[at], found[at].sentence.document_id, found[at].sentence.start)
        )
        summary = confidence_features(self._features, view, found, rows, logits)
        evidence = tuple(
            Evidence(found[at].sentence, found[at].passage, _sigmoid(float(logits[at])))
            for at in order[:_MOST_EVIDENCE]
        )
        confidence = _sigmoid(float(self._weights.confidence.logits(summary[None, :])[0]))
        texts = [f"{item.sentence.heading} {item.passage.clean}" for item in evidence[:3]]
        return Reading(evidence, confidence, tuple(self._features.uncovered(view, texts)))


def confidence_features(
    features: FeatureExtractor,
    view: QuestionView,
    found: Sequence[Candidate],
    rows: Matrix,
    logits: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Shape (len(CONFIDENCE_FEATURES),): what the sentence scores say of the question as a whole."""
    column: Mapping[str, int] = {name: at for at, name in enumerate(SENTENCE_FEATURES)}
    best = int(np.argmax(logits))
    ranked = np.sort(logits)[::-1]
    passage = found[best].passage
    inside = [candidate for candidate in found if candidate.passage.id == passage.id]
    own = len(view.own) or 1
    return np.array(
        [
            ranked[0],
            ranked[1] if len(ranked) > 1 else ranked[0],
            float(rows[:, column["cosine"]].max()),
            rows[best, column["local_cosine"]],
            rows[best, column["soft_coverage"]],
            rows[best, column["window_coverage"]],
            rows[best, column["rare_coverage"]],
            rows[best, column["strangest_word"]],
            *features.covered_together(view, inside),
            features.covered_together(view, found)[2],
            rows[best, column["measure_missing"]],
            rows[best, column["kind_missing"]],
            features.unknown_share(view),
            features.unknown_subjects(view),
            float(np.log1p(own)),
        ],
        dtype=np.float64,
    )


def _logistic(table: Mapping[str, Any], names: tuple[str, ...]) -> Logistic:
    if tuple(table["names"]) != names:
        raise ValueError(f"its features are {table['names']}, this version has {list(names)}")
    mean, scale, weights = (tuple(map(float, table[key])) for key in ("mean", "scale", "weights"))
    if {len(mean), len(scale), len(weights)} != {len(names)}:
        raise ValueError("its vectors have other lengths than its names")
    return Logistic(names, mean, scale, weights, float(table["intercept"]))


def _sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -60, 60))))
