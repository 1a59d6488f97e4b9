"""A citation is cut from the document itself, so that it cannot differ from it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import document_of, evidence_of, make_passage

from ketarag.answering.cite import cite
from ketarag.types import Citation

PASSAGE = make_passage(["Ketamine is given PO.", "Relief lasts weeks."], heading="Routes")


def test_every_field_comes_from_the_sentence_its_passage_and_its_document() -> None:
    document = document_of(PASSAGE)
    (citation,) = cite(evidence_of(PASSAGE, [0.1, 0.7])[:1], {document.id: document})
    assert citation == Citation(1, "a.txt", "Title of a.txt", "Routes", "Relief lasts weeks.", 22, 41, 0.7, PASSAGE.id)


def test_markers_count_from_one_in_the_order_given() -> None:
    document = document_of(PASSAGE)
    evidence = evidence_of(PASSAGE, [0.1, 0.7])
    assert [(c.marker, c.quote) for c in cite(evidence, {document.id: document})] == [
        (1, "Relief lasts weeks."),
        (2, "Ketamine is given PO."),
    ]


def test_no_evidence_gives_no_citation() -> None:
    assert cite([], {}) == ()


def test_the_quote_is_the_documents_even_where_the_sentence_says_otherwise() -> None:
    document = document_of(PASSAGE)
    (item, *_) = evidence_of(PASSAGE, [0.9, 0.1])
    forged = replace(item, sentence=replace(item.sentence, text="Ketamine is given IV."))
    assert cite([forged], {document.id: document})[0].quote == "Ketamine is given PO."


def test_an_unknown_document_is_an_error_and_not_a_warning() -> None:
    with pytest.raises(KeyError):
        cite(evidence_of(PASSAGE, [0.9, 0.1]), {})


@given(
    st.lists(st.text(st.characters() | st.just("\f"), min_size=1), min_size=1, max_size=5),
    st.sampled_from(["a.txt", "a.pdf"]),
)
def test_quote_and_page_are_those_of_the_offsets_whatever_the_document(texts: list[str], name: str) -> None:
    passage = make_passage(texts, document=name)
    document = document_of(passage)
    for citation in cite(evidence_of(passage, [0.5] * len(texts)), {document.id: document}):
        assert document.text[citation.start : citation.end] == citation.quote
        paged = name == "a.pdf" or "\f" in document.text
        assert citation.page == (document.text[: citation.start].count("\f") + 1 if paged else None)
