from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sentences import document_of, hits_of, make_passage

from ketarag.answering.suggest import MOST, MOST_READ, Suggester, listed_questions
from ketarag.glossary import Entry, Glossary
from ketarag.protocols import Vectors
from ketarag.testing import FakeReader, FakeRetriever, HashEmbedder
from ketarag.types import Document, Hit, Passage, Reading

GLOSSARY = Glossary((Entry(("SC", "subcutaneous"), "route", ""),))
TEA = make_passage(
    ["Green tea is steeped at 80 degrees.", "Polyphenol oxidase turns catechins into theaflavins.", "It is drunk hot."],
    document="tea.txt",
    heading="Tea › Steeping",
)
COFFEE = make_passage(["Coffee is ground."], document="coffee.txt", heading="Coffee")
QUESTIONS = (
    "How hot is green tea steeped?",
    "How hot is green tea steeped, then?",
    "Which enzyme turns catechins into theaflavins?",
    "How is tea drunk?",
    "Is SC tea used?",
)


class CountedEmbedder(HashEmbedder):
    """Counts the texts that it reads."""

    texts = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return super().encode(texts)


class CountedReader(FakeReader):
    """Counts its readings; `sure` is its confidence where it is not None."""

    def __init__(self, sure: float | None = None) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.sure = sure

    def read(self, question: str, hits: Sequence[Hit], context: str = "", carried: Sequence[str] = ()) -> Reading:
        self.asked.append(question)
        reading = super().read(question, hits, context, carried)
        return reading if self.sure is None else replace(reading, confidence=self.sure)


def document(passage: Passage, *questions: str) -> Document:
    return replace(document_of(passage), metadata={"questions": "\n".join(questions)} if questions else {})


def make(*documents: Document, reader: FakeReader | None = None, embedder: HashEmbedder | None = None) -> Suggester:
    return Suggester(
        {one.id: one for one in documents},
        embedder or HashEmbedder(),
        GLOSSARY,
        FakeRetriever([TEA, COFFEE]),
        reader or CountedReader(),
    )


LISTED = make(document(TEA, *QUESTIONS), document(COFFEE))


def test_the_nearest_listed_questions_are_offered_and_no_two_that_ask_the_same() -> None:
    offered = LISTED.suggest("How hot should green tea be steeped for glaucoma?", hits_of(TEA))
    assert offered[0] == QUESTIONS[0]
    assert len(offered) == MOST
    assert QUESTIONS[1] not in offered


@pytest.mark.parametrize("wording", [QUESTIONS[2], QUESTIONS[2].upper(), "which enzyme turns catechin into theaflavin"])
def test_the_question_itself_is_not_offered(wording: str) -> None:
    assert QUESTIONS[2] not in LISTED.suggest(wording, hits_of(TEA))


def test_an_abbreviation_is_no_other_question() -> None:
    assert QUESTIONS[4] not in LISTED.suggest("Is subcutaneous tea used?", hits_of(TEA))


def test_what_was_asked_before_is_not_offered() -> None:
    asked = "How hot is green tea, and with glaucoma?"
    assert QUESTIONS[0] not in LISTED.suggest(asked, hits_of(TEA), [QUESTIONS[0]])


def test_where_nothing_is_near_the_document_s_own_order_decides() -> None:
    offered = LISTED.suggest("wifi", hits_of(TEA))
    assert offered == (QUESTIONS[0], QUESTIONS[2])


def test_only_documents_that_were_found_are_looked_at() -> None:
    assert LISTED.suggest("How hot is green tea?", []) == ()
    shared = make(document(TEA, *QUESTIONS), document(COFFEE, "How is coffee ground?"))
    assert shared.suggest("green tea, how hot?", hits_of(COFFEE)) == ("How is coffee ground?",)


def test_listed_questions_are_embedded_once_and_never_read() -> None:
    embedder, reader = CountedEmbedder(), CountedReader()
    suggester = make(document(TEA, *QUESTIONS), embedder=embedder, reader=reader)
    first = suggester.suggest("tea and glaucoma", hits_of(TEA))
    seen = embedder.texts
    assert suggester.suggest("tea and glaucoma", hits_of(TEA)) == first
    assert embedder.texts == seen + 1
    assert reader.asked == []


def test_of_a_document_without_a_list_questions_are_made_and_read_once() -> None:
    reader = CountedReader(sure=0.9)
    suggester = make(document(TEA), reader=reader)
    offered = suggester.suggest("Which temperature has steeping with glaucoma?", hits_of(TEA))
    assert offered[0] == "What does the document say about Steeping?"
    assert 1 <= len(offered) <= MOST
    assert 1 <= len(reader.asked) <= MOST_READ
    read = len(reader.asked)
    assert suggester.suggest("Which temperature has steeping with glaucoma?", hits_of(TEA)) == offered
    assert len(reader.asked) == read


def test_a_made_question_that_the_reader_is_not_sure_of_is_not_offered() -> None:
    reader = CountedReader(sure=0.1)
    assert make(document(TEA), reader=reader).suggest("Which temperature has steeping?", hits_of(TEA)) == ()
    assert len(reader.asked) == MOST_READ


def test_terms_are_offered_too() -> None:
    bare = make_passage(
        ["Hepatic metabolism turns catechins into theaflavins quickly.", "It is hot."], document="tea.txt"
    )
    suggester = Suggester(
        {bare.document_id: document(bare)}, HashEmbedder(), GLOSSARY, FakeRetriever([bare]), CountedReader(sure=0.9)
    )
    assert suggester.suggest("Which hepatic theaflavins?", hits_of(bare)) == (
        "What does the document say about theaflavins?",
        "What does the document say about hepatic metabolism?",
    )


def test_other_scripts_make_no_questions() -> None:
    russian = make_passage(
        ["Зелёный чай заваривают при восьмидесяти градусах.", "緑茶"], document="tea.txt", heading="Чай"
    )
    assert make(document(russian), reader=CountedReader(sure=0.9)).suggest("чай?", hits_of(russian)) == ()


def test_what_all_sentences_are_about_is_no_question() -> None:
    about = make_passage(
        [f"Theaflavins are {word}." for word in ("red", "hot", "old", "new", "dear")], document="tea.txt"
    )
    suggester = Suggester(
        {"tea.txt": document(about)}, HashEmbedder(), GLOSSARY, FakeRetriever([about]), CountedReader(sure=0.9)
    )
    assert suggester.suggest("Which theaflavins?", hits_of(about)) == ()


def test_a_question_of_the_same_kind_is_nearer() -> None:
    suggester = make(document(TEA, "Why is tea given?", "Which dose of tea is given?", *QUESTIONS))
    assert suggester.suggest("How many mg of tea for a cat?", hits_of(TEA))[0] == "Which dose of tea is given?"


def test_further_documents_are_taken_in_beside_the_shared_ones() -> None:
    both = {one.id: one for one in (document(TEA, *QUESTIONS), document(COFFEE, "How is coffee ground?"))}
    wider = LISTED.over(both, FakeRetriever([TEA, COFFEE]), CountedReader())
    assert wider.suggest("coffee and glaucoma", hits_of(COFFEE, TEA))[0] == "How is coffee ground?"
    assert "How is coffee ground?" not in LISTED.suggest("coffee and glaucoma", hits_of(COFFEE, TEA))


def test_the_list_of_a_document_is_its_sidecar_s() -> None:
    assert listed_questions(document(TEA, *QUESTIONS)) == QUESTIONS
    assert listed_questions(document(TEA)) == listed_questions(document(TEA, "")) == ()
