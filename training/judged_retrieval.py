"""Finding, judged on BEIR-like folders: conversations (mtRAG, doc2dial) and plain queries (SciFact and the like).

The program's own retriever, index and condensing are used, each document being one passage. Baselines are fused the same way
(reciprocal rank fusion of vectors and BM25), so that only the treatment of the conversation differs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketarag.answering.condense import Condensed, condense
from ketarag.answering.cross_encoder import CrossEncoder
from ketarag.answering.retrieve import HybridRetriever
from ketarag.glossary import Glossary
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.lexical import LexicalIndex
from ketarag.indexing.store import FaissStore
from ketarag.types import Answer, Hit, Passage, Sentence, Turn
from training.intervals import Figure, mean
from training.sentences import sentences
from training.sources import json_lines

DEPTH = 5
RANKED = 50
"""Passages of the fused ranking that the network reads again."""
Table = Mapping[str, Any]
Qrels = dict[str, dict[str, int]]


def conversations(folder: Path) -> dict[str, Figure]:
    """Recall@5 of each way to search for the last turn of a conversation."""
    retriever, qrels = _index(folder), _qrels(folder / "qrels" / "dev.tsv")
    ways: dict[str, Callable[[Table], Condensed]] = {
        "last turn alone": _alone,
        "all turns joined": _joined,
        "ours": _ours,
    }
    queries = [query for query in json_lines(folder / "queries.jsonl") if query["_id"] in qrels]
    figures = {}
    for name, way in ways.items():
        recalls = []
        for query in queries:
            asked = way(query)
            hits = retriever.retrieve(asked.queries, DEPTH, (), asked.history)
            wanted = {document for document, score in qrels[query["_id"]].items() if score > 0}
            recalls.append(len(wanted & {hit.passage.document_id for hit in hits}) / len(wanted))
        figures[f"recall@{DEPTH}: {name}"] = mean(
            recalls, [query["_id"].split("_")[0].split("<")[0] for query in queries]
        )
    return figures


def ranking(network: CrossEncoder, folder: Path, qrels_name: str) -> dict[str, Figure]:
    """nDCG@10 of vectors and BM25 fused, and of that ranking read again by the network."""
    retriever, qrels = _index(folder), _qrels(folder / "qrels" / qrels_name)
    queries = [query for query in json_lines(folder / "queries.jsonl") if query["_id"] in qrels]
    found: dict[str, list[float]] = {}
    for query in queries:
        hits = retriever.retrieve([query["text"]], RANKED)
        rankings = {
            "vectors and BM25 fused": [hit.passage.document_id for hit in hits],
            "fused, read by the network": _read_again(network, query["text"], hits),
        }
        for name, ids in rankings.items():
            found.setdefault(name, []).append(ndcg(ids, qrels[query["_id"]]))
    return {f"nDCG@10: {name}": mean(values, [q["_id"] for q in queries]) for name, values in found.items()}


def ndcg(ids: Sequence[str], relevant: Mapping[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain (Järvelin & Kekäläinen 2002), linear gains, as in trec_eval."""
    gains = [relevant.get(document, 0) for document in ids[:depth]]
    ideal = sorted(relevant.values(), reverse=True)[:depth]
    total = sum(gain / np.log2(at + 2) for at, gain in enumerate(ideal))
    return float(sum(gain / np.log2(at + 2) for at, gain in enumerate(gains)) / total) if total else 0.0


def _read_again(network: CrossEncoder, query: str, hits: Sequence[Hit]) -> list[str]:
    """By reciprocal rank in the fused ranking plus the network's log odds of relevance, each scaled to its spread."""
    readings = network.read(query, [[sentence.clean for sentence in hit.passage.sentences] for hit in hits])
    relevance = np.array([reading.relevant for reading in readings])
    fused = np.array([hit.score for hit in hits])
    order = np.argsort(-(_scaled(relevance) + _scaled(fused)), kind="stable")
    return [hits[at].passage.document_id for at in order]


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - values.mean()) / (values.std() + 1e-9), dtype=np.float64)


def _alone(query: Table) -> Condensed:
    return Condensed(query["text"], query["text"], "", (query["text"],))


def _joined(query: Table) -> Condensed:
    """The latest first, so that what does not fit is the oldest."""
    text = " ".join([query["text"], *(said["text"] for said in reversed(query["history"]))])
    return Condensed(text, text, "", (text,))


def _ours(query: Table) -> Condensed:
    return condense(query["text"], _turns(query["history"]))


def _turns(history: Sequence[Table]) -> list[Turn]:
    """Each question with what was answered to it, which may be several utterances or none."""
    turns: list[Turn] = []
    for said in history:
        if said["role"] == "user" or not turns:
            answer = Answer(said["text"], said["text"], "", (), (), False, "", 1.0, (), (), {}, "")
            turns.append(Turn(said["text"], said["text"], answer))
        else:
            before = turns[-1].answer
            text = f"{before.text} {said['text']}".strip()
            answer = Answer(before.question, before.question, text, (), (), False, "", 1.0, (), (), {}, "")
            turns[-1] = Turn(turns[-1].question, turns[-1].question, answer)
    return turns


def _index(folder: Path) -> HybridRetriever:
    passages = [_passage(document) for document in json_lines(folder / "corpus.jsonl")]
    print(f"{folder.name}: embedding {len(passages)} passages", file=sys.stderr)
    embedder = SentenceTransformerEmbedder()
    texts = [f"{passage.heading} {passage.clean}" for passage in passages]
    store = FaissStore(embedder.dimension)
    store.add([passage.id for passage in passages], embedder.encode(texts))
    return HybridRetriever(passages, store, LexicalIndex.build(texts), embedder, Glossary())


def _passage(document: Table) -> Passage:
    name, text = document["_id"], document["text"]
    parts = tuple(Sentence(name, 0, len(text), document["title"], part, part, 0) for part in sentences(text) or [text])
    return Passage(name, name, 0, len(text), document["title"], text, text, parts)


def _qrels(path: Path) -> Qrels:
    found: Qrels = {}
    for line in path.read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            query, document, score = line.split("\t")
            found.setdefault(query, {})[document] = int(score)
    return found
