"""Documents in memory beside an index: searched as if they had been indexed with it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.build import ensure_index
from ketarag.indexing.lexical import LexicalIndex
from ketarag.indexing.overlay import (
    BATCH,
    JoinedPassages,
    OverlayLexical,
    OverlayVectors,
    Shelved,
    overlay_fingerprint,
    shelve,
)
from ketarag.indexing.store import FaissStore
from ketarag.testing import HashEmbedder
from ketarag.types import Document, LeftOut, Span

WORDS = ["ketamine", "dose", "elbow", "infusion", "pain", "weekly"]
texts = st.lists(st.lists(st.sampled_from(WORDS), min_size=4, max_size=4).map(" ".join), min_size=1, max_size=8)


def document(text: str, name: str = "a.txt") -> Document:
    return Document(name, name, text, hashlib.sha256(text.encode()).hexdigest())


def shelved(one: Document, embedder: HashEmbedder | None = None) -> tuple[Shelved, list[tuple[int, int]]]:
    steps, told = shelve(one, embedder or HashEmbedder(32)), []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


def test_a_document_is_cut_and_embedded_as_an_index_does_it() -> None:
    made, told = shelved(document("Heading\n\nKetamine is given PO. It helps.\n\nElbows do not."))
    assert told[0] == (0, len(made.passages))
    assert told[-1] == (len(made.passages), len(made.passages))
    assert all(one.text == made.document.text[one.start : one.end] for one in made.passages)
    assert len(made.vectors) == len(made.lexical) == len(made.passages)


def test_progress_comes_in_steps_and_the_limit_of_word_pieces_holds() -> None:
    embedder = HashEmbedder(32, max_word_pieces=20)
    made, told = shelved(
        document("\n\n".join(f"Sentence {at} has these nine words in it, all told." for at in range(200))), embedder
    )
    assert [done for done, _ in told] == [0, BATCH, 2 * BATCH, 3 * BATCH, 200]
    assert all(embedder.count_word_pieces(one.clean) <= 20 for one in made.passages)


def test_a_document_that_is_left_out_as_a_whole_has_no_passages() -> None:
    one = document("All of it.")
    made, told = shelved(replace(one, left_out=(LeftOut(Span(0, len(one.text)), "whole"),)))
    assert (made.passages, told) == ((), [(0, 0)])


@given(texts, texts, texts, st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(-1, 30))
def test_words_count_as_they_would_in_one_index(
    one: list[str], two: list[str], three: list[str], first: str, second: str, k: int
) -> None:
    """All texts have four words: the mean length, which stays each index's own, is the same."""
    query, parts = f"{first} {second} {first}", [one, two, three]
    apart = OverlayLexical([LexicalIndex.build(part) for part in parts]).search(query, k)
    together = LexicalIndex.build([*one, *two, *three]).search(query, k)
    assert [score for _, score in apart] == pytest.approx([score for _, score in together], rel=1e-4)
    everything = dict(LexicalIndex.build([*one, *two, *three]).search(query, 100))
    assert all(score == pytest.approx(everything[at], rel=1e-4) for at, score in apart)


def test_a_word_that_only_one_side_speaks_of_tells_the_sides_apart() -> None:
    shared = LexicalIndex.build([f"ketamine dose {at}" for at in range(10)])
    added = LexicalIndex.build([f"elbow dose {at}" for at in range(10)])
    (best, _), *_ = OverlayLexical([shared, added]).search("ketamine dose", 20)
    assert best < 10
    found = OverlayLexical([shared, added]).search("ketamine dose", 20)
    assert {at for at, _ in found[:10]} == set(range(10))


@given(st.integers(0, 20), st.integers(0, 20), st.integers(-1, 50), st.integers(0, 999))
def test_the_nearest_of_all_stores_are_found(left: int, right: int, k: int, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(left + right + 1, 4)).astype(np.float32)
    names = [f"p{at}" for at in range(left + right)]
    whole, one, two = FaissStore(4), FaissStore(4), FaissStore(4)
    whole.add(names, rows[:-1])
    one.add(names[:left], rows[:left])
    two.add(names[left:], rows[left:-1])
    found = OverlayVectors([one, two]).search(rows[-1:], k)
    expected = whole.search(rows[-1:], k)
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-5)
    assert {name for name, _ in found} == {name for name, _ in expected}


def test_the_fingerprint_names_what_was_added_in_any_order() -> None:
    one, two = document("One.", "a.txt"), document("Two.", "b.txt")
    assert overlay_fingerprint("i", [one, two]) == overlay_fingerprint("i", [two, one])
    others = [
        overlay_fingerprint("j", [one, two]),
        overlay_fingerprint("i", [one]),
        overlay_fingerprint("i", [one, replace(two, text="Too.")]),
        overlay_fingerprint("i", [one, replace(two, id="c.txt")]),
        overlay_fingerprint("i", [one, replace(two, left_out=(LeftOut(Span(0, 1), "x"),))]),
    ]
    assert len({overlay_fingerprint("i", [one, two]), *others}) == 6


def test_within_some_positions_only_those_are_found_in_all_indexes() -> None:
    lexical = OverlayLexical([LexicalIndex.build(["a dose", "dose of ketamine"]), LexicalIndex.build(["dose", "pain"])])
    assert [at for at, _ in lexical.search("dose", 9, np.array([1, 2, 3]))] == [2, 1]
    assert lexical.search("dose", 9, np.array([], dtype=np.int64)) == []


def test_the_passages_of_a_document_beside_an_index_are_named_too(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "corpus" / name).write_text(f"Words of {name} are here.")
    index = ensure_index(tmp_path / "corpus", tmp_path / "index", HashEmbedder(32), lambda _: None)
    made, _ = shelved(document("Ketamine is given PO.", "mine.txt"))
    joined = JoinedPassages(index.passages, made.passages)
    chosen = joined.of({"b.txt", "mine.txt"})
    assert [name.partition("#")[0] for name in chosen] == ["b.txt", "mine.txt"]
    assert len(chosen) == 2
    assert joined.positions(chosen).tolist() == joined.positions(set(chosen)).tolist() == [1, 2]
    both = OverlayVectors([index.vectors, made.vectors])
    question = HashEmbedder(32).encode(["Words of ketamine"])
    assert {name for name, _ in both.search(question, 9, chosen)} == set(chosen)
