"""Rows made from rows: what is no longer answered is never still answered by its passage, and nothing is made of nothing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from training.examples import CONTRADICTED, NOT_SAID, SUPPORTED, Row
from training.sources import (
    altered_claims,
    altered_question,
    negatives,
    other_passage,
    own_negatives,
    with_history,
    without_evidence,
)
from training.sources.claims import _lightly_reworded

LONG = "This sentence is one that says a good many words about little, so that what is left is not too short to ask about it."
TEXTS = ("The dose is 5 mg.", LONG, "It is safe.")
ROW = Row("read", "What is the usual dose of ketamine?", TEXTS, 1, "squad2", "Force", (0,), "5 mg")
UNANSWERED = replace(ROW, label=0, gold=(), answer="")


def test_the_evidence_is_taken_out() -> None:
    assert without_evidence(ROW) == Row("read", ROW.first, TEXTS[1:], 0, "squad2+deleted", "Force")
    both = without_evidence(replace(ROW, gold=(0, 2)))
    assert both is not None
    assert both.sentences == (LONG,)


@pytest.mark.parametrize(
    "row",
    [
        UNANSWERED,
        replace(ROW, gold=(1,)),  # ten words are left
        replace(ROW, sentences=(TEXTS[0], LONG, "Give 5 MG.")),  # which still answers
    ],
)
def test_no_row_is_made_where_too_little_is_left_or_it_still_answers(row: Row) -> None:
    assert without_evidence(row) is None


def test_at_least_25_words_are_left() -> None:
    assert without_evidence(replace(ROW, sentences=(TEXTS[0], "w " * 24))) is None
    assert without_evidence(replace(ROW, sentences=(TEXTS[0], "w " * 25))) is not None


def test_one_thing_in_the_question_is_another() -> None:
    row = replace(ROW, first="What is the dose in women?")
    made = {altered_question(row, [], random.Random(seed)) for seed in range(50)}
    firsts = ("What is not the dose in women?", "What is the dose in men?")
    assert made == {Row("read", first, TEXTS, 0, "squad2+altered", "Force") for first in firsts}


@pytest.mark.parametrize("row", [UNANSWERED, replace(ROW, first="Hm?"), replace(ROW, first="Is it? / In women?")])
def test_a_question_is_not_altered_without_an_answer_a_thing_to_change_or_in_a_conversation(row: Row) -> None:
    assert altered_question(row, [], random.Random(1)) is None


def test_another_passage_is_the_one_that_shares_most_words_but_not_the_answer() -> None:
    answering = ("The usual dose of ketamine is 5 MG.",)
    nearest = ("Ketamine has a usual dose.",)
    near = ("The usual dose is not said.",)
    far = ("The dose.",)
    made = Row("read", ROW.first, nearest, 0, "squad2+other", "Force")
    assert other_passage(ROW, [far, near, answering, nearest, TEXTS]) == made
    assert other_passage(ROW, [nearest, near]) == made
    assert other_passage(ROW, [far, answering]) is None
    assert other_passage(ROW, []) is None
    assert other_passage(replace(ROW, answer=""), [nearest]) is None
    assert other_passage(UNANSWERED, [nearest]) is None


def test_the_passage_itself_is_no_other() -> None:
    row = replace(ROW, sentences=("The usual dose of ketamine.",), answer="10 mg")
    assert other_passage(row, [row.sentences]) is None


def test_a_row_after_an_earlier_question() -> None:
    assert with_history(ROW, "Is it old?") == replace(ROW, first="Is it old? / What is the usual dose of ketamine?")


def test_negatives_are_of_the_kinds_that_are_asked_for() -> None:
    near = replace(
        ROW, first="Is it safe?", sentences=("The usual dose of ketamine is not said.",), gold=(0,), answer=""
    )
    elsewhere = replace(near, group="Huguenot")
    rows, rng = [ROW, UNANSWERED, near, elsewhere], random.Random(1)
    assert list(negatives(rows, rng, 0, 0, 0)) == []
    assert list(negatives(rows, rng, 1, 0, 0)) == [without_evidence(ROW)]
    assert list(negatives(rows, rng, 0, 1, 0)) == [other_passage(ROW, [near.sentences])]
    changed = list(negatives(rows, rng, 0, 0, 1))
    assert [row.source for row in changed] == ["squad2+altered"] * 3
    assert [row.sentences for row in changed] == [TEXTS, near.sentences, near.sentences]


def test_another_passage_is_of_the_same_group() -> None:
    elsewhere = replace(ROW, sentences=("The usual dose of ketamine is not said.",), group="Huguenot", answer="")
    assert list(negatives([ROW, elsewhere], random.Random(1), 0, 1, 0)) == []


def test_our_own_take_another_passage_of_the_article_else_for_some_the_rest_of_theirs() -> None:
    alone = replace(ROW, group="alone")
    second = replace(UNANSWERED, sentences=("Another.", "Passage."))
    short = replace(UNANSWERED, sentences=("One sentence.",))
    claim = Row("entail", "A claim.", ("Not", "one."), 0, "s", "Force")
    for seed in range(20):
        made = list(own_negatives([ROW, second, short, claim], random.Random(seed)))
        assert made == [Row("read", ROW.first, second.sentences, 0, "squad2+other", "Force")]
    outcomes = [list(own_negatives([alone], random.Random(seed))) for seed in range(300)]
    assert all(made in ([], [without_evidence(alone)]) for made in outcomes)
    assert 60 < sum(map(bool, outcomes)) < 120


def test_our_own_other_passage_does_not_hold_the_answer() -> None:
    second = replace(UNANSWERED, sentences=("Again.", "The dose is 5 mg here too."))
    for seed in range(20):
        for made in own_negatives([ROW, second], random.Random(seed)):
            assert "5 mg" not in " ".join(made.sentences)


CLAIM = "The dose is given to women in the ward every other day"
PASSAGES = [(f"g{at}", ("It is so.", f"{CLAIM} at {at} clinics.", "It is safe.")) for at in range(4, 8)]


def test_altered_claims_have_the_label_of_how_they_were_made() -> None:
    sources = set()
    for seed in range(60):
        for row in altered_claims(PASSAGES, random.Random(seed), "wiki"):
            sources.add(row.source)
            (at,) = (at for at, (group, _) in enumerate(PASSAGES) if group == row.group)
            texts = PASSAGES[at][1]
            if row.source == "wiki":
                assert (row.first, row.sentences, row.label) == (texts[1], texts[:2], SUPPORTED)
            elif row.source == "wiki+elsewhere":
                assert (row.first, row.sentences, row.label) == (texts[1], texts[::2], NOT_SAID)
            elif row.source == "wiki+unrelated":
                other = PASSAGES[(at + 1) % 4][1]
                assert row.first in other
                assert (row.sentences, row.label) == (texts[:2], NOT_SAID)
            else:
                assert row.first not in (texts[1], "")
                assert (row.sentences, row.label) == (texts[:2], CONTRADICTED)
    kinds = {"number", "negation", "population", "unit"}
    assert {"wiki", "wiki+elsewhere", "wiki+unrelated"} <= sources
    assert sources - {"wiki", "wiki+elsewhere", "wiki+unrelated"} == {f"wiki+{kind}" for kind in kinds}


@pytest.mark.parametrize(
    "passages",
    [
        [("g1", (f"{CLAIM}.", "It is safe.", f"{CLAIM}."))],
        [(f"g{at}", ("The very same words.", f"{CLAIM}.", "It is safe.")) for at in range(4)],
    ],
    ids=["said twice in a passage", "said in the next passage too"],
)
def test_what_is_not_said_stands_nowhere_in_the_passage(passages: list[tuple[str, tuple[str, ...]]]) -> None:
    for seed in range(60):
        for row in altered_claims(passages, random.Random(seed), "wiki"):
            if row.label == NOT_SAID:
                assert row.first not in row.sentences, row.source


def test_no_claim_is_made_of_short_passages_or_short_sentences() -> None:
    assert list(altered_claims([("g", (f"{CLAIM}.",) * 2)], random.Random(1), "s")) == []
    assert list(altered_claims([("g", ("It is so.",) * 3)], random.Random(1), "s")) == []
    assert list(altered_claims([], random.Random(1), "s")) == []


def test_a_light_rewording_leaves_out_what_can_be_left_out() -> None:
    made = {
        _lightly_reworded("However, it (so they say) helps, although not all.", random.Random(n)) for n in range(30)
    }
    assert made == {"It helps, although not all.", "It helps."}
