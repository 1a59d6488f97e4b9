from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.arrays import Vocabulary, open_array, save_array


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), max_size=4)), st.text(max_size=4))
def test_a_vocabulary_is_a_sorted_set(words: AbstractSet[str], other: str) -> None:
    vocabulary = Vocabulary.of(words)
    assert list(vocabulary) == sorted(words)
    assert len(vocabulary) == len(words)
    assert [vocabulary.find(word) for word in sorted(words)] == list(range(len(words)))
    assert (other in vocabulary) == (other in words)
    assert all(vocabulary[at] == word for at, word in enumerate(sorted(words)))


def test_what_is_saved_is_opened(tmp_path: Path) -> None:
    for words in ([], ["b", "ä", "a", "b"]):
        Vocabulary.of(words).save(tmp_path, "words")
        assert list(Vocabulary.open(tmp_path, "words")) == sorted(set(words))


def test_what_is_no_number_or_word_is_not_there() -> None:
    vocabulary = Vocabulary.of(["a"])
    assert 3 not in vocabulary
    for number in (-1, 1):
        with pytest.raises(IndexError):
            vocabulary[number]


def test_an_array_is_mapped_and_cannot_be_written_to(tmp_path: Path) -> None:
    save_array(tmp_path / "a.npy", np.arange(5))
    opened = open_array(tmp_path / "a.npy")
    assert opened.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="read-only"):
        opened[0] = 1


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}, []], dtype=object))
    with pytest.raises(ValueError, match="Python objects"):
        open_array(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="Object arrays"):
        save_array(tmp_path / "b.npy", np.array([{}], dtype=object))
