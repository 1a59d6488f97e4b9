"""overlay: documents in memory beside a shared index, which is neither copied nor changed; nothing is written.

A document is made ready once (`Shelved`), as at index time, and then searched together with the index and with other such
documents. Not here: what the reader needs of them (`ketarag.answering.extend`), the wiring (`ketarag.loading`).
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ketarag.indexing.build import MAX_WORD_PIECES
from ketarag.indexing.chunk import chunk, embedded_text
from ketarag.indexing.embedders import encode_for_index
from ketarag.indexing.folder import Manifest
from ketarag.indexing.lexical import LexicalIndex
from ketarag.indexing.segment import segment
from ketarag.indexing.shelf import Passages, PlacedPassages, United
from ketarag.indexing.store import FaissStore
from ketarag.protocols import Embedder, Vectors
from ketarag.sequences import Joined, JoinedById
from ketarag.text import content_stems
from ketarag.types import Document, Passage

BATCH = 64
"""Passages embedded between two reports: under a second on two free cores."""

Shelving = Generator[tuple[int, int], None, "Shelved"]
"""Yields how many passages are embedded, and of how many, from (0, n) to (n, n); returns what was made."""


class Searched(Protocol):
    """What is needed of a store of vectors to search it."""

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first; of the ids `within`, None for all."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Shelved:
    """One document, ready to be searched: its passages, their vectors and their words."""

    document: Document
    passages: tuple[Passage, ...]
    vectors: FaissStore
    lexical: LexicalIndex


@dataclass(frozen=True, slots=True)
class OverlayIndex:
    """What an assistant needs to know of an index and the documents beside it."""

    documents: Sequence[Document]
    passages: PlacedPassages
    manifest: Manifest
    fingerprint: str


class JoinedPassages(JoinedById[Passage], PlacedPassages):
    """The passages of an index and further ones, which know their ids without being read."""

    def __init__(self, shared: PlacedPassages, added: Sequence[Passage]) -> None:
        """Raises ValueError where an id comes twice."""
        super().__init__(shared, added)
        self._shared, self._added = shared, added
        names = shared.names if isinstance(shared, Passages) else [passage.id for passage in shared]
        self.names: Sequence[str] = Joined(names, [passage.id for passage in added])

    def holding(self, document_id: str, start: int, end: int) -> str:
        """See `PlacedPassages`."""
        mine = (
            one.id for one in self._added if one.document_id == document_id and one.start <= start and end <= one.end
        )
        return next(mine, "") or self._shared.holding(document_id, start, end)

    def of(self, documents: Collection[str]) -> Collection[str]:
        """See `PlacedPassages`."""
        own = {passage.id for passage in self._added if passage.document_id in documents}
        return United(self._shared.of(documents), own)

    def positions(self, within: Collection[str]) -> NDArray[np.int64]:
        """See `PlacedPassages`."""
        own = [len(self._shared) + at for at, passage in enumerate(self._added) if passage.id in within]
        return np.concatenate([self._shared.positions(within), np.array(own, dtype=np.int64)])


def shelve(document: Document, embedder: Embedder) -> Shelving:
    """Segments, chunks and embeds a document as at index time, step by step. No passages where all of it is left out."""
    limit = min(MAX_WORD_PIECES, embedder.max_word_pieces)
    sentences = segment(document, lambda text: embedder.count_word_pieces(text) <= limit).sentences
    passages = chunk(document, sentences, embedder.count_word_pieces, limit)
    texts = [embedded_text(passage.heading, passage.clean) for passage in passages]
    vectors = FaissStore(embedder.dimension)
    yield 0, len(passages)
    for start in range(0, len(passages), BATCH):
        part = passages[start : start + BATCH]
        vectors.add([passage.id for passage in part], encode_for_index(embedder, texts[start : start + BATCH]))
        yield start + len(part), len(passages)
    return Shelved(document, tuple(passages), vectors, LexicalIndex.build(texts))


def overlay_fingerprint(index: str, documents: Sequence[Document]) -> str:
    """Names an index together with documents, by their content; their order does not matter."""
    names = sorted(
        hashlib.sha256(
            repr((one.id, one.title, one.sha256, one.left_out, one.text)).encode("utf-8", "replace")
        ).hexdigest()
        for one in documents
    )
    return hashlib.sha256("\n".join([index, *names]).encode()).hexdigest()[:24]


class OverlayVectors:
    """Several stores searched as one, exactly as far as each is exact."""

    def __init__(self, stores: Sequence[Searched]) -> None:
        """No id may be in two of them. Of equal inner products the earlier store's comes first."""
        self._stores = stores

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first; of the ids `within`, None for all."""
        found = [store.search(vector, k, within) for store in self._stores]
        return list(islice(merge(*found, key=lambda pair: -pair[1]), max(k, 0)))


class OverlayLexical:
    """BM25 over several indexes as if it were one: what a word tells is reckoned over all of them.

    Without that, a word that every passage of the one speaks of and none of the other would count for little where it tells most.
    Only the mean length of a text stays each index's own; their passages are cut to one limit.
    """

    def __init__(self, indexes: Sequence[LexicalIndex]) -> None:
        """Positions go on from one index to the next."""
        self._indexes = indexes
        self._size = sum(map(len, indexes))

    def search(self, query: str, k: int, within: NDArray[np.int64] | None = None) -> list[tuple[int, float]]:
        """The at most `k` best (position, score > 0), best first; ties by position; of the positions `within`, None for all."""
        scores = [np.zeros(len(index), dtype=np.float32) for index in self._indexes]
        for stem, times in Counter(content_stems(query)).items():
            columns = [index.column(stem) for index in self._indexes]
            together = _idf(sum(len(positions) for positions, _ in columns), self._size)
            for sums, (positions, values) in zip(scores, columns, strict=True):
                sums[positions] += np.float32(times * together / _idf(len(positions), len(sums))) * values
        summed = np.concatenate(scores)
        if within is not None:
            searched = np.zeros_like(summed)
            searched[within] = summed[within]
            summed = searched
        return _best(summed, k) if k > 0 else []


def _best(scores: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
    held = np.flatnonzero(scores > 0)
    if len(held) > k:
        held = held[scores[held] >= np.partition(scores[held], -k)[-k]]
    order = held[np.argsort(-scores[held], kind="stable")][:k]
    return [(int(at), float(scores[at])) for at in order]


def _idf(holding: int, size: int) -> float:
    """As in `LexicalIndex`, after Lucene: ln(1 + (N - n + 0.5) / (n + 0.5)); above 0."""
    return math.log(1 + (size - holding + 0.5) / (holding + 0.5))
