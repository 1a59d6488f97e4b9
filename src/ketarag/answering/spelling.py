"""Misspelled words of a question -> the word of the documents that was meant.

Careful rather than helpful: a word that the embedder knows whole, one of a glossary form, and a near miss that is
another medical word (hypotension is not hypertension) stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from ketarag.text import stem

LEAST_SIMILARITY = 0.8
"""Share of letters that must agree (1 - OSA distance / longer length): one slip in five letters, two in ten."""

_SHORTEST = 5
_WORD = re.compile(r"[^\W\d_]+")
_OPPOSED = [
    ("hypo", "hyper"), ("brady", "tachy"), ("intra", "inter"), ("intra", "extra"), ("pre", "post"), ("anti", ""),
    ("non", ""), ("un", ""), ("in", ""), ("dys", ""), ("de", ""), ("nor", ""), ("endo", "exo"), ("sub", ""), ("ant", ""),
]  # fmt: skip
"""Prefixes that make another word, not a slip: words that differ by such a pair are never taken for each other."""


class Speller:
    """Corrects against the words of the documents."""

    def __init__(
        self, vocabulary: Iterable[str], is_known: Callable[[str], bool], shared: Speller | None = None
    ) -> None:
        """`vocabulary`: lower-case words of the documents; `is_known`: whether a lower-case word is ordinary English.

        `shared` is a speller over further documents, whose words count as well.
        """
        letters = (run for word in vocabulary for run in _WORD.findall(word))
        self._words = frozenset(run for run in letters if len(run) >= _SHORTEST)
        self._choices = sorted(self._words)
        self._stems = frozenset(map(stem, self._words))
        self._is_known = is_known
        self._others: tuple[Speller, ...] = () if shared is None else shared._all

    def extended(self, vocabulary: Iterable[str]) -> Speller:
        """One that also knows these words, and shares the rest."""
        return Speller(vocabulary, self._is_known, self)

    def correct(self, question: str, keep: Iterable[tuple[int, int]] = ()) -> str:
        """The question with slips mended, letter case lost in mended words only. `keep`: stretches left alone."""
        protected = list(keep)

        def mend(match: re.Match[str]) -> str:
            inside = any(start < match.end() and match.start() < end for start, end in protected)
            return match.group() if inside else self._mended(match.group())

        return _WORD.sub(mend, question)

    def _mended(self, word: str) -> str:
        lower = word.casefold()
        if len(lower) < _SHORTEST or self._holds(lower) or self._is_known(lower):
            return word
        if any(stem(lower) in one._stems for one in self._all):  # another form of it
            return f"{lower}e" if self._holds(f"{lower}e") else word  # or, as "ketamin", it without its last letter
        found = self._nearest(lower)
        return word if found is None or _is_another_word(lower, found) else found

    @property
    def _all(self) -> tuple[Speller, ...]:
        return (*self._others, self)

    def _holds(self, word: str) -> bool:
        return any(word in one._words for one in self._all)

    def _nearest(self, word: str) -> str | None:
        """The most similar word of all documents; of equal ones the first in the alphabet."""
        found = [
            process.extractOne(word, one._choices, scorer=OSA.normalized_similarity, score_cutoff=LEAST_SIMILARITY)
            for one in self._all
        ]
        ranked = sorted((-hit[1], str(hit[0])) for hit in found if hit is not None)
        return ranked[0][1] if ranked else None


def _is_another_word(word: str, candidate: str) -> bool:
    return any(
        left != right and one.startswith(left) and other.startswith(right) and one[len(left) :] == other[len(right) :]
        for one, other in ((word, candidate), (candidate, word))
        for left, right in _OPPOSED
    )
