"""Reading one paragraph (SQuAD 2.0): does it answer the question, and in which sentence?

Judged are the reader as shipped, the network alone, and what needs no network. The reader's two regressions were fitted on questions about
another kind of document; they see the file's paragraphs as the corpus, and each question with its own paragraph as the one passage found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.benchmarks.figures import Figures, auroc, mean
from eval.benchmarks.files import BenchmarkError, Squad, SquadParagraph, SquadQuestion
from eval.benchmarks.passages import as_passage
from eval.benchmarks.progress import told
from ketarag.protocols import Embedder, PairModel, Reader
from ketarag.text import content_stems
from ketarag.types import Hit, Passage

COVERAGE_WEIGHT = 2.0
"""Of word coverage beside the network's evidence score (log odds) of a sentence."""

ReaderOf = Callable[[Sequence[Passage]], Reader]
"""Passages of a corpus -> a reader of them."""
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One question: how sure each way is that it is answered, and whether the sentence that each way puts first is a gold one."""

    paragraph: str
    answerable: bool
    sure: dict[str, float]
    gold_first: dict[str, bool]


def squad(file: Squad, articles: Sequence[str], embedder: Embedder, network: PairModel, reader_of: ReaderOf) -> Figures:
    """Answerability (AUROC) and "gold sentence first" of each way. Intervals by paragraph.

    Only the `articles` of these titles where any is given. Raises BenchmarkError for an unknown one, and when nothing is asked.
    """
    titles = [article.title for article in file.data]
    if unknown := set(articles) - set(titles):
        raise BenchmarkError(f"no article {min(unknown)!r}; there are {', '.join(titles)}")
    paragraphs = {
        f"{article.title} {number}": paragraph
        for article in file.data
        if not articles or article.title in articles
        for number, paragraph in enumerate(article.paragraphs)
        if paragraph.qas
    }
    if not paragraphs:
        raise BenchmarkError("there is no question to ask")
    passages = {name: as_passage(name, "", paragraph.context) for name, paragraph in paragraphs.items()}
    reader = reader_of(list(passages.values()))
    judged = [
        row
        for name, paragraph in told(list(paragraphs.items()), "paragraphs")
        for row in _judged(passages[name], paragraph, embedder, network, reader)
    ]
    answerable = [row for row in judged if row.answerable]
    figures = {
        f"answerability AUROC: {way}": auroc(
            [row.answerable for row in judged], [row.sure[way] for row in judged], [row.paragraph for row in judged]
        )
        for way in judged[0].sure
    }
    for way in judged[0].gold_first:
        hits = [row.gold_first[way] for row in answerable]
        figures[f"gold sentence first: {way}"] = mean(hits, [row.paragraph for row in answerable])
    return figures


def word_coverage(question: str, texts: Sequence[str]) -> Scores:
    """Share of the question's content stems that each text holds, shape (len(texts),), in [0, 1]; a stem weighs as it is rare among them.

    The weight is ln((n + 1) / (texts that hold it + 0.5)). A question without content is covered by nothing.
    """
    held = [set(content_stems(text)) for text in texts]
    weights = {
        word: math.log((len(texts) + 1) / (sum(word in other for other in held) + 0.5))
        for word in content_stems(question)
    }
    total = sum(weights.values()) or 1.0
    return np.array([sum(weights[word] for word in weights if word in other) / total for other in held])


def _judged(
    passage: Passage, paragraph: SquadParagraph, embedder: Embedder, network: PairModel, reader: Reader
) -> Iterator[_Judged]:
    texts = [sentence.clean for sentence in passage.sentences]
    cosines = embedder.encode([question.question for question in paragraph.qas]) @ embedder.encode(texts).T
    for question, cosine in zip(paragraph.qas, cosines, strict=True):
        (reading,) = network.read(question.question, [texts])
        shipped = reader.read(question.question, [Hit(passage, 1.0, 1, "dense")])
        coverage = word_coverage(question.question, texts)
        gold = _gold(passage, question)
        orders = {
            "network": reading.evidence,
            "network and coverage": reading.evidence + COVERAGE_WEIGHT * coverage,
            "coverage": coverage,
            "cosine": cosine,
        }
        first = shipped.evidence[0].sentence.start if shipped.evidence else -1
        yield _Judged(
            passage.id,
            not question.is_impossible,
            {"as shipped": shipped.confidence, "network": reading.answers, "cosine": float(cosine.max())},
            {"as shipped": first in gold}
            | {way: passage.sentences[int(np.argmax(scores))].start in gold for way, scores in orders.items()},
        )


def _gold(passage: Passage, question: SquadQuestion) -> set[int]:
    """Where the sentences start in which an answer starts."""
    places = {answer.answer_start for answer in question.answers}
    return {one.start for one in passage.sentences if any(one.start <= place < one.end for place in places)}
