"""extend: the steps of an answer over the shared documents and a few more, which stay apart until there are answers to compare.

Each collection is searched and read by itself, with what its own words tell: so whatever is added, the shared documents
answer as they did, and a short document is not lost in a large library. The answers of both are then put side by side.
Not here: the further documents' passages, vectors and words (`ketarag.indexing.overlay`), the wiring (`ketarag.loading`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain

from ketarag.protocols import Reader, Retriever
from ketarag.types import Evidence, Hit, Reading

ADDED_PASSAGES = 5
"""Passages of the further documents that are read for one question. Their sentences are mostly new to the reader, unlike those of a small
library, and each passage takes some 16 vectors."""
KEPT_PASSAGES = 24
"""Passages of the further documents whose sentences' vectors are kept: those of the last five questions, up to 15 MB."""
BESIDE = 0.8
"""The part of the surer collection's confidence that the other one's must reach to be compared with it at all."""
ALIKE = 0.5
"""The part of the better best sentence's score that the other collection's best must reach for both to be quoted.

Chosen on 100 questions, 66 of which the shipped document answers: beside two medical texts that do not speak of it no answer quotes both,
beside the document itself with other numbers 63 do.
"""


class ExtendedRetriever:
    """Finds in both collections, in the order that they have together."""

    def __init__(self, shared: Retriever, added: Retriever, both: Retriever) -> None:
        """`both` searches the passages of the two others as one collection."""
        self._shared = shared
        self._added = added
        self._both = both

    def retrieve(
        self,
        queries: Sequence[str],
        k: int,
        carried: Sequence[str] = (),
        history: str = "",
        within: Collection[str] | None = None,
    ) -> list[Hit]:
        """At most `k` hits of each collection, so that neither crowds the other out. `score` is comparable within one collection.

        `within`: the ids of the only passages that are searched, of both; None for all.
        """
        ranks = {hit.passage.id: hit.rank for hit in self._both.retrieve(queries, 2 * k, carried, history, within)}
        hits = [
            *self._shared.retrieve(queries, k, carried, history, within),
            *self._added.retrieve(queries, k, carried, history, within),
        ]
        ordered = sorted(hits, key=lambda hit: (ranks.get(hit.passage.id, 2 * k + 1), hit.rank))
        return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, start=1)]


class ExtendedReader:
    """Reads each collection by itself and puts what both say side by side; of one that does not answer nothing is quoted."""

    def __init__(self, shared: Reader, added: Reader, passages: AbstractSet[str]) -> None:
        """`passages` are the ids of those that `added` reads. Both readers have the same weights."""
        self._shared = shared
        self._added = added
        self._passages = passages

    @property
    def fingerprint(self) -> str:
        """Of the shared reader: the added passages are named by the index."""
        return self._shared.fingerprint

    @property
    def threshold(self) -> float:
        """The calibrated confidence below which a collection is taken not to answer."""
        return self._shared.threshold

    @property
    def share(self) -> float:
        """The part of the best sentence's score that a further one must reach to belong to the answer."""
        return self._shared.share

    def read(self, question: str, hits: Sequence[Hit], context: str = "", carried: Sequence[str] = ()) -> Reading:
        """Evidence of what answers; `confidence` is the surer one's."""
        own = self._part(hits, added=True)
        first = [hit for hit in own if hit.passage.id in carried or hit.rank <= ADDED_PASSAGES]
        shared = self._shared.read(question, self._part(hits, added=False), context, carried)
        added = self._added.read(question, first, context, carried)
        surer, other = sorted((shared, added), key=lambda reading: -reading.confidence)  # shared first where equal
        if other.confidence < max(self.threshold, BESIDE * surer.confidence) or not other.evidence:
            return surer
        better, worse = sorted((surer, other), key=lambda reading: -reading.evidence[0].score)
        if worse.evidence[0].score < ALIKE * better.evidence[0].score:
            return better
        return replace(surer, evidence=_side_by_side(surer.evidence, other.evidence))

    def _part(self, hits: Sequence[Hit], *, added: bool) -> list[Hit]:
        """The hits of one collection, in its own order and with its own ranks."""
        part = [hit for hit in hits if (hit.passage.id in self._passages) == added]
        part.sort(key=lambda hit: (-hit.score, hit.passage.id))
        return [replace(hit, rank=rank) for rank, hit in enumerate(part, start=1)]


def _side_by_side(one: Sequence[Evidence], other: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The best of each, then the rest by score."""
    rest = sorted(chain(one[1:], other[1:]), key=lambda item: -item.score)
    return (*one[:1], *other[:1], *rest)
