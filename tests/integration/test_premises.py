"""How often a false premise is met with what the document says, on 88 questions of which every second one was looked at."""

from __future__ import annotations

import json
from pathlib import Path

from ketarag import Assistant

QUESTIONS = Path(__file__).parents[1] / "answering" / "premise_questions.jsonl"
READ_PASSAGES = 6


def test_true_premises_are_left_alone_and_half_of_the_false_ones_are_met(assistant: Assistant) -> None:
    checker = assistant._parts.premises
    assert checker is not None
    doubted: dict[tuple[str, bool], list[bool]] = {}
    for row in map(json.loads, QUESTIONS.read_text(encoding="utf-8").splitlines()):
        passages = [hit.passage for hit in assistant.retrieve(row["question"], READ_PASSAGES)]
        found = checker.doubt(row["question"], passages)
        doubted.setdefault((row["split"], row["holds"]), []).append(found is not None)
    for split in ("fit", "held_out"):
        assert sum(doubted[split, True]) == 0
        assert sum(doubted[split, False]) >= 8, split
