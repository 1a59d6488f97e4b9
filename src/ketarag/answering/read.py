"""read: question and passages -> the sentences that answer, and how likely any does.

Two readers behind one protocol. `TrainedReader` lets the network (`cross_encoder`) read the passages that look best, and adds its scores to
the features; `FeatureReader`, the first one, has the features alone, and steps in where the network is missing. In both, one
regression ranks the sentences and another says whether the question is answered at all (`weights`, `summary`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ketarag.answering.align import in_document
from ketarag.answering.features import Candidate, FeatureExtractor, Matrix, QuestionView, candidates
from ketarag.answering.question_type import asks_for_an_amount, holds_an_amount
from ketarag.answering.summary import NetworkView, confidence_features
from ketarag.answering.weights import ReaderWeights
from ketarag.protocols import PairModel
from ketarag.types import Evidence, Hit, Passage, Reading, Span

NETWORK_PASSAGES = 2
"""Passages that the network reads for one question: those with the best sentences by the first reader. Six put a gold sentence first a
little more often, decline a little less of what is not answered, and take three times as long (`docs/decisions/0005-trained-reader.md`)."""

WITHOUT_AMOUNT = 0.05
"""The most confidence where a dose is asked for and the best sentence holds none, however near it is ("the maximum dose" of a trial)."""

_MOST_EVIDENCE = 8
_DECIMALS = 6


class _WeighedReader:
    """What both readers share: a question is viewed, every sentence of the hits gets its features, and `_judge` does the rest."""

    def __init__(self, features: FeatureExtractor, weights: ReaderWeights) -> None:
        self._features = features
        self._weights = weights

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
        reading = self._judge(asked(question, context), view, found, rows)
        if not asks_for_an_amount(question):
            return reading
        if not holds_an_amount(reading.evidence[0].sentence.clean):
            return replace(reading, confidence=min(reading.confidence, WITHOUT_AMOUNT))
        return replace(reading, evidence=self._without_other_amounts(view, reading.evidence))

    def _without_other_amounts(self, view: QuestionView, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """Without further amounts from passages that lack a word of the question which the best one's passage has: of another disease."""
        lacking = self._features.lacking(view, [evidence[0].passage])
        return tuple(
            item
            for item in evidence
            if not holds_an_amount(item.sentence.clean) or self._features.lacking(view, [item.passage]) <= lacking
        )

    def _judge(self, text: str, view: QuestionView, found: Sequence[Candidate], rows: Matrix) -> Reading:
        """`text` is what the network is asked; `found` is not empty."""
        raise NotImplementedError


class FeatureReader(_WeighedReader):
    """Scores every sentence of the hits from lexical, semantic and question-type features. Deterministic."""

    @property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        return self._weights.fingerprint

    def _judge(self, text: str, view: QuestionView, found: Sequence[Candidate], rows: Matrix) -> Reading:  # noqa: ARG002
        logits = rounded(self._weights.sentence.logits(rows))
        summary = confidence_features(self._features, view, found, rows, logits)
        return _reading(self._features, self._weights, view, found, logits, summary)


class TrainedReader(_WeighedReader):
    """Adds the network's reading of the most promising passages to the features of the first reader."""

    def __init__(
        self, features: FeatureExtractor, first: ReaderWeights, weights: ReaderWeights, network: PairModel
    ) -> None:
        """`first` are the first reader's weights: they choose what the network reads. Deterministic."""
        super().__init__(features, weights)
        self._first = first
        self._network = network
        parts = f"{first.fingerprint}\n{weights.fingerprint}\n{network.fingerprint}"
        self.fingerprint = hashlib.sha256(parts.encode()).hexdigest()[:16]

    def _judge(self, text: str, view: QuestionView, found: Sequence[Candidate], rows: Matrix) -> Reading:
        promising = most_promising(found, self._first.sentence.logits(rows))
        seen = NetworkView.of(self._network, text, promising)
        network_rows = seen.sentence_features(found)
        logits = rounded(self._weights.sentence.logits(np.concatenate([rows, network_rows], axis=1)))
        of_features = confidence_features(self._features, view, found, rows, logits)
        of_network = seen.confidence_features(network_rows, int(np.argmax(logits)))
        summary = np.concatenate([of_features, of_network])
        reading = _reading(self._features, self._weights, view, found, logits, summary)
        return replace(reading, evidence=tuple(replace(item, answer=_answer(seen, item)) for item in reading.evidence))


def asked(question: str, context: str) -> str:
    """The question as the network was trained to see it in a conversation."""
    return f"{context} / {question}" if context else question


def most_promising(found: Sequence[Candidate], logits: NDArray[np.float64]) -> list[Passage]:
    """At most NETWORK_PASSAGES passages, by their best sentence's logit; equal ones in the order found."""
    best = dict.fromkeys(found[at].passage for at in np.argsort(-rounded(logits), kind="stable"))
    return list(best)[:NETWORK_PASSAGES]


def rounded(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equal sentences differ in the last bits of their vectors: rounded, they are equal, and the document's order decides."""
    return np.round(logits, _DECIMALS)


def _answer(seen: NetworkView, item: Evidence) -> Span | None:
    stretch = seen.answer_span(item.passage, item.sentence)
    return in_document(item.sentence, stretch) if stretch else None


def _reading(
    features: FeatureExtractor,
    weights: ReaderWeights,
    view: QuestionView,
    found: Sequence[Candidate],
    logits: NDArray[np.float64],
    summary: NDArray[np.float64],
) -> Reading:
    order = sorted(
        range(len(found)), key=lambda at: (-logits[at], found[at].sentence.document_id, found[at].sentence.start)
    )
    evidence = tuple(
        Evidence(found[at].sentence, found[at].passage, _sigmoid(float(logits[at]))) for at in order[:_MOST_EVIDENCE]
    )
    confidence = _sigmoid(float(weights.confidence.logits(summary[None, :])[0]))
    return Reading(evidence, confidence, tuple(features.uncovered(view, [item.passage for item in evidence[:3]])))


def _sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -60, 60))))
