"""What is held out is held out for good: by article, claim or passage, the same on every machine."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.examples import Row
from training.prepare import _bucket, _conversations, _held_out, _repeated


def row(source: str, group: str, task: str = "read", first: str = "q?") -> Row:
    return Row(task, first, ("A.",), 1, source, group)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "bucket"),
    [
        ("", 10),
        ("a", 10),
        ("abc", 19),
    ],  # SHA-256 begins e3b0c442 = 3820012610, ca978112 = 3398926610, ba7816bf = 3128432319
)
def test_a_bucket_is_the_beginning_of_the_hash(name: str, bucket: int) -> None:
    assert _bucket(name) == bucket


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_bucket_is_one_of_a_hundred(name: str) -> None:
    assert 0 <= _bucket(name) < 100


def test_buckets_are_about_even() -> None:
    buckets = [
        _bucket(f"{a}{b}{c}") for a in string.ascii_letters for b in string.ascii_letters[:20] for c in "0123456789"
    ]
    assert len(set(buckets)) == 100
    assert 0.18 < sum(bucket < 20 for bucket in buckets) / len(buckets) < 0.22


@pytest.mark.parametrize(
    ("one", "held_out"),
    [
        (row("squad2", "Force"), True),
        (row("squad2+altered", "Huguenot"), True),
        (row("squad2", "force"), False),
        (row("squad2", "Oxygen"), False),
        (row("shifts_wiki", "Force"), False),
        (row("wice", "wice-8", "entail"), True),  # bucket 10
        (row("begin", "wice-20", "entail"), True),  # 16
        (row("wice", "wice-1", "entail"), False),  # 39
        (row("scifact", "abc", "entail", first="methadone"), True),  # 19
        (row("scifact", "methadone", "entail", first="abc"), False),  # 57
        (row("scifact", "methadone", "rank", first="abc"), True),  # 19
        (row("scifact", "abc", "rank", first="methadone"), False),  # 57
        (row("scifact_abstracts+number", "abc", "entail"), False),
        (row("pubmedqa", "abc", "rank", first="abc"), False),
        (row("own_drugs", "own_drugs-a-028"), True),  # 9
        (row("own_drugs+other", "own_drugs-a-029"), True),  # 7
        (row("own_drugs", "own_drugs-a-029", "entail"), True),  # 7
        (row("own_articles", "own_articles-methadone"), False),  # 19
        (row("own_ketamine", "own_ketamine-ketamine"), False),  # 0, but never held out
        (row("own_ketamine+other", "own_ketamine-ketamine"), False),
    ],
)
def test_what_is_held_out(one: Row, held_out: bool) -> None:
    assert _held_out(one) is held_out


def test_an_article_is_never_on_both_sides() -> None:
    for group in [f"own_reviews-b-{at:03}" for at in range(1, 41)]:
        sides = {_held_out(row(f"own_reviews{kind}", group, first=first)) for kind in ("", "+other") for first in "abc"}
        assert len(sides) == 1


def test_a_conversation_is_of_one_group() -> None:
    rows = [row("s", group, first=f"{group}{at}?") for group in "ab" for at in range(200)]
    made = _conversations(rows, random.Random(1))
    talks = [(old, new) for old, new in zip(rows, made, strict=True) if old != new]
    assert 20 < len(talks) < 80
    for old, new in talks:
        earlier, _, first = new.first.partition(" / ")
        assert first == old.first
        assert earlier[0] == old.group
    assert all((old.sentences, old.label, old.group) == (new.sentences, new.label, new.group) for old, new in talks)


def test_the_second_stage_repeats_what_people_wrote_and_a_sample_of_the_rest() -> None:
    people = [row(source, str(at)) for source in ("squad2", "scifact", "begin", "wice", "covid_qa") for at in range(3)]
    rest = [row(source, str(at)) for source in ("squad2+altered", "mnli") for at in range(30_000)]
    made = _repeated([*rest, *people], 14_000)
    assert made[:15] == people
    assert 15 < len(made) < len(rest)
    assert len(set(made)) == len(made)
    assert set(made[15:]) <= set(rest)
    assert {one.source for one in made[15:]} == {"squad2+altered", "mnli"}
    assert made == _repeated([*rest, *people], 14_000)


def test_of_few_all_are_repeated() -> None:
    rest = [row("mnli", str(at)) for at in range(5)]
    assert sorted(_repeated(rest, 14_000), key=lambda one: one.group) == rest
