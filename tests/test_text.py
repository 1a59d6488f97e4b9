"""Both sides of a comparison meet in the same normal form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.text import STOP_WORDS, content_stems, normalise, stem, word_spans, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2–3 weeks", "2-3 weeks"),
        ("S−enantiomer", "s-enantiomer"),
        ("ketamine’s", "ketamine's"),
        ("‘burst’", "'burst'"),
        ("“burst”", '"burst"'),
        ("5 µg", "5 ug"),
        ("5 μg", "5 ug"),
        ("a\u00a0b\n c", "a b c"),
        ("keta\u00admine", "ketamine"),
        ("ﬁbromyalgia", "fibromyalgia"),
        ("STRASSE", "straße"),
        ("m²", "m2"),
    ],
)
def test_spellings_of_one_thing_meet(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("0.5", "5"), ("5 mg", "5 ug"), ("<5%", ">5%"), ("1,000", "1.000"), ("10", "100"), ("-5", "5"), ("mg/kg", "mg")],
)
def test_different_things_stay_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text())
def test_white_space_at_the_ends_is_nothing(text: str) -> None:
    assert normalise(f" \n{text}\t") == normalise(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Up to 70% respond.", ["up", "to", "70", "respond"]),
        ("2.5 mg", ["2.5", "mg"]),
        ("1,000", ["1,000"]),
        ("first-pass", ["first", "pass"]),
        ("mg/kg", ["mg", "kg"]),
        ("", []),
        ("…!?", []),
    ],
)
def test_words_and_numbers_in_order(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_spans_hold_the_words(text: str) -> None:
    normal = normalise(text)
    assert [normal[start:end] for start, end in word_spans(normal)] == words(text)


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("anaesthetic", "anesthetic"),
        ("anaesthesia", "anesthesia"),
        ("ischaemic", "ischemic"),
        ("oestrogen", "estrogen"),
        ("oesophagus", "esophagus"),
        ("oedema", "edema"),
        ("diarrhoea", "diarrhea"),
        ("dyspnoea", "dyspnea"),
        ("haemorrhage", "hemorrhage"),
        ("faeces", "feces"),
        ("metabolised", "metabolized"),
        ("randomised", "randomized"),
        ("hospitalisation", "hospitalization"),
        ("stabilising", "stabilizing"),
    ],
)
def test_british_and_american_spellings_have_one_stem(british: str, american: str) -> None:
    assert stem(british) == stem(american)


@pytest.mark.parametrize(
    ("one", "other"), [("does", "dose"), ("rise", "rize"), ("noise", "noize"), ("aeroplane", "eroplane")]
)
def test_words_that_only_look_british_keep_their_stem(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@pytest.mark.parametrize(
    ("one", "other"), [("dose", "doses"), ("administered", "administering"), ("patient", "patients")]
)
def test_inflections_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"), [("hypotension", "hypertension"), ("ketamine", "norketamine"), ("agonist", "antagonist")]
)
def test_opposites_do_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_content_stems_leave_the_stop_words_out_and_keep_repeats() -> None:
    assert content_stems("What is the dose, and the doses?") == ["dose", "dose"]
    assert content_stems("How long is it?") == []


def test_stop_words_are_in_normal_form() -> None:
    assert {word for word in STOP_WORDS if normalise(word) != word or words(word) != [word]} == set()


@pytest.mark.parametrize("word", ["dose", "pain", "oral", "mg", "week", "less", "twice"])
def test_words_with_a_topic_or_a_measure_are_no_stop_words(word: str) -> None:
    assert word not in STOP_WORDS
