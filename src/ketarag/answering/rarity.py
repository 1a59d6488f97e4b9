"""How much a word of the question tells: inverse document frequency over the sentences of the corpus."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ketarag.glossary import Glossary
from ketarag.text import content_stems
from ketarag.types import Passage

LEAST_WEIGHT = 0.05
"""Of a stem that stands in nearly every sentence: a word of the question always counts a little."""


@dataclass(frozen=True)
class TermStatistics:
    """In how many of `sentences` sentences each stem stands, abbreviations spelled out."""

    sentences: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, passages: Iterable[Passage], glossary: Glossary) -> TermStatistics:
        """Counted over every sentence of the passages."""
        counts: Counter[str] = Counter()
        total = 0
        for passage in passages:
            for sentence in passage.sentences:
                counts.update(set(content_stems(glossary.spelled_out(sentence.clean))))
                total += 1
        return cls(total, counts)

    def weight(self, stem: str) -> float:
        """ln((N + 1) / (n + 0.5)), at least LEAST_WEIGHT: the idf of Robertson and Spärck Jones for small collections."""
        return max(LEAST_WEIGHT, math.log((self.sentences + 1) / (self.counts.get(stem, 0) + 0.5)))
