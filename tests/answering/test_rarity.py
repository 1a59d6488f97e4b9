"""How much a word tells, in the documents and in English."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import make_passage

from ketarag.answering.rarity import LEAST_WEIGHT, TermStatistics, english_rarity
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary

PASSAGES = [
    make_passage(["Ketamine is given SC.", "Ketamine and more ketamine is excreted.", "Pain is relieved."]),
    make_passage(["Ketamine is given subcutaneously."]),
]
GLOSSARY = Glossary.load(shipped_corpus() / "glossary.toml")


def test_a_stem_counts_once_for_each_sentence_it_stands_in() -> None:
    statistics = TermStatistics.of(PASSAGES, GLOSSARY)
    assert statistics.sentences == 4
    assert statistics.counts["ketamin"] == 3
    assert statistics.counts["excret"] == 1


def test_an_abbreviation_and_its_full_form_count_together() -> None:
    assert TermStatistics.of(PASSAGES, GLOSSARY).counts["subcutan"] == 2
    assert TermStatistics.of(PASSAGES, Glossary()).counts["subcutan"] == 1


def test_the_weight_as_reckoned_by_hand() -> None:
    statistics = TermStatistics(9, {"pain": 2, "dose": 1})
    assert statistics.weight("pain") == pytest.approx(math.log(10 / 2.5))
    assert statistics.weight("dose") == pytest.approx(math.log(10 / 1.5))
    assert statistics.weight("unheard") == pytest.approx(math.log(10 / 0.5))


def test_a_word_of_every_sentence_still_counts_a_little() -> None:
    assert TermStatistics(10, {"ketamin": 11}).weight("ketamin") == LEAST_WEIGHT
    assert LEAST_WEIGHT > 0


def test_an_empty_corpus_gives_weights() -> None:
    assert TermStatistics.of([], GLOSSARY).weight("pain") == pytest.approx(math.log(2))


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_rarer_word_never_weighs_less(one: int, other: int) -> None:
    statistics = TermStatistics(1000, {"one": one, "other": other})
    assert (one <= other) <= (statistics.weight("one") >= statistics.weight("other"))


def test_common_words_tell_nothing_and_strange_ones_all() -> None:
    assert english_rarity("the") == 0
    assert english_rarity("qzxqzx") == 1
    assert english_rarity("the") < english_rarity("pain") < english_rarity("glaucoma") < english_rarity("norketamine")


@given(st.text())
def test_rarity_lies_between_0_and_1(word: str) -> None:
    assert 0 <= english_rarity(word) <= 1
