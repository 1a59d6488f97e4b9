"""A browser session: replies as they grow, errors as sentences, sessions apart, everything through the service."""

from __future__ import annotations

import asyncio
import html
import logging
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import served
from fake_assistant import DOCUMENT, FakeAssistant, build_answer, citation
from starlette.types import Scope

from ketarag.types import Document, Final
from ketarag.web.audit import AuditLog
from ketarag.web.auth import Principal
from ketarag.web.limits import Limits
from ketarag.web.page.chat import Chat
from ketarag.web.page.kept import MOST_KEPT
from ketarag.web.service import Service

SCOPE: Scope = {"type": "http", "path": "/gradio_api/queue/join", "headers": []}


def new_service(**given: Any) -> Service:
    return Service(FakeAssistant(), **given)  # type: ignore[arg-type]


async def replies(chat: Chat, question: str, service: Service | None = None, scope: Scope = SCOPE) -> list[str]:
    """The last message after each change."""
    return [chat.shown[-1]["content"] async for _ in chat.ask(question, service or new_service(), scope)]


async def test_replies_grow_claim_by_claim_and_end_with_the_answer() -> None:
    chat = Chat()
    grown = await replies(chat, "How is it eliminated?")
    assert any("Searching the document" in reply for reply in grown)
    assert [reply.count("kr-marker") for reply in grown][-3:] == [1, 2, 2]
    assert "kr-working" not in grown[-1]
    assert [number for number, _ in chat.answers] == [1]


@pytest.mark.parametrize(
    ("question", "said"), [("", "empty"), ("  \n", "empty"), ("x" * 100_000, "100&#44;000|100,000")]
)
async def test_a_question_that_cannot_be_searched_says_why(question: str, said: str) -> None:
    chat = Chat()
    reply = (await replies(chat, question))[-1]
    assert "kr-error" in reply
    assert any(word in reply for word in said.split("|"))
    assert chat.answers == []


FAR = '{"published_from": "2031-01-01"}'
NEAR = '{"published_to": "2020-04-04", "publishers": ["dr. ditzell psychiatry (practice website, new york)"]}'


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (NEAR, "Searched only what is published to 2020-04-04"),
        (FAR, "none of the 1 documents is published from 2031-01-01"),
        ("[]", "which documents to search cannot be understood"),
        ('{"tag": "dose"}', "which documents to search cannot be understood"),
        ("[" * 100_000, "which documents to search cannot be understood"),
        ("", ""),
    ],
)
async def test_a_question_is_searched_within_what_was_chosen_or_not_at_all(chosen: str, said: str) -> None:
    chat = Chat()
    async for _ in chat.ask("dose", new_service(), SCOPE, chosen):
        pass
    reply = html.unescape(chat.shown[-1]["content"])
    assert said in reply
    assert ("Searched only" in reply) == (chosen == NEAR)
    assert ("kr-error" in reply) == (chosen not in (NEAR, "")) == (not chat.answers)


async def test_a_fault_is_a_sentence_and_its_text_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = (await replies(Chat(), "fault private words"))[-1]
    assert "Something went wrong" in reply
    assert "private words" not in reply + caplog.text


async def test_an_empty_question_leaves_no_empty_bubble() -> None:
    chat = Chat()
    await replies(chat, "  ")
    assert [message["role"] for message in chat.shown] == ["assistant"]


async def test_a_question_is_counted_and_audited_as_the_pages(tmp_path: Path) -> None:
    service = new_service(audit=AuditLog(tmp_path / "audit.jsonl", 9))
    scope = SCOPE | {"ketarag.principal": Principal("user", "anna")}
    await replies(Chat(), "dose", service, scope)
    line = (tmp_path / "audit.jsonl").read_text(encoding="utf-8")
    assert '"user:anna"' in line
    assert '"route": "/"' in line
    assert b"ketarag_answers_total 1.0" in service.metrics.exposition()


async def test_a_full_line_and_a_timeout_are_said() -> None:
    held = served.HeldAssistant()
    service = Service(held, Limits(seconds=0.2, at_once=1, waiting=0))  # type: ignore[arg-type]
    first = asyncio.create_task(replies(Chat(), "dose", service))
    await asyncio.sleep(0.05)
    full = await replies(Chat(), "dose", service)
    assert "Waiting for the questions before yours" in full[0]
    assert "questions are being answered or wait" in full[-1]
    assert "took longer than" in (await first)[-1]
    held.go.set()
    service.close()


async def test_who_goes_away_is_given_up() -> None:
    service, chat = new_service(), Chat()
    async with aclosing(chat.ask("slow dose", service, SCOPE)) as changes:
        await anext(changes)
        await anext(changes)
    served.until(lambda: service.workers.running == 0)
    assert chat.answers == []


async def test_each_session_asks_the_assistant_of_its_documents() -> None:
    other = Document("mine.txt", "Mine", "Some words of mine.", "0" * 64)

    class Extended(FakeAssistant):
        documents = (DOCUMENT, other)  # type: ignore[assignment]

        def conversation(self, turns: object = (), within: object = None) -> Any:
            quote = replace(citation("Topical ketamine"), document_id=other.id, quote=other.text, start=0, end=19)
            answer = build_answer("dose", citations=(quote,))
            return SimpleNamespace(stream=lambda question: iter([Final(answer)]))

    service = new_service()
    service.assistant_for = lambda scope: Extended() if scope.get("mine") else service.assistant  # type: ignore[assignment,return-value]
    mine, plain = Chat(), Chat()
    assert "<em>Mine</em>" in (await replies(mine, "dose", service, SCOPE | {"mine": True}))[-1]
    assert mine.open(mine.answers[-1][1])
    assert mine.opened == (other.id,)
    assert "Mine" not in (await replies(plain, "dose", service))[-1]


async def test_a_follow_up_continues_what_is_shown() -> None:
    chat, service = Chat(), new_service()
    await replies(chat, "What IV dose is used?", service)
    assert "searched as" in (await replies(chat, "How long does it last?", service))[-1]
    again = Chat()
    again.restore([answer for _, answer in chat.answers], (DOCUMENT,))
    assert [message["role"] for message in again.shown] == ["user", "assistant"] * 2
    assert again.shown == chat.shown
    assert "What IV dose is used?" not in (await replies(again, "And how is it eliminated?", service))[0]
    assert "(How long does it last?)" in again.answers[-1][1].standalone_question


async def test_a_long_conversation_loses_its_beginning() -> None:
    chat, service = Chat(), new_service()
    for _ in range(MOST_KEPT + 3):
        await replies(chat, "dose", service)
    assert [number for number, _ in chat.answers] == list(range(4, MOST_KEPT + 4))
    assert len(chat.shown) == 2 * MOST_KEPT
