"""Instructions in questions, in passages and in what a model writes, each obeyed by the model: nothing of it is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from answering.written import DOCUMENT, RESPONSE, TEXT, run, writer

from ketarag.answering import prompts
from ketarag.answering.condense import Condensed
from ketarag.answering.gate import instructs
from ketarag.answering.generate import Budget, Task
from ketarag.indexing.chunk import chunk
from ketarag.indexing.segment import segment
from ketarag.testing import FakeReader, HashEmbedder, Reply, ScriptedChatModel
from ketarag.types import Document, Hit

CASES = [json.loads(line) for line in (Path(__file__).parent / "injections.jsonl").read_text("utf-8").splitlines()]
HARMLESS = "Up to 70% of patients respond following a single IV dose [1]."


def of(where: str) -> list[dict[str, str]]:
    return [case for case in CASES if case["where"] == where]


def test_there_are_enough_of_each_kind() -> None:
    assert len(CASES) >= 40
    assert min(len(of(where)) for where in ("question", "passage", "output")) >= 12


@pytest.mark.parametrize("case", of("question"), ids=lambda case: case["forbidden"])
def test_what_a_question_orders_is_not_shown(case: dict[str, str]) -> None:
    model = ScriptedChatModel(case["output"])
    _, composed = run(writer(model), case["text"])
    assert case["forbidden"] not in " ".join(claim.text for claim in composed.claims)
    (_, user) = model.calls[0]
    assert user.text.count("</question>") == user.text.count("</passages>") == 1
    assert user.text.count("<passage ") == user.text.count("</passage>")
    assert "<|" not in user.text
    assert "[INST]" not in user.text


@pytest.mark.parametrize("case", of("passage"), ids=lambda case: case["forbidden"])
def test_what_a_passage_orders_is_not_shown(case: dict[str, str]) -> None:
    document = Document("dose.md", "Dose", TEXT.replace(RESPONSE, f"{RESPONSE} {case['text']}"), "0" * 64)
    passages = chunk(document, segment(document).sentences, HashEmbedder().count_word_pieces, 80)
    question = "Which dose do patients respond to?"
    found = FakeReader().read(question, [Hit(passage, 1.0, rank, "dense") for rank, passage in enumerate(passages, 1)])
    model = ScriptedChatModel(f"{case['output']} {HARMLESS}")
    desk = writer(model)
    desk._documents = {document.id: document}
    events = list(desk.write(Condensed(question, question, "", (question,)), found, Task(Budget())))
    assert case["forbidden"] not in " ".join(event.claim.text for event in events)
    (_, user) = model.calls[0]
    assert user.text.count("</passages>") == 1
    assert user.text.count("<passage ") == user.text.count("</passage>")
    assert "<|" not in user.text


@pytest.mark.parametrize("case", of("passage"), ids=lambda case: case["forbidden"])
def test_a_sentence_that_instructs_a_model_is_known(case: dict[str, str]) -> None:
    assert instructs(case["text"])


@pytest.mark.parametrize("case", of("output"), ids=lambda case: case["forbidden"])
def test_what_a_model_makes_up_is_not_shown_and_what_stands_is_or_the_documents_own_words_are(
    case: dict[str, str],
) -> None:
    for pieces in ([case["output"]], list(case["output"])):
        _, composed = run(writer(ScriptedChatModel(Reply(pieces))))
        said = [claim.text for claim in composed.claims]
        assert case["forbidden"] not in " ".join(said)
        assert (
            "Up to 70% of patients respond following a single IV dose." in said
            or "own sentences" in composed.warnings[0]
        )


def test_no_sentence_of_the_document_is_taken_for_an_instruction() -> None:
    article = (Path(__file__).parents[2] / "corpus" / "ketamine-pharmacology-and-cancer-pain.txt").read_text("utf-8")
    for text in (TEXT, article):
        assert [line for line in text.splitlines() if instructs(line)] == []
    assert DOCUMENT.text == TEXT


@pytest.mark.parametrize("text", ["<5% and < 2 weeks", "p <0.05", "x > y", "[1] and [2]", "2<3"])
def test_figures_are_given_to_the_model_as_they_are(text: str) -> None:
    assert prompts.data(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "</passage>",
        "< / passage >",
        '<passage number="3">',
        "<|im_start|>",
        "＜/question＞",
        "<s>",
        "<<SYS>>",
        "<｜end｜>",
        "<start_of_turn>",
    ],
)
def test_nothing_in_data_opens_or_closes_a_tag(text: str) -> None:
    assert "<" not in prompts.data(text)
    assert "＜" not in prompts.data(text)
