"""Rankings of passages against gold places, on examples that can be reckoned by hand."""

from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import retrieval_scores
from ketarag import Span

PASSAGES = [Span(at, at + 10) for at in range(0, 200, 10)]
"""Twenty, in the order in which they are ranked."""


def inside(rank: int) -> Span:
    """A gold place within the passage of that rank, from 1."""
    return Span(PASSAGES[rank - 1].start + 2, PASSAGES[rank - 1].start + 5)


@pytest.mark.parametrize(
    ("rank", "recall", "reciprocal", "ndcg"),
    [(1, 1, 1, 1), (3, 1, 1 / 3, 1 / 2), (5, 1, 1 / 5, 1 / log2(6)), (6, 0, 1 / 6, 1 / log2(7)), (11, 0, 1 / 11, 0)],
)
def test_scores_of_the_first_hit_by_its_rank(rank: int, recall: float, reciprocal: float, ndcg: float) -> None:
    assert retrieval_scores(PASSAGES, [[inside(rank)]]) == pytest.approx(
        {"recall_at_5": recall, "reciprocal_rank": reciprocal, "ndcg_at_10": ndcg}
    )


def test_only_the_first_alternative_found_counts() -> None:
    alone = retrieval_scores(PASSAGES, [[inside(2)]])
    assert retrieval_scores(PASSAGES, [[inside(2), inside(3)]]) == alone
    assert retrieval_scores(PASSAGES, [[Span(900, 910), inside(2)]]) == alone


def test_one_passage_may_hold_all_that_is_needed() -> None:
    scores = retrieval_scores(PASSAGES, [[inside(1)], [Span(0, 2)]])
    assert scores == {"recall_at_5": 1, "reciprocal_rank": 1, "ndcg_at_10": 1}


def test_several_needed_places_are_averaged() -> None:
    assert retrieval_scores(PASSAGES, [[inside(1)], [inside(7)], [Span(900, 910)]]) == pytest.approx(
        {"recall_at_5": 1 / 3, "reciprocal_rank": (1 + 1 / 7) / 3, "ndcg_at_10": (1 + 1 / log2(8)) / 3}
    )


@pytest.mark.parametrize("ranked", [[], PASSAGES[:3]], ids=["nothing ranked", "nothing found"])
def test_what_is_not_found_is_0_and_what_is_not_needed_is_not_scored(ranked: list[Span]) -> None:
    assert set(retrieval_scores(ranked, [[inside(9)]]).values()) == {0.0}
    assert retrieval_scores(ranked, []) == {"recall_at_5": None, "reciprocal_rank": None, "ndcg_at_10": None}


EVIDENCE = st.lists(st.lists(st.integers(1, 25).map(lambda at: Span(at * 10, at * 10 + 15)), min_size=1), min_size=1)


@given(st.permutations(PASSAGES), EVIDENCE, st.integers(1, 19))
def test_a_hit_that_moves_up_past_a_miss_never_takes_away(
    ranked: list[Span], evidence: list[list[Span]], at: int
) -> None:
    hits = [any(passage.overlaps(gold) for group in evidence for gold in group) for passage in ranked]
    moved = [*ranked]
    if hits[at] and not hits[at - 1]:
        moved[at - 1], moved[at] = ranked[at], ranked[at - 1]
    before, after = retrieval_scores(ranked, evidence), retrieval_scores(moved, evidence)
    for name, old in before.items():
        new = after[name]
        assert old is not None
        assert new is not None
        assert 0 <= old <= new <= 1
