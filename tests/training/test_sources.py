"""Each set of questions, and our own lines, as a tiny file -> the very rows that it should give."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from training.examples import CONTRADICTED, NOT_SAID, SUPPORTED, Row
from training.sources import LONGEST_PASSAGE, covid_qa, in_conversation, json_lines, qamr, squad, written
from training.sources.questions import _untokenised

CONTEXT = "It is old. Give 5 mg daily. It is safe."
TEXTS = ("It is old.", "Give 5 mg daily.", "It is safe.")


def squad_file(path: Path, context: str, *questions: dict[str, Any]) -> Path:
    table = {
        "data": [{"title": "Force", "paragraphs": [{"context": context, "document_id": 9, "qas": list(questions)}]}]
    }
    path.write_text(json.dumps(table), encoding="utf-8")
    return path


def asked(question: str, context: str, *answers: str, **more: Any) -> dict[str, Any]:
    return {
        "question": question,
        "answers": [{"text": text, "answer_start": context.index(text.strip())} for text in answers],
        **more,
    }


def lines(path: Path, *tables: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(table) + "\n" for table in tables), encoding="utf-8")
    return path


def test_json_lines_leaves_out_blank_ones(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": "x\u2028y"}\n\n{"a": 2}', encoding="utf-8")
    assert json_lines(tmp_path / "a.jsonl") == [{"a": "x\u2028y"}, {"a": 2}]


def test_squad_gives_the_shortest_answer_with_its_sentence_and_the_unanswerable(tmp_path: Path) -> None:
    path = squad_file(
        tmp_path / "s.json", CONTEXT,
        asked(" What\ndose? ", CONTEXT, "5 mg daily", "5 mg ", "Give 5 mg"),
        asked("Who?", CONTEXT, is_impossible=True, plausible_answers=[]),
        asked("Safe?", CONTEXT, "safe", is_impossible=False),
        asked("What?", CONTEXT, "Give"),
    )  # fmt: skip
    assert list(squad(path, "squad2")) == [
        Row("read", "What dose?", TEXTS, 1, "squad2", "Force", (1,), "5 mg"),
        Row("read", "Who?", TEXTS, 0, "squad2", "Force"),
        Row("read", "Safe?", TEXTS, 1, "squad2", "Force", (2,), "safe"),
        Row("read", "What?", TEXTS, 1, "squad2", "Force", (1,), "Give"),
    ]


def test_an_answer_of_squad_is_a_stretch_of_a_gold_sentence_or_empty(tmp_path: Path) -> None:
    path = squad_file(tmp_path / "s.json", CONTEXT, asked("What?", CONTEXT, "daily. It is safe"))
    for row in squad(path, "squad2"):
        assert row.answer == "" or any(row.answer in row.sentences[at] for at in row.gold)


def test_covid_qa_cuts_a_passage_around_the_answer(tmp_path: Path) -> None:
    filler = [f"Filler number {at} stands here." for at in range(9)]
    context = " ".join([*filler[:4], "Give 5 mg\ndaily.", *filler[4:]])
    path = squad_file(tmp_path / "c.json", context, asked("Dose?", context, "5 mg\ndaily"), asked("None?", context))
    lengths = set()
    for seed in range(60):
        (row,) = covid_qa(path, random.Random(seed))
        (at,) = row.gold
        assert row.sentences[at] == "Give 5 mg daily."
        assert row.sentences == (*filler[4 - at : 4], "Give 5 mg daily.", *filler[4 : 3 + len(row.sentences) - at])
        assert (row.answer, row.label, row.group, row.first) == ("5 mg daily", 1, "covid-9", "Dose?")
        lengths.add((at, len(row.sentences) - at))
    assert lengths == {(before, after) for before in range(4) for after in range(1, 4)}


def test_covid_qa_keeps_no_long_answer_and_no_long_passage(tmp_path: Path) -> None:
    context = "It is a b c d e f g h i j k l m. Then it ends. It is so. It is more. It is all."
    long = asked("a?", context, "a b c d e f g h i j k l m")
    two = asked("b?", context, "m. Then it ends")
    four = asked("c?", context, "Then it ends. It is so. It is more. It is all")
    rows = list(covid_qa(squad_file(tmp_path / "c.json", context, long, two, four), random.Random(0)))
    assert [(row.first, row.gold, row.answer) for row in rows] == [("a?", (0,), ""), ("b?", (0, 1), "")]
    wide = "word " * LONGEST_PASSAGE + "end."
    assert list(covid_qa(squad_file(tmp_path / "w.json", wide, asked("a?", wide, "end")), random.Random(0))) == []


def test_qamr_puts_other_sentences_around_the_one_that_answers(tmp_path: Path) -> None:
    texts = {"w:a:1:0": "Bob 's cat ( old ) sat .", "w:a:1:1": "It ran .", "w:a:2:0": "Far off .", "w:a:3:0": "Else ."}
    tabs = "".join(f"{name}\t{text}\n" for name, text in texts.items()).replace("( ", "-LRB- ").replace(" )", " -RRB-")
    (tmp_path / "wiki-sentences.tsv").write_text(tabs)
    row = ["w:a:1:0", "0", "w", "t", "x", "Whose cat?", "1 0", "r"]
    gap, beyond, unknown = [*row[:6], "0 2", "r"], [*row[:6], "8 9", "r"], ["w:a:9:9", *row[1:]]
    (tmp_path / "dev.tsv").write_text("".join("\t".join(cells) + "\n" for cells in (row, gap, beyond, unknown)))
    (tmp_path / "test.tsv").write_text("")
    for seed in range(30):
        (made,) = qamr(tmp_path, random.Random(seed))
        (at,) = made.gold
        assert made.sentences[at] == "Bob's cat (old) sat."
        assert "It ran." in made.sentences
        assert len(set(made.sentences)) == len(made.sentences) >= 2
        assert (made.first, made.answer, made.label, made.group) == ("Whose cat?", "Bob's", 1, "qamr-1")


def test_our_own_lines_field_by_field(tmp_path: Path) -> None:
    table = {
        "id": "a-1", "sentences": list(TEXTS),
        "questions": [{"q": "Dose?", "sentences": [1], "answer": "5 mg"}, {"q": "Old?", "sentences": [0]}],
        "follow_ups": [{"history": ["One?", "Two?", "Three?"], "q": "And?", "sentences": [2], "answer": "safe"}],
        "unanswerable": [{"q": "Who?"}, {"q": "Why?", "history": ["One?"]}],
        "claims": [{"text": "A.", "sentences": [1], "label": "supported"}, {"text": "B.", "sentences": [2], "label": "contradicted"},
                   {"text": "C.", "label": "neutral"}],
    }  # fmt: skip
    passages: Any = SimpleNamespace(sentences=lambda line: tuple(line["sentences"]))
    path = lines(
        tmp_path / "drugs.jsonl",
        table,
        {"id": "a-2", "article": "x", "sentences": ["S."], "unanswerable": [{"q": "Q?"}]},
    )
    group = ("own_drugs", "own_drugs-a-1")
    assert list(written(path, passages)) == [
        Row("read", "Dose?", TEXTS, 1, *group, (1,), "5 mg"),
        Row("read", "Old?", TEXTS, 1, *group, (0,), ""),
        Row("read", "Two? / Three? / And?", TEXTS, 1, *group, (2,), "safe"),
        Row("read", "Who?", TEXTS, 0, *group),
        Row("read", "One? / Why?", TEXTS, 0, *group),
        Row("entail", "A.", TEXTS[:2], SUPPORTED, *group),
        Row("entail", "B.", TEXTS[1:], CONTRADICTED, *group),
        Row("entail", "C.", TEXTS, NOT_SAID, *group),
        Row("read", "Q?", ("S.",), 0, "own_drugs", "own_drugs-x"),
    ]
    assert in_conversation([], "Q?") == "Q?"


def test_treebank_words_become_text() -> None:
    assert _untokenised("`` It is n't 5 % , Bob 's , -LRB- I 'm -RRB- ! ''".split()) == "\"It isn't 5%, Bob's, (I'm)!\""
