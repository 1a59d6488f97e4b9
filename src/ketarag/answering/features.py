"""What can be measured of a question and a sentence without a trained reader. Rows of numbers; `read` weighs them.

Three sources: the words they share (weighted by rarity, abbreviations spelled the same way), the vectors of the embedder
(whole texts, and word by word: for every word of the question the nearest word of the sentence, as ColBERT does it,
Khattab & Zaharia 2020), and whether the sentence holds the kind of thing that is asked for.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from ketarag.answering.question_type import IMPLIED_WORD, Kind, asked_for, holds
from ketarag.answering.rarity import LEAST_WEIGHT, TermStatistics, english_rarity
from ketarag.answering.routes import implied as implied_routes
from ketarag.answering.sentence_files import SentenceFiles
from ketarag.answering.terms import names_a_subject
from ketarag.glossary import Glossary
from ketarag.protocols import Embedder, TokenVectors, Vectors
from ketarag.text import STOP_WORDS, content_stems, normalise, stem, word_spans
from ketarag.types import Hit, Passage, Sentence

Matrix = NDArray[np.float64]

SENTENCE_FEATURES = (
    "cosine", "local_cosine", "window_cosine", "coverage", "window_coverage", "soft_coverage", "window_soft", "rare_coverage",
    "strangest_word", "measure_held", "measure_missing", "kind_held", "kind_missing", "log_words", "passage_rank", "carried",
)  # fmt: skip
"""Columns of `sentence_features`, in order."""

_MEASURES = {
    Kind.DOSE, Kind.DURATION, Kind.SHARE, Kind.COUNT, Kind.FACTOR, Kind.ROUTE, Kind.DATE, Kind.AGE, Kind.FREQUENCY,
    Kind.PARTICIPANTS, Kind.COUNTRY, Kind.NAME,
}  # fmt: skip
"""Kinds whose absence from a sentence nearly rules it out; of the others a sentence may speak in many ways."""
_CONTEXT_WEIGHT = 0.5
"""Weight of a word of the conversation, or one that is only implied, beside one of the question itself."""
_REMOVED_DIRECTIONS = 2
_CACHED_PASSAGES = 1024
MOST_WRITTEN = 200
"""Passages of a library whose sentences are embedded before anybody asks: some ten seconds, once, and 60 MB."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with the passage it was found in, the up to two sentences before it there, and the rank of the passage."""

    sentence: Sentence
    passage: Passage
    before: tuple[Sentence, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class ReadSentence:
    """What is computed once for a sentence: its words spelled out, their stems with those of its heading, its routes, its vectors.

    `window` is the vector of the sentence after the one before it, shape (dimension,).
    """

    plain: str
    stems: frozenset[str]
    routes: frozenset[str]
    tokens: TokenVectors
    window: Vectors


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
    routes: frozenset[str]
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
    return [
        Candidate(sentence, hit.passage, hit.passage.sentences[max(0, at - 2) : at], hit.rank)
        for hit in hits
        for at, sentence in enumerate(hit.passage.sentences)
    ]


class FeatureExtractor:
    """Features of questions and sentences; what was computed for a sentence is kept for the next question."""

    def __init__(
        self,
        embedder: Embedder,
        glossary: Glossary,
        terms: TermStatistics,
        most_kept: int = _CACHED_PASSAGES,
        files: SentenceFiles | None = None,
    ) -> None:
        """`terms` are of the corpus that the sentences come from; `most_kept` passages are kept as they were read.

        `files` are looked into before a sentence is embedded; only `write_files` adds to them.
        """
        self._embedder = embedder
        self._glossary = glossary
        self._terms = terms
        self._most_kept = most_kept
        self._files = files
        self._kept: OrderedDict[str, tuple[ReadSentence, ...]] = OrderedDict()
        self._lock = Lock()  # questions of several threads share what is kept
        self._pools = ThreadpoolController()

    def view(self, question: str, context: str = "") -> QuestionView:
        """The question, joined with what the conversation was about where there is a `context`."""
        own_stems = frozenset(self._stems(question, question=True))
        kind = asked_for(question)
        if kind is Kind.NONE and context and len(own_stems) <= 2:
            kind = asked_for(context)
        routes = self._routes(question, question=True) or self._routes(context, question=True)
        implied = IMPLIED_WORD.get(kind, "") if own_stems or context else ""
        own = f"{self._plain(question, question=True)} {implied}".strip()
        text = f"{self._plain(context, question=True)} {own}".strip()
        weights = {
            name: self._terms.weight(name) * (1.0 if name in own_stems else _CONTEXT_WEIGHT)
            for name in self._stems(f"{context} {question} {implied}", question=True)
        }
        tokens = self._tokens(text, own)
        return QuestionView(text, kind, routes, weights, own_stems, tokens, _words(text, tokens, weights))

    def _tokens(self, text: str, own: str) -> TokenVectors:
        """Word pieces of the joined text; as a whole it is halfway between that and the question by itself."""
        if text == own:
            return self._embedder.encode_tokens([text])[0]
        joined, alone = self._embedder.encode_tokens([text, own])
        middle = joined.pooled + alone.pooled
        return replace(joined, pooled=np.asarray(middle / np.linalg.norm(middle), dtype=np.float32))

    def sentence_features(self, view: QuestionView, found: Sequence[Candidate], carried: Sequence[str]) -> Matrix:
        """Shape (len(found), len(SENTENCE_FEATURES)), float64, finite."""
        if not found:
            return np.zeros((0, len(SENTENCE_FEATURES)))
        read = self._read_all(found)
        # BLAS's own threads gain nothing on matrices this small, and wait busily on the cores that the network needs next.
        with self._pools.limit(limits=1, user_api="blas"):
            return self._rows(view, found, read, carried)

    def _rows(
        self,
        view: QuestionView,
        found: Sequence[Candidate],
        read: Mapping[Sentence, ReadSentence],
        carried: Sequence[str],
    ) -> Matrix:
        pooled = np.array([read[candidate.sentence].tokens.pooled for candidate in found])
        local = _without_common(pooled, view.tokens.pooled)
        rows = [
            self._row(view, candidate, read, cosine, carried) for candidate, cosine in zip(found, local, strict=True)
        ]
        return np.array(rows, dtype=np.float64)

    def _row(
        self,
        view: QuestionView,
        candidate: Candidate,
        read: Mapping[Sentence, ReadSentence],
        local: float,
        carried: Sequence[str],
    ) -> list[float]:
        item, before = read[candidate.sentence], [read[sentence] for sentence in candidate.before]
        together = item.stems.union(*(other.stems for other in before))
        vectors = np.concatenate([item.tokens.vectors, *(other.tokens.vectors for other in before)])
        soft, rare, strangest = word_coverage(view, together, item.tokens.vectors)
        window_soft, _, _ = word_coverage(view, together, vectors)
        other_route = bool(view.routes and item.routes and not view.routes & item.routes)
        held = holds(view.kind, item.plain) and not other_route
        measure = view.kind in _MEASURES
        kind = not measure and view.kind is not Kind.NONE
        return [
            float(item.tokens.pooled @ view.tokens.pooled),
            local,
            float(item.window @ view.tokens.pooled),
            _coverage(view, item.stems),
            _coverage(view, together),
            soft,
            window_soft,
            rare,
            strangest,
            float(measure and held),
            float(measure and not held),
            float(kind and held),
            float(kind and not held),
            math.log1p(len(candidate.sentence.clean.split())),
            1.0 / candidate.rank,
            float(candidate.passage.id in carried),
        ]

    def covered_together(self, view: QuestionView, found: Sequence[Candidate]) -> tuple[float, float, float]:
        """`word_coverage` of the question by all of these sentences as one text."""
        read = self._read_all(found)
        items = [read[candidate.sentence] for candidate in found]
        present = frozenset().union(*(item.stems for item in items))
        return word_coverage(view, present, np.concatenate([item.tokens.vectors for item in items]))

    def uncovered(self, view: QuestionView, passages: Sequence[Passage]) -> list[str]:
        """The question's own content words, whose stem stands in none of `passages` or their headings, in the question's order."""
        lacking = self.lacking(view, passages) & view.own
        words = [view.text[start:end] for start, end in word_spans(view.text)]
        return list(dict.fromkeys(word for word in words if word not in STOP_WORDS and stem(word) in lacking))

    def lacking(self, view: QuestionView, passages: Sequence[Passage]) -> frozenset[str]:
        """The content stems, of the question or of what the conversation was about, that stand in none of `passages` or their headings."""
        present = frozenset[str]().union(*(item.stems for passage in passages for item in self._read(passage)))
        return (view.own | view.weights.keys()) - present

    def unknown_subjects(self, view: QuestionView) -> float:
        """How many of the question's own words name a substance, disease, state or place that the corpus never names."""
        words = [view.text[start:end] for start, end in word_spans(view.text)]
        return float(
            sum(
                names_a_subject(word, stem(word)) and stem(word) in view.own and stem(word) not in self._terms.counts
                for word in set(words)
            )
        )

    def unknown_share(self, view: QuestionView) -> float:
        """The share of the question's weight in words that stand nowhere in the corpus, in [0, 1]."""
        unknown = sum(weight for name, weight in view.weights.items() if name not in self._terms.counts)
        return unknown / view.total if view.total else 1.0

    def _read(self, passage: Passage) -> tuple[ReadSentence, ...]:
        """The sentences of a passage, computed once.

        Embedded as one batch, whatever else the question found: what stands beside a text in a batch changes the last
        bits of its vector, and the same question must give the same answer.
        """
        with self._lock:
            if passage.id in self._kept:
                self._kept.move_to_end(passage.id)
                return self._kept[passage.id]
        sentences = passage.sentences
        plain = [self._plain(sentence.clean) for sentence in sentences]
        windows = [" ".join(plain[max(0, at - 1) : at + 1]) for at in range(len(plain))]
        texts = [f"{sentence.heading} {sentence.clean}" for sentence in sentences]
        stems = [frozenset([*self._stems(text), *content_stems(text)]) for text in texts]
        kept = self._files.find(plain) if self._files is not None else None
        vectors = kept or (self._embedder.encode_tokens(plain), self._embedder.encode(windows))
        routes = [implied_routes(self._routes(sentence.clean)) for sentence in sentences]
        read = tuple(ReadSentence(*row) for row in zip(plain, stems, routes, *vectors, strict=True))
        with self._lock:
            self._kept[passage.id] = read
            while len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)
        return read

    def write_files(self, library: str, passages: Sequence[Passage], report: Callable[[str], None]) -> None:
        """Embeds the sentences of a whole library, once, for later starts; `library` names it and what it was made from.

        Where nothing can be written, or there are more than MOST_WRITTEN passages, each start embeds what it needs.
        """
        if self._files is None or len(passages) > MOST_WRITTEN or self._files.is_done(library):
            return
        report("Reading the sentences of the documents (once)")
        try:
            for passage in passages:
                read = self._read(passage)
                tokens, windows = [item.tokens for item in read], np.stack([item.window for item in read])
                self._files.keep([item.plain for item in read], (tokens, windows))
            self._files.set_done(library)
        except OSError as error:
            report(f"The sentences are read again at each start: {error}")

    def _read_all(self, found: Sequence[Candidate]) -> dict[Sentence, ReadSentence]:
        """Every sentence of the passages that were found."""
        passages = dict.fromkeys(candidate.passage for candidate in found)
        return {
            sentence: item
            for passage in passages
            for sentence, item in zip(passage.sentences, self._read(passage), strict=True)
        }

    def _routes(self, text: str, *, question: bool = False) -> frozenset[str]:
        found = self._glossary.found_in(text, question=question)
        return frozenset(entry.forms[0] for entry, _ in found if entry.kind == "route")

    def _plain(self, text: str, *, question: bool = False) -> str:
        return normalise(self._glossary.spelled_out(text, question=question))

    def _stems(self, text: str, *, question: bool = False) -> list[str]:
        return content_stems(self._glossary.spelled_out(text, question=question))


