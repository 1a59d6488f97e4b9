"""What the page's events change: each handler's update, by the name of what it changes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fake_assistant import DOCUMENT, FakeAssistant

from ketarag.glossary import Glossary
from ketarag.types import Document
from ketarag.web import cards
from ketarag.web.limits import Limits
from ketarag.web.page import HEAD, STYLES
from ketarag.web.page.chat import Chat
from ketarag.web.page.layout import _Desk
from ketarag.web.service import Service
from ketarag.web.source import Sources

MINE = Document("mine.txt", "Mine", "Some words of mine.", "0" * 64)
NAMES = ("chat", "header", "panel", "source", "record", "session")


class Extended(FakeAssistant):
    documents = (DOCUMENT, MINE)  # type: ignore[assignment]


def new_desk(**given: Any) -> _Desk:
    service = Service(FakeAssistant(), **given)  # type: ignore[arg-type]
    service.assistant_for = lambda scope: Extended() if scope["mine"] else service.assistant  # type: ignore[assignment,return-value]
    return _Desk(service, Sources(service.documents, Glossary()))


def request(mine: bool = False) -> Any:
    scope = {"type": "http", "path": "/gradio_api/queue/join", "headers": [], "mine": mine}
    return SimpleNamespace(request=SimpleNamespace(scope=scope))


def named(update: tuple[Any, ...]) -> dict[str, Any]:
    """What an update changes."""
    assert len(update) == len(NAMES)
    return {name: one for name, one in zip(NAMES, update, strict=True) if one != gr.skip()}


def recorded(update: dict[str, Any]) -> dict[str, Any]:
    found = re.fullmatch(r'<div class="kr-record">([\w+/=]*)</div>', update["record"])
    assert found
    told: dict[str, Any] = json.loads(base64.b64decode(found[1]))
    return told


async def respond(desk: _Desk, question: str, held: Chat | None = None, mine: bool = False) -> list[dict[str, Any]]:
    return [named(update) async for update in desk.respond(question, "", held, request(mine))]


async def test_the_quotes_and_the_record_come_with_the_answer_and_the_box_is_left_alone() -> None:
    updates = await respond(new_desk(), "dose")
    assert [set(update) for update in updates[:-1]] == [{"chat", "session"}] * (len(updates) - 1)
    assert set(updates[-1]) == {"chat", "panel", "record", "session"}
    assert "kr-card" in updates[-1]["panel"]
    assert updates[-1]["chat"][0]["content"] == '<div class="kr-question">dose</div>'
    assert recorded(updates[-1])["first"] == 1


async def test_one_question_at_a_time() -> None:
    desk = new_desk()
    running = desk.respond("dose", "", None, request())
    chat = named(await anext(running))["session"]
    assert await respond(desk, "how long", chat) == [{}]
    assert len(chat.shown) == 2
    await running.aclose()
    assert len(await respond(desk, "how long", chat)) > 1


async def test_a_reload_restores_what_was_recorded() -> None:
    desk = new_desk()
    (*_, first) = await respond(desk, "dose")
    (*_, second) = await respond(desk, "how long", first["session"])
    kept = json.dumps([*recorded(first)["records"], *recorded(second)["records"]])
    again = named(await desk.restore(kept, None, request()))
    assert again["chat"] == second["chat"]
    assert again["panel"] == second["panel"]
    assert recorded(again) == {"first": 1, "records": json.loads(kept)}
    assert named(await desk.restore(kept, again["session"], request())) == {}


async def test_what_cannot_be_restored_now_is_said_and_stays_kept() -> None:
    desk = new_desk(limits=Limits(seconds=1e-9))
    (update,) = [named(await desk.restore("[]", None, request()))]
    assert "could not be shown again" in update["chat"][0]["content"]
    assert "record" not in update


async def test_what_is_too_long_is_not_even_read() -> None:
    assert named(await new_desk().restore(f'["{"x" * 1_500_000}"]', None, request())) == {}


async def test_documents_of_the_session_come_first_and_go_again() -> None:
    desk = new_desk()
    (*_, answered) = await respond(desk, "dose")
    chat = answered["session"]
    came = named(desk.refresh(chat, request(mine=True)))
    assert "<em>Mine</em>" in came["header"]
    assert came["source"].index("Some words of mine") < came["source"].index("Miscellaneous")
    assert chat.opened == (MINE.id, DOCUMENT.id)
    assert named(desk.refresh(None, request(mine=True))) == came | {"panel": cards.panel_html((), {})}
    went = named(desk.refresh(chat, request()))
    assert "Mine" not in went["header"] + went["source"] + went["panel"]
    assert "kr-card" in went["panel"]


async def test_a_document_is_sent_once_and_not_with_each_answer() -> None:
    service = Service(Extended())  # type: ignore[arg-type]
    desk = _Desk(service, Sources(service.documents, Glossary()))
    (*_, first) = await respond(desk, "dose")
    (*_, second) = await respond(desk, "how long", first["session"])
    assert "Miscellaneous Ketamine Facts" in first["source"]
    assert "Some words of mine" not in first["source"]
    assert "source" not in second


async def test_what_the_page_began_with_is_not_sent_again() -> None:
    assert "source" not in (await respond(new_desk(), "dose"))[-1]


@pytest.mark.parametrize("mine", [False, True])
async def test_a_new_conversation_is_empty_and_forgotten(mine: bool) -> None:
    desk = new_desk()
    (*_, answered) = await respond(desk, "dose", mine=mine)
    fresh = named(desk.restart(answered["session"], request(mine)))
    assert (fresh["chat"], recorded(fresh)) == ([], {"first": 1, "records": []})
    assert fresh["session"].answers == []
    assert "word for word" in fresh["panel"]


def test_the_pages_files_are_there() -> None:
    assert all(style.is_file() for style in STYLES)
    scripts = STYLES[0].parent
    (entry,) = re.findall(r'src="/ketarag/([\w.]+)"', HEAD)
    todo, seen = [entry], set[str]()
    while todo:
        name = todo.pop()
        seen.add(name)
        todo += set(re.findall(r'from "\./([\w.]+)"', (scripts / name).read_text(encoding="utf-8"))) - seen
    assert seen == set(re.findall(r'"/ketarag/([\w.]+)"', HEAD))


class Shelf(Mapping[str, Document]):
    """A thousand documents by their ids, like those of an index; of all but one nothing can be read."""

    def __getitem__(self, name: str) -> Document:
        assert name == DOCUMENT.id, "a document is read that nothing was quoted from"
        return DOCUMENT

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        yield from (DOCUMENT.id, *(f"z{number}.txt" for number in range(999)))

    def __len__(self) -> int:
        return 1000


async def test_of_a_large_library_only_what_is_quoted_is_read() -> None:
    class Library(FakeAssistant):
        documents = SimpleNamespace(by_id=Shelf())  # type: ignore[assignment]
        catalogue = FakeAssistant().catalogue  # type: ignore[assignment]

    service = Service(Library())  # type: ignore[arg-type]
    desk = _Desk(service, Sources(service.documents, Glossary()))
    (*_, first) = await respond(desk, "dose")
    kept = json.dumps(recorded(first)["records"])
    again = named(await desk.restore(kept, None, request()))
    assert again["chat"] == first["chat"]
    assert again["source"] == first["source"]
    named(desk.restart(first["session"], request()))
