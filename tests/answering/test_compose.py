"""An answer is one to three sentences in the order of the document, the best one among them."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from sentences import evidence_of, make_passage

from ketarag.answering.compose import MOST_SENTENCES, compose
from ketarag.types import Document, Evidence

SENTENCES = [
    "Ketamine is given PO.",
    "It is also given SC.",
    "Pain is relieved.",
    "However, relief is short.",
    "This is rare.",
]


def said(scores: list[float], share: float, paragraphs: str = "") -> list[str]:
    passage = make_passage(SENTENCES[: len(scores)], paragraphs=paragraphs)
    return [item.sentence.text for item in compose(evidence_of(passage, scores), share)]


def test_no_evidence_gives_no_answer() -> None:
    assert compose([], 0.5) == []


def test_the_best_sentence_alone_when_nothing_comes_near() -> None:
    assert said([0.9, 0.1, 0.2, 0.1], 0.5) == [SENTENCES[0]]


def test_sentences_that_reach_the_share_join_in_the_order_of_the_document() -> None:
    assert said([0.5, 0.1, 0.9, 0.45], 0.5) == [SENTENCES[0], SENTENCES[2], SENTENCES[3]]
    assert said([0.44, 0.1, 0.9, 0.1], 0.5) == [SENTENCES[2]]


def test_the_section_of_the_best_sentence_comes_first() -> None:
    """A hurried reader takes the first dose that stands there."""
    passages = [make_passage([f"{name} is treated with 5 mg."], heading=name) for name in ("Pain", "Depression")]
    pain, depression = (evidence_of(passage, [score])[0] for passage, score in zip(passages, (0.8, 0.9), strict=True))
    assert compose([depression, pain], 0.5) == [depression, pain]
    assert compose([pain, depression], 0.5) == [pain, depression]


def test_never_more_than_three() -> None:
    assert said([0.9, 0.6, 0.8, 0.7, 0.6], 0.1) == [SENTENCES[0], SENTENCES[2], SENTENCES[3]]


def test_a_pronoun_brings_the_sentence_that_it_points_to() -> None:
    assert said([0.1, 0.9, 0.1, 0.1], 0.5) == SENTENCES[:2]


def test_a_pronoun_brings_it_even_in_the_place_of_a_third_sentence() -> None:
    assert said([0.1, 0.9, 0.6, 0.5], 0.5) == SENTENCES[:3]


def test_the_sentence_of_another_paragraph_is_not_what_a_pronoun_points_to() -> None:
    assert said([0.1, 0.9, 0.1, 0.1], 0.5, paragraphs="0111") == [SENTENCES[1]]


def test_several_documents_stand_in_the_order_of_the_best_of_each() -> None:
    first, second = make_passage(["B one.", "B two."], document="b.txt"), make_passage(["A one."], document="a.txt")
    evidence = [*evidence_of(first, [0.8, 0.9]), *evidence_of(second, [0.7])]
    assert [item.sentence.text for item in compose(evidence, 0.5)] == ["B one.", "B two.", "A one."]


@given(
    st.lists(st.tuples(st.sampled_from(SENTENCES), st.floats(0, 1), st.integers(0, 2)), min_size=1, max_size=8),
    st.floats(0.01, 1),
)
def test_one_to_three_sentences_the_best_among_them_each_once_in_order(
    rows: list[tuple[str, float, int]], share: float
) -> None:
    texts, scores, paragraphs = zip(*rows, strict=True)
    passage = make_passage(texts, paragraphs="".join(map(str, sorted(paragraphs))))
    evidence = evidence_of(passage, scores)
    chosen = compose(evidence, share)
    assert 1 <= len(chosen) <= MOST_SENTENCES
    assert evidence[0].sentence in [item.sentence for item in chosen]
    starts = [item.sentence.start for item in chosen]
    assert starts == sorted(set(starts))


def dated(name: str, published: date | None) -> Document:
    return Document(name, name, "", "", published)


def test_the_newest_document_comes_first_and_one_without_a_date_last() -> None:
    passages = [make_passage([f"{name} says so."], document=name) for name in ("none", "old", "new")]
    evidence = [Evidence(one.sentences[0], one, 0.9) for one in passages]
    documents = {
        one.id: one for one in (dated("none", None), dated("old", date(2015, 1, 1)), dated("new", date(2020, 1, 1)))
    }
    assert [item.sentence.document_id for item in compose(evidence, 0.5, documents)] == ["new", "old", "none"]


def test_who_says_otherwise_than_the_best_is_quoted_whatever_it_scores() -> None:
    first, second = make_passage(["A one.", "A two.", "A three."], document="a"), make_passage(["B one."], document="b")
    evidence = [*evidence_of(first, [0.9, 0.8, 0.7]), *evidence_of(second, [0.4])]
    chosen = compose(evidence, 0.5, {}, evidence[-1:])
    assert [item.sentence.text for item in chosen] == ["A one.", "A two.", "B one."]
