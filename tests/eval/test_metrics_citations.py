"""Citations against gold places and against the source, on examples that can be reckoned by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import carried, citation_precision, citation_recall, cited_on_gold, verbatim
from eval.record import Quote
from ketarag import Answer, Citation, Claim, Document, Span, Verdict

DOCUMENTS = {"a.txt": Document("a.txt", "A", "abcdef", "")}


def quote(start: int, end: int, words: str) -> Quote:
    return Quote(document_id="a.txt", start=start, end=end, quote=words)


def test_recall_is_the_share_of_groups_with_a_place_overlapped() -> None:
    evidence = [[Span(0, 10), Span(50, 60)], [Span(20, 30)]]
    assert citation_recall([Span(55, 58)], evidence) == 0.5
    assert citation_recall([Span(9, 21)], evidence) == 1
    assert citation_recall([], evidence) == 0


def test_places_that_touch_do_not_overlap_nor_does_an_empty_one() -> None:
    assert citation_recall([Span(10, 20)], [[Span(0, 10)], [Span(20, 30)]]) == 0
    assert citation_recall([Span(5, 5)], [[Span(0, 10)]]) == 0


def test_precision_is_the_share_of_citations_on_a_gold_place() -> None:
    evidence = [[Span(0, 10)], [Span(20, 30)]]
    assert citation_precision([Span(0, 5), Span(10, 15), Span(29, 40), Span(30, 31)], evidence) == 0.5
    assert citation_precision([Span(100, 110)], evidence) == 0


def test_cited_on_gold_asks_for_one_of_them_and_counts_an_answer_without_any() -> None:
    evidence = [[Span(0, 10)], [Span(20, 30)]]
    assert cited_on_gold([Span(100, 110), Span(25, 26)], evidence) == 1
    assert cited_on_gold([Span(100, 110)], evidence) == 0
    assert cited_on_gold([], evidence) == 0


def test_what_has_no_citations_or_no_gold_is_not_scored() -> None:
    assert citation_precision([], [[Span(0, 1)]]) is None
    assert verbatim([], {}) is None
    assert citation_recall([Span(0, 1)], []) is None
    assert cited_on_gold([Span(0, 1)], []) is None


SPANS = st.tuples(st.integers(0, 50), st.integers(1, 10)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))


@given(st.lists(SPANS, min_size=1), st.lists(st.lists(SPANS, min_size=1), min_size=1))
def test_precision_and_recall_are_nothing_together(citations: list[Span], evidence: list[list[Span]]) -> None:
    recall, precision = citation_recall(citations, evidence), citation_precision(citations, evidence)
    assert recall is not None
    assert precision is not None
    assert (recall > 0) == (precision > 0) == (cited_on_gold(citations, evidence) == 1)


@given(st.lists(SPANS), SPANS, st.lists(st.lists(SPANS, min_size=1), min_size=1))
def test_a_further_citation_takes_no_recall_away(
    citations: list[Span], further: Span, evidence: list[list[Span]]
) -> None:
    before, after = citation_recall(citations, evidence), citation_recall([*citations, further], evidence)
    assert before is not None
    assert after is not None
    assert after >= before


def test_verbatim_is_the_share_of_quotes_that_stand_at_their_offsets() -> None:
    assert verbatim([quote(1, 3, "bc")], DOCUMENTS) == 1
    assert verbatim([quote(1, 3, "bc"), quote(1, 3, "cd")], DOCUMENTS) == 0.5
    assert verbatim([quote(0, 2, "bc")], DOCUMENTS) == 0


@pytest.mark.parametrize(("words", "documents"), [("", DOCUMENTS), ("bc", {})], ids=["empty", "of no document"])
def test_a_quote_of_nothing_is_not_verbatim(words: str, documents: dict[str, Document]) -> None:
    assert verbatim([quote(1, 1 + len(words), words)], documents) == 0


def answered(*claims: tuple[str, tuple[int, ...]], quotes: dict[int, str]) -> Answer:
    """Claims with their markers, and what each marker quotes."""
    said = tuple(Claim(text, markers, Verdict(True, 1.0)) for text, markers in claims)
    cited = tuple(Citation(marker, "a.txt", "A", "", words, 0, len(words), 0.5) for marker, words in quotes.items())
    return Answer("q", "q", "", said, cited, not claims, "", 0.5, (), (), {}, "f")


def test_carried_is_the_share_of_claims_whose_words_the_cited_quotes_hold() -> None:
    quotes = {1: "It lasts two days.", 2: "About 70% respond."}
    assert carried(answered(("It lasts two days.", (1,)), ("About 70% respond.", (2,)), quotes=quotes)) == 1
    assert carried(answered(("It lasts two days.", (2,)), ("About 70% respond.", (2,)), quotes=quotes)) == 0.5
    assert carried(answered(("It lasts just two days.", (1,)), quotes=quotes)) == 1  # four words in five
    assert carried(answered(("It lasts three days.", (1,)), quotes=quotes)) == 0
    assert carried(answered(("About two days.", (1, 2)), quotes=quotes)) == 1
    assert carried(answered(("It lasts two days.", ()), quotes=quotes)) == 0
    assert carried(answered(quotes={})) is None
