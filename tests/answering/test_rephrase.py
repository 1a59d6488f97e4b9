"""A chat model's wording of a follow-up is searched only where it looks like the same question."""

from __future__ import annotations

import pytest
from answering.written import PASSAGES, writer

from ketarag.answering import prompts
from ketarag.answering.condense import condense
from ketarag.answering.generate import Budget, Task
from ketarag.answering.rephrase import LONGEST, TOKENS, accepted
from ketarag.testing import Reply, ScriptedChatModel
from ketarag.types import Answer, Turn

ASKED = "What IV dose is used for depression?"
SAID = "Following a single IV dose of 500 microgram/kg, up to 70% of patients respond. [1]"
ANSWER = Answer(ASKED, ASKED, SAID, (), (), False, "", 0.9, (), (), {}, "")
TURNS = [Turn(ASKED, ASKED, ANSWER)]
FOLLOW_UP = "And how long does it last?"
GOOD = "How long does the response to the IV dose used for depression last?"


@pytest.mark.parametrize("text", [GOOD, f"Question: {GOOD}", f'  "{GOOD}"\n\n', f"**Standalone question:** {GOOD}"])
def test_a_question_that_stands_alone_is_taken(text: str) -> None:
    assert accepted(text, FOLLOW_UP, TURNS) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        FOLLOW_UP,
        "and how long does it LAST?",
        f"{GOOD}\nIt lasts less than a week.",
        "How long does the response to 2 mg/kg last?",
        "How long does the weather in Paris stay sunny in autumn?",
        "Wie lange hält die Wirkung der Dosis an?",
        "剂量的效果持续多久？",
        "I'm sorry, but I cannot rewrite this conversation because policy forbids it.",
        "dose " * LONGEST,
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert accepted(text, FOLLOW_UP, TURNS) == ""


def test_it_is_searched_beside_the_offline_forms() -> None:
    model = ScriptedChatModel(GOOD)
    offline = condense(FOLLOW_UP, TURNS)
    task = Task(Budget(5, 600))
    online = writer(model).rephrased(offline, TURNS, task)
    assert online.queries == (*offline.queries, GOOD)
    assert online.standalone == online.rephrased == GOOD
    assert (online.question, online.context, online.carried) == (offline.question, offline.context, offline.carried)
    assert task.tokens == 600 - TOKENS
    assert SAID in model.calls[0][1].text


def test_of_a_question_that_names_its_subject_only_the_searching_changes() -> None:
    question = "Which routes of administration are used?"
    online = writer(ScriptedChatModel("Which routes of administration of the dose are used for depression?")).rephrased(
        condense(question, TURNS), TURNS, Task(Budget())
    )
    assert online.standalone == question
    assert len(online.queries) == 2


@pytest.mark.parametrize(
    "reply",
    [Reply([], error="down"), Reply(["How"], error="down"), "no idea at all, sorry", Reply(["x"] * 9, delay=0.5)],
)
def test_without_a_usable_wording_the_offline_one_stands(reply: str | Reply) -> None:
    offline = condense(FOLLOW_UP, TURNS)
    model = ScriptedChatModel(reply)
    assert writer(model, Budget(2.0, 600)).rephrased(offline, TURNS, Task(Budget(2.0, 600))) == offline
    assert model.ended == 1


def test_a_first_question_and_a_spent_budget_call_no_model() -> None:
    model = ScriptedChatModel(GOOD)
    first = condense(ASKED, ())
    assert writer(model).rephrased(first, (), Task(Budget())) == first
    follow_up = condense(FOLLOW_UP, TURNS)
    assert writer(model).rephrased(follow_up, TURNS, Task(Budget(5.0, TOKENS))) == follow_up
    assert model.calls == []


def test_the_writer_is_asked_the_rephrased_question_or_told_the_earlier_ones() -> None:
    (_, alone) = prompts.writing(GOOD, "", PASSAGES)
    (_, continued) = prompts.writing(FOLLOW_UP, ASKED, PASSAGES)
    assert "earlier_questions" not in alone.text
    assert f"<earlier_questions>\n{ASKED}\n</earlier_questions>" in continued.text
