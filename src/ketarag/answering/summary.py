"""Features of a whole question, and those that the network adds: what the two regressions of a reader see beyond `features`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketarag.answering.features import SENTENCE_FEATURES, Candidate, FeatureExtractor, Matrix, QuestionView
from ketarag.protocols import PairModel, PairReading
from ketarag.types import Passage, Sentence, Span

CONFIDENCE_FEATURES = (
    "best", "second", "top_cosine", "best_cosine", "best_soft", "best_coverage", "best_rare", "best_strangest",
    "passage_soft", "passage_rare", "passage_strangest", "strangest", "measure_missing", "kind_missing", "unknown_share",
    "unknown_subjects", "log_question_words",
)  # fmt: skip
"""Columns of `confidence_features`, in order."""
NETWORK_SENTENCE_FEATURES = ("network_evidence", "network_lead", "network_span", "network_answers")
"""Columns of `NetworkView.sentence_features`: natural-log odds of the sentence as evidence, the same less that of the best sentence of all,
the score of its best stretch, the log odds that its passage answers."""
NETWORK_CONFIDENCE_FEATURES = (
    "network_most", "network_next", "network_best_evidence", "network_best_span", "network_best_answers",
)  # fmt: skip
"""Columns of `NetworkView.confidence_features`: the log odds of the passage that most likely answers and of the next one; and evidence,
span and passage of the sentence that was ranked first."""


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


@dataclass(frozen=True)
class NetworkView:
    """What the network made of one question's passages, by passage id; at least one was read."""

    readings: Mapping[str, PairReading]

    @classmethod
    def of(cls, network: PairModel, question: str, passages: Sequence[Passage]) -> NetworkView:
        """Each passage read by itself."""
        readings = network.read(question, [[sentence.clean for sentence in p.sentences] for p in passages])
        return cls(dict(zip((p.id for p in passages), readings, strict=True)))

    def sentence_features(self, found: Sequence[Candidate]) -> Matrix:
        """Shape (len(found), len(NETWORK_SENTENCE_FEATURES)); a sentence whose passage was not read gets the least of those read."""
        rows = np.array([self._row(candidate) for candidate in found], dtype=np.float64)
        rows = np.where(np.isnan(rows), np.nanmin(rows, axis=0), rows)
        lead = rows[:, :1] - rows[:, :1].max()
        return np.concatenate([rows[:, :1], lead, rows[:, 1:]], axis=1)

    def confidence_features(self, rows: Matrix, best: int) -> NDArray[np.float64]:
        """Shape (len(NETWORK_CONFIDENCE_FEATURES),), from the rows of `sentence_features` and the place of the best sentence."""
        answers = sorted((reading.answers for reading in self.readings.values()), reverse=True)
        evidence, _, span, passage = rows[best]
        return np.array([answers[0], answers[min(1, len(answers) - 1)], evidence, span, passage], dtype=np.float64)

    def answer_span(self, passage: Passage, sentence: Sentence) -> Span | None:
        """The stretch of the sentence's `clean` text that is most likely the answer; None where the sentence was not read."""
        reading = self.readings.get(passage.id)
        return reading.spans[passage.sentences.index(sentence)] if reading else None

    def _row(self, candidate: Candidate) -> tuple[float, float, float]:
        reading = self.readings.get(candidate.passage.id)
        if reading is None:
            return (np.nan, np.nan, np.nan)
        at = candidate.passage.sentences.index(candidate.sentence)
        return float(reading.evidence[at]), float(reading.span_scores[at]), reading.answers
