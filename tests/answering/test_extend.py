"""Two collections: each is searched and read by itself, and what both say stands side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sentences import make_passage

from ketarag.answering.extend import ADDED_PASSAGES, ExtendedReader, ExtendedRetriever
from ketarag.testing import FakeRetriever
from ketarag.types import Evidence, Hit, Passage, Reading

LIBRARY = [
    replace(make_passage([f"Ketamine is given in dose {at}."], document="library.txt"), id=f"l{at}") for at in range(12)
]
OWN = [
    replace(make_passage([text], document="own.txt"), id=f"o{at}")
    for at, text in enumerate(["Elbows are restless.", "Elbows need a dose."])
]


class Said:
    """A reader that says what it is told, and remembers what it read."""

    fingerprint, threshold, share = "said", 0.4, 0.1

    def __init__(self, confidence: float, *scores: float, passage: Passage) -> None:
        self._reading = Reading(tuple(Evidence(passage.sentences[0], passage, score) for score in scores), confidence)
        self.read_hits: list[Hit] = []

    def read(self, question: str, hits: Sequence[Hit], context: str = "", carried: Sequence[str] = ()) -> Reading:
        self.read_hits = list(hits)
        return self._reading


def retriever() -> ExtendedRetriever:
    return ExtendedRetriever(FakeRetriever(LIBRARY), FakeRetriever(OWN), FakeRetriever([*LIBRARY, *OWN]))


def hit(passage: Passage, score: float, rank: int) -> Hit:
    return Hit(passage, score, rank, "dense")


def read(shared: Said, added: Said) -> Reading:
    hits = [hit(LIBRARY[0], 0.1, 1), hit(OWN[0], 0.3, 2), hit(LIBRARY[1], 0.2, 3)]
    return ExtendedReader(shared, added, {passage.id for passage in OWN}).read("q", hits)


def test_neither_collection_crowds_the_other_out() -> None:
    hits = retriever().retrieve(["dose"], 3)
    assert sum(one.passage in LIBRARY for one in hits) == 3
    assert [one.passage.id for one in hits if one.passage in OWN] == ["o1"]
    assert [one.rank for one in hits] == [1, 2, 3, 4]


def test_what_is_best_in_both_comes_first() -> None:
    assert retriever().retrieve(["elbow dose"], 3)[0].passage.id == "o1"


def test_passages_cited_before_are_found_in_either() -> None:
    found = {one.passage.id for one in retriever().retrieve(["nothing"], 3, ["l5", "o0", "unknown"])}
    assert found == {"l5", "o0"}


def test_each_reader_reads_its_own_in_its_own_order() -> None:
    shared, added = Said(0.9, 0.5, passage=LIBRARY[0]), Said(0.1, 0.1, passage=OWN[0])
    read(shared, added)
    assert [(one.passage.id, one.rank) for one in shared.read_hits] == [("l1", 1), ("l0", 2)]
    assert [(one.passage.id, one.rank) for one in added.read_hits] == [("o0", 1)]


@pytest.mark.parametrize(
    ("shared", "added", "quoted"),
    [
        ((0.9, 0.5), (0.3, 0.9), "l"),  # the added one does not answer
        ((0.9, 0.5), (0.6, 0.9), "l"),  # it is much less sure
        ((0.3, 0.5), (0.9, 0.5), "o"),
        ((0.9, 0.5), (0.8, 0.1), "l"),  # nearly as sure, but no sentence of it says so
        ((0.8, 0.1), (0.9, 0.01), "l"),
        ((0.2, 0.5), (0.1, 0.5), "l"),  # neither answers: the nearest of the surer one
    ],
)
def test_of_one_that_does_not_answer_nothing_is_quoted(
    shared: tuple[float, float], added: tuple[float, float], quoted: str
) -> None:
    reading = read(
        Said(shared[0], shared[1], passage=LIBRARY[0]),
        Said(added[0], added[1], passage=OWN[0]),
    )
    assert {one.passage.id[0] for one in reading.evidence} == {quoted}


def test_where_both_answer_both_are_quoted_the_surer_one_first() -> None:
    reading = read(Said(0.8, 0.9, 0.8, passage=LIBRARY[0]), Said(0.95, 0.6, 0.5, passage=OWN[0]))
    assert [(one.passage.id, one.score) for one in reading.evidence] == [
        ("o0", 0.6),
        ("l0", 0.9),
        ("l0", 0.8),
        ("o0", 0.5),
    ]
    assert reading.confidence == 0.95


def test_a_collection_without_evidence_is_no_error() -> None:
    empty = Said(0.0, passage=OWN[0])
    assert read(Said(0.9, 0.5, passage=LIBRARY[0]), empty).evidence
    assert read(empty, Said(0.0, passage=LIBRARY[0])).evidence == ()


def test_of_many_added_passages_the_first_are_read_and_those_that_were_cited() -> None:
    many = [replace(OWN[0], id=f"m{at}") for at in range(9)]
    shared, added = Said(0.9, 0.5, passage=LIBRARY[0]), Said(0.1, 0.1, passage=OWN[0])
    hits = [hit(passage, 1 - at / 10, at + 1) for at, passage in enumerate(many)]
    ExtendedReader(shared, added, {passage.id for passage in many}).read("q", hits, "", ["m7", "unknown"])
    assert [one.passage.id for one in added.read_hits] == [*(f"m{at}" for at in range(ADDED_PASSAGES)), "m7"]
