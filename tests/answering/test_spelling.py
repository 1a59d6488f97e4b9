"""Slips are mended towards the words of the documents; another medical word is never a slip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering.rarity import english_rarity
from ketarag.answering.spelling import Speller
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary
from ketarag.text import words

TEXT = (shipped_corpus() / "ketamine-pharmacology-and-cancer-pain.txt").read_text(encoding="utf-8")
VOCABULARY = sorted(set(words(TEXT)))
SPELLER = Speller(VOCABULARY, lambda word: english_rarity(word) <= 0.9)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ketamin", "ketamine"),
        ("Ketmine", "ketamine"),
        ("ketamien", "ketamine"),
        ("norketamin", "norketamine"),
        ("depresion", "depression"),
        ("antidepresant", "antidepressant"),
        ("halucinations", "hallucinations"),
        ("fibromialgia", "fibromyalgia"),
        ("tachycardya", "tachycardia"),
        ("opoid", "opioid"),
    ],
)
def test_a_slip_becomes_the_word_of_the_documents(typed: str, meant: str) -> None:
    assert SPELLER.correct(f"Is {typed} meant?") == f"Is {meant} meant?"


@pytest.mark.parametrize(
    ("asked", "vocabulary"),
    [
        ("hypotension", "hypertension"),
        ("hypertension", "hypotension"),
        ("bradycardia", "tachycardia"),
        ("extracranial", "intracranial"),
        ("preoperatively", "postoperatively"),
        ("norketamine", "ketamine"),
        ("ketamine", "norketamine"),
        ("esketamine", "ketamine"),
        ("hypoalgesia", "hyperalgesia"),
        ("inactivated", "activated"),
        ("antagonist", "agonist"),
        ("antidepressants", "depressants"),
        ("nonopioid", "opioid"),
        ("dysregulated", "regulated"),
    ],
)
def test_another_medical_word_is_no_slip(asked: str, vocabulary: str) -> None:
    assert Speller([vocabulary], lambda word: False).correct(asked) == asked


@pytest.mark.parametrize(
    "question", ["hypotension", "glaucoma", "morfine", "the dose mg IV", "colour", "Paris", "ok so"]
)
def test_what_is_short_ordinary_or_near_nothing_stays(question: str) -> None:
    assert SPELLER.correct(question) == question


def test_another_form_of_a_known_word_stays() -> None:
    assert SPELLER.correct("metabolised excretions") == "metabolised excretions"


def test_stretches_to_keep_are_left_alone() -> None:
    assert SPELLER.correct("ketmine ketmine", keep=[(0, 7)]) == "ketmine ketamine"


def test_the_forms_of_the_glossary_are_left_alone() -> None:
    glossary = Glossary.load(shipped_corpus() / "glossary.toml")
    strict = Speller(VOCABULARY, lambda word: False)
    for form in (form for entry in glossary.entries for form in entry.forms):
        question = f"is {form} so"
        keep = [match.span() for _, match in glossary.found_in(question, question=True)]
        assert strict.correct(question, keep) == question


def test_letter_case_stays_where_nothing_is_mended() -> None:
    assert (
        SPELLER.correct("KETAMINE and Norketamine by CSCI, ketmine?") == "KETAMINE and Norketamine by CSCI, ketamine?"
    )


def test_an_empty_vocabulary_mends_nothing() -> None:
    assert Speller([], lambda word: False).correct("ketmine") == "ketmine"


@given(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=12).map(" ".join))
def test_a_question_of_words_of_the_documents_is_unchanged(question: str) -> None:
    assert SPELLER.correct(question) == question
    assert SPELLER.correct(question.upper()) == question.upper()


@given(st.text(max_size=60))
def test_what_is_mended_stays_mended(question: str) -> None:
    once = SPELLER.correct(question)
    assert SPELLER.correct(once) == once


@given(st.text(alphabet=st.characters(exclude_categories=["L"])))
def test_numbers_and_signs_are_never_touched(question: str) -> None:
    assert SPELLER.correct(question) == question


def test_a_figure_glued_to_a_word_of_the_documents_is_not_part_of_it() -> None:
    glued = Speller(["neurotoxicity.17"], lambda word: False)
    assert glued.correct("neurotoxicity.17") == "neurotoxicity.17"
    assert glued.correct("neurotoxcity") == "neurotoxicity"
