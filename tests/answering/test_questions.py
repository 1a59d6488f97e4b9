"""What a person typed: searched in one line, or refused with what to do."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering.questions import checked_question
from ketarag.config import QUESTION_LIMIT
from ketarag.errors import QuestionError


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\0\x07\x1b", "\u200b\u200e\ufeff", "\u00a0\u2003", "\ud800"])
def test_nothing_visible_is_an_empty_question(text: str) -> None:
    with pytest.raises(QuestionError, match=r"is empty.*for example"):
        checked_question(text)


def test_a_hundred_thousand_characters_are_refused_with_the_limit_and_the_cure() -> None:
    with pytest.raises(QuestionError, match=r"100,000 characters; up to 2,000 .* sentence or two"):
        checked_question("x" * 100_000)


def test_the_limit_itself_is_allowed_and_one_more_is_not() -> None:
    assert checked_question("x" * QUESTION_LIMIT) == "x" * QUESTION_LIMIT
    with pytest.raises(QuestionError):
        checked_question("x" * (QUESTION_LIMIT + 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what\0 dose?", "what dose?"),
        ("\x1b[31mdose\x1b[0m", "[31mdose [0m"),
        ("  over\n\nhow \t long?  ", "over how long?"),
        ("dose\u202egnol woh", "dose gnol woh"),
    ],
)
def test_control_characters_and_line_breaks_become_one_space(text: str, expected: str) -> None:
    assert checked_question(text) == expected


@pytest.mark.parametrize(
    "text", ["💊", "dose 💊?", "Wie hoch ist die Dosis?", "剂量是多少?", "ما هي الجرعة؟", "µg/kg ± 5 %"]
)
def test_emoji_and_other_scripts_stay_as_they_are(text: str) -> None:
    assert checked_question(text) == text


@given(st.text(max_size=200))
def test_what_is_let_through_is_one_visible_line(text: str) -> None:
    try:
        question = checked_question(text)
    except QuestionError:
        assert not any(unicodedata.category(c)[0] in "LNPS" for c in text)
        return
    assert question
    assert question == " ".join(question.split())
    assert not any(unicodedata.category(c)[0] == "C" for c in question)
    assert checked_question(question) == question
