"""BEIR-like retrieval sets as pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from training.examples import Row
from training.sentences import one_line, sentences
from training.sources.files import json_lines, shortened


def relevance(folder: Path, qrels: str, ranked: dict[str, list[str]], source: str, wrong: int) -> Iterator[Row]:
    """BEIR-like: each relevant pair, and for each query the `wrong` best-ranked documents that are not relevant to it."""
    corpus = {
        d["_id"]: tuple(sentences(f"{d['title']}. {d['text']}".strip(". ")))
        for d in json_lines(folder / "corpus.jsonl")
    }
    right: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels" / qrels).read_text(encoding="utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            right[query].add(document)
    for asked in json_lines(folder / "queries.jsonl"):
        name, text = asked["_id"], one_line(asked["text"])
        for document in sorted(right[name]):
            yield Row("rank", text, shortened(corpus[document]), 1, source, text)
        others = [document for document in ranked.get(name, []) if document not in right[name]]
        for document in others[:wrong]:
            yield Row("rank", text, shortened(corpus[document]), 0, source, text)
