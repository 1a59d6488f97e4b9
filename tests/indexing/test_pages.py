from __future__ import annotations

import pytest

from ketarag.indexing.load import load_bytes
from ketarag.indexing.pages import page_of, page_spans
from tests.indexing.documents import document
from tests.indexing.files import guideline, pdf_of


def test_every_sentence_knows_its_page() -> None:
    words = ["Ketamine is given PO.", "It helps.", "Cystitis is rare."]
    read = load_bytes("a.pdf", pdf_of(*([text] for text in words)))
    assert [page_of(read, read.text.index(text)) for text in words] == [1, 2, 3]
    assert [read.text[span.start : span.end].strip() for span in page_spans(read)] == words


def test_pages_have_no_gap() -> None:
    read = load_bytes("a.pdf", guideline([f"Ketamine {number} is given PO." for number in range(200)]))
    spans = page_spans(read)
    assert len(spans) > 2
    assert (spans[0].start, spans[-1].end) == (0, len(read.text))
    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    for number, span in enumerate(spans, start=1):
        assert page_of(read, span.start) == page_of(read, span.end - 1) == number


def test_a_page_alone_is_the_first() -> None:
    assert page_of(document("Text.", name="a.pdf"), 0) == 1


@pytest.mark.parametrize("name", ["a.txt", "a.docx"])
def test_what_has_no_pages_says_so(name: str) -> None:
    text = document("Text.", name=name)
    assert page_of(text, 0) is None
    assert [(span.start, span.end) for span in page_spans(text)] == [(0, 5)]
