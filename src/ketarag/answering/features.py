"""What can be measured of a question and a sentence without a trained reader. Rows of numbers; `read` weighs them.

Three sources: the words they share (weighted by rarity, abbreviations spelled the same way), the vectors of the embedder
(whole texts, and word by word: for every word of the question the nearest word of the sentence, as ColBERT does it,
Khattab & Zaharia 2020), and whether the sentence holds the kind of thing that is asked for.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketarag.answering.question_type import Kind, asked_for, holds
from ketarag.answering.rarity import LEAST_WEIGHT, TermStatistics, english_rarity
from ketarag.glossary import Glossary
from ketarag.protocols import Embedder, TokenVectors, Vectors
from ketarag.text import STOP_WORDS, content_stems, normalise, stem, word_spans
from ketarag.types import Hit, Passage, Sentence

Matrix = NDArray[np.float64]

SENTENCE_FEATURES = (
    "cosine", "local_cosine", "window_cosine", "coverage", "window_coverage", "soft_coverage", "rare_coverage",
    "strangest_word", "measure_held", "measure_missing", "kind_held", "kind_missing", "log_words", "passage_rank", "carried",
)  # fmt: skip
"""Columns of `sentence_features`, in order."""

_MEASURES = {
    Kind.DOSE, Kind.DURATION, Kind.SHARE, Kind.COUNT, Kind.FACTOR, Kind.ROUTE, Kind.DATE, Kind.AGE, Kind.FREQUENCY,
    Kind.PARTICIPANTS, Kind.COUNTRY, Kind.NAME,
}  # fmt: skip
"""Kinds whose absence from a sentence nearly rules it out; of the others a sentence may speak in many ways."""
_CONTEXT_WEIGHT = 0.5
"""Weight of a word of the conversation beside one of the question itself."""
_REMOVED_DIRECTIONS = 2
_CACHED_SENTENCES = 4096


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with the passage it was found in and the sentence before it in its paragraph ("" if none)."""

    sentence: Sentence
    passage: Passage
    before: str
    rank: int


@dataclass(frozen=True, slots=True)
class Word:
    """A content word of a question: its stem, the rows of its word pieces, its weight here and its rarity in English."""

    stem: str
    rows: tuple[int, ...]
    weight: float
    rarity: float


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question as the features see it: `weights` maps each content stem to what it tells."""

    text: str
    kind: Kind
    weights: dict[str, float]
    own: frozenset[str]
    tokens: TokenVectors
    words: tuple[Word, ...]

    @property
    def total(self) -> float:
        """Sum of the weights; 0 for a question without content words."""
        return sum(self.weights.values())


def candidates(hits: Sequence[Hit]) -> list[Candidate]:
    """Every sentence of the hits, in the order of the hits."""
    found = []
    for hit in hits:
        before: Sentence | None = None
        for sentence in hit.passage.sentences:
            same = before is not None and before.paragraph == sentence.paragraph
            found.append(Candidate(sentence, hit.passage, before.clean if before and same else "", hit.rank))
            before = sentence
    return found


class FeatureExtractor:
    """Features of questions and sentences; what was computed for a sentence is kept for the next question."""

    def __init__(self, embedder: Embedder, glossary: Glossary, terms: TermStatistics) -> None:
        """`terms` are of the corpus that the sentences come from."""
        self._embedder = embedder
        self._glossary = glossary
        self._terms = terms
        self._kept: OrderedDict[tuple[str, int], tuple[TokenVectors, Vectors]] = OrderedDict()

    def view(self, question: str, context: str = "") -> QuestionView:
        """The question, joined with what the conversation was about where there is a `context`."""
        own = self._plain(question, question=True)
        text = f"{self._plain(context, question=True)} {own}".strip()
        own_stems = frozenset(self._stems(question, question=True))
        weights = {
            name: self._terms.weight(name) * (1.0 if name in own_stems or not context else _CONTEXT_WEIGHT)
            for name in self._stems(f"{context} {question}", question=True)
        }
        kind = asked_for(question)
        if kind is Kind.NONE and context and len(own_stems) <= 2:
            kind = asked_for(context)
        (tokens,) = self._embedder.encode_tokens([text])
        return QuestionView(text, kind, weights, own_stems, tokens, _words(text, tokens, weights))

    def sentence_features(self, view: QuestionView, found: Sequence[Candidate], carried: Sequence[str]) -> Matrix:
        """Shape (len(found), len(SENTENCE_FEATURES)), float64, finite."""
        kept = self._embedded(found)
        pooled = np.array([tokens.pooled for tokens, _ in kept])
        windows = np.array([window for _, window in kept])
        query = view.tokens.pooled
        local = _without_common(pooled, query)
        rows = []
        for at, (candidate, (tokens, _)) in enumerate(zip(found, kept, strict=True)):
            sentence = candidate.sentence
            own = set(self._stems(f"{sentence.heading} {sentence.clean}"))
            soft = word_coverage(view, own | set(self._stems(candidate.before)), tokens.vectors)
            held = holds(view.kind, self._plain(sentence.clean))
            measure, kind = view.kind in _MEASURES, view.kind not in _MEASURES and view.kind is not Kind.NONE
            rows.append(
                [
                    float(pooled[at] @ query),
                    local[at],
                    float(windows[at] @ query),
                    _coverage(view, own),
                    _coverage(view, own | set(self._stems(candidate.before))),
                    *soft,
                    float(measure and held),
                    float(measure and not held),
                    float(kind and held),
                    float(kind and not held),
                    math.log1p(len(sentence.clean.split())),
                    1.0 / candidate.rank,
                    float(candidate.passage.id in carried),
                ]
            )
        return np.array(rows, dtype=np.float64).reshape(len(found), len(SENTENCE_FEATURES))

    def covered_together(self, view: QuestionView, found: Sequence[Candidate]) -> tuple[float, float, float]:
        """`word_coverage` of the question by all of these sentences as one text."""
        present = {name for c in found for name in self._stems(f"{c.sentence.heading} {c.sentence.clean}")}
        return word_coverage(view, present, np.concatenate([tokens.vectors for tokens, _ in self._embedded(found)]))

    def uncovered(self, view: QuestionView, texts: Sequence[str]) -> list[str]:
        """The question's own content words, whose stem stands in none of `texts`, in the order of the question."""
        present = {name for text in texts for name in self._stems(text)}
        words = [view.text[start:end] for start, end in word_spans(view.text)]
        missing = [
            word for word in words if word not in STOP_WORDS and stem(word) in view.own and stem(word) not in present
        ]
        return list(dict.fromkeys(missing))

    def unknown_share(self, view: QuestionView) -> float:
        """The share of the question's weight in words that stand nowhere in the corpus, in [0, 1]."""
        unknown = sum(weight for name, weight in view.weights.items() if name not in self._terms.counts)
        return unknown / view.total if view.total else 1.0

    def _embedded(self, found: Sequence[Candidate]) -> list[tuple[TokenVectors, Vectors]]:
        keys = [(candidate.sentence.document_id, candidate.sentence.start) for candidate in found]
        new = {key: candidate for key, candidate in zip(keys, found, strict=True) if key not in self._kept}
        if new:
            sentences = [self._plain(candidate.sentence.clean) for candidate in new.values()]
            windows = [self._plain(f"{candidate.before} {candidate.sentence.clean}") for candidate in new.values()]
            tokens = self._embedder.encode_tokens(sentences)
            for key, token, window in zip(new, tokens, self._embedder.encode(windows), strict=True):
                self._kept[key] = (token, window)
        result = [self._kept[key] for key in keys]
        for key in keys:
            self._kept.move_to_end(key)
        while len(self._kept) > _CACHED_SENTENCES:
            self._kept.popitem(last=False)
        return result

    def _plain(self, text: str, *, question: bool = False) -> str:
        return normalise(self._glossary.spelled_out(text, question=question))

    def _stems(self, text: str, *, question: bool = False) -> list[str]:
        return content_stems(self._glossary.spelled_out(text, question=question))


