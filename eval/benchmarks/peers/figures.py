"""What the answers of one system are worth, by the same measures for all: texts only, for no other system says places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, median, quantiles

from eval.benchmarks.peers.talk import Measured, Reply
from eval.cases import QuestionCase
from eval.metrics.answers import contains
from ketarag.text import normalise

RECALL_AT = 5

MEANINGS: Mapping[str, str] = {
    "first answer, s": "from the start of the process to the first answer, reading and embedding included",
    "passages a second": "embedded, the reading of the files and of the model included",
    "p50, ms": "of a question, the first one aside",
    "p95, ms": "the same",
    "questions a second": "one after the other",
    "peak memory, MB": "of the process",
    "recall@5": "a gold quote, or half of it, stands in one of the first five passages",
    "answer found": "every expected fact stands in the answer",
    "citation right": "a cited text holds a gold quote, or half of it, or the other way round",
    "unanswerable declined": "of the questions that the documents do not answer",
    "answerable declined": "of those that they do",
    "words of an answer": "the median: what there is to read",
}
"""Every column, and what it says."""


def figures(measured: Measured, cases: Sequence[QuestionCase]) -> dict[str, float | None]:
    """By the names of `MEANINGS`; None where there is nothing to score. `cases` are those that were asked, in order."""
    asked = list(zip(cases, measured.replies, strict=True))
    answerable = [(case, reply) for case, reply in asked if case.answerable]
    later = [1000 * seconds for seconds in measured.each[1:]]
    return {
        "first answer, s": measured.first_answer,
        "passages a second": measured.passages / measured.ingest,
        "p50, ms": median(later) if later else None,
        "p95, ms": quantiles(later, n=20)[-1] if len(later) > 1 else None,
        "questions a second": 1000 * len(later) / sum(later) if later else None,
        "peak memory, MB": measured.peak_bytes / 1e6,
        "recall@5": _mean(_found(case, reply.found[:RECALL_AT]) for case, reply in answerable),
        "answer found": _mean(_answered(case, reply) for case, reply in answerable),
        "citation right": _mean(_found(case, reply.cited) for case, reply in answerable),
        "unanswerable declined": _mean(reply.declined for case, reply in asked if not case.answerable),
        "answerable declined": _mean(reply.declined for _, reply in answerable),
        "words of an answer": median(len(reply.answer.split()) for _, reply in answerable) if answerable else None,
    }


def table(rows: Mapping[str, Mapping[str, float | None]]) -> str:
    """Markdown: a column for each system, a line for each figure, then what they mean."""
    names = list(rows)
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for figure in MEANINGS:
        lines.append(f"| {figure} | " + " | ".join(_shown(rows[name][figure]) for name in names) + " |")
    return "\n".join([*lines, "", *(f"- {name}: {meaning}." for name, meaning in MEANINGS.items())])


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _answered(case: QuestionCase, reply: Reply) -> bool:
    return all(any(contains(reply.answer, phrase) for phrase in fact) for fact in case.facts)


def _found(case: QuestionCase, texts: Sequence[str]) -> bool:
    """Whether a gold quote of the case is held by one of the texts."""
    gold = [quote.quote for group in case.evidence for quote in group]
    return any(_holds(text, quote) for text in texts for quote in gold)


def _holds(text: str, quote: str) -> bool:
    """A splitter may cut a quote in two: half of its words in a row are enough. A text may be a part of the quote, too."""
    held, words = f" {normalise(text)} ", normalise(quote).split()
    half = (len(words) + 1) // 2
    halves = (" ".join(words[:half]), " ".join(words[-half:]))
    return any(f" {part} " in held for part in halves) or (bool(held.strip()) and held in f" {' '.join(words)} ")


def _mean(values: Iterable[bool]) -> float | None:
    numbers = [float(value) for value in values]
    return mean(numbers) if numbers else None
