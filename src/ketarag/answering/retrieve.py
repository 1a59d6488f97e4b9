"""retrieve and fuse: all wordings of a question, and its conversation -> passages, dense and lexical ranks fused.

Reciprocal rank fusion: score = sum of weight / (60 + rank) over all rankings (Cormack, Clarke & Buettcher 2009). In a conversation the
question's vector leans towards what was said before: neither the last turn alone nor all of it joined is best everywhere, and
their sum is better than both (`docs/decisions/0006-conversation.md`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ketarag.glossary import Glossary
from ketarag.protocols import Embedder, Vectors
from ketarag.types import Hit, Passage

RRF_K = 60
DEPTH = 50
"""Passages taken from each ranking before fusion."""
HISTORY_WEIGHT = 0.8
"""Of the vector of the question with its conversation, beside 1 for the question by itself."""
LEXICAL_WEIGHT_IN_CONVERSATION = 0.5
"""The words of a turn in a conversation tell less than those of a question that stands alone."""


class Dense(Protocol):
    """What is needed of a store of vectors."""

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row: (id, inner product), best first; of the ids `within`, None for all."""
        ...


@runtime_checkable
class Named(Protocol):
    """Passages that know their ids without being read, as those of an index do."""

    @property
    def by_id(self) -> Mapping[str, Passage]:
        """The passage with an id."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Their ids, in order."""
        ...

    def positions(self, within: Collection[str]) -> NDArray[np.int64]:
        """Where those with these ids stand, ascending."""
        ...


class Lexical(Protocol):
    """What is needed of the lexical index: positions in the order of the passages."""

    def search(self, query: str, k: int, within: NDArray[np.int64] | None = None) -> list[tuple[int, float]]:
        """The at most `k` best (position, score), best first; of the positions `within`, None for all."""
        ...


class HybridRetriever:
    """Dense and BM25 rankings of every wording, fused by rank; abbreviations searched in all their forms."""

    def __init__(
        self,
        passages: Sequence[Passage],
        vectors: Dense,
        lexical: Lexical,
        embedder: Embedder,
        glossary: Glossary,
    ) -> None:
        """`lexical` and `vectors` index exactly `passages`."""
        self._passages: Mapping[str, Passage]
        self._order: Sequence[str]
        self._positions: Callable[[Collection[str]], NDArray[np.int64]]
        if isinstance(passages, Named):
            self._passages, self._order, self._positions = passages.by_id, passages.names, passages.positions
        else:
            self._passages = {passage.id: passage for passage in passages}
            self._order = [passage.id for passage in passages]
            self._positions = self._held
        self._vectors = vectors
        self._lexical = lexical
        self._embedder = embedder
        self._glossary = glossary

    def retrieve(
        self,
        queries: Sequence[str],
        k: int,
        carried: Sequence[str] = (),
        history: str = "",
        within: Collection[str] | None = None,
    ) -> list[Hit]:
        """At most `k` hits, best first; `carried` passages are among them, at the end where no ranking found them.

        `within`: the ids of the only passages that are searched; None for all.
        """
        some = None if within is None else (within, self._positions(within))
        rankings = [
            ranking
            for at, query in enumerate(dict.fromkeys(queries))
            for ranking in self._rankings(query, history if at == 0 else "", some)
        ]
        scores: dict[str, float] = defaultdict(float)
        found_by: dict[str, dict[str, None]] = defaultdict(dict)
        for name, weight, ids in rankings:
            for rank, passage in enumerate(ids, start=1):
                scores[passage] += weight / (RRF_K + rank)
                found_by[passage][name] = None
        best = sorted(scores, key=lambda passage: (-scores[passage], passage))
        known = self._passages if within is None else within
        kept = [passage for passage in dict.fromkeys(carried) if passage in known and passage in self._passages][:k]
        for passage in kept:
            found_by[passage]["carried"] = None
        others = [passage for passage in best if passage not in kept][: k - len(kept)]
        chosen = sorted([*others, *kept], key=lambda passage: (-scores[passage], passage))
        return [
            Hit(self._passages[passage], scores[passage], rank, "+".join(found_by[passage]))
            for rank, passage in enumerate(chosen, start=1)
        ]

    def _held(self, within: Collection[str]) -> NDArray[np.int64]:
        return np.array([at for at, name in enumerate(self._order) if name in within], dtype=np.int64)

    def _rankings(
        self, query: str, history: str, some: tuple[Collection[str], NDArray[np.int64]] | None
    ) -> list[tuple[str, float, list[str]]]:
        """`some`: the ids and positions that are searched, None for all."""
        ids, positions = some or (None, None)
        dense = self._vectors.search(self._vector(query, history), DEPTH, ids)
        expanded = " ".join([query, *self._glossary.expansions(query)])
        lexical = self._lexical.search(expanded, DEPTH, positions)
        weight = LEXICAL_WEIGHT_IN_CONVERSATION if history else 1.0
        return [
            ("dense", 1.0, [name for name, _ in dense]),
            ("lexical", weight, [self._order[at] for at, _ in lexical]),
        ]

    def _vector(self, query: str, history: str) -> Vectors:
        spelled = self._glossary.spelled_out(query, question=True)
        if not history:
            return self._embedder.encode([spelled])
        alone, joined = self._embedder.encode([spelled, f"{spelled} {history}"])
        mixed = alone + HISTORY_WEIGHT * joined
        return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32)[None, :]
