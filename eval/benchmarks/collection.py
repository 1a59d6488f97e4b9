"""A BEIR-like folder: `corpus.jsonl`, `queries.jsonl`, and in `qrels/` one file for each split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eval.benchmarks.files import BenchmarkError, Document, Qrels, Query, read_lines, read_qrels
from eval.benchmarks.passages import as_passage
from ketarag.types import Passage


@dataclass(frozen=True, slots=True)
class Collection:
    """Passages, the queries that are judged, in file order, and what is relevant to each. `name` says folder and split."""

    name: str
    passages: tuple[Passage, ...]
    queries: tuple[Query, ...]
    qrels: Qrels


def read_collection(folder: Path, split: str | None = None) -> Collection:
    """The folder with the qrels of one split. Raises BenchmarkError, also when there are several splits and none is named."""
    qrels_file = _qrels_file(folder, split)
    qrels = read_qrels(qrels_file)
    documents = read_lines(folder / "corpus.jsonl", Document)
    queries = tuple(query for query in read_lines(folder / "queries.jsonl", Query) if query.id in qrels)
    if not queries:
        raise BenchmarkError(f"{qrels_file}: judges no query of {folder / 'queries.jsonl'}")
    passages = tuple(as_passage(document.id, document.title, document.text) for document in documents)
    return Collection(f"{folder.name} ({qrels_file.stem})", passages, queries, qrels)


def _qrels_file(folder: Path, split: str | None) -> Path:
    found = {path.stem: path for path in sorted((folder / "qrels").glob("*.tsv"))}
    if split is None and len(found) == 1:
        return next(iter(found.values()))
    if split not in found:
        wanted = "name one with --split" if split is None else f"there is no {split!r}"
        raise BenchmarkError(f"{folder / 'qrels'}: {wanted}; it has {', '.join(found) or 'no .tsv file'}")
    return found[split]
