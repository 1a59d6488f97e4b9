"""verify: a claim against the passages that it was drawn from. Exact where a reader would be harmed, lenient in wording.

The claim is held against windows of one or two neighbouring sentences that speak of the same things. It is supported when
in one of the closest windows every exact check passes and enough of its content stands there. The checks are one module
each: quantities and comparators (`quantity_check`), routes (`routes`), negation and hedges (`polarity`), directions and
sides (`directions`), whom it is about (`population`), names and invented detail (`content`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from ketarag.types import Citation, Passage, Sentence, Verdict

LEAST_COVERAGE = 0.55
MARGIN = 0.12  # of the closest window's score: how much farther a window may be and still be the one that was meant
MOST_WINDOWS = 4
COSINE_WEIGHT = 0.5
MOST_INVENTED = 0.22  # of the claim's content, by weight
_CONTEXT = 2  # sentences before a window that say what "it" is
_CACHED = 20_000


@dataclass(frozen=True)
class _Window:
    passage: Passage
    first: int
    last: int
    read: Analysis
    context: Analysis

    @property
    def clean(self) -> str:
        return " ".join(sentence.clean for sentence in self.passage.sentences[self.first : self.last + 1])


class ExactVerifier:
    """Checks claims word by word and figure by figure; with an embedder it also knows words that mean nearly the same."""

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
        said = self._analyse(claim)
        if not said.words and not said.quantities:
            return Verdict(False, 0.0, (), ("the claim is empty",))
        windows = list(self._windows(passages))
        if not windows:
            return Verdict(False, 0.0, (), ("there is no passage to check the claim against",))
        weights = Weights([w.read for w in windows if w.first == w.last])
        results = [self._check(said, window, weights) for window in self._closest(said, windows, weights)]
        problems, share, window = min(results, key=lambda result: (len(result[0]) > 0, len(result[0])))
        return Verdict(not problems, share, (_citation(window, share),), tuple(problems))

    def _analyse(self, text: str) -> Analysis:
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
                        self._analyse(_clean(sentences[first : last + 1])),
                        self._analyse(f"{passage.heading}. {_clean(before)}"),
                    )

    def _closest(self, claim: Analysis, windows: list[_Window], weights: Weights) -> list[_Window]:
        """The windows that were most likely meant, best first: one sentence, unless two are clearly better."""
        cosines = self._cosines(claim.raw, [window.clean for window in windows])
        scored = sorted(
            ((_overlap(claim, w, weights) + COSINE_WEIGHT * c, -place, w) for place, (w, c) in enumerate(zip(windows, cosines, strict=True))),
            key=lambda row: row[:2],
            reverse=True,
        )
        singles = [(score, w) for score, _, w in scored if w.first == w.last]
        best = singles[0][0]
        kept = [(score, w) for score, w in singles if score >= best - MARGIN]
        kept += [(score, w) for score, _, w in scored if w.first != w.last and score >= best and _both_needed(claim, w, self._analyse)]
        return [w for _, w in sorted(kept, key=lambda row: -row[0])[:MOST_WINDOWS]]

    def _cosines(self, claim: str, texts: list[str]) -> list[float]:
        if self._embedder is None:
            return [0.0] * len(texts)
        if len(self._vectors) > _CACHED:
            self._vectors.clear()
        new = [text for text in dict.fromkeys([claim, *texts]) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.encode(new), strict=True))
        return [float(v) for v in np.stack([self._vectors[text] for text in texts]) @ self._vectors[claim]]

    def _check(self, claim: Analysis, window: _Window, weights: Weights) -> tuple[list[str], float, _Window]:
        source = window.read
        coverage = Coverage(claim, source, window.context, weights, self._senses)
        problems = [
            *quantity_problems(claim, source),
            *route_problems(claim.routes, source.routes),
            *polarity_problems(claim, source),
            *direction_problems(claim, source),
            *comparison_problems(claim, source),
            *population_problems(claim, source, window.context),
            *_content_problems(coverage, weights),
        ]
        share = min(1.0, max(0.0, coverage.share))
        if not problems and share < LEAST_COVERAGE:
            problems.append("most of what the claim says is not in the cited passage")
        return list(dict.fromkeys(problems)), share, window


def _clean(sentences: Sequence[Sentence]) -> str:
    return " ".join(sentence.clean for sentence in sentences)


def _overlap(claim: Analysis, window: _Window, weights: Weights) -> float:
    total = sum(weights.of(word) for word in claim.content)
    found = sum(weights.of(word) for word in claim.content if word.stem in window.read.stems)
    return found / total if total else 0.0


def _both_needed(claim: Analysis, window: _Window, analyse: object) -> bool:
    """Each of the two sentences holds at least two content words of the claim that the other has not."""
    first, second = (analyse(s.clean).stems & claim.stems for s in window.passage.sentences[window.first : window.last + 1])  # type: ignore[operator]
    return len(first - second) >= 2 and len(second - first) >= 2


def _content_problems(coverage: Coverage, weights: Weights) -> list[str]:
    problems = [f"'{word.text}' is not in the cited passage" for word in coverage.missing_terms()]
    problems += [f"says '{ours.text}' where the source says '{theirs.text}'" for ours, theirs in coverage.swapped_relatives()]
    invented = coverage.invented()
    total = sum(weights.of(word) for word in coverage.matched) or 1.0
    if sum(weights.of(word) for word in invented) / total > MOST_INVENTED:
        problems.append(f"the cited passage says nothing of {', '.join(word.text for word in invented)}")
    return problems


def _citation(window: _Window, score: float) -> Citation:
    passage = window.passage
    start, end = passage.sentences[window.first].start, passage.sentences[window.last].end
    quote = passage.text[start - passage.start : end - passage.start]
    return Citation(1, passage.document_id, passage.document_id, passage.heading, quote, start, end, score)
