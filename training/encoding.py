"""Rows -> word pieces and targets, and batches of about equal size."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ketarag.answering.pairs import encode_pair
from training.examples import Row

Array = NDArray[np.int64]

TASKS = {"read": 0, "entail": 1, "rank": 2}
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row as the network reads it. `sentence` numbers the passage's sentences per word piece, -1 elsewhere."""

    ids: Array
    types: Array
    sentence: Array
    gold: Array
    start: int
    end: int
    task: int
    label: int


def encode_row(tokenizer: Tokenizer, row: Row) -> Encoded:
    """Targets beside the word pieces; the answer's span is IGNORED where it does not fit or is not known."""
    pair = encode_pair(tokenizer, row.first, row.sentences)
    start, end = _answer_pieces(row, pair.sentence, pair.offsets)
    gold = np.zeros(len(row.sentences), dtype=np.int64)
    gold[list(row.gold)] = 1
    return Encoded(pair.ids, pair.types, pair.sentence, gold, start, end, TASKS[row.task], row.label)


def _answer_pieces(row: Row, sentence: Array, offsets: Array) -> tuple[int, int]:
    """First and last word piece of the answer, (IGNORED, IGNORED) where there is none."""
    for place in row.gold:
        at = row.sentences[place].find(row.answer) if row.answer else -1
        if at < 0:
            continue
        inside = (sentence == place) & (offsets[:, 0] < at + len(row.answer)) & (offsets[:, 1] > at)
        pieces = np.flatnonzero(inside)
        if len(pieces):
            return int(pieces[0]), int(pieces[-1])
    return IGNORED, IGNORED


@dataclass(frozen=True, slots=True)
class Batch:
    """Arrays of shape (rows, longest): word pieces, types, mask, sentence numbers; and the targets."""

    ids: Array
    types: Array
    mask: Array
    sentence: Array
    gold: Array
    start: Array
    end: Array
    task: Array
    label: Array


def collate(rows: Sequence[Encoded]) -> Batch:
    """Padded to the longest row."""
    longest, most = max(len(row.ids) for row in rows), max(len(row.gold) for row in rows)

    def padded(name: str, fill: int) -> Array:
        out = np.full((len(rows), longest), fill, dtype=np.int64)
        for at, row in enumerate(rows):
            out[at, : len(row.ids)] = getattr(row, name)
        return out

    gold = np.full((len(rows), most), IGNORED, dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for at, row in enumerate(rows):
        gold[at, : len(row.gold)] = row.gold
        mask[at, : len(row.ids)] = 1
    columns = [
        np.array([getattr(row, name) for row in rows], dtype=np.int64) for name in ("start", "end", "task", "label")
    ]
    return Batch(padded("ids", 0), padded("types", 0), mask, padded("sentence", -1), gold, *columns)


def batches(rows: Sequence[Encoded], pieces: int, rng: random.Random) -> Iterator[Batch]:
    """Every row once, in batches of at most `pieces` word pieces with padding: alike lengths together, order drawn anew."""
    groups: list[list[int]] = []
    longest = 0
    for at in sorted(range(len(rows)), key=lambda at: (len(rows[at].ids) + rng.random() * 24, at)):
        longest = max(longest, len(rows[at].ids))
        if not groups or (len(groups[-1]) + 1) * longest > pieces:
            groups.append([])
            longest = len(rows[at].ids)
        groups[-1].append(at)
    rng.shuffle(groups)
    for group in groups:
        yield collate([rows[at] for at in group])
