"""What a terminal says of an answer that a chat model wrote."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_assistant import build_answer

from ketarag.presentation import format_answer


@pytest.mark.parametrize(
    ("repaired", "expected"),
    [
        ([], "Written by openai:x; every sentence was checked against what it cites."),
        ([1], "checked against what it cites. Sentence 2 is the source's own."),
        ([0, 1], "checked against what it cites. Sentences 1 and 2 are the source's own."),
    ],
)
def test_who_wrote_it_and_what_is_the_sources_own(repaired: list[int], expected: str) -> None:
    answer = build_answer("How is it eliminated?", written_by="openai:x", warnings=("1 sentence was left out.",))
    claims = tuple(replace(claim, repaired=at in repaired) for at, claim in enumerate(answer.claims))
    told = format_answer(replace(answer, claims=claims))
    assert expected in told
    assert "Note: 1 sentence was left out." in told


def test_an_extractive_answer_has_no_author() -> None:
    assert "Written by" not in format_answer(build_answer("How is it eliminated?"))


def test_a_name_cannot_move_the_cursor() -> None:
    assert "\x1b" not in format_answer(build_answer("How is it eliminated?", written_by="\x1b[2Jx"))
