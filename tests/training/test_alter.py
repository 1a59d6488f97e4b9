"""An alteration changes one thing and never nothing."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from training.alter import Rule, altered, entity, names_in, negation, number, swapped

KINDS = {"number", "negation", "entity", "direction", "comparator", "route", "population", "unit"}
WORDS = (
    "It is was can cannot can't isn't not may only all increases decreases higher more less than at least most up to oral IV "
    "women children mg kg days 5 0 10 0.5 1,000 1999 Smith London, New York; the The of risk benefit none twice -3 3-5 ."
).split(" ")
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def outcomes(rule: Rule, text: str, generators: int = 300) -> set[str | None]:
    """What so many generators make of it."""
    return {rule(text, random.Random(seed)) for seed in range(generators)}


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("direction", "It increases pain.", {"It decreases pain."}),
        ("direction", "It decreases pain.", {"It increases pain."}),
        ("direction", "more pain, more often", {"less pain, more often", "more pain, more rarely"}),
        ("comparator", "at least two", {"at most two", "up to two"}),
        ("comparator", "It can help.", {"It cannot help."}),
        ("comparator", "It cannot help.", {"It can help."}),
        ("route", "given orally", {"given intravenously"}),
        ("route", "given PO", {"given IV"}),
        ("population", "in boys", {"in girls"}),
        ("unit", "5 kg", {"5 g"}),
        ("unit", "two seconds", {"two minutes"}),
        ("direction", "anymore, Less", {None}),
        ("route", "given po", {None}),
        ("unit", "", {None}),
    ],
)
def test_one_whole_word_becomes_its_other(kind: str, text: str, wanted: set[str | None]) -> None:
    assert outcomes(swapped(kind), text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("take 10 mg", {"take 20 mg", "take 5 mg", "take 100 mg", "take 11 mg", "take 15 mg"}),
        ("1 day", {"2 day", "0.5 day", "10 day", "6 day", "1.5 day"}),
        ("2.5 h", {"5 h", "1.2 h", "25 h", "3.5 h", "7.5 h", "3.8 h"}),
        ("in 1999", {f"in {year}" for year in (1969, 1987, 1994, 1997, 2000, 2002, 2007, 2019)}),
        ("2,400 men", {f"{n} men" for n in (4800, 1200, 24000, 2401, 2405, 3600)}),
        ("NR2B and COVID-19 at 3-5%", {None}),
        ("no number", {None}),
    ],
)
def test_another_number_stands_in_the_place_of_one(text: str, wanted: set[str | None]) -> None:
    assert outcomes(number, text) == wanted


@given(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2})?", fullmatch=True))
@example("3")
@example("0.05")
@example("0.10")
@example("0.0")
def test_the_new_number_is_worth_something_else(said: str) -> None:
    for changed in outcomes(number, f"Give {said} mg.", 40) - {None}:
        match = re.fullmatch(r"Give (\d+(?:\.\d+)?) mg\.", changed or "")
        assert match, changed
        assert float(match[1]) != float(said)


@pytest.mark.parametrize("said", ["1.5mg", "1,500mg"])
def test_a_number_written_against_its_unit_is_changed_whole_or_not_at_all(said: str) -> None:
    for made in outcomes(number, f"Give {said}."):
        assert made is None or re.fullmatch(r"Give \d+(,\d{3})*(\.\d+)?mg\.", made), made


@pytest.mark.parametrize("text", ["Version 1.2.3 of it.", "On 12.05.2020 it began."])
def test_a_number_with_two_points_is_no_error(text: str) -> None:
    assert text not in outcomes(number, text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It is safe.", {"It is not safe."}),
        ("It is not safe.", {"It is safe."}),
        ("It isn't safe.", {"It is safe."}),
        ("It cannot help.", {"It can help."}),
        ("It is old and has not helped.", {"It is old and has helped."}),
        ("It is old and was new.", {"It is not old and was new.", "It is old and was not new."}),
        ("This island works.", {None}),
    ],
)
def test_a_not_is_taken_out_or_put_in(text: str, wanted: set[str | None]) -> None:
    assert outcomes(negation, text) == wanted


def test_the_contraction_of_cannot_is_a_not_too() -> None:
    assert outcomes(negation, "It can't help.") == {"It can help."}


def test_names_inside_sentences_each_once_in_order() -> None:
    texts = ["In London, the Bank of England met Smith.", "Then Smith went to New York; Jones stayed."]
    assert names_in(texts) == ["London", "Bank of England", "Smith", "New York", "Jones"]
    assert names_in(["Smith alone at the start."]) == []


def test_another_name_stands_in_the_place_of_one() -> None:
    text = "Then Smith met Jones."
    assert outcomes(entity(["Smith", "Jones", "Brown"]), text) == {"Then Brown met Jones.", "Then Smith met Brown."}
    assert outcomes(entity(["Smith", "Jones"]), text) == {None}
    assert outcomes(entity(["Brown"]), "Smith came.") == {None}


@given(SENTENCES, st.lists(st.sampled_from(["Smith", "New York", "Paris"]), max_size=3), st.integers(0, 999))
def test_what_is_altered_is_never_the_text(text: str, names: list[str], seed: int) -> None:
    made = altered(text, names, random.Random(seed))
    if made is not None:
        kind, changed = made
        assert kind in KINDS
        assert changed != text


@given(SENTENCES, st.integers(0, 999))
def test_no_rule_returns_the_text_unchanged(text: str, seed: int) -> None:
    rules = [number, negation, entity(["Paris"])]
    rules += [swapped(kind) for kind in sorted(KINDS - {"number", "negation", "entity"})]
    assert text not in [rule(text, random.Random(seed)) for rule in rules]


def test_the_kind_names_the_rule_that_made_it() -> None:
    cases = {"Ten boys.": ("population", "Ten girls."), "It hurt in 5 places.": ("number", None)}
    for text, (kind, wanted) in cases.items():
        for seed in range(20):
            made = altered(text, [], random.Random(seed))
            assert made is not None
            assert made[0] == kind
            assert wanted in (None, made[1])


def test_a_text_with_nothing_to_change_is_none() -> None:
    assert altered("Hello there", ["Paris"], random.Random(1)) is None
    assert altered("", [], random.Random(1)) is None


def test_the_same_generator_gives_the_same() -> None:
    text = "The dose is 5 mg daily in women."
    assert altered(text, [], random.Random(7)) == altered(text, [], random.Random(7))
    assert len({altered(text, [], random.Random(seed)) for seed in range(50)}) > 3
