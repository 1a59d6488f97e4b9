"""Every line that we wrote is well formed, and none of it is asked in the cases that the program is reported on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.cases import CLAIM_KINDS, load_claims, load_questions

DATA = Path(__file__).parents[2] / "training" / "data"
FILES = sorted(DATA.glob("*.jsonl"))
SETS = {"pubmedqa", "medquad_open", "scifact", "covid_qa", "shifts_wiki", "corpus"}
FIELDS = {"id", "title", "article", "sentences", "passage", "questions", "follow_ups", "unanswerable", "claims"}
LABELS = {"supported", "contradicted", "neutral"}
Table = dict[str, Any]


def lines(path: Path) -> Iterator[tuple[str, Table]]:
    """(where it stands, the line), blank ones left out."""
    for number, text in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if text.strip():
            yield f"{path.name}:{number}", json.loads(text)


ALL = [found for path in FILES for found in lines(path)]
ASKED = [
    (at, item)
    for at, line in ALL
    for kind in ("questions", "follow_ups", "unanswerable")
    for item in line.get(kind, [])
]
CLAIMS = [(at, item) for at, line in ALL for item in line.get("claims", [])]


def count(line: Table) -> int:
    """How many sentences the passage has; those of the shipped article are not told in the line."""
    if "sentences" in line:
        return len(line["sentences"])
    return len(line["passage"]["spans"]) if "spans" in line["passage"] else 10**6


def key(text: str) -> str:
    return text.casefold().strip()


def test_there_is_something_to_check() -> None:
    assert len(FILES) >= 8
    assert len(ASKED) > 5_000
    assert len(CLAIMS) > 4_000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_line_has_an_id_and_sentences_or_a_passage(path: Path) -> None:
    for at, line in lines(path):
        assert isinstance(line["id"], str), at
        assert line["id"].strip(), at
        assert ("sentences" in line) != ("passage" in line), at
        assert line.keys() <= FIELDS, at
        assert any(line.get(kind) for kind in ("questions", "follow_ups", "unanswerable", "claims")), at


def test_ids_are_unique_where_a_line_is_a_passage_of_its_own() -> None:
    """The lines on the shipped article are several to a passage and share its id."""
    ids = Counter(
        (at.partition(":")[0], line["id"]) for at, line in ALL if line.get("passage", {}).get("set") != "corpus"
    )
    assert [one for one, times in ids.items() if times > 1] == []


def test_sentences_and_spans_say_something_in_order() -> None:
    for at, line in ALL:
        assert all(text and text == text.strip() for text in line.get("sentences", ["."])), at
        if "passage" in line:
            place = line["passage"]
            assert place["set"] in SETS, at
            assert place["id"], at
            assert ("spans" in place) == (place["set"] != "corpus"), at
            spans = place.get("spans", [])
            ends = [end for span in spans for end in span]
            assert ends == sorted(ends), at
            assert all(0 <= start < end for start, end in spans), at
        assert count(line) > 0, at


def test_places_are_in_range_and_each_is_named_once() -> None:
    for at, line in ALL:
        for kind in ("questions", "follow_ups", "claims"):
            for item in line.get(kind, []):
                places = item.get("sentences", [])
                assert places or kind == "claims", (at, item)
                assert len(places) == len(set(places)), (at, item)
                assert all(0 <= place < count(line) for place in places), (at, item)


def test_an_answer_stands_verbatim_in_a_sentence_that_is_its_evidence() -> None:
    for at, line in ALL:
        for item in [*line.get("questions", []), *line.get("follow_ups", [])]:
            answer = item.get("answer", "")
            assert answer == answer.strip(), (at, item)
            if "sentences" in line and answer:
                assert any(answer in line["sentences"][place] for place in item["sentences"]), (at, item)


def test_questions_say_something_and_follow_ups_have_a_history() -> None:
    for at, item in ASKED:
        assert all(text.strip() for text in (item["q"], *item.get("history", []))), (at, item)
        assert item.keys() <= {"q", "sentences", "answer", "history"}, (at, item)
    for at, line in ALL:
        assert all(item["history"] for item in line.get("follow_ups", [])), at


def test_claims_have_a_known_label_and_the_false_ones_a_known_kind() -> None:
    for at, item in CLAIMS:
        assert item["text"].strip(), (at, item)
        assert item["label"] in LABELS, (at, item)
        assert ("kind" in item) == (item["label"] != "supported"), (at, item)
        assert item.get("kind", "invented") in CLAIM_KINDS, (at, item)


def test_a_question_is_not_both_answered_and_unanswerable_in_a_passage() -> None:
    for at, line in ALL:
        answered = {(*item.get("history", []), key(item["q"])) for item in line.get("questions", [])}
        assert not answered & {(*item.get("history", []), key(item["q"])) for item in line.get("unanswerable", [])}, at


@pytest.mark.parametrize("split", ["dev", "test", "blind"])
def test_no_question_is_one_of_the_cases(split: str) -> None:
    cases = {key(case.question): case.id for case in load_questions(split) if not case.history}
    alone = [(at, item) for at, item in ASKED if not item.get("history")]
    assert [(at, item["q"], cases[key(item["q"])]) for at, item in alone if key(item["q"]) in cases] == []


@pytest.mark.parametrize("split", ["dev", "test", "blind"])
def test_no_conversation_is_one_of_the_cases(split: str) -> None:
    """A "why?" may be asked of anything; after the same questions it is the same case."""
    cases = {tuple(map(key, (*case.history, case.question))): case.id for case in load_questions(split)}
    asked = [(at, tuple(map(key, (*item.get("history", []), item["q"])))) for at, item in ASKED]
    assert [(at, texts, cases[texts]) for at, texts in asked if texts in cases] == []


@pytest.mark.parametrize("split", ["dev", "test", "blind"])
def test_no_claim_is_one_of_the_cases(split: str) -> None:
    cases = {key(case.claim): case.id for case in load_claims(split)}
    assert [(at, item["text"], cases[key(item["text"])]) for at, item in CLAIMS if key(item["text"]) in cases] == []
