"""Tiny sets in the formats of the bench."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONTEXT = "Cats purr loudly. Dogs bark at night."


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def beir(
    folder: Path,
    texts: Mapping[str, str],
    queries: Sequence[Mapping[str, Any]],
    qrels: Sequence[tuple[str, str, int]],
    split: str = "dev",
) -> Path:
    """A BEIR-like folder with one split."""
    (folder / "qrels").mkdir(parents=True)
    documents = [{"_id": name, "title": "", "text": text} for name, text in texts.items()]
    write_lines(folder / "corpus.jsonl", documents)
    write_lines(folder / "queries.jsonl", queries)
    lines = ["query-id\tcorpus-id\tscore", *(f"{query}\t{document}\t{score}" for query, document, score in qrels)]
    (folder / "qrels" / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def squad_file(path: Path) -> Path:
    """One article, "Pets": a question that its second sentence answers, and one that nothing does."""
    qas = [
        {
            "question": "When do dogs bark?",
            "answers": [{"text": "at night", "answer_start": 28}],
            "is_impossible": False,
        },
        {"question": "Which birds sing?", "answers": [], "is_impossible": True},
    ]
    paragraphs = [{"context": CONTEXT, "qas": qas}]
    path.write_text(json.dumps({"version": "v2.0", "data": [{"title": "Pets", "paragraphs": paragraphs}]}))
    return path


def claim_file(path: Path) -> Path:
    """One claim for each of three labels; only the supported one shares its words with the evidence."""
    rows = [("a", "Cats purr", "SUPPORT"), ("b", "Dogs fly", "REFUTE"), ("c", "Fish sing", "NEUTRAL")]
    return write_lines(
        path, [{"id": name, "claim": claim, "evidence": ["Cats purr."], "label": label} for name, claim, label in rows]
    )
