"""A browser session: replies as they grow, errors as sentences, sessions apart."""

from __future__ import annotations

import logging

import pytest
from fake_assistant import DOCUMENT, FakeConversation

from ketarag.glossary import Glossary
from ketarag.types import Document
from ketarag.web.page import Session, _respond
from ketarag.web.source import Sources

SOURCES = Sources({DOCUMENT.id: DOCUMENT}, Glossary())


def new_session() -> Session:
    return Session(FakeConversation())  # type: ignore[arg-type]


def test_replies_grow_claim_by_claim_and_end_with_the_answer() -> None:
    session = new_session()
    replies = list(session.ask("How is it eliminated?"))
    assert "Searching the document" in replies[1]
    assert [reply.count("kr-marker") for reply in replies][-3:] == [1, 2, 2]
    assert "kr-working" not in replies[-1]
    assert [turn for turn, _ in session.answers] == [1]


@pytest.mark.parametrize(
    ("question", "said"), [("", "empty"), ("  \n", "empty"), ("x" * 100_000, "100&#44;000|100,000")]
)
def test_a_question_that_cannot_be_searched_says_why(question: str, said: str) -> None:
    session = new_session()
    reply = list(session.ask(question))[-1]
    assert "kr-error" in reply
    assert any(word in reply for word in said.split("|"))
    assert session.answers == []


def test_a_fault_is_a_sentence_and_its_text_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = list(new_session().ask("fault private words"))[-1]
    assert "Something went wrong" in reply
    assert "private words" not in reply + caplog.text


def test_an_empty_question_leaves_no_empty_bubble() -> None:
    session = new_session()
    list(_respond("  ", session, SOURCES))
    assert [message["role"] for message in session.shown] == ["assistant"]


def test_the_box_is_emptied_at_once_and_the_panel_comes_with_the_answer() -> None:
    updates = list(_respond("dose", new_session(), SOURCES))
    assert updates[0][3] == ""
    assert "kr-card" in updates[-1][1]
    assert updates[-1][0][0]["content"] == '<div class="kr-question">dose</div>'


def test_one_question_at_a_time() -> None:
    session = new_session()
    running = _respond("dose", session, SOURCES)
    next(running)
    assert len(list(_respond("how long", session, SOURCES))) == 1
    assert len(session.shown) == 2
    running.close()
    assert len(list(_respond("how long", session, SOURCES))) > 1


def test_a_document_is_sent_once_and_not_with_each_answer() -> None:
    other = Document("other.txt", "Other", "Other words.", "0" * 64)
    sources = Sources({DOCUMENT.id: DOCUMENT, other.id: other}, Glossary())
    session = new_session()
    first, second = (list(_respond(question, session, sources)) for question in ("dose", "how long"))
    assert [isinstance(update[2], str) for update in first] == [False] * (len(first) - 1) + [True]
    assert "Miscellaneous Ketamine Facts" in first[-1][2]
    assert "Other words" not in first[-1][2]
    assert not any(isinstance(update[2], str) for update in second)


def test_what_the_page_began_with_is_not_sent_again() -> None:
    session = new_session()
    session.opened = SOURCES.first
    assert not any(isinstance(update[2], str) for update in _respond("dose", session, SOURCES))
