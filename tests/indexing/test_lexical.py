from __future__ import annotations

from pathlib import Path

import pytest

from ketarag.indexing.lexical import LexicalIndex

TEXTS = ["Ketamine is given by mouth.", "Infusions of ketamine; an infusion takes 40 min.", "", "The weather is fine."]


@pytest.fixture
def lexical() -> LexicalIndex:
    return LexicalIndex.build(TEXTS)


def test_word_forms_are_one_word(lexical: LexicalIndex) -> None:
    assert [at for at, _ in lexical.search("infusing", 5)] == [1]
    assert [at for at, _ in lexical.search("KETAMINE", 5)] == [0, 1]


def test_scores_are_positive_and_descend(lexical: LexicalIndex) -> None:
    scores = [score for _, score in lexical.search("ketamine infusion weather", 5)]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 0 for score in scores)


def test_at_most_k_are_found(lexical: LexicalIndex) -> None:
    assert len(lexical.search("ketamine", 1)) == 1
    assert lexical.search("ketamine", 0) == []


@pytest.mark.parametrize("query", ["", "the of and", "unheard", "😀", "\0", "x" * 10_000])
def test_a_query_without_known_words_finds_nothing(lexical: LexicalIndex, query: str) -> None:
    assert lexical.search(query, 5) == []


def test_texts_without_words_are_indexed_too() -> None:
    assert LexicalIndex.build(["", "the", "😀"]).search("ketamine", 5) == []


def test_what_is_saved_is_loaded(lexical: LexicalIndex, tmp_path: Path) -> None:
    lexical.save(tmp_path / "bm25")
    loaded = LexicalIndex.load(tmp_path / "bm25")
    assert loaded.search("ketamine infusion", 5) == lexical.search("ketamine infusion", 5)


def test_ties_come_in_the_order_of_the_texts() -> None:
    assert [at for at, _ in LexicalIndex.build(["ketamine dose"] * 5).search("ketamine", 5)] == [0, 1, 2, 3, 4]
