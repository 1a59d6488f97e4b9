"""The passages that our own questions and claims in `training/data` speak of: written out there, or named and cut from a public set.

A line of `training/data` holds its `sentences` where we wrote them, else `passage`: `set`, `id` and `spans`, half-open character spans of
the sentences in that document's text with its white space made single. Set "corpus" is the shipped article, by the passages of its index.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ketarag import Assistant
from training.sentences import one_line

Table = Mapping[str, Any]


class Passages:
    """Looks up the sentences of a line."""

    def __init__(self, bench: Path, public: Path) -> None:
        """Reads every set that is referred to."""
        self._texts: dict[tuple[str, str], str] = {}
        for name in ("pubmedqa", "medquad_open", "scifact"):
            for line in (bench / name / "corpus.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
                document = json.loads(line)
                self._texts[name, document["_id"]] = one_line(document["text"])
        for at, article in enumerate(_squad_articles(public / "covidqa.json")):
            self._texts["covid_qa", str(at)] = one_line(article["paragraphs"][0]["context"])
        for at, article in enumerate(_squad_articles(public / "shifts_new_wiki_v1.0.json")):
            for number, paragraph in enumerate(article["paragraphs"]):
                self._texts["shifts_wiki", f"{at}.{number}"] = one_line(paragraph["context"])
        passages = sorted((hit.passage for hit in Assistant.load().retrieve("ketamine", k=1000)), key=lambda p: p.start)
        self._article = [tuple(sentence.clean for sentence in passage.sentences) for passage in passages]

    def sentences(self, line: Table) -> tuple[str, ...]:
        """The passage's sentences, in order."""
        if "sentences" in line:
            return tuple(line["sentences"])
        place = line["passage"]
        if place["set"] == "corpus":
            return self._article[int(place["id"].removeprefix("k-"))]
        text = self._texts[place["set"], place["id"]]
        return tuple(text[start:end] for start, end in place["spans"])


def _squad_articles(path: Path) -> Iterator[Any]:
    yield from json.loads(path.read_text(encoding="utf-8"))["data"]
