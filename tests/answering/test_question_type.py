"""What kind of thing is asked for, and whether a sentence holds one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering.question_type import Kind, asked_for, asks_for_an_amount, holds, holds_an_amount


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What IV dose is used?", Kind.DOSE),
        ("How much ketamine is given?", Kind.DOSE),
        ("How long does the effect last?", Kind.DURATION),
        ("How soon does it work?", Kind.DURATION),
        ("over how long?", Kind.DURATION),
        ("What percentage is excreted unchanged?", Kind.SHARE),
        ("How many patients respond?", Kind.SHARE),
        ("How many RCTs were identified?", Kind.COUNT),
        ("How many times more potent is it?", Kind.FACTOR),
        ("Is it stronger than the racemate?", Kind.FACTOR),
        ("By which routes can it be given?", Kind.ROUTE),
        ("How is ketamine given?", Kind.ROUTE),
        ("Why is it restricted?", Kind.REASON),
        ("What is the mechanism?", Kind.REASON),
        ("In which year was it approved?", Kind.DATE),
        ("How old were the patients?", Kind.AGE),
        ("How often is it given?", Kind.FREQUENCY),
        ("How many infusions per week?", Kind.FREQUENCY),
        ("max dose of csci ketamine per day?", Kind.DOSE),
        ("max labetalol PO per day?", Kind.DOSE),
        ("burst dose by CSCI, mg per day?", Kind.DOSE),
        ("How many patients were enrolled in the RCT?", Kind.PARTICIPANTS),
        ("In which country is it marketed?", Kind.COUNTRY),
        ("Who may prescribe it?", Kind.PERSON),
        ("Where does it bind?", Kind.PLACE),
        ("Is ketamine safe?", Kind.NONE),
        ("", Kind.NONE),
    ],
)
def test_the_kind_is_read_off_the_wording(question: str, kind: Kind) -> None:
    assert asked_for(question) is kind
    assert asked_for(question.upper()) is kind


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.DOSE, "Typically 500 microgram/kg."),
        (Kind.DOSE, "Ketamine 100mg/24h by CIVI."),
        (Kind.DURATION, "It lasts less than one week."),
        (Kind.DURATION, "Withdraw it over 2–3 weeks."),
        (Kind.SHARE, "Up to 70% respond."),
        (Kind.SHARE, "A quarter of patients had dreams."),
        (Kind.COUNT, "It identified 29 RCTs."),
        (Kind.FACTOR, "It is twice as potent."),
        (Kind.FACTOR, "A 7-fold increase."),
        (Kind.ROUTE, "It is given PO or SC."),
        (Kind.ROUTE, "It is used as an oral rinse."),
        (Kind.REASON, "This is because of first-pass metabolism."),
        (Kind.DATE, "Published in 2020."),
        (Kind.AGE, "Adults aged 18."),
        (Kind.FREQUENCY, "It is repeated once daily."),
        (Kind.PARTICIPANTS, "There were 40 adult patients."),
        (Kind.COUNTRY, "Only the racemate is sold in the USA."),
        (Kind.PERSON, "Restricted to specialists."),
        (Kind.PLACE, "It binds to the PCP site."),
    ],
)
def test_a_sentence_that_holds_one_is_known(kind: Kind, sentence: str) -> None:
    assert holds(kind, sentence)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.NONE])
def test_a_sentence_without_any_holds_none(kind: Kind) -> None:
    assert not holds(kind, "Ketamine is unpleasant.")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.DOSE, "It has 5 growing effects."),
        (Kind.SHARE, "The mostly empty ward."),
        (Kind.ROUTE, "The post office is closed."),
        (Kind.DATE, "A dose of 20000 units."),
    ],
)
def test_look_alikes_are_not_taken(kind: Kind, sentence: str) -> None:
    assert not holds(kind, sentence)


@given(st.text())
def test_any_sentence_will_do_where_nothing_particular_is_asked(sentence: str) -> None:
    assert holds(Kind.NONE, sentence)


@given(st.text(), st.sampled_from(Kind))
def test_any_text_can_be_looked_at(text: str, kind: Kind) -> None:
    assert asked_for(text) in Kind
    assert holds(kind, text) in (True, False)


@pytest.mark.parametrize(
    "question",
    [
        "max dose of csci ketamine per day?",
        "What is the maximum recommended daily dose of SC ketamine?",
        "What IV dose is used?",
        "and what is the starting dose by that route?",
        "Intranasal ketamine dose for an adult?",
        "what's the usual dosage?",
        "How many mg are given?",
    ],
)
def test_a_question_for_the_dose_itself_asks_for_an_amount(question: str) -> None:
    assert asks_for_an_amount(question)


@pytest.mark.parametrize(
    "question",
    [
        "At which dose range is it a painkiller?",
        "How did the groups compare for treatment failure at maximum dose?",
        "Treatment failures at the maximum dose, figures please",
        "By how much should the dose be reduced?",
        "Why is the dose low?",
        "Which routes are there?",
        "How much pulse rises after the dose?",
        "",
    ],
)
def test_what_happens_at_a_dose_is_no_amount(question: str) -> None:
    assert not asks_for_an_amount(question)


@pytest.mark.parametrize(
    ("sentence", "held"),
    [
        ("A single dose (typically 500 microgram/kg) is given.", True),
        ("Give 2.5mg.", True),
        ("Give 500 milligrams.", True),
        ("Two tablets are taken.", True),
        ("Use 20 mL.", True),
        ("There were fewer failures at the maximum dose (25 vs. 50%).", False),
        ("It lasts 4 h.", False),
        ("", False),
    ],
)
def test_whether_a_sentence_holds_an_amount(sentence: str, held: bool) -> None:
    assert holds_an_amount(sentence) is held
