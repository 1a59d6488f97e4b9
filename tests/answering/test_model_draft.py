"""A streamed text is cut into the same sentences whatever the pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering.draft import LONGEST_SENTENCE, Draft
from ketarag.answering.marks import Drafted

A, B, C = "Up to 70% of patients respond.", "The benefit lasts less than one week.", "Ketamine is given PO."


def read(text: str, size: int = 1) -> list[Drafted]:
    draft = Draft()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [*(sentence for piece in pieces for sentence in draft.feed(piece)), *draft.end()]


def told(text: str) -> list[tuple[str, tuple[int, ...]]]:
    sizes = [read(text, size) for size in (1, 2, 5, 17, 10_000)]
    assert all(other == sizes[0] for other in sizes)
    return [(sentence.text, sentence.cited) for sentence in sizes[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{A[:-1]} [1]. {B[:-1]} [2].", [(A, (1,)), (B, (2,))]),
        (f"{A} [1] {B} [2]", [(A, (1,)), (B, (2,))]),
        (f"[1] {A} [2] {B}", [(A, (1,)), (B, (2,))]),
        (f"{A[:-1]} [1, 2]. {B[:-1]} [1][3]. {C} (2)", [(A, (1, 2)), (B, (1, 3)), (C, (2,))]),
        (f"{A[:-1]}【1†source】. {B} [passage 2] {C} (Passage 3)", [(A, (1,)), (B, (2,)), (C, (3,))]),
        (f"{A} [^1]\n{B} [#2]\n{C}²", [(A, (1,)), (B, (2,)), (C, (2,))]),
        (f"- {A} [1]\n- {B} [2]\n", [(A, (1,)), (B, (2,))]),
        (f"1. {A} [1]\n2. {B}\n", [(A, (1,)), (B, ())]),
        (f"**Answer:** {A} [1]", [(A, (1,))]),
        (f"## Answer\n\n{A} [1]\n\n---\n", [(A, (1,))]),
        (f"```text\n{A} [1]\n```", [(A, (1,))]),
        (f"Here is what the passages say:\n\n{A} [1]", [(A, (1,))]),
        (f"<think>It may be 90%. Or not.</think>{A} [1]", [(A, (1,))]),
        (f"<thinking>\nHm. {B}\n</thinking>\n\n{A} [1]", [(A, (1,))]),
        (f"<think>{A} and so on without an end", []),
        (f"According to passage 1, {A[0].lower()}{A[1:]}", [(A, (1,))]),
        (f"Passage 2 states that {B[0].lower()}{B[1:]}", [(B, (2,))]),
        (f"As stated in [2], {B[0].lower()}{B[1:]}", [(B, (2,))]),
        ("Routes of administration are:\n- PO [1]\n- SC [1]\n\nDone now.",
         [("Routes of administration are: PO; SC.", (1,)), ("Done now.", ())]),
        (f"These hold:\n- {A} [1]\n- {B} [2]", [(A, (1,)), (B, (2,))]),
        ("It is 0.5 mg/kg vs. 1.5 mg/kg, e.g. by mouth [1]. Dr. No said so.",
         [("It is 0.5 mg/kg vs. 1.5 mg/kg, e.g. by mouth.", (1,)), ("Dr. No said so.", ())]),
        ("It failed (25 vs. 50%) [1].", [("It failed (25 vs. 50%).", (1,))]),
        ("Less than one week", [("Less than one week.", ())]),
        ("剂量是五百毫克。效果不到一周[1]。", [("剂量是五百毫克。", ()), ("效果不到一周。", (1,))]),
        ("Say [this](http://a.example/x) **now** <b>please</b> ![i](http://a.example) `x`.", [("Say this now please x.", ())]),
        ("", []),
        (" \n\n \t", []),
        ("[1] [2]", []),
        ("... --- !!!", []),
    ],
)  # fmt: skip
def test_sentences_and_what_they_cite(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert told(text) == expected


def test_a_sentence_is_told_as_soon_as_what_follows_has_begun() -> None:
    draft = Draft()
    assert draft.feed(f"{A} [1]") == []
    assert draft.feed(" T") == [Drafted(A, (1,))]
    assert draft.feed("he end.") == []
    assert draft.end() == [Drafted("The end.", ())]


@pytest.mark.parametrize("text", [f"{A} " * 50, f"{A}\n" * 50, f"{A} {B} {A} {B} " * 9])
def test_it_says_when_a_model_goes_in_circles(text: str) -> None:
    draft = Draft()
    told = draft.feed(text)
    assert draft.over == "it repeated itself"
    assert len({sentence.text for sentence in told}) == len(told)


def test_it_says_when_a_text_has_no_sentences() -> None:
    draft = Draft()
    draft.feed("word " * (LONGEST_SENTENCE // 5 + 1))
    assert draft.over == "it wrote no sentences"


PARTS = [
    "Up to 70%",
    ". ",
    "[1]",
    "[",
    "]",
    "(2)",
    "\n",
    "- ",
    "<think>",
    "</think>",
    "<",
    "vs. ",
    "word ",
    "Word ",
    ":",
    "**",
    "```",
    "。",
    "²",
    "【3】",
    "!",
]


@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join) | st.text(max_size=80))
def test_any_text_gives_clean_sentences_and_the_same_in_any_pieces(text: str) -> None:
    sentences = read(text, 10_000)
    for sentence in sentences:
        assert sentence.text == " ".join(sentence.text.split())
        assert any(c.isalnum() for c in sentence.text)
        assert "\0" not in sentence.text
        assert "[1]" not in sentence.text
        assert len(set(sentence.cited)) == len(sentence.cited)
    assert "<" in text or read(text, 1) == sentences
