"""`/v1/documents`: files arrive, say what becomes of them, and are told apart by session; bad ones do no harm."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import desk_assistant  # makes `files` known
import files
import httpx
import pytest
import served
from fastapi import FastAPI

from ketarag.web import api, upload_routes
from ketarag.web.limits import Limiter, Limits
from ketarag.web.uploads import Desks, UploadLimits

TEXT = b"Zorbitol is given once a day.\n"
BYTES = {"content-type": "application/octet-stream"}
STREAM = {**BYTES, "accept": "text/event-stream"}
LIMITS = UploadLimits(bytes=2_000_000)


@pytest.fixture
def assistant() -> desk_assistant.DeskAssistant:
    return desk_assistant.ready()


@pytest.fixture
def desks(assistant: desk_assistant.DeskAssistant) -> Iterator[Desks]:
    made = Desks(assistant, LIMITS)  # type: ignore[arg-type]
    yield made
    assistant.go.set()
    made.close()


def new_app(desks: Desks, limits: Limits | None = None) -> FastAPI:
    service = served.new_service(limits=limits)
    app = FastAPI()
    app.include_router(api.router(service, upload_routes.router(desks)))
    app.add_middleware(Limiter, limits=service.limits, larger={upload_routes.PATH: desks.limits.bytes})
    return app


@asynccontextmanager
async def client(desks: Desks) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=new_app(desks))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as made:
        yield made


@contextmanager
def served_app(desks: Desks, limits: Limits | None = None) -> Iterator[str]:
    """The address of a server that is up."""
    with served.running(new_app(desks, limits)) as address:
        yield address


async def send(one: httpx.AsyncClient, name: str, data: bytes = TEXT, **headers: str) -> httpx.Response:
    return await one.post("/v1/documents", params={"name": name}, content=data, headers=BYTES | headers)


def error_of(response: httpx.Response) -> dict[str, str]:
    return dict(response.json()["error"])


async def test_a_file_is_added_listed_and_removed(desks: Desks) -> None:
    async with client(desks) as one:
        response = await send(one, "Zorbitol.txt")
        assert response.status_code == 201
        told = response.json()
        assert (told["title"], told["name"], told["bytes"]) == ("Zorbitol", "Zorbitol.txt", len(TEXT))
        assert (told["pages"], told["characters"], told["passages"]) == (None, len(TEXT), 1)
        listed = (await one.get("/v1/documents")).json()
        assert listed["documents"] == [told]
        assert listed["accepted"] == {
            "endings": [".txt", ".md", ".markdown", ".html", ".htm", ".pdf", ".docx"],
            "documents": 10,
            "bytes": 2_000_000,
            "pages": 500,
            "characters": 2_000_000,
            "minutes": 60,
        }
        gone = await one.delete(f"/v1/documents/{told['id']}")
        assert gone.json()["documents"] == []
        assert (await one.delete(f"/v1/documents/{told['id']}")).status_code == 404


async def test_the_cookie_is_of_the_session_and_unseen_by_scripts(desks: Desks) -> None:
    async with client(desks) as one:
        first = await send(one, "a.txt")
        cookie = first.headers["set-cookie"]
        assert cookie.startswith("ketarag-documents=")
        assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
        assert "set-cookie" not in (await send(one, "b.txt", b"Something else.")).headers


async def test_two_sessions_never_see_each_others_documents(desks: Desks) -> None:
    async with client(desks) as one, client(desks) as other:
        told = (await send(one, "mine.txt")).json()
        await send(other, "yours.txt", b"Something else.")
        for session, name in ((one, "mine.txt"), (other, "yours.txt")):
            documents = (await session.get("/v1/documents")).json()["documents"]
            assert [document["name"] for document in documents] == [name]
        assert (await other.delete(f"/v1/documents/{told['id']}")).status_code == 404
        await other.delete("/v1/documents")
        assert len((await one.get("/v1/documents")).json()["documents"]) == 1


async def test_progress_comes_event_by_event(desks: Desks) -> None:
    async with client(desks) as one:
        response = await one.post("/v1/documents?name=a.txt", content=TEXT, headers=STREAM)
        assert response.headers["content-type"].startswith("text/event-stream")
        told = served.events(response.text)
        assert [event.name for event in told] == ["received", "parsing", "embedding", "embedding", "done"]
        assert told[0].json == {"bytes": len(TEXT)}
        assert [event.json for event in told[2:4]] == [{"done": 0, "all": 1}, {"done": 1, "all": 1}]
        assert [told[-1].json] == (await one.get("/v1/documents")).json()["documents"]


async def test_what_is_left_out_is_told_in_short(desks: Desks) -> None:
    text = [f"Paragraph number {at} says that dose {at} is given to patients once a day." * 4 for at in range(40)]
    async with client(desks) as one:
        told = (await send(one, "a.pdf", files.guideline(text))).json()
    assert told["pages"] > 5
    (running,) = [one for one in told["left_out"] if "header" in one["reason"]]
    assert running["times"] == told["pages"]
    assert running["example"].startswith("Society of Ketamine 2020")


WRONG = [
    ("empty.txt", b"", "is empty"),
    ("scan.pdf", files.scanned(), "no text"),
    ("secret.pdf", files.encrypted(), "password"),
    ("bomb.docx", files.bomb(300_000_000), "unpack"),
    ("program.txt", b"MZ\x90\x00\x03\x00\x00\x00", "a program"),
    ("program.pdf", b"\x7fELF\x02\x01\x01\x00", "a program"),
    ("program.exe", b"MZ", "readable are"),
    ("no ending", TEXT, "readable are"),
    ("page.pdf", b"<!doctype html><title>Sign in</title>", "HTML"),
    ("binary.txt", bytes(range(256)) * 4, "not text"),
    ("broken.docx", files.docx_of("Words.")[:200], ""),
]


@pytest.mark.parametrize(("name", "data", "told"), WRONG, ids=[name for name, _, _ in WRONG])
async def test_a_file_that_cannot_be_read_says_why_and_leaves_nothing(
    desks: Desks, name: str, data: bytes, told: str
) -> None:
    async with client(desks) as one:
        response = await send(one, name, data)
        assert response.status_code == 422
        assert error_of(response)["type"] == "unreadable"
        assert told in error_of(response)["message"]
        assert "Traceback" not in response.text
        assert (await one.get("/v1/documents")).json()["documents"] == []
    assert len(desks) == 0


async def test_what_goes_wrong_after_the_first_event_is_the_last_event(desks: Desks) -> None:
    async with client(desks) as one:
        response = await one.post("/v1/documents?name=a.pdf", content=files.encrypted(), headers=STREAM)
        told = served.events(response.text)
    assert [event.name for event in told] == ["received", "parsing", "error"]
    assert "password" in told[-1].data


async def test_a_body_that_is_too_large_is_refused(desks: Desks) -> None:
    async def lying() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    async with client(desks) as one:
        assert (await send(one, "a.txt", b"x" * 1_500_000)).status_code == 201
        declared = await send(one, "b.txt", b"x" * 2_000_001)
        chunked = await one.post("/v1/documents?name=c.txt", content=lying(), headers=BYTES)
    assert (declared.status_code, chunked.status_code) == (413, 413)


async def test_another_route_still_takes_a_small_body_only(desks: Desks) -> None:
    async with client(desks) as one:
        response = await one.post("/v1/verify", content=b"x" * 1_500_000, headers={"content-type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
)
async def test_what_a_form_of_another_site_could_send_is_refused(desks: Desks, kind: str) -> None:
    async with client(desks) as one:
        response = await one.post("/v1/documents?name=a.txt", content=TEXT, headers={"content-type": kind})
    assert response.status_code == 415


@pytest.mark.parametrize("query", ["", "?name=", f"?name={'x' * 501}"])
async def test_a_file_needs_a_name(desks: Desks, query: str) -> None:
    async with client(desks) as one:
        response = await one.post(f"/v1/documents{query}", content=TEXT, headers=BYTES)
    assert response.status_code == 422


@pytest.mark.parametrize(
    "name",
    [
        "../../x.txt",
        "..\\x.txt",
        "<img src=x onerror=alert(1)>.txt",
        "a\r\nset-cookie: b=c.txt",
        "%2e%2e%2f.txt",
        "é\u202e.txt",
    ],
)
async def test_a_hostile_name_is_only_a_name(desks: Desks, tmp_path: Path, name: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    async with client(desks) as one:
        response = await send(one, name)
        assert response.status_code == 201
        told = response.json()
        assert "\n" not in told["name"]
        assert "/" not in told["id"]
        assert (await one.delete(f"/v1/documents/{httpx.QueryParams({'i': told['id']})['i']}")).status_code in (
            200,
            404,
        )
        await one.delete("/v1/documents")
    assert list(tmp_path.iterdir()) == []


async def test_ten_thousand_tiny_files_end_at_the_limit(desks: Desks) -> None:
    async with client(desks) as one:
        answers = [await send(one, f"{at}.txt", b"Word number %d." % at) for at in range(60)]
        kept = await one.get("/v1/documents")
    statuses = [answer.status_code for answer in answers]
    assert statuses[:10] == [201] * 10
    assert set(statuses[10:]) == {409} or set(statuses[10:]) == {409, 429}
    assert kept.status_code == 429 or len(kept.json()["documents"]) == 10


async def test_files_of_one_session_that_come_at_once_all_arrive(desks: Desks) -> None:
    async with client(desks) as one:
        await send(one, "0.txt", b"The first.")
        answers = await asyncio.gather(*(send(one, f"{at}.txt", b"Word number %d." % at) for at in range(1, 4)))
        assert [answer.status_code for answer in answers] == [201] * 3
        assert len((await one.get("/v1/documents")).json()["documents"]) == 4


async def test_while_files_are_read_questions_are_answered_and_further_files_wait(
    desks: Desks, assistant: desk_assistant.DeskAssistant
) -> None:
    assistant.go.clear()
    async with client(desks) as one, client(desks) as other:
        held = [asyncio.create_task(send(one, f"{at}.txt", b"Word number %d." % at)) for at in range(3)]
        await asyncio.to_thread(served.until, lambda: desks.workers.running == 2)
        asked = await asyncio.wait_for(other.post("/v1/ask", json={"question": "What dose is used?"}), 5)
        assert asked.status_code == 200
        assistant.go.set()
        assert {task.status_code for task in await asyncio.gather(*held)} == {201}


def test_a_client_that_goes_away_stops_the_work(desks: Desks, assistant: desk_assistant.DeskAssistant) -> None:
    assistant.go.clear()
    with served_app(desks) as address:
        with httpx.stream("POST", f"{address}/v1/documents?name=a.txt", content=TEXT, headers=STREAM) as response:
            lines = response.iter_lines()
            while "embedding" not in next(lines):
                pass
        served.until(lambda: desks._coming == 0)
        assistant.go.set()
        served.until(lambda: desks.workers.running == 0)
        assert len(desks) == 0


def test_a_slow_upload_holds_nothing_but_its_own_place(desks: Desks) -> None:
    go = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b"Slow "
        assert go.wait(20)
        yield b"words."

    with served_app(desks, Limits(seconds=1.0)) as address:
        answers: list[httpx.Response] = []
        upload = threading.Thread(
            target=lambda: answers.append(
                httpx.post(f"{address}/v1/documents?name=a.txt", content=slowly(), headers=BYTES)
            )
        )
        upload.start()
        served.until(lambda: desks._coming == 1)
        quick = httpx.post(f"{address}/v1/documents?name=b.txt", content=TEXT, headers=BYTES)
        assert quick.status_code == 201
        go.set()
        upload.join(20)
        assert [answer.status_code for answer in answers] == [201]


async def test_nothing_of_a_file_is_logged(desks: Desks, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ketarag")
    async with client(desks) as one:
        await send(one, "private name.txt", b"Private words.")
        await send(one, "private name.pdf", b"%PDF-1.4 private")
    assert "rivate" not in caplog.text


async def test_what_is_not_used_is_forgotten_without_a_visit(assistant: desk_assistant.DeskAssistant) -> None:
    desks = Desks(assistant, UploadLimits(idle_seconds=0.01))  # type: ignore[arg-type]
    async with client(desks) as one:
        await send(one, "a.txt")
        await asyncio.to_thread(served.until, lambda: len(desks) == 0)
    desks.close()


def test_the_description_knows_the_routes(desks: Desks) -> None:
    paths = new_app(desks).openapi()["paths"]
    assert set(paths["/v1/documents"]) == {"post", "get", "delete"}
    body = paths["/v1/documents"]["post"]["requestBody"]["content"]
    assert json.dumps(body) == '{"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}'
