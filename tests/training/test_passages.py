"""Sentences are those written out, or cut by their spans from the document that the line names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ketarag import Assistant
from ketarag.types import Hit, Passage, Sentence
from training.passages import Passages


def passage(start: int, *texts: str) -> Passage:
    made = tuple(Sentence("a.txt", start, start + 9, "", f"{text}[1]", text, 0) for text in texts)
    return Passage(f"a.txt#{start}", "a.txt", start, start + 99, "", "", "", made)


class FakeAssistant:
    """Finds every passage, the best first and not the first first."""

    def retrieve(self, question: str, k: int) -> list[Hit]:
        found = [passage(200, "Third."), passage(0, "First.", "Still the first."), passage(100, "Second.")]
        return [Hit(one, 1.0 / rank, rank, "dense") for rank, one in enumerate(found[:k], start=1)]


def squad(path: Path, *articles: list[str]) -> None:
    data = [{"title": "t", "paragraphs": [{"context": text, "qas": []} for text in texts]} for texts in articles]
    path.write_text(json.dumps({"data": data}), encoding="utf-8")


@pytest.fixture
def passages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Passages:
    for name in ("pubmedqa", "medquad_open", "scifact"):
        (tmp_path / name).mkdir()
        rows = [{"_id": str(at), "title": "T", "text": f"{name} \n {at}.\u2028  It\u00a0is so."} for at in (7, 8)]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / name / "corpus.jsonl").write_text(text, encoding="utf-8")
    squad(tmp_path / "covidqa.json", ["Covid\n\nnought."], ["Covid one.", "Never read."])
    squad(tmp_path / "shifts_new_wiki_v1.0.json", ["Wiki a."], ["Wiki b.", "Wiki  c. It is."])
    monkeypatch.setattr(Assistant, "load", FakeAssistant)
    return Passages(tmp_path, tmp_path)


def place(name: str, document: str, *spans: list[int]) -> dict[str, Any]:
    return {"id": "x", "passage": {"set": name, "id": document, "spans": list(spans)}}


def test_sentences_that_are_written_out_are_taken_as_they_are(passages: Passages) -> None:
    assert passages.sentences({"id": "x", "sentences": ["A  b.", "C."]}) == ("A  b.", "C.")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (place("pubmedqa", "7", [0, 11], [12, 21]), ("pubmedqa 7.", "It is so.")),
        (place("medquad_open", "8", [0, 15]), ("medquad_open 8.",)),
        (place("scifact", "8", [11, 20], [0, 10]), ("It is so.", "scifact 8.")),
        (place("covid_qa", "0", [0, 13]), ("Covid nought.",)),
        (place("covid_qa", "1", [0, 10]), ("Covid one.",)),
        (place("shifts_wiki", "0.0", [0, 7]), ("Wiki a.",)),
        (place("shifts_wiki", "1.1", [0, 7], [8, 14]), ("Wiki c.", "It is.")),
        (place("corpus", "k-00"), ("First.", "Still the first.")),
        (place("corpus", "k-01"), ("Second.",)),
        (place("corpus", "k-02"), ("Third.",)),
    ],
)
def test_sentences_are_cut_from_the_text_with_its_white_space_made_single(
    passages: Passages, line: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    assert passages.sentences(line) == wanted


@pytest.mark.parametrize(
    "line", [place("pubmedqa", "9", [0, 1]), place("covid_qa", "1.1", [0, 1]), place("squad2", "7", [0, 1])]
)
def test_a_document_that_is_not_there_is_an_error(passages: Passages, line: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        passages.sentences(line)