def word_coverage(view: QuestionView, present: AbstractSet[str], vectors: Vectors) -> tuple[float, float, float]:
    """(coverage by weight, coverage by rarity, largest rarity left uncovered), each in [0, 1].

    Each content word of the question is covered by 1 where its stem is `present`, else by the cosine of its nearest word
    piece among `vectors`.
    """
    if not view.words or not len(vectors):
        return 0.0, 0.0, 1.0
    sums = np.concatenate([[0.0], np.cumsum((view.tokens.vectors @ vectors.T).max(axis=1), dtype=np.float64)])
    first, last, weights, rarities, held = np.array(
        [(word.rows[0], word.rows[-1] + 1, word.weight, word.rarity, word.stem in present) for word in view.words]
    ).T
    begin, end = first.astype(np.intp), last.astype(np.intp)
    soft = (sums[end] - sums[begin]) / (end - begin)  # a word's pieces stand together
    each = np.where(held > 0, 1.0, soft)
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


def _coverage(view: QuestionView, present: AbstractSet[str]) -> float:
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
    # The Gram matrix is (candidates, candidates): its eigenvectors give the same directions as an SVD, in a tenth of the time.
    values, vectors = np.linalg.eigh(centred @ centred.T)
    top = (vectors.T[-_REMOVED_DIRECTIONS:] @ centred) / np.sqrt(np.maximum(values[-_REMOVED_DIRECTIONS:], 1e-12))[
        :, None
    ]
    rest = centred - centred @ top.T @ top
    aim = (query - mean) - (query - mean) @ top.T @ top
    lengths = np.linalg.norm(rest, axis=1) * np.linalg.norm(aim)
    return [float(value) for value in (rest @ aim) / np.maximum(lengths, 1e-9)]
