"""verify: a claim against the passages it was drawn from. Exact where a reader would be harmed, lenient in wording.

The claim is held against windows of one or two neighbouring sentences that speak of the same things. It is supported
when in one of the closest windows every exact check passes and enough of its content stands there. Whether the window means what the
claim says, in other words, is for the second layer, `entail`, which takes the place of counting words. The checks are one
module each: quantities and comparators (`quantity_check`), routes (`routes`), negation and hedges (`polarity`),
directions and sides (`directions`), whom it is about (`population`), names and invented detail (`content`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ketarag.answering.analysis import Analysis
from ketarag.answering.content import Coverage, Weights, WordSenses
from ketarag.answering.directions import comparison_problems, direction_problems
from ketarag.answering.polarity import polarity_problems
from ketarag.answering.population import population_problems
from ketarag.answering.quantity_check import quantity_problems
from ketarag.answering.routes import route_problems
from ketarag.glossary import Glossary
from ketarag.protocols import Embedder, Vectors
from ketarag.text import normalise
from ketarag.types import Citation, Passage, Sentence, Verdict

LEAST_COVERAGE = 0.55  # of the claim's content, by weight, tuned on eval/cases/dev/claims.jsonl like the next three
LONGEST_CLAIM = 2_000  # characters: some ten sentences
MARGIN = 0.12  # of the closest window's score: how much farther a window may be and still be the one that was meant
MOST_WINDOWS = 4
COSINE_WEIGHT = 0.5
_CONTEXT = 2  # sentences before a window that say what "it" is
_JOINT = re.compile(r";\s+|(?<=[.!?])\s+(?=[A-Z])|,\s+(?:and|but|while|whereas)\s+")
_MOST_PARTS = 8  # facts of one claim that are checked each by itself
_LEAST_OF_PART = 3  # content words of a part of a claim that is checked by itself
_LEAST_OF_EACH = 2  # content words
_CACHED = 20_000  # sentences


@dataclass(frozen=True)
class _Window:
    passage: Passage
    first: int
    last: int
    read: Analysis
    context: Analysis

    @property
    def single(self) -> bool:
        return self.first == self.last

    def says(self, claim: str) -> bool:
        """True when the claim is this window, word for word."""
        plain = normalise(claim)
        if not plain:
            return False
        start, end = self.passage.sentences[self.first].start, self.passage.sentences[self.last].end
        text = self.passage.text[start - self.passage.start : end - self.passage.start]
        return plain in (normalise(self.clean), normalise(text))

    @property
    def clean(self) -> str:
        return " ".join(sentence.clean for sentence in self.passage.sentences[self.first : self.last + 1])


@dataclass(frozen=True)
class Check:
    """A claim against one window. `problems`: what is wrong exactly; `wording`: what of the claim has no counterpart in words.

    `share` in [0, 1]: of the claim's content, by weight, that the window covers. `sentences`: the window's and up to two before it.
    `claim` and `window` are both as they were read.
    """

    problems: list[str]
    wording: list[str]
    share: float
    citation: Citation
    sentences: tuple[str, ...]
    claim: Analysis
    window: Analysis


class ExactVerifier:
    """Checks claims word by word and figure by figure; with an embedder it also knows other words for the same."""

    fingerprint = "exact"

    def __init__(self, glossary: Glossary, embedder: Embedder | None) -> None:
        self._glossary = glossary
        self._embedder = embedder
        self._senses = WordSenses(embedder)
        self._read: dict[str, Analysis] = {}
        self._vectors: dict[str, Vectors] = {}

    def verify(self, claim: str, passages: Sequence[Passage]) -> Verdict:
        """Supported only when every quantity, comparator, route and negation of the claim stands in the passages.

        `score` is the weighted share of the claim's content words that the best window covers. An empty claim, or no
        passages, is not supported. Raises nothing on any text.
        """
        windows = list(self._windows(passages))
        if not windows:
            return Verdict(False, 0.0, (), ("there is no passage to check the claim against",))
        if same := next((w for w in windows if w.says(claim)), None):
            return Verdict(True, 1.0, (_citation(same, 1.0),))
        if len(claim) > LONGEST_CLAIM:
            problem = f"a claim of {len(claim)} characters is more than one statement; the longest is {LONGEST_CLAIM}"
            return Verdict(False, 0.0, (), (problem,))
        verdict = self._verify(claim, windows)
        parts = [] if verdict.supported else [part for part in _JOINT.split(claim) if part.strip()]
        if not 2 <= len(parts) <= _MOST_PARTS or any(len(self.read(part).content) < _LEAST_OF_PART for part in parts):
            return verdict
        return _together([self._verify(part, windows) for part in parts]) or verdict

    def checks(self, claim: str, passages: Sequence[Passage]) -> list[Check]:
        """The claim against each of the windows that were most likely meant, best first; none without passages or for an empty claim."""
        return self._checks(claim, list(self._windows(passages)))

    def _verify(self, claim: str, windows: list[_Window]) -> Verdict:
        checks = self._checks(claim, windows)
        return self._judge(claim, checks) if checks else Verdict(False, 0.0, (), ("the claim is empty",))

    def _checks(self, claim: str, windows: list[_Window]) -> list[Check]:
        said = self.read(claim)
        if not windows or (not said.words and not said.quantities):
            return []
        weights = Weights([w.read for w in windows if w.single])
        return [self._check(said, window, weights) for window in self._closest(said, windows, weights)]

    def _judge(self, claim: str, checks: list[Check]) -> Verdict:  # noqa: ARG002
        """The verdict of the window that finds least wrong with the claim; `checks` is not empty."""
        best = min(checks, key=lambda check: len(check.problems) + len(check.wording))
        problems = (*best.problems, *best.wording)
        return Verdict(not problems, best.share, (best.citation,), problems)

    def read(self, text: str) -> Analysis:
        """A text, without reference markers, as every check sees it."""
        if text not in self._read:
            if len(self._read) > _CACHED:
                self._read.clear()
            self._read[text] = Analysis.of(text, self._glossary)
        return self._read[text]

    def _windows(self, passages: Sequence[Passage]) -> Iterator[_Window]:
        for passage in passages:
            sentences = passage.sentences
            for first in range(len(sentences)):
                for last in range(first, min(first + 2, len(sentences))):
                    before = sentences[max(0, first - _CONTEXT) : first]
                    yield _Window(
                        passage,
                        first,
                        last,
                        self.read(_clean(sentences[first : last + 1])),
                        self.read(f"{passage.heading}. {_clean(before)}"),
                    )

    def _closest(self, claim: Analysis, windows: list[_Window], weights: Weights) -> list[_Window]:
        """The windows that were most likely meant, best first: one sentence, unless two are clearly better."""
        cosines = self._cosines(claim.raw, [window.clean for window in windows])
        scores = [_overlap(claim, w, weights) + COSINE_WEIGHT * c for w, c in zip(windows, cosines, strict=True)]
        best = max(score for score, w in zip(scores, windows, strict=True) if w.single)
        kept = [
            (score, w)
            for score, w in zip(scores, windows, strict=True)
            if (score >= best - MARGIN if w.single else score >= best and self._both_needed(claim, w))
        ]
        return [w for _, w in sorted(kept, key=lambda row: -row[0])[:MOST_WINDOWS]]

    def _both_needed(self, claim: Analysis, window: _Window) -> bool:
        """Each of the two sentences holds at least two content words of the claim that the other has not."""
        sentences = window.passage.sentences[window.first : window.last + 1]
        first, second = (self.read(sentence.clean).stems & claim.stems for sentence in sentences)
        return len(first - second) >= _LEAST_OF_EACH and len(second - first) >= _LEAST_OF_EACH

    def _cosines(self, claim: str, texts: list[str]) -> list[float]:
        if self._embedder is None:
            return [0.0] * len(texts)
        if len(self._vectors) > _CACHED:
            self._vectors.clear()
        new = [text for text in dict.fromkeys([claim, *texts]) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.encode(new), strict=True))
        return [float(v) for v in np.stack([self._vectors[text] for text in texts]) @ self._vectors[claim]]

    def _check(self, claim: Analysis, window: _Window, weights: Weights) -> Check:
        source = window.read
        coverage = Coverage(claim, source, window.context, weights, self._senses)
        problems = [
            *quantity_problems(claim, source),
            *route_problems(claim, source),
            *polarity_problems(claim, source),
            *direction_problems(claim, source),
            *comparison_problems(claim, source),
            *population_problems(claim, source, window.context),
            *_name_problems(coverage),
        ]
        share = min(1.0, max(0.0, coverage.share))
        sentences = window.passage.sentences[max(0, window.first - _CONTEXT) : window.last + 1]
        return Check(
            list(dict.fromkeys(problems)),
            [] if problems else _wording_problems(coverage, share),
            share,
            _citation(window, share),
            tuple(sentence.clean for sentence in sentences),
            claim,
            source,
        )


def _together(verdicts: list[Verdict]) -> Verdict | None:
    """Two facts of two places in one sentence; None unless each stands, and in a place of its own."""
    places = {(v.evidence[0].document_id, v.evidence[0].start) for v in verdicts if v.supported}
    if len(places) < len(verdicts):
        return None
    evidence = tuple(replace(v.evidence[0], marker=marker) for marker, v in enumerate(verdicts, 1))
    return Verdict(True, min(v.score for v in verdicts), evidence)


def _clean(sentences: Sequence[Sentence]) -> str:
    return " ".join(sentence.clean for sentence in sentences)


def _overlap(claim: Analysis, window: _Window, weights: Weights) -> float:
    total = sum(weights.of(word) for word in claim.content)
    found = sum(weights.of(word) for word in claim.content if word.stem in window.read.stems)
    return found / total if total else 0.0


def _name_problems(coverage: Coverage) -> list[str]:
    problems = [f"'{word.text}' is not in the cited passage" for word in coverage.missing_terms()]
    swapped = coverage.swapped_relatives()
    return problems + [f"says '{ours.text}' where the source says '{theirs.text}'" for ours, theirs in swapped]


def _wording_problems(coverage: Coverage, share: float) -> list[str]:
    if unexplained := coverage.unexplained():
        return [f"the cited passage says nothing of {', '.join(dict.fromkeys(word.text for word in unexplained))}"]
    return ["most of what the claim says is not in the cited passage"] if share < LEAST_COVERAGE else []


def _citation(window: _Window, score: float) -> Citation:
    passage = window.passage
    start, end = passage.sentences[window.first].start, passage.sentences[window.last].end
    quote = passage.text[start - passage.start : end - passage.start]
    return Citation(1, passage.document_id, passage.document_id, passage.heading, quote, start, end, score)
