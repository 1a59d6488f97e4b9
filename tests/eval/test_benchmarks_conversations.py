"""Conversations: utterances become turns, and each way to search is what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_files import beir

from eval.benchmarks.collection import read_collection
from eval.benchmarks.conversations import conversations, turns
from eval.benchmarks.files import Utterance
from ketarag.testing import HashEmbedder

TEXTS = {f"m{at}": f"Midazolam by mouth, way {at}." for at in range(6)} | {
    "k": "Ketamine may also be swallowed by mouth, a long and bitter story."
}
HISTORY = [
    {"role": "user", "text": "What is ketamine?"},
    {"role": "agent", "text": "Ketamine is swallowed or injected."},
]


def _said(*pairs: tuple[str, str]) -> list[Utterance]:
    return [Utterance(role=role, text=text) for role, text in pairs]


def test_utterances_become_turns_whoever_speaks_first() -> None:
    found = turns(_said(("user", "one?"), ("agent", "yes"), ("agent", "really"), ("user", "two?")))
    assert [(turn.question, turn.answer.text) for turn in found] == [("one?", "yes really"), ("two?", "")]
    assert turns(_said(("agent", "hello")))[0].question == "hello"
    assert turns([]) == []


def test_a_question_that_only_the_conversation_explains(tmp_path: Path) -> None:
    queries = [{"_id": "c<::>2", "text": "And by mouth?", "history": HISTORY}]
    figures = conversations(
        read_collection(beir(tmp_path / "talk", TEXTS, queries, [("c<::>2", "k", 1)])), HashEmbedder()
    )
    shown = {name: one.value for name, one in figures.items() if one}
    assert shown["R@5: last turn alone"] == 0.0
    assert shown["R@5: all turns joined"] == 1.0
    assert shown["R@5: as shipped"] == 1.0
    assert 0 < shown["nDCG@5: as shipped"] <= 1


def test_all_turns_joined_drowns_a_question_that_stands_alone(tmp_path: Path) -> None:
    texts = {f"k{at}": f"Ketamine is swallowed or injected, way {at}." for at in range(6)} | {
        "m": "Midazolam by mouth."
    }
    queries = [{"_id": "c_2", "text": "Midazolam doses?", "history": HISTORY}]
    figures = conversations(read_collection(beir(tmp_path / "talk", texts, queries, [("c_2", "m", 1)])), HashEmbedder())
    alone, joined = figures["nDCG@5: last turn alone"], figures["nDCG@5: all turns joined"]
    assert alone is not None
    assert joined is not None
    assert alone.value == 1.0 > joined.value


@pytest.mark.parametrize(
    ("first", "second", "together"), [("c<::>1", "c<::>2", True), ("a_b_1", "a_b_2", True), ("a_1", "b_1", False)]
)
def test_turns_of_one_conversation_are_drawn_together(tmp_path: Path, first: str, second: str, together: bool) -> None:
    queries = [{"_id": first, "text": "ketamine swallowed"}, {"_id": second, "text": "by mouth"}]
    qrels = [(first, "k", 1), (second, "k", 1)]
    figures = conversations(read_collection(beir(tmp_path / "talk", TEXTS, queries, qrels)), HashEmbedder())
    one = figures["R@5: last turn alone"]
    assert one is not None
    assert one.value == 0.5
    assert (one.low, one.high) == ((0.5, 0.5) if together else (0.0, 1.0))
