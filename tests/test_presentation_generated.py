"""What a terminal says of an answer that a chat model wrote, and of pages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_assistant import QUOTES, FakeAssistant, build_answer, citation

from ketarag.presentation import format_answer, format_hits


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


def test_a_page_is_named_before_the_characters_and_its_end_is_no_control_character() -> None:
    quote = replace(citation(QUOTES["long"][0]), page=12, quote="It is given\fby mouth.")
    assert " | page 12 | characters " in format_answer(build_answer("long", citations=(quote,)))
    assert "\n    It is given by mouth." in format_answer(build_answer("long", citations=(quote,)))
    hit = replace(FakeAssistant().retrieve("long")[0], page=3)
    assert " | page 3 | characters " in format_hits([hit])
    assert "page" not in format_hits([replace(hit, page=None)])
