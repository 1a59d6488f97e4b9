"""Premises on passages by hand; how often they are doubted rightly is measured in tests/integration/test_premises.py."""

from __future__ import annotations

import pytest
from sentences import make_passage

from ketarag.answering.premise import PremiseChecker, premise
from ketarag.answering.verify import ExactVerifier
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary

CHECKER = PremiseChecker(ExactVerifier(Glossary.load(shipped_corpus() / "glossary.toml"), None))
TEA = [
    make_passage(
        [
            "Green tea lowers the blood pressure of most adults by 5 mmHg.",
            "The effect of green tea lasts less than two weeks.",
            "Black tea is more bitter than green tea.",
            "Tea can be given to children.",
            "The dose of the extract is 500 microgram/kg.",
        ]
    )
]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Since tea lowers blood pressure, who should avoid it?", "tea lowers blood pressure"),
        ("Given that 95% of patients respond, who does not?", "95% of patients respond"),
        ("If tea lasts for 3,000 years, why keep it?", "tea lasts for 3,000 years"),
        ("Given tea's bitter taste, what helps?", "tea's bitter taste"),
        ("Why does tea lower blood pressure?", "tea lower blood pressure"),
        ("why can’t tea be given to children", "not tea be given to children"),
        ("Why isn't tea bitter?", "not tea bitter"),
        ("How come that tea is bitter?", "tea is bitter"),
        ("Tea lowers blood pressure, right?", "Tea lowers blood pressure"),
        ("Tea is bitter for children. Why?", "Tea is bitter for children"),
        ("Tea is the best drink for children, so what comes second?", "Tea is the best drink for children"),
        ("Because of first-pass metabolism, what happens?", ""),
        ("NO and cyclic GMP - what are they?", ""),
        ("How does tea lower blood pressure?", ""),
        ("Does tea lower blood pressure?", ""),
        ("Why?", ""),
        ("why that", ""),
        ("", ""),
    ],
)
def test_what_a_question_takes_for_granted(question: str, said: str) -> None:
    assert premise(question) == said


@pytest.mark.parametrize(
    ("question", "stated"),
    [
        ("Why does green tea raise the blood pressure of most adults?", 0),
        ("Since green tea lowers the blood pressure of adults by 50 mmHg, is it safe?", 0),
        ("Why does the effect of green tea last three weeks?", 1),
        ("Why is green tea more bitter than black tea?", 2),
        ("Why can't tea be given to children?", 3),
        ("Since the dose of the extract is 500 mg/kg, how is it given?", 4),
    ],
)
def test_what_is_otherwise_is_met_with_the_sentence(question: str, stated: int) -> None:
    doubt = CHECKER.doubt(question, TEA)
    assert doubt is not None
    assert doubt.said == premise(question)
    assert doubt.stated == TEA[0].sentences[stated].clean
    assert str(doubt) == f"The question takes it that “{doubt.said}”. The document says: “{doubt.stated}”"


@pytest.mark.parametrize(
    "question",
    [
        "Why does green tea lower the blood pressure of most adults?",
        "Why does the effect of green tea last less than two weeks?",
        "Why is black tea more bitter than green tea?",
        "Since green tea is less bitter than black tea, who likes it?",
        "Why can tea be given to children?",
        "Since the dose of the extract is 0.5 mg/kg, how is it given?",
        "Why does coffee raise the pulse of sailors?",
        "What lowers blood pressure?",
        "",
    ],
)
def test_what_holds_or_is_not_spoken_of_is_not_doubted(question: str) -> None:
    assert CHECKER.doubt(question, TEA) is None


def test_without_passages_nothing_is_doubted() -> None:
    assert CHECKER.doubt("Why does green tea raise the blood pressure of most adults?", []) is None
