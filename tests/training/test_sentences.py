"""Sentences are found where they end, and nothing of the text but white space is lost between them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from training.sentences import one_line, sentence_spans, sentences

TEXTS = st.text(alphabet="Ab1 \n.!?\"')](Dr", max_size=40)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It helps. It is safe.", ["It helps.", "It is safe."]),
        ("Does it help? Yes! It does.", ["Does it help?", "Yes!", "It does."]),
        ("Give 2.5 mg. Then 10 mg.", ["Give 2.5 mg.", "Then 10 mg."]),
        ("Give it. 10 mg is enough.", ["Give it.", "10 mg is enough."]),
        ("It helps. (It is old.)", ["It helps.", "(It is old.)"]),
        ('It helps. "So they say."', ["It helps.", '"So they say."']),
        ("It helps.\n\nIt is safe.\n", ["It helps.", "It is safe."]),
        ("Dr. Smith came. He left.", ["Dr. Smith came.", "He left."]),
        ("See Fig. 2 for it. It is so.", ["See Fig. 2 for it.", "It is so."]),
        ("J. Smith et al. Reported it.", ["J. Smith et al. Reported it."]),
        ("In the U.S. Army. So.", ["In the U.S. Army.", "So."]),
        ("It is given p.o. or s.c. here. Next.", ["It is given p.o. or s.c. here.", "Next."]),
        ("no full stop", ["no full stop"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_by_hand(text: str, wanted: list[str]) -> None:
    assert sentences(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("It helps (a little.) It is safe.", ["It helps (a little.)", "It is safe."]),
        ("It helps [so they say.] It is safe.", ["It helps [so they say.]", "It is safe."]),
    ],
)
def test_a_closing_quote_or_bracket_stays_with_its_sentence(text: str, wanted: list[str]) -> None:
    assert sentences(text) == wanted


def test_spans_point_into_the_text() -> None:
    assert sentence_spans("It helps.  It is safe. ") == [(0, 9), (11, 22)]


@given(TEXTS)
@example('A b." C d.')
def test_spans_are_in_order_and_leave_out_nothing_but_white_space(text: str) -> None:
    at = 0
    for start, end in sentence_spans(text):
        assert at <= start < end
        assert text[at:start].strip() == ""
        at = end
    assert at <= len(text)
    assert text[at:].strip() == ""


@given(TEXTS)
def test_spans_are_in_order_apart_and_say_something(text: str) -> None:
    spans = sentence_spans(text)
    places = [place for span in spans for place in span]
    assert places == sorted(places)
    assert all(text[start:end].strip() for start, end in spans)
    assert sentences(text) == [text[start:end] for start, end in spans]


@given(TEXTS)
@example("\n A b.")
def test_no_sentence_begins_or_ends_with_white_space(text: str) -> None:
    assert [one for one in sentences(text) if one != one.strip()] == []


def test_one_line_makes_every_stretch_of_white_space_one_space() -> None:
    assert one_line("  a\n\tb \u00a0 c\n") == "a b c"
    assert one_line(" \n") == ""


@given(TEXTS)
def test_one_line_keeps_every_word(text: str) -> None:
    made = one_line(text)
    assert made.split() == text.split()
    assert "  " not in made
    assert made == made.strip()
