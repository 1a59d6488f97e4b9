"""retrieve and fuse: all wordings of a question -> passages, dense and lexical ranks fused.

Reciprocal rank fusion: score = sum of 1 / (60 + rank) over all rankings (Cormack, Clarke & Buettcher 2009).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from ketarag.glossary import Glossary
from ketarag.protocols import Embedder, VectorStore
from ketarag.types import Hit, Passage

RRF_K = 60
DEPTH = 50
"""Passages taken from each ranking before fusion."""


class Lexical(Protocol):
    """What is needed of the lexical index: positions in the order of the passages."""

    def search(self, query: str, k: int) -> list[tuple[int, float]]:
        """The at most `k` best (position, score), best first."""
        ...


class HybridRetriever:
    """Dense and BM25 rankings of every wording, fused by rank; abbreviations searched in all their forms."""

    def __init__(
        self,
        passages: Sequence[Passage],
        vectors: VectorStore,
        lexical: Lexical,
        embedder: Embedder,
        glossary: Glossary,
    ) -> None:
        """`lexical` and `vectors` index exactly `passages`."""
        self._passages: Mapping[str, Passage] = {passage.id: passage for passage in passages}
        self._order = [passage.id for passage in passages]
        self._vectors = vectors
        self._lexical = lexical
        self._embedder = embedder
        self._glossary = glossary

    def retrieve(self, queries: Sequence[str], k: int, carried: Sequence[str] = ()) -> list[Hit]:
        """At most `k` hits, best first; `carried` passages are among them, at the end where no ranking found them."""
        rankings = [ranking for query in dict.fromkeys(queries) for ranking in self._rankings(query)]
        scores: dict[str, float] = defaultdict(float)
        found_by: dict[str, dict[str, None]] = defaultdict(dict)
        for name, ids in rankings:
            for rank, passage in enumerate(ids, start=1):
                scores[passage] += 1 / (RRF_K + rank)
                found_by[passage][name] = None
        best = sorted(scores, key=lambda passage: (-scores[passage], passage))
        kept = [passage for passage in dict.fromkeys(carried) if passage in self._passages][:k]
        for passage in kept:
            found_by[passage]["carried"] = None
        others = [passage for passage in best if passage not in kept][: k - len(kept)]
        chosen = sorted([*others, *kept], key=lambda passage: (-scores[passage], passage))
        return [
            Hit(self._passages[passage], scores[passage], rank, "+".join(found_by[passage]))
            for rank, passage in enumerate(chosen, start=1)
        ]

    def _rankings(self, query: str) -> list[tuple[str, list[str]]]:
        spelled = self._glossary.spelled_out(query, question=True)
        dense = self._vectors.search(self._embedder.encode([spelled]), DEPTH)
        expanded = " ".join([query, *self._glossary.expansions(query)])
        lexical = self._lexical.search(expanded, DEPTH)
        return [("dense", [name for name, _ in dense]), ("lexical", [self._order[at] for at, _ in lexical])]
