"""Whether a sentence of a chat model is a claim, and says nothing but what its source says."""

from __future__ import annotations

import pytest

from ketarag.answering.wording import no_claim, strays
from ketarag.glossary import Entry, Glossary

GLOSSARY = Glossary((Entry(("PO", "by mouth"), "route", "Swallowed."),))
PASSAGE = (
    "Ketamine is generally administered PO.",
    "This leads to neuronal hyperexcitability and results in hyperalgesia and allodynia.",
    "There were fewer failures with ketamine than with placebo.",
    "The use of ketamine to treat major depression is experimental.",
    "Prescription of ketamine should be restricted to specialists in pain.",
    "Ketamine is metabolized to norketamine in the liver.",
    "Norketamine is analgesic in rodents.",
)


def found(claim: str, at: int, question: str = "What of it?") -> list[str]:
    return strays(claim, [PASSAGE[at]], ["Ketamine facts"], PASSAGE, question, GLOSSARY)


@pytest.mark.parametrize(
    ("claim", "at"),
    [
        *((sentence, at) for at, sentence in enumerate(PASSAGE)),
        ("Ketamine is usually given by mouth.", 0),
        ("The resulting hyperexcitability of neurons leads to hyperalgesia and allodynia.", 1),
        ("Fewer failures were found with ketamine than with placebo.", 2),
        ("Using ketamine for treatment of major depression is experimental.", 3),
        ("Only specialists in pain should prescribe ketamine.", 4),
        ("Ketamine is metabolised in the liver to norketamine.", 5),
    ],
)
def test_what_one_sentence_accounts_for_passes(claim: str, at: int) -> None:
    assert found(claim, at) == []


@pytest.mark.parametrize(
    ("claim", "at"),
    [
        ("Ketamine is generally administered PO to children.", 0),
        ("Ketamine is generally administered PO because of its taste.", 0),
        ("Hyperalgesia leads to neuronal hyperexcitability.", 1),
        ("Neuronal hyperexcitability results in increased pain sensitivity.", 1),
        ("Failures with ketamine and placebo were not different.", 2),
        ("Failures with ketamine and placebo were similar.", 2),
        ("There were more failures with ketamine than with placebo.", 2),
        ("The use of ketamine to treat breast cancer is experimental.", 3),
        ("The use of ketamine to treat major depression is not experimental.", 3),
        ("The use of ketamine is primarily to treat depression.", 4),
        ("Ketamine should be prescribed to specialists in pain.", 4),
        ("Norketamine is metabolized to ketamine first.", 5),
        ("Ketamine is generally administered PO and is metabolized in the liver.", 0),
    ],
)
def test_what_no_sentence_accounts_for_is_told(claim: str, at: int) -> None:
    assert found(claim, at)


def test_the_words_of_a_claim_stand_in_one_sentence() -> None:
    fused = "Norketamine is generally administered PO and is analgesic."
    assert strays(fused, [PASSAGE[0], PASSAGE[6]], [], PASSAGE, "What of it?", GLOSSARY)


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("ketamine facts.", "What of it?"),
        ("the dose and use of ketamine.", "What of it?"),
        ("the findings of a trial of ketamine.", "What of it?"),
        ("usa compared with other countries: availability.", "What of it?"),
        ("ketamine is used in depression.", "Is ketamine used in depression?"),
        ("norketamine is " + "analgesic " * 60, "What of it?"),
    ],
)
def test_no_claim(said: str, question: str) -> None:
    assert no_claim(said, ["Ketamine facts"], question)


@pytest.mark.parametrize("said", ["magnesium blocks the channel.", "relief persisted.", "it hasn't been shown."])
def test_a_claim(said: str) -> None:
    assert no_claim(said, ["Ketamine facts"], "What of it?") == ""
