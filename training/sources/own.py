"""What we wrote ourselves (`training/data`, format in `training/README.md`), and the negatives made from it."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.examples import CONTRADICTED, NOT_SAID, SUPPORTED, Row
from training.passages import Passages
from training.sources.files import around, json_lines
from training.sources.made import in_conversation, without_evidence


def written(path: Path, passages: Passages) -> Iterator[Row]:
    """What we wrote ourselves: questions, follow-ups, near misses and claims (`training/data`, format in `training/README.md`)."""
    source = f"own_{path.stem}"
    for table in json_lines(path):
        texts, group = passages.sentences(table), f"{source}-{table.get('article', table['id'])}"
        for item in [*table.get("questions", []), *table.get("follow_ups", [])]:
            asked = in_conversation(item.get("history", []), item["q"])
            gold = tuple(item["sentences"])
            yield Row("read", asked, texts, 1, source, group, gold, item.get("answer", ""))
        for item in table.get("unanswerable", []):
            yield Row("read", in_conversation(item.get("history", []), item["q"]), texts, 0, source, group)
        for item in table.get("claims", []):
            label = {"supported": SUPPORTED, "contradicted": CONTRADICTED, "neutral": NOT_SAID}[item["label"]]
            yield Row("entail", item["text"], around(texts, item.get("sentences", [])), label, source, group)


def own_negatives(rows: Sequence[Row], rng: random.Random) -> Iterator[Row]:
    """From our own answerable rows: another passage of the article, where there is one, else for some the evidence taken out."""
    passages: dict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
    for row in rows:
        if row.task == "read":
            passages[row.group][row.sentences] = None
    for row in rows:
        if row.task != "read" or row.label != 1:
            continue
        others = [
            texts
            for texts in passages[row.group]
            if texts != row.sentences and len(texts) > 1 and not _holds(" ".join(texts), row.answer)
        ]
        if others:
            yield Row("read", row.first, rng.choice(others), 0, f"{row.source}+other", row.group)
        elif rng.random() < 0.3 and (rest := without_evidence(row)) is not None:
            yield rest


def _holds(text: str, answer: str) -> bool:
    """Whether the answer stands in the text as whole words, letter case aside."""
    return bool(answer) and re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text, re.IGNORECASE) is not None
