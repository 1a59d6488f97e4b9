"""Markers as models write them, and what is left of a sentence without them."""

from __future__ import annotations

import pytest

from ketarag.answering.marks import Drafted, drafted, numbers


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("[1]", [1]), ("[1, 2]", [1, 2]), ("[1-3]", [1, 2, 3]), ("[2 and 4]", [2, 4]), ("【1†source】", [1]), ("【2:0†source】", [2]),
        ("[passage 12]", [12]), ("(Passages 1 and 2)", [1, 2]), ("[^3]", [3]), ("[Source: 2]", [2]), ("[1-100]", [1, 100]), ("²", [2]),
    ],
)  # fmt: skip
def test_the_passages_that_a_marker_names(mark: str, expected: list[int]) -> None:
    assert numbers(mark) == expected


@pytest.mark.parametrize(
    "mark",
    [
        "[1]", " [1] ", "(1)", "[[1]]", "[^1]", "[1†L3-L5]", "[passage 1]", "[Passage: 1]", "[P1]", '<passage number="1">', "［1］",
        "【1】", "(source 1)", "[ref. 1]",
    ],
)  # fmt: skip
def test_every_way_to_write_a_marker(mark: str) -> None:
    assert drafted(f"It lasts a week{mark}.") == Drafted("It lasts a week.", (1,))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("It lasts **less than** _one_ `week`", "It lasts less than one week."),
        ("> Answer: It lasts.", "It lasts."),
        ("\"It lasts less than one week.\"", "It lasts less than one week."),
        ("It\u202e lasts\u200b\x07 a week.", "It lasts a week."),
        ("It lasts a week (25 vs. 50%).", "It lasts a week (25 vs. 50%)."),
        ("It lasts &lt;1 week.", "It lasts <1 week."),
        ("It lasts <1 week and >2 days.", "It lasts <1 week and >2 days."),
        ("It_is snake_case_name.", "It_is snake_case_name."),
        ("[1] [2]", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_plain_words_are_left(raw: str, text: str) -> None:
    assert drafted(raw).text == text
