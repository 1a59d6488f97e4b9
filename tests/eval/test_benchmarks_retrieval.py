"""Rankings: scored as by hand, each from the index that it is named after, and read again as far as it says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from bench_files import beir
from hypothesis import given
from hypothesis import strategies as st

from eval.benchmarks.collection import read_collection
from eval.benchmarks.ranks import scored
from eval.benchmarks.retrieval import READ, read_again, retrieval
from ketarag.protocols import PairReading
from ketarag.testing import FakePairModel, HashEmbedder


def test_ndcg_and_recall_by_hand() -> None:
    rankings = {"q2": ["b", "a"], "q1": ["a", "b"], "q3": []}
    qrels = {"q1": {"a": 1}, "q2": {"a": 1, "c": 2}, "q3": {"a": 1}}
    found = scored(rankings, qrels, ["nDCG@10", "R@10", "R@1"])
    ideal = 2 + 1 / math.log2(3)
    assert found["nDCG@10"] == pytest.approx([1 / math.log2(3) / ideal, 1.0, 0.0])
    assert found["R@10"] == [0.5, 1.0, 0.0]
    assert found["R@1"] == [0.0, 1.0, 0.0]


@given(
    st.permutations([f"d{at}" for at in range(12)]),
    st.dictionaries(st.sampled_from([f"d{at}" for at in range(14)]), st.integers(1, 3), min_size=1),
)
def test_scores_are_those_of_the_formula_in_the_order_given(ranking: list[str], relevant: dict[str, int]) -> None:
    found = scored({"q": ranking}, {"q": relevant}, ["nDCG@10", "R@5"])
    gain = sum(relevant.get(name, 0) / math.log2(at + 2) for at, name in enumerate(ranking[:10]))
    best = sorted(relevant.values(), reverse=True)[:10]
    assert found["nDCG@10"] == [pytest.approx(gain / sum(value / math.log2(at + 2) for at, value in enumerate(best)))]
    assert found["R@5"] == [pytest.approx(len(set(ranking[:5]) & set(relevant)) / len(relevant))]


@given(st.lists(st.floats(-5, 5), max_size=12), st.integers(1, 15))
def test_what_is_not_read_stays_where_it_is(odds: list[float], count: int) -> None:
    fused = [1 / (60 + rank) for rank in range(len(odds))]
    order = read_again(fused, odds, count)
    assert sorted(order) == list(range(len(odds)))
    assert order[count:] == list(range(count, len(odds)))
    assert read_again(fused, [1.0] * len(odds), count) == list(range(len(odds)))


def test_both_numbers_decide() -> None:
    assert read_again([0.3, 0.2, 0.1], [0.0, 9.0, 0.0], 3) == [1, 0, 2]
    assert read_again([0.3, 0.2, 0.1], [0.0, 0.0, 9.0], 3) == [0, 2, 1]
    assert read_again([0.3, 0.2, 0.1], [0.0, 0.0, 9.0], 2) == [0, 1, 2]


class _Liking(FakePairModel):
    """Finds one text relevant, and another an answer."""

    def read(self, first: str, passages: Sequence[Sequence[str]]) -> list[PairReading]:
        return [
            replace(reading, relevant=50.0 * ("liked" in texts[0]), answers=50.0 * ("answering" in texts[0]))
            for reading, texts in zip(super().read(first, passages), passages, strict=True)
        ]


def test_each_ranking_is_its_own(tmp_path: Path) -> None:
    texts = {
        "a": "Cats purr.",
        "b": "Cats purr or sleep, and nobody knows why.",
        "liked": "liked cats",
        "none": "Fish swim.",
    }
    queries = [{"_id": "q", "text": "why cats purr"}, {"_id": "nothing", "text": "xylophone"}]
    qrels = [("q", "liked", 1), ("q", "none", 1), ("nothing", "a", 1)]
    collection = read_collection(beir(tmp_path / "pets", texts, queries, qrels))
    figures = retrieval(collection, HashEmbedder(), _Liking())
    shown = {name: one.value for name, one in figures.items() if one}
    # BM25 finds nothing without a shared word; vectors put every document somewhere in the first ten of four.
    assert shown["R@10: BM25 alone"] == 0.25
    assert shown["R@10: MiniLM alone"] == 1.0
    assert shown["R@10: both fused, as shipped"] == 1.0
    assert shown["nDCG@10: fused, first 10 read: relevant"] > shown["nDCG@10: both fused, as shipped"]
    assert shown["nDCG@10: fused, first 10 read: answers"] == shown["nDCG@10: both fused, as shipped"]
    assert {one.count for one in figures.values() if one} == {2}


def test_fewer_read_reach_less(tmp_path: Path) -> None:
    """The one relevant document is the fifteenth of the fused ranking: only who reads twenty brings it up."""
    texts = {f"d{at:02}": "cats " + "purr " * at for at in range(20)} | {"d14": "liked cats " + "purr " * 14}
    collection = read_collection(beir(tmp_path / "pets", texts, [{"_id": "q", "text": "cats"}], [("q", "d14", 1)]))
    figures = retrieval(collection, HashEmbedder(), _Liking())
    recall = {count: figures[f"R@10: fused, first {count} read: relevant"] for count in READ}
    assert {count: one.value for count, one in recall.items() if one} == {10: 0.0, 20: 1.0, 50: 1.0}
