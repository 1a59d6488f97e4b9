from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bm25s
import numpy as np
import pytest

from ketarag.indexing.lexical import Block, LexicalIndex, block_of
from ketarag.text import content_stems

TEXTS = ["Ketamine is given by mouth.", "Infusions of ketamine; an infusion takes 40 min.", "", "The weather is fine."]


def written(texts: list[str], first: int) -> Block:
    return block_of([Counter(content_stems(text)) for text in texts], first)


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
    def blocks() -> list[Block]:
        return [written(TEXTS[:1], 0), written(TEXTS[1:], 1)]

    LexicalIndex.write(tmp_path / "bm25", blocks)
    loaded = LexicalIndex.load(tmp_path / "bm25")
    assert len(loaded) == len(TEXTS)
    assert loaded.search("ketamine infusion weather", 5) == lexical.search("ketamine infusion weather", 5)


def test_ties_come_in_the_order_of_the_texts() -> None:
    assert [at for at, _ in LexicalIndex.build(["ketamine dose"] * 5).search("ketamine", 5)] == [0, 1, 2, 3, 4]


def test_no_texts_are_an_index_too(tmp_path: Path) -> None:
    assert LexicalIndex.build([]).search("ketamine", 5) == []
    LexicalIndex.write(tmp_path / "bm25", list)
    assert LexicalIndex.load(tmp_path / "bm25").search("ketamine", 5) == []


def test_a_stem_has_a_column() -> None:
    index = LexicalIndex.build(TEXTS)
    positions, scores = index.column("infus")
    assert positions.tolist() == [1]
    assert index.search("infusions", 1) == [(1, pytest.approx(float(scores[0])))]
    assert [len(part) for part in index.column("unheard")] == [0, 0]


@pytest.mark.parametrize("k", [1, 3, 10, 500])
@pytest.mark.parametrize("seed", range(4))
def test_the_best_are_those_of_bm25s_whatever_is_left_unread(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    often = 1 / np.arange(1, 301) ** random.uniform(0.5, 1.5)
    words = [f"w{number}x" for number in range(300)]
    draw = lambda size: random.choice(words, size, p=often / often.sum()).tolist()  # noqa: E731
    texts = [" ".join(draw(random.integers(1, 60))) for _ in range(2000)]
    reference = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    reference.index([content_stems(text) for text in texts], show_progress=False)
    index = LexicalIndex.build(texts)
    for _ in range(20):
        query = draw(random.integers(1, 12))
        scores = reference.get_scores(content_stems(" ".join(query)))
        expected = np.sort(scores[scores > 0])[::-1][:k]
        found = index.search(" ".join(query), k)
        assert [score for _, score in found] == pytest.approx(expected.tolist(), rel=1e-4)
        assert [score for _, score in found] == pytest.approx([float(scores[at]) for at, _ in found], rel=1e-4)


def test_threads_do_not_meet(lexical: LexicalIndex) -> None:
    index = LexicalIndex.build([f"ketamine {number} dose" for number in range(500)] + TEXTS)
    alone = [index.search(query, 20) for query in ("ketamine 7 dose", "infusion 3")]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda query: index.search(query, 20), ["ketamine 7 dose", "infusion 3"] * 50))
    assert found == alone * 50


@pytest.mark.parametrize("seed", range(20))
def test_within_positions_it_finds_what_is_left_of_all(seed: int) -> None:
    chance = np.random.default_rng(seed)
    words = ["ketamine", "dose", "elbow", "infusion", "pain", "weekly", "urine", "child"]
    texts = [" ".join(chance.choice(words, chance.integers(0, 9))) for _ in range(60)]
    lexical = LexicalIndex.build(texts)
    within = np.flatnonzero(chance.random(60) < chance.random()).astype(np.int64)
    query, k = " ".join(chance.choice(words, 3)), int(chance.integers(1, 9))
    left = [(at, score) for at, score in lexical.search(query, 60) if at in within]
    found = lexical.search(query, k, within)
    assert [at for at, _ in found] == [at for at, _ in left][:k] or [s for _, s in found] == pytest.approx(
        [score for _, score in left][:k]
    )
    assert {at for at, _ in found} <= set(within.tolist())
    assert lexical.search(query, k, within[:0]) == []
