"""How much a word of the question tells: within the documents (inverse document frequency), and in English at large.

A word that the documents never use weighs most in both: "glaucoma" is what such a question is about, "wreck" a way to put it.
The second measure tells the two apart.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ketarag.answering.english import zipf
from ketarag.glossary import Glossary
from ketarag.types import Passage

LEAST_WEIGHT = 0.05
"""Of a stem that stands in nearly every sentence: a word of the question always counts a little."""


_COMMON = 6.0
_ZIPF_STEPS = 4.0


def english_rarity(word: str) -> float:
    """In [0, 1]: 0 for the commonest words (Zipf 6, once in a thousand words), 1 at Zipf 2 (once in ten million) and below."""
    return min(1.0, max(0.0, (_COMMON - zipf(word)) / _ZIPF_STEPS))


@dataclass(frozen=True)
class TermStatistics:
    """In how many of `sentences` sentences each stem stands, as written or with abbreviations spelled out."""

    sentences: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, passages: Iterable[Passage], glossary: Glossary) -> TermStatistics:
        """Counted over every sentence of the passages."""
        counts: Counter[str] = Counter()
        total = 0
        for passage in passages:
            for sentence in passage.sentences:
                counts.update(glossary.stems(sentence.clean))
                total += 1
        return cls(total, counts)

    def weight(self, stem: str) -> float:
        """ln((N + 1) / (n + 0.5)), at least LEAST_WEIGHT: the idf of Robertson and Spärck Jones for small collections."""
        return max(LEAST_WEIGHT, math.log((self.sentences + 1) / (self.counts.get(stem, 0) + 0.5)))
