"""How much of what a claim says stands in a stretch of the source, word by word, and what does not stand there."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ketarag.answering.analysis import Analysis, Word
from ketarag.answering.lexicon import GROUPS, LIGHT, OPPOSITES, RESTRICTORS
from ketarag.answering.terms import is_term
from ketarag.protocols import Embedder, Vectors
from ketarag.text import stem

LIGHT_WEIGHT = 0.25
SAME = 0.8  # at least: the same word, a relative of it, or a member of its class
_UNRELATED, _RELATED = 0.30, 0.62  # cosine of single words: nothing in common; as good as a synonym
_RELATIVE_PREFIX = 5  # letters that relatives share at least
_RIVAL_ENDING = 6  # letters
_CACHED_WORDS = 20_000
LEAST_GAIN = 0.022  # of cosine: removing an invented word gains at least this
LEAST_PART_GAIN = 0.03  # the same for a part of the claim that begins with a comma or "and"
MOST_UNKNOWN = 0.4  # share of the content, by weight, that may lack a counterpart where there is no embedder
MOST_REREAD = 12_000
"""Characters of a claim that are embedded again for its unknown words; where it takes more none is looked at by itself, and all count."""
_PART_BEGINS = re.compile(r"[,;:()]|\b(?:and|but|or|which|who|because|while)\b")
_PREFIX = re.compile(r"(?:un|in|im|ir|non|dis)(?=[a-z]{4})")


@dataclass
class WordSenses:
    """Similarity of single words through the embedder, cached; without one, words are equal or they are not."""

    embedder: Embedder | None
    _vectors: dict[str, Vectors] = field(default_factory=dict)
    _pieces: dict[str, int] = field(default_factory=dict)

    def closest(self, word: str, others: Sequence[str]) -> float:
        """The highest cosine of `word` with any of `others`; 0 without others or without an embedder."""
        if self.embedder is None or not others:
            return 0.0
        self._learn([word, *others])
        return float(np.max(np.stack([self._vectors[other] for other in others]) @ self._vectors[word]))

    def pieces(self, word: str) -> int | None:
        """Word pieces of `word`; None without an embedder."""
        if self.embedder is None:
            return None
        if word not in self._pieces:
            self._pieces[word] = self.embedder.count_word_pieces(word) - 2
        return self._pieces[word]

    def gains(self, claim: str, source: str, spans: Sequence[tuple[int, int]]) -> list[float]:
        """How much nearer to `source` the claim comes, in cosine, without each of `spans`; [] without an embedder."""
        if self.embedder is None:
            return []
        texts = [claim[:start] + claim[end:] for start, end in spans]
        vectors = self.embedder.encode([source, claim, *(" ".join(text.split()) for text in texts)])
        cosines = vectors[1:] @ vectors[0]
        return [float(value) for value in cosines[1:] - cosines[0]]

    def _learn(self, words: Iterable[str]) -> None:
        new = [word for word in dict.fromkeys(words) if word not in self._vectors]
        if len(self._vectors) + len(new) > _CACHED_WORDS:
            self._vectors.clear()
            new = list(dict.fromkeys(words))
        if new and self.embedder is not None:
            self._vectors.update(zip(new, self.embedder.encode(new), strict=True))


def _added_parts(text: str, words: Sequence[Word]) -> list[tuple[int, int]]:
    """The parts of a claim behind its first, between commas and "and", that hold one of `words`."""
    cuts = [*(match.start() for match in _PART_BEGINS.finditer(text)), len(text)]
    return [(a, b) for a, b in pairwise(cuts) if any(a <= word.start < b for word in words)]


class Weights:
    """How telling each stem is: rare in the passages is telling."""

    def __init__(self, sentences: Sequence[Analysis]) -> None:
        self._count = len(sentences)
        self._found = Counter(stemmed for sentence in sentences for stemmed in sentence.stems)

    def of(self, word: Word) -> float:
        """Positive; light words weigh a quarter."""
        idf = math.log(1.0 + (self._count + 1.0) / (1.0 + self._found[word.stem]))
        return idf * (LIGHT_WEIGHT if word.stem in LIGHT else 1.0)

    def is_topic(self, stemmed: str) -> bool:
        """True for a word of at least a quarter of the sentences: what all of it is about."""
        return self._count >= 4 and self._found[stemmed] >= 0.25 * self._count


def related(left: Word, right: Word) -> bool:
    """The same word in another form: the same stem, or a long shared beginning."""
    if left.stem == right.stem:
        return True
    shorter = min(len(left.text), len(right.text))
    if _shared_beginning(left.text, right.text) >= max(_RELATIVE_PREFIX, math.ceil(0.6 * shorter)):
        return True
    group = GROUPS.get(left.text)
    if group is not None and group == GROUPS.get(right.text):
        return True
    if left.stem in RESTRICTORS and right.stem in RESTRICTORS:
        return True
    return any(left.stem in side and right.stem in side for pair in OPPOSITES for side in pair)


def _shared_beginning(left: str, right: str) -> int:
    """How many letters the two begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _bare(word: Word) -> Word:
    """The word without its un- or in-; whether that may be left out is for `polarity`."""
    text = _PREFIX.sub("", word.text, count=1)
    return word if text == word.text else Word(text, stem(text), word.start, word.clause, word.content)


