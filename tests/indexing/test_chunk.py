from __future__ import annotations

from documents import document, documents
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.chunk import chunk, embedded_text
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.segment import segment
from ketarag.testing import HashEmbedder
from ketarag.types import Document, Passage, Span

count = HashEmbedder().count_word_pieces


def passages(source: Document, limit: int) -> list[Passage]:
    return chunk(source, segment(source, lambda text: count(text) <= limit).sentences, count, limit)


@given(documents(), st.integers(8, 60))
def test_every_sentence_is_in_exactly_one_passage(source: Document, limit: int) -> None:
    sentences = segment(source, lambda text: count(text) <= limit).sentences
    found = chunk(source, sentences, count, limit)
    assert tuple(sentence for passage in found for sentence in passage.sentences) == sentences


@given(documents(), st.integers(8, 60))
def test_a_passage_is_the_text_at_its_offsets(source: Document, limit: int) -> None:
    found = passages(source, limit)
    assert all(passage.text == source.text[passage.start : passage.end] for passage in found)
    assert len({passage.id for passage in found}) == len(found)


@given(documents(), st.integers(20, 60))
def test_a_passage_is_within_the_limit(source: Document, limit: int) -> None:
    for passage in passages(source, limit):
        if len(passage.text) > 1:
            assert count(embedded_text(passage.heading, passage.clean)) <= limit or count(passage.heading) > limit - 4


@given(documents(), st.integers(8, 60))
def test_a_passage_never_crosses_what_is_left_out_or_a_heading(source: Document, limit: int) -> None:
    for passage in passages(source, limit):
        assert not any(left_out.span.overlaps(Span(passage.start, passage.end)) for left_out in source.left_out)
        assert {sentence.heading for sentence in passage.sentences} == {passage.heading}


def test_neighbouring_paragraphs_share_a_passage_while_they_fit() -> None:
    source = document("One two three.\n\nFour five six.\n\nSeven eight nine.")
    assert [passage.text for passage in passages(source, 8)] == [
        "One two three.\n\nFour five six.",
        "Seven eight nine.",
    ]


def test_a_paragraph_beyond_the_limit_is_cut_between_sentences() -> None:
    source = document("One two three. Four five six. Seven eight nine.")
    assert [passage.text for passage in passages(source, 8)] == ["One two three. Four five six.", "Seven eight nine."]


def test_nothing_gives_no_passages() -> None:
    assert chunk(document(""), [], count, 10) == []


def test_the_passages_of_the_article_fit_the_real_model(
    article: Document, embedder: SentenceTransformerEmbedder
) -> None:
    sentences = segment(article, lambda text: embedder.count_word_pieces(text) <= 256).sentences
    found = chunk(article, sentences, embedder.count_word_pieces, 256)
    lengths = [embedder.count_word_pieces(embedded_text(passage.heading, passage.clean)) for passage in found]
    assert max(lengths) <= 256
    assert tuple(sentence for passage in found for sentence in passage.sentences) == sentences
