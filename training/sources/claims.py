"""Sets of claims: natural-language inference, the labelled claims of the bench, and sentences altered by rule."""

from __future__ import annotations

import csv
import json
import random
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from training.alter import altered, names_in
from training.examples import CONTRADICTED, NOT_SAID, SUPPORTED, Row
from training.sentences import one_line
from training.sources.files import around, json_lines, shortened

_LABELS = {"entailment": SUPPORTED, "contradiction": CONTRADICTED, "neutral": NOT_SAID}


def premise_csv(path: Path, source: str) -> Iterator[Row]:
    """premise, hypothesis, label; pairs of two classes ("not_entailment") are left out where the label does not say which."""
    with path.open(
        encoding="utf-8-sig", errors="replace", newline=""
    ) as file:  # one set has a few bytes of another encoding
        tabs = path.suffix in (".tsv", ".txt")
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(file)
        for cells in rows:
            premise, claim, label = cells[-3:]
            if label in _LABELS and premise.strip() and claim.strip():
                yield Row("entail", claim.strip(), (premise.strip(),), _LABELS[label], source, premise[:60])


def breaking_nli(path: Path) -> Iterator[Row]:
    """Breaking NLI (zip): one word of the premise replaced by one that excludes, implies or leaves it open."""
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".jsonl") and not n.startswith("__"))
        for line in archive.read(name).decode("utf-8").splitlines():
            table = json.loads(line)
            if table["gold_label"] in _LABELS:
                premise = table["sentence1"]
                yield Row(
                    "entail", table["sentence2"], (premise,), _LABELS[table["gold_label"]], "breaking_nli", premise[:60]
                )


def labelled_claims(path: Path, source: str) -> Iterator[Row]:
    """The bench's `verifier/*.jsonl`. PARTIAL is left out; NOT_SUPPORTED counts as not said."""
    labels = {"SUPPORT": SUPPORTED, "REFUTE": CONTRADICTED, "NEUTRAL": NOT_SAID, "NOT_SUPPORTED": NOT_SAID}
    for table in json_lines(path):
        if table["label"] in labels:
            group = table["claim"] if source == "scifact" else table["id"]
            texts = tuple(one_line(text) for text in table["evidence"])
            rationales = sorted({i for r in table.get("rationales", []) for i in (r if isinstance(r, list) else [r])})
            if rationales and all(i < len(texts) for i in rationales):
                yield Row("entail", table["claim"], around(texts, rationales), labels[table["label"]], source, group)
            yield Row("entail", table["claim"], shortened(texts), labels[table["label"]], source, group)


def altered_claims(passages: Iterable[tuple[str, tuple[str, ...]]], rng: random.Random, source: str) -> Iterator[Row]:
    """From (group, sentences): for a sentence drawn from each, itself, it altered by rule, and one from elsewhere as not said."""
    kept = [(group, texts) for group, texts in passages if len(texts) >= 3]
    names = names_in([text for _, texts in kept for text in texts])
    for at, (group, texts) in enumerate(kept):
        usable = [i for i, text in enumerate(texts) if 8 <= len(text.split()) <= 45]
        if not usable:
            continue
        chosen = rng.choice(usable)
        window = around(texts, [chosen])
        if (false := altered(texts[chosen], rng.sample(names, min(len(names), 40)), rng)) is not None:
            yield Row("entail", false[1], window, CONTRADICTED, f"{source}+{false[0]}", group)
        if rng.random() < 0.5:
            yield Row("entail", _lightly_reworded(texts[chosen], rng), window, SUPPORTED, source, group)
        left = tuple(text for i, text in enumerate(texts) if i != chosen)
        other = rng.choice(kept[(at + 1) % len(kept)][1])
        if rng.random() < 0.4 and texts[chosen] not in left:
            yield Row("entail", texts[chosen], shortened(left), NOT_SAID, f"{source}+elsewhere", group)
        elif rng.random() < 0.2 and other not in window:
            yield Row("entail", other, window, NOT_SAID, f"{source}+unrelated", group)


def _lightly_reworded(text: str, rng: random.Random) -> str:
    """A sentence without what can be left out: a parenthesis, an opening adverb, the first letter's case."""
    shorter = re.sub(r" \([^()]*\)", "", text)
    shorter = re.sub(r"^(?:However|Thus|Therefore|Moreover|Furthermore|In addition|Also|Further),? ", "", shorter)
    if rng.random() < 0.3:
        shorter = re.sub(r", (?:although|whereas|while|but) .*?(?=\.$)", "", shorter)
    return shorter[:1].upper() + shorter[1:]
