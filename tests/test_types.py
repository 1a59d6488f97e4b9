"""The nouns: frozen, with derived properties that hold."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ketarag.types as types
from ketarag.types import Document, Passage, Sentence, Span, Verdict

NOUNS = [value for value in vars(types).values() if is_dataclass(value) and isinstance(value, type)]
BOUNDS = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted).map(lambda pair: Span(*pair))


@pytest.mark.parametrize(("start", "end"), [(-1, 0), (2, 1), (-3, -2), (0, -1)])
def test_a_span_that_is_none_is_refused_with_its_numbers(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=rf"\[{start}, {end}\)"):
        Span(start, end)


@given(BOUNDS, BOUNDS)
def test_spans_are_sets_of_characters(one: Span, other: Span) -> None:
    mine, theirs = set(range(one.start, one.end)), set(range(other.start, other.end))
    if mine and theirs:
        assert one.overlaps(other) == bool(mine & theirs)
        assert one.contains(other) == (theirs <= mine)
    assert one.overlaps(other) == other.overlaps(one)
    assert one.contains(one)


def test_neighbours_do_not_overlap() -> None:
    assert not Span(0, 3).overlaps(Span(3, 5))
    assert not Span(0, 2).contains(Span(1, 3))


def test_sentences_and_passages_know_where_they_stand() -> None:
    sentence = Sentence("a", 3, 8, "", "x" * 5, "x" * 5, 0)
    assert sentence.span == Span(3, 8)
    assert Passage("p", "a", 3, 8, "", "x" * 5, "x" * 5, (sentence,)).span == Span(3, 8)
    assert types.Evidence(sentence, Passage("p", "a", 0, 9, "", "", "", (sentence,)), 0.5).span == Span(3, 8)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_noun_is_frozen_and_slotted(noun: type) -> None:
    assert noun.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert {field.name for field in fields(noun)} <= set(noun.__slots__)  # type: ignore[attr-defined]


def test_every_noun_was_found() -> None:
    assert {noun.__name__ for noun in NOUNS} >= {"Document", "Span", "Citation", "Answer", "Turn", "Verdict", "Final"}


def test_a_changed_field_is_refused() -> None:
    document = Document("a", "A", "text", "0" * 64)
    with pytest.raises(FrozenInstanceError):
        document.text = "other"  # type: ignore[misc]


def test_two_documents_do_not_share_their_metadata() -> None:
    assert Document("a", "A", "", "").metadata is not Document("b", "B", "", "").metadata


def test_equal_nouns_are_equal_and_what_is_hashable_hashes_alike() -> None:
    assert Verdict(True, 1.0) == Verdict(True, 1.0)
    assert hash(Span(1, 2)) == hash(Span(1, 2))
    assert Span(1, 2) != Span(1, 3)
