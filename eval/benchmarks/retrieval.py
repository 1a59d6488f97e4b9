"""Finding documents for queries (SciFact, NFCorpus and other BEIR-like folders): BM25, vectors, both fused, and that read again.

Read again: the first documents of the fused ranking by the network's log odds plus their score in the fusion, each less its
mean and over its standard deviation. The program itself reads passages for sentences, not to rank them: this is what its network could do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eval.benchmarks.collection import Collection
from eval.benchmarks.figures import Figures, mean
from eval.benchmarks.files import Query
from eval.benchmarks.passages import Indexed, index
from eval.benchmarks.progress import told
from eval.benchmarks.ranks import scored
from eval.record import Figure
from ketarag.protocols import Embedder, PairModel
from ketarag.types import Hit

MEASURES = ("nDCG@10", "R@10")
DEPTH = 50
"""Documents of each ranking."""
READ = (10, 20, DEPTH)
"""Documents that the network reads: fewer are faster."""


def retrieval(collection: Collection, embedder: Embedder, network: PairModel) -> Figures:
    """nDCG@10 and recall@10 of each ranking. Intervals by query."""
    indexed = index(collection.passages, embedder)
    ranked = [_rankings(query, indexed, embedder, network) for query in told(collection.queries, "queries")]
    names = [query.id for query in collection.queries]
    figures: dict[str, Figure | None] = {}
    for way in ranked[0]:
        rankings = {name: rows[way] for name, rows in zip(names, ranked, strict=True)}
        for measure, values in scored(rankings, collection.qrels, MEASURES).items():
            figures[f"{measure}: {way}"] = mean(values, names)
    return figures


def read_again(fused: Sequence[float], odds: Sequence[float], count: int) -> list[int]:
    """Positions in a new order: the first `count` by both numbers together, the rest as they were.

    `fused`: scores of the ranking, falling; `odds`: the network's log odds, one for each.
    """
    together = _scaled(fused[:count]) + _scaled(odds[:count])
    return [*map(int, np.argsort(-together, kind="stable")), *range(len(together), len(fused))]


def _rankings(query: Query, indexed: Indexed, embedder: Embedder, network: PairModel) -> dict[str, list[str]]:
    """Documents, best first, by name of the ranking."""
    lexical = indexed.lexical.search(query.text, DEPTH)
    dense = indexed.vectors.search(embedder.encode([query.text]), DEPTH)
    hits = indexed.retriever.retrieve([query.text], DEPTH)
    return {
        "BM25 alone": [indexed.passages[at].id for at, _ in lexical],
        "MiniLM alone": [name for name, _ in dense],
        "both fused, as shipped": [hit.passage.id for hit in hits],
        **_read(query, hits, network),
    }


def _read(query: Query, hits: Sequence[Hit], network: PairModel) -> dict[str, list[str]]:
    readings = network.read(query.text, [[sentence.clean for sentence in hit.passage.sentences] for hit in hits])
    heads = {
        "relevant": [reading.relevant for reading in readings],
        "answers": [reading.answers for reading in readings],
    }
    fused = [hit.score for hit in hits]
    return {
        f"fused, first {count} read: {head}": [hits[at].passage.id for at in read_again(fused, odds, count)]
        for head, odds in heads.items()
        for count in READ
    }


def _scaled(values: Sequence[float]) -> NDArray[np.float64]:
    """Equal values, and none, stay as they are but for their mean."""
    array = np.asarray(values, dtype=np.float64)
    return (array - array.mean()) / (array.std() + 1e-9) if len(array) else array