def word_coverage(view: QuestionView, present: set[str], vectors: Vectors) -> tuple[float, float, float]:
    """(coverage by weight, coverage by rarity, largest rarity left uncovered), each in [0, 1].

    Each content word of the question is covered by 1 where its stem is `present`, else by the cosine of its nearest word
    piece among `vectors`.
    """
    if not view.words or not len(vectors):
        return 0.0, 0.0, 1.0
    nearest = (view.tokens.vectors @ vectors.T).max(axis=1)
    soft = np.array([float(nearest[list(word.rows)].mean()) for word in view.words])
    each = np.array([1.0 if word.stem in present else cosine for word, cosine in zip(view.words, soft, strict=True)])
    weights = np.array([word.weight for word in view.words])
    rarities = np.array([word.rarity for word in view.words])
    strangest = float((rarities * (1 - each)).max())
    return float(soft @ weights / weights.sum()), float(each @ rarities / max(rarities.sum(), 1e-9)), strangest


def _words(text: str, tokens: TokenVectors, weights: Mapping[str, float]) -> tuple[Word, ...]:
    """The content words of a normalised text that the embedder read, in order."""
    found = []
    for start, end in word_spans(text):
        word = text[start:end]
        rows = tuple(int(row) for row in np.flatnonzero((tokens.spans[:, 0] >= start) & (tokens.spans[:, 1] <= end)))
        if word not in STOP_WORDS and rows:
            found.append(Word(stem(word), rows, weights.get(stem(word), 0.0) or LEAST_WEIGHT, english_rarity(word)))
    return tuple(found)


def _coverage(view: QuestionView, present: set[str]) -> float:
    covered = sum(weight for name, weight in view.weights.items() if name in present)
    return covered / view.total if view.total else 0.0


def _without_common(pooled: Vectors, query: Vectors) -> list[float]:
    """Cosines after what all candidates share is taken out: their mean and first principal directions.

    "All-but-the-top" (Mu & Viswanath 2018), on the candidates: in a document about one drug every sentence is near
    every question, and what tells them apart is the rest.
    """
    if len(pooled) < 2 * _REMOVED_DIRECTIONS + 2:
        return [float(value) for value in pooled @ query]
    mean = pooled.mean(axis=0)
    centred = pooled - mean
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    top = directions[:_REMOVED_DIRECTIONS]
    rest = centred - centred @ top.T @ top
    aim = (query - mean) - (query - mean) @ top.T @ top
    lengths = np.linalg.norm(rest, axis=1) * np.linalg.norm(aim)
    return [float(value) for value in (rest @ aim) / np.maximum(lengths, 1e-9)]
