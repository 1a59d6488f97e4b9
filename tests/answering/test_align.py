"""A stretch of the cleaned sentence is found again in the document, markers and bullets between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering.align import in_document
from ketarag.types import Sentence, Span

RAW = "Two studies of quality13, 40, and effects on:\n\n•sodium channels\n\n•pain."
CLEAN = "Two studies of quality, and effects on: sodium channels; pain."


def sentence(raw: str, clean: str, start: int = 100) -> Sentence:
    return Sentence("d", start, start + len(raw), "", raw, clean, 0)


@pytest.mark.parametrize("words", ["Two studies", "quality", "sodium channels", "pain", "effects on"])
def test_words_that_stand_in_both_are_found_where_they_stand(words: str) -> None:
    at = CLEAN.index(words)
    found = in_document(sentence(RAW, CLEAN), Span(at, at + len(words)))
    assert found is not None
    assert RAW[found.start - 100 : found.end - 100] == words


def test_a_stretch_over_a_marker_takes_it_along() -> None:
    at = CLEAN.index("quality, and")
    found = in_document(sentence(RAW, CLEAN), Span(at, at + len("quality, and")))
    assert found is not None
    assert RAW[found.start - 100 : found.end - 100] == "quality13, 40, and"


def test_what_stands_only_in_the_cleaned_text_is_nowhere() -> None:
    assert in_document(sentence("dogs", "xyz dogs"), Span(0, 3)) is None
    assert in_document(sentence("dogs", "xyz dogs"), Span(4, 4)) is None


@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_the_place_lies_in_the_sentence_whatever_the_texts(raw: str, clean: str, start: int, length: int) -> None:
    one = sentence(raw, clean)
    found = in_document(one, Span(start, start + length))
    assert found is None or one.span.contains(found)