def contradicting_relative(left: Word, right: Word) -> bool:
    """One word is the other with something put before it: ketamine and norketamine, cancer and non-cancer."""
    longer, shorter = (left.text, right.text) if len(left.text) > len(right.text) else (right.text, left.text)
    return len(shorter) >= 6 and longer != shorter and longer.endswith(shorter)


def _rivals(left: Word, right: Word) -> bool:
    """Two technical words of one kind by their ending: esketamine and arketamine, dopaminergic and serotonergic."""
    alike = _shared_beginning(left.text[::-1], right.text[::-1]) >= _RIVAL_ENDING
    return alike and is_term(left.text, left.stem) and is_term(right.text, right.stem)


class Coverage:
    """The claim's content words against one window of the source."""

    def __init__(
        self, claim: Analysis, window: Analysis, context: Analysis, weights: Weights, senses: WordSenses
    ) -> None:
        self._window, self._context, self._weights, self._senses = window, context, weights, senses
        self.claim = claim
        self._introduced = claim.stems - claim.plain_stems
        self._replaced = claim.plain_stems - claim.all_stems
        values = {word.text: self._match(word) for word in {word.text: word for word in claim.content}.values()}
        self.matched = {word: values[word.text] for word in claim.content}

    @property
    def share(self) -> float:
        """Weighted share of the content that is found, in [0, 1]; 1 for a claim without content words."""
        total = sum(self._weights.of(word) for word in self.matched)
        return sum(self._weights.of(word) * value for word, value in self.matched.items()) / total if total else 1.0

    def unexplained(self) -> list[Word]:
        """Words without a counterpart whose removal brings the claim nearer to the window: they add to what it says.

        Without an embedder: every word without a counterpart that is not light, if they are much of the claim.
        """
        absent = [word for word, value in self.matched.items() if value < SAME and word.stem not in LIGHT]
        if not absent:
            return []
        if self._senses.embedder is None:
            share = sum(self._weights.of(word) for word in absent) / sum(
                self._weights.of(word) for word in self.matched
            )
            return absent if share > MOST_UNKNOWN else []
        text = self.claim.canonical
        parts = _added_parts(text, absent)
        if (len(absent) + len(parts)) * len(text) > MOST_REREAD:
            return absent
        gains = self._senses.gains(text, self._window.canonical, [(w.start, w.end) for w in absent] + parts)
        near = [other.text for other in self._window.content]
        found = [
            word
            for word, gain in zip(absent, gains, strict=False)
            if gain > LEAST_GAIN + 0.1 * max(0.0, self._senses.closest(word.text, near) - 0.35)
        ]
        added = [part for part, gain in zip(parts, gains[len(absent) :], strict=True) if gain > LEAST_PART_GAIN]
        return found or [word for word in absent if any(a <= word.start < b for a, b in added)]

    def missing_terms(self) -> list[Word]:
        """Names and technical words of the claim that neither the window nor what it is about holds."""
        return [word for word, value in self.matched.items() if value < SAME and self._is_name(word)]

    def swapped_relatives(self) -> list[tuple[Word, Word]]:
        """(claim's, source's) words of which one is the other with a prefix, where each stands on one side only."""
        claimed, stated = self.claim.stems, self._window.stems
        return [
            (ours, theirs)
            for ours in self.matched
            if ours.stem not in stated
            for theirs in self._window.content
            if theirs.stem not in claimed and (contradicting_relative(ours, theirs) or _rivals(ours, theirs))
        ]

    def _is_name(self, word: Word) -> bool:
        return word.stem in self.claim.names or is_term(word.text, word.stem, self._senses.pieces(word.text))

    def _match(self, word: Word) -> float:
        if word.stem in self._window.all_stems or any(related(word, other) for other in self._window.content):
            return 1.0
        if word.stem in self._context.all_stems:
            return 0.9
        if self._weights.is_topic(word.stem):
            return 0.9
        if word.stem in self._introduced and self._replaced & self._window.plain_stems:
            return 0.8
        bare = _bare(word)
        if any(related(bare, _bare(other)) for other in self._window.content):
            return 0.8
        cosine = self._senses.closest(word.text, [other.text for other in self._window.content])
        return min(0.79, max(0.0, (cosine - _UNRELATED) / (_RELATED - _UNRELATED)))
