from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.errors import CorpusError
from ketarag.glossary import Glossary
from ketarag.text import normalise

PATH = Path(__file__).parent.parent / "corpus" / "glossary.toml"
SHIPPED = Glossary.load(PATH)
FORMS = [form for entry in SHIPPED.entries for form in entry.forms]


@pytest.mark.parametrize("question", [False, True])
@pytest.mark.parametrize("entry", SHIPPED.entries, ids=lambda entry: entry.forms[0])
def test_every_form_becomes_the_preferred_one(entry, question):
    for form in entry.forms:
        assert SHIPPED.canonical(f"x {form} y", question=question) == f"x {entry.forms[0]} y"


def test_no_form_has_two_meanings():
    owner = {}
    for entry in SHIPPED.entries:
        for form in entry.forms:
            assert owner.setdefault(normalise(form), entry) is entry, form


@given(st.lists(st.sampled_from([*FORMS, "in", "no", "a", "pain", ",", "spinal", "fluid"])).map(" ".join))
def test_canonical_is_idempotent(text):
    for question in (False, True):
        once = SHIPPED.canonical(text, question=question)
        assert SHIPPED.canonical(once, question=question) == once


@given(st.text())
def test_canonical_takes_any_text(text):
    once = SHIPPED.canonical(text, question=True)
    assert SHIPPED.canonical(once, question=True) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("given by mouth", "given PO"),
        ("given per os", "given PO"),
        ("a continuous subcutaneous infusion", "a CSCI"),
        ("continuous IV infusion", "CIVI"),
        ("continuous\nintravenous  infusion", "CIVI"),
        ("under the tongue", "SL"),
        ("S−enantiomer", "esketamine"),
        ("S(+)-ketamine", "esketamine"),
        ("adverse effects", "undesirable effects"),
        ("a randomised controlled trial", "a RCT"),
        ("the spinal cord", "the spinal cord"),
    ],
)
def test_spellings_meet(text, expected):
    assert SHIPPED.canonical(text) == expected


def test_short_capitals_match_as_written_in_documents_and_anyhow_in_questions():
    assert SHIPPED.canonical("po box") == "po box"
    assert SHIPPED.canonical("is it given po?", question=True) == "is it given PO?"


@pytest.mark.parametrize("word", ["no", "in", "it", "or", "am", "us", "is", "he", "as", "an", "at", "so"])
def test_plain_words_of_a_question_are_no_abbreviations(word):
    assert SHIPPED.found_in(f"well {word} then", question=True) == []


def test_expansions_work_in_both_directions():
    assert "subcutaneously" in SHIPPED.expansions("Is SC ketamine used?")
    assert "SC" in SHIPPED.expansions("Is subcutaneous ketamine used?")
    assert SHIPPED.expansions("What colour is the sky?") == []


def test_the_longest_form_wins():
    ((entry, match),) = SHIPPED.found_in("used as an oral rinse")
    assert (entry.forms[0], match.group()) == ("oral rinse", "oral rinse")


def test_a_missing_file_is_an_empty_glossary(tmp_path):
    assert Glossary.load(tmp_path / "none.toml") == Glossary()
    assert Glossary().canonical("by mouth") == "by mouth"


@pytest.mark.parametrize("content", ["[[entry]]\nforms = ['a']\n", "x = ", "x = 1", b"\xff\xfe"])
def test_a_malformed_file_is_named(tmp_path, content):
    path = tmp_path / "glossary.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CorpusError, match=r"glossary\.toml"):
        Glossary.load(path)


def test_a_long_text_takes_no_quadratic_time():
    assert len(SHIPPED.found_in("PO " * 30_000)) == 30_000
