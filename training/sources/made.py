"""Rows made from rows: unanswerable ones by rule, and questions put after an earlier one."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from training.alter import altered, names_in
from training.examples import Row


def in_conversation(history: Sequence[str], question: str) -> str:
    """How the reader sees a question that follows others: the last two of them before it, parted by slashes."""
    return " / ".join([*history[-2:], question])


def without_evidence(row: Row) -> Row | None:
    """The same question with the evidence taken out of its passage; None where the rest is too little or repeats the answer."""
    left = tuple(text for at, text in enumerate(row.sentences) if at not in row.gold)
    repeats = bool(row.answer) and any(row.answer.casefold() in text.casefold() for text in left)
    if row.label != 1 or sum(len(text.split()) for text in left) < 25 or repeats:
        return None
    return Row("read", row.first, left, 0, f"{row.source}+deleted", row.group)


def altered_question(row: Row, names: Sequence[str], rng: random.Random) -> Row | None:
    """A question that its passage no longer answers, since one thing in it is another."""
    changed = altered(row.first, names, rng)
    if row.label != 1 or changed is None or " / " in row.first:
        return None
    return Row("read", changed[1], row.sentences, 0, f"{row.source}+altered", row.group)


def other_passage(row: Row, passages: Sequence[tuple[str, ...]]) -> Row | None:
    """The same question on the passage, of those given, that shares most of its rarer words but not its answer."""
    if row.label != 1 or not row.answer:
        return None
    asked = set(re.findall(r"\w{4,}", row.first.casefold()))
    best, most = None, 1
    for texts in passages:
        text = " ".join(texts).casefold()
        shared = sum(word in text for word in asked)
        if shared > most and row.answer.casefold() not in text and texts != row.sentences:
            best, most = texts, shared
    return Row("read", row.first, best, 0, f"{row.source}+other", row.group) if best else None


def with_history(row: Row, earlier: str) -> Row:
    """The same row after an earlier question of its passage."""
    return replace(row, first=in_conversation([earlier], row.first))


def negatives(rows: Sequence[Row], rng: random.Random, deleted: float, other: float, changed: float) -> Iterator[Row]:
    """Unanswerable rows from answerable ones, each kind drawn for its share of them."""
    passages: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in rows:
        if row.sentences not in passages[row.group][-1:]:
            passages[row.group].append(row.sentences)
    names = {group: names_in([text for texts in found for text in texts]) for group, found in passages.items()}
    for row in rows:
        made = (
            without_evidence(row) if rng.random() < deleted else None,
            other_passage(row, passages[row.group]) if rng.random() < other else None,
            altered_question(row, names[row.group], rng) if rng.random() < changed else None,
        )
        yield from (new for new in made if new is not None)
