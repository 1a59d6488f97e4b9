"""Facts in answers, on examples that can be reckoned by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import answer_length, contains, exact_correct, fact_recall
from ketarag import Answer, Claim, Verdict

FACTS = [["70%", "seventy"], ["2 days", "two days"]]


def answer(*claims: str) -> Answer:
    """With a marker after each claim; an abstention where there are none."""
    said = tuple(Claim(text, (1,), Verdict(True, 1.0)) for text in claims)
    text = " ".join(f"{text} [1]" for text in claims) or "The document does not answer this question."
    return Answer("q", "q", text, said, (), not claims, "", 0.5, (), (), {}, "f")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Up to 70% respond.", "70%"),
        ("Up to 70 % respond.", "70%"),
        ("over 40 min", "40min"),
        ("500 microgram/kg", "500microgram/kg"),
        ("2–3 weeks", "2-3 weeks"),
        ("It is given PO.", "po"),
        ("The S−enantiomer", "s-enantiomer"),
        ("about 4 times more", "4 times"),
        ("(PCP)", "PCP"),
        ("100mg/24h", "100 mg/24 h"),
        ("in 2010.", "2010"),
        ("10, 20 and 30", "10"),
        ("0.5 mg/kg", "0.5 mg/kg"),
        ("of 1,200 patients", "1,200 patients"),
    ],
)
def test_a_phrase_is_found_whatever_its_spelling(text: str, phrase: str) -> None:
    assert contains(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("170%", "70%"),
        ("norketamine", "ketamine"),
        ("postpone", "po"),
        ("40 minutes", "40 min"),
        ("7 and 0%", "70%"),
        ("", "dose"),
        ("0.5 mg", "5 mg"),
        ("1,500 patients", "500 patients"),
        ("a factor of 7.5", "7"),
        ("in 12,000 cases", "12"),
    ],
)
def test_a_part_of_a_word_or_number_is_not_the_phrase(text: str, phrase: str) -> None:
    assert not contains(text, phrase)


@given(st.decimals(0, 1000, places=2), st.decimals(0, 1000, places=2))
def test_a_number_is_found_in_no_other_number(said: object, asked: object) -> None:
    assert contains(f"It is {said} mg.", f"{asked} mg") == (str(said) == str(asked))


def test_fact_recall_is_the_share_of_facts_with_an_alternative_in_the_claims() -> None:
    said = answer("It lasts two days.", "About 70% respond.")
    assert fact_recall(said, [*FACTS, ["never"]]) == pytest.approx(2 / 3)
    assert fact_recall(said, [["never"]]) == 0
    assert fact_recall(said, [["respond"]]) == 1


def test_markers_and_the_words_of_an_abstention_are_no_facts() -> None:
    assert fact_recall(answer("It is so."), [["1"]]) == 0
    assert fact_recall(answer(), [["document"]]) == 0


def test_without_facts_there_is_no_recall_of_them() -> None:
    assert fact_recall(answer("It is so."), []) is None


def test_exact_is_every_fact_and_nothing_less() -> None:
    assert exact_correct(answer("It lasts two days.", "About 70% respond."), FACTS) == 1
    assert exact_correct(answer("It lasts two days."), FACTS) == 0
    assert exact_correct(answer(), FACTS) == 0
    assert exact_correct(replace(answer("It lasts two days.", "About 70% respond."), abstained=True), FACTS) == 0


def test_without_facts_exact_is_to_decline() -> None:
    assert exact_correct(answer(), []) == 1
    assert exact_correct(answer("It lasts two days."), []) == 0


def test_length_counts_sentences_and_words_without_markers() -> None:
    assert answer_length(["It lasts two days.", "About 70% respond."]) == (2, 7)
    assert answer_length([]) == (0, 0)
