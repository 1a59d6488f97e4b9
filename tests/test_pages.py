from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering.cite import citation
from ketarag.indexing.pdf import read_pdf
from ketarag.indexing.segment import segment
from ketarag.pages import page_count, page_name, page_of
from ketarag.types import Document, Span
from tests.indexing.files import guideline, pdf_of


def document(text: str, name: str = "a.pdf") -> Document:
    return Document(name, name, text, "0" * 64)


@given(st.text(st.sampled_from("a \n\fé😀")), st.data())
def test_the_page_is_one_more_than_the_breaks_before_it(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    for name in ("a.pdf", "a.txt"):
        found = page_of(document(text, name), offset)
        assert found == (1 + sum(char == "\f" for char in text[:offset]) if name == "a.pdf" or "\f" in text else None)


def test_a_page_alone_is_the_first_of_a_pdf_and_none_of_anything_else() -> None:
    assert (page_of(document("Text."), 0), page_count(document("Text."))) == (1, 1)
    assert page_of(document("Text.", "folder/A.PDF"), 4) == 1
    for name in ("a.txt", "a.docx", "pdf"):
        assert (page_of(document("Text.", name), 0), page_count(document("Text.", name))) == (None, None)


def test_all_pages_count_those_without_text_too() -> None:
    assert page_count(document("One.\n\n\f\fThree.\n\n")) == 3


@pytest.mark.parametrize(("page", "said"), [(None, ""), (1, "page 1"), (12, "page 12")])
def test_a_page_has_a_name(page: int | None, said: str) -> None:
    assert page_name(page) == said


def test_a_long_document_costs_next_to_nothing() -> None:
    long = document(("word " * 400 + "\n\n\f") * 1000 + "é—")
    began = time.perf_counter()
    assert [page_of(long, len(long.text) - at) for at in range(3)] == [1001] * 3
    assert time.perf_counter() - began < 0.2


def test_every_sentence_of_two_pages_is_cited_with_its_page() -> None:
    read = document(
        read_pdf(
            pdf_of(["Ketamine is given PO.", "", "It helps. It is known to be"], ["of use. Cystitis is rare."]), 9
        ).text
    )
    cited = [citation(1, read, one.span, "", 1.0) for one in segment(read).sentences]
    assert [(" ".join(one.quote.split()), one.page) for one in cited] == [
        ("Ketamine is given PO.", 1),
        ("It helps.", 1),
        ("It is known to be of use.", 1),
        ("Cystitis is rare.", 2),
    ]


def test_every_page_of_many_is_known_by_what_is_printed_on_it() -> None:
    read = document(read_pdf(guideline([f"Ketamine {number} is given PO." for number in range(200)]), 99).text)
    pages = page_count(read)
    assert pages is not None
    assert pages > 5
    for page in range(1, pages + 1):
        footer, header = read.text.index(f"Page {page}\n"), read.text.index(f"Society of Ketamine 2020, part {page}\n")
        assert page_of(read, footer) == page_of(read, header) == page
        assert citation(1, read, Span(header, footer), "", 1.0).page == page
