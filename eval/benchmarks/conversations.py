"""Finding in conversations (mtRAG, doc2dial): the last turn alone, all turns joined, and what the program does with them.

All three are searched with vectors and BM25 fused as shipped, so that only the treatment of the conversation differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from eval.benchmarks.collection import Collection
from eval.benchmarks.figures import Figures, mean
from eval.benchmarks.files import Query, Utterance
from eval.benchmarks.passages import index
from eval.benchmarks.progress import told
from eval.benchmarks.ranks import scored
from eval.record import Figure
from ketarag.answering.condense import Condensed, condense
from ketarag.protocols import Embedder
from ketarag.types import Answer, Turn

DEPTH = 5
MEASURES = (f"R@{DEPTH}", f"nDCG@{DEPTH}")
_TURN = re.compile(r"(?:_|<::>)\d+$")
"""What the sets add to the name of a conversation to name a turn."""


def conversations(collection: Collection, embedder: Embedder) -> Figures:
    """Recall@5 and nDCG@5 of each way. Intervals by conversation."""
    indexed = index(collection.passages, embedder)
    ways: dict[str, Callable[[Query], Condensed]] = {
        "last turn alone": _alone,
        "all turns joined": _joined,
        "as shipped": _as_shipped,
    }
    clusters = [_TURN.sub("", query.id) for query in collection.queries]
    figures: dict[str, Figure | None] = {}
    for name, way in ways.items():
        rankings = {}
        for query in told(collection.queries, name):
            asked = way(query)
            hits = indexed.retriever.retrieve(asked.queries, DEPTH, (), asked.history)
            rankings[query.id] = [hit.passage.id for hit in hits]
        for measure, values in scored(rankings, collection.qrels, MEASURES).items():
            figures[f"{measure}: {name}"] = mean(values, clusters)
    return figures


def turns(history: Sequence[Utterance]) -> list[Turn]:
    """Each question with what was answered to it, which may be several utterances or none."""
    found: list[Turn] = []
    for said in history:
        if said.role == "user" or not found:
            found.append(_turn(said.text, ""))
        else:
            last = found.pop()
            found.append(_turn(last.question, f"{last.answer.text} {said.text}".strip()))
    return found


def _turn(question: str, text: str) -> Turn:
    answer = Answer(question, question, text, (), (), False, "", 1.0, (), (), {}, "")
    return Turn(question, question, answer)


def _alone(query: Query) -> Condensed:
    return Condensed(query.text, query.text, "", (query.text,))


def _joined(query: Query) -> Condensed:
    """The latest first, so that what the embedder does not read is the oldest."""
    text = " ".join([query.text, *(said.text for said in reversed(query.history))])
    return Condensed(text, text, "", (text,))


def _as_shipped(query: Query) -> Condensed:
    return condense(query.text, turns(query.history))
