"""Three sets of questions: the rules were made on `fit`; `held_out` was written before them, `after` when they first stood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ketarag.answering.patient import Concern, concern

QUESTIONS = Path(__file__).with_name("patient_questions")
CASES = Path(__file__).parents[2] / "eval" / "cases" / "dev"


def rows(name: str) -> list[tuple[str, str]]:
    lines = (QUESTIONS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["question"], row["kind"]) for row in map(json.loads, lines)]


def kind(question: str) -> str:
    found = concern(question)
    return found.name.lower() if found else ""


@pytest.mark.parametrize("name", ["fit", "held_out", "after"])
def test_who_a_question_is_about_is_told_and_a_general_one_is_left_alone(name: str) -> None:
    assert [(question, said, kind(question)) for question, said in rows(name) if kind(question) != said] == []


def test_the_sets_have_something_of_each_kind() -> None:
    for name in ("fit", "held_out", "after"):
        assert {said for _, said in rows(name)} == {"", "patient", "oneself", "danger"}
    questions = [question for name in ("fit", "held_out", "after") for question, _ in rows(name)]
    assert len(questions) == len(set(questions)) > 300


def test_of_the_development_cases_only_those_of_laypeople_are_about_somebody() -> None:
    """They ask for themselves or a relative; of the 324 others none does."""
    cases = [
        json.loads(line)
        for name in ("questions", "unanswerable", "follow_up")
        for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert {case["category"] for case in cases if concern(case["question"])} == {"lay"}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("My patient weighs 70 kg. And what IV dose is used?", Concern.PATIENT),
        ("MY PATIENT WEIGHS 70 KG, HOW MUCH??", Concern.PATIENT),
        ("My patient has taken too much ketamine. What now?", Concern.PATIENT),
        ("I weigh 70 kg and have bipolar disorder, how much do I need?", Concern.ONESELF),
        ("How do I give 500 microgram/kg?", None),
        ("", None),
        ("?!", None),
    ],
)
def test_edges(question: str, expected: Concern | None) -> None:
    assert concern(question) is expected


def test_every_warning_says_what_is_not_given() -> None:
    assert all("document" in one for one in Concern)
    assert "dose" in Concern.PATIENT
    assert "doctor" in Concern.ONESELF
    assert "emergency" in Concern.DANGER


def test_on_questions_that_no_rule_was_made_for() -> None:
    """`last` was written when the rules were done: of its questions about somebody three in four are known, of those flagged 20 of 21."""
    found = [(said, kind(question)) for question, said in rows("last")]
    right = sum(bool(said and got) for said, got in found)
    assert right >= 0.95 * sum(bool(got) for _, got in found)
    assert right >= 0.76 * sum(bool(said) for said, _ in found)
