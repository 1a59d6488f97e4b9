"""The whole app as somebody with ill intent meets it: with an account, and without one."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_assistant import FakeAssistant
from fastapi import FastAPI
from made_accounts import HERE, KEY, sign_in, write_accounts
from processes import serving

from ketarag.config import Settings
from ketarag.web.guard import MAX_BODY
from ketarag.web.server import create_app

EVIL = "http://evil.example"
POSTS = ["/v1/ask", "/v1/feedback", "/v1/export", "/v1/verify", "/v1/chat/completions", "/gradio_api/queue/join"]
MARKER = "marker-of-a-patient"


@asynccontextmanager
async def browser(settings: Settings | None = None, base: str = HERE) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=made(settings or Settings()), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        yield client


_APPS: dict[Settings, FastAPI] = {}


def made(settings: Settings) -> FastAPI:
    if settings not in _APPS:
        _APPS[settings] = create_app(FakeAssistant(), settings)  # type: ignore[arg-type]
    return _APPS[settings]


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("protected")
    return Settings(users_file=write_accounts(folder / "users.jsonl"), feedback_file=folder / "feedback.jsonl")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "169.254.0.1"])
@pytest.mark.parametrize("path", ["/", "/v1/models", "/v1/features", "/config", "/metrics", "/openapi.json"])
async def test_a_name_that_leads_here_reads_nothing_on_ones_own_machine(host: str, path: str) -> None:
    """DNS rebinding: the attacker's page is then of the same origin, so that only the Host header tells."""
    async with browser(base=f"http://{host}") as client:
        assert (await client.get(path)).status_code == 403


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("origin", [EVIL, "null", "http://127.0.0.1:9999", "https://localhost.evil.example"])
async def test_another_sites_page_can_do_nothing_on_ones_own_machine(path: str, origin: str) -> None:
    async with browser() as client:
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            got = await client.post(path, content=b"{}", headers={"origin": origin, "content-type": kind})
            assert got.status_code == 403


@pytest.mark.parametrize("path", POSTS)
async def test_another_sites_page_can_do_nothing_with_somebodys_cookie(path: str, protected: Settings) -> None:
    async with browser(protected) as client:
        await sign_in(client)
        body = {"question": "dose", "answer": "x", "rating": "up"}
        for headers in ({}, {"origin": EVIL}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
            assert (await client.post(path, json=body, headers=headers)).status_code == 403
    assert protected.feedback_file is not None
    assert not protected.feedback_file.read_text()


@pytest.mark.parametrize(
    "path", [*POSTS, "/v1/features", "/metrics", "/", "/config", "/openapi.json", "/ketarag/page.js"]
)
async def test_without_an_account_there_is_nothing(path: str, protected: Settings) -> None:
    async with browser(protected) as client:
        for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "PROPFIND"):
            assert (await client.request(method, path)).status_code == 401, method


@pytest.mark.parametrize("base", [HERE, "http://localhost:7860", "https://ketarag.hospital.example"])
@pytest.mark.parametrize("path", ["/", "/config", "/v1/features", "/gradio_api/info", "/ketarag/page.js"])
async def test_no_other_site_may_read_an_answer(base: str, path: str, protected: Settings) -> None:
    """Gradio allows it to every origin, with cookies; at localhost to every other port."""
    async with browser(protected, base) as client:
        for origin in (EVIL, "http://localhost:3000"):
            headers = {"origin": origin, "authorization": f"Bearer {KEY}"}
            got = await client.get(path, headers=headers)
            asked = await client.options(path, headers=headers | {"access-control-request-method": "POST"})
            for response in (got, asked):
                assert not [name for name in response.headers if name.startswith("access-control-")]
            assert got.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "//v1/ask",
        "/v1//ask",
        "/%76%31/feedback/",
        "/V1/ask",
        "/v1/ask%00",
        "/v1/ask;x=1",
        "/ketarag/../server.py",
        "/ketarag/%2e%2e/server.py",
        "/ketarag/..%2fserver.py",
        "/ketarag//etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/%66ile=/etc/passwd",
        "/gradio_api//file=/etc/passwd",
        "/static/../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/server.py",
        "/assets/%2e%2e/%2e%2e/routes.py",
        "/custom_component/x/y/z/../../etc/passwd",
        "/theme.css/../x",
        "/upload",
        "/proxy=http://evil.example",
        "/gradio_api/proxy=http://evil.example",
        "/login_check",
        "/gradio_api/startup-events/../upload",
    ],
)
async def test_no_spelling_of_a_path_leads_where_it_should_not(path: str) -> None:
    async with browser() as client:
        for method in ("GET", "POST"):
            got = await client.request(method, path, content=b"{}" if method == "POST" else None)
            assert got.status_code in (404, 405, 403), (method, got.status_code)
            assert "root:" not in got.text
            assert "import" not in got.text


DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        b'{"question": ' + DEEP + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"question": ' + b"9" * 100_000 + b"}",
        b'{"question": "dose", "k": 1e999, "turns": NaN}',
        b'{"data": ["\\ud800"], "answer": "\\udfff", "rating": "up"}',
        b"\xff\xfe\x00",
        b'{"question": "dose"' + b" " * 100_000,
        b"{" + b",".join(b'"k%d": 1' % number for number in range(50_000)) + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("path", POSTS)
async def test_no_body_breaks_the_service(path: str, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with browser() as client:
        got = await client.post(path, content=body, headers={"content-type": "application/json"})
        assert got.status_code < (501 if "gradio" in path else 500)
        assert (await client.post("/v1/ask", json={"question": "dose"})).status_code in (200, 429)
    told = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert [one for one in told if not re.fullmatch(r"other failed with \w+", one)] == []


async def in_pieces(piece: bytes, count: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for _ in range(count):
        await asyncio.sleep(pause)
        yield piece


async def test_a_body_for_the_page_is_counted_as_it_comes_whatever_was_declared() -> None:
    async with browser() as client:
        got = await client.post("/gradio_api/queue/join", content=in_pieces(b" " * 100_000, MAX_BODY // 100_000 + 1))
        assert got.status_code == 413
        declared = await client.post("/gradio_api/queue/join", content=b"x" * (MAX_BODY + 1))
        assert declared.status_code == 413


async def test_a_body_for_the_page_is_not_waited_for() -> None:
    async with browser(Settings(answer_seconds=1)) as client:
        got = await client.post("/gradio_api/queue/join", content=in_pieces(b" ", 50, 0.1))
    assert got.status_code == 408


async def test_another_header_of_the_same_meaning_names_nobody(protected: Settings) -> None:
    settings = Settings(proxy_header="X-Remote-User", trusted_proxies=("10.1.2.3",))
    async with browser(settings) as client:
        for name in ("X_Remote_User", "x-remote_user", "X-Remote-User ", "Remote-User", "X-Forwarded-User"):
            got = await client.get("/v1/models", headers=[(name, "anna")])
            assert got.status_code in (401, 403), name


def no_marker(told: str) -> None:
    assert MARKER not in told


async def test_nothing_that_was_typed_reaches_the_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where it breaks something, and with what would make a line of its own."""
    typed = f"fault {MARKER}\r\nERROR root: forged \x1b[2J"
    bodies: list[Any] = [
        {
            "question": typed,
            "claim": typed,
            "answer": typed,
            "rating": typed,
            "messages": [{"role": "user", "content": typed}],
        },
        {"question": typed, "model": typed, "format": typed, "turns": typed},
        {"data": [typed, typed], "fn_index": 0, "session_hash": typed},
        {"data": [{"x": typed}], "fn_index": typed, "session_hash": "s"},
        {"data": [[typed]], "fn_index": 1, "session_hash": "s", "event_data": typed, "trigger_id": typed},
        {"event_id": typed, "fn_index": 0, "session_hash": typed},
        [typed],
    ]
    with caplog.at_level(logging.DEBUG, logger="ketarag"):
        async with browser() as client:
            for path in [
                *POSTS,
                "/gradio_api/cancel",
                "/gradio_api/reset",
                "/gradio_api/component_server",
                "/gradio_api/vibe-edit/",
            ]:
                for body in bodies:
                    await client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
            await client.get(f"/v1/{MARKER}", params={"q": MARKER}, headers={"user-agent": MARKER, "referer": MARKER})
            no_marker((await client.get("/metrics")).text)
    said = capfd.readouterr()
    for told in (caplog.text, said.out, said.err):
        no_marker(told)


def test_the_page_prints_nothing_that_was_typed_either() -> None:
    """Gradio itself prints a traceback with it, into the log, line breaks and all."""
    with serving() as server, httpx.Client(base_url=server.address, timeout=20) as client:
        for data in ([MARKER], [{"x": MARKER}]):
            joined = client.post("/gradio_api/queue/join", json={"data": data, "fn_index": 0, "session_hash": "s"})
            assert joined.status_code == 200
            with client.stream("GET", "/gradio_api/queue/data?session_hash=s") as events:
                assert next((line for line in events.iter_lines() if "process_completed" in line), None)
        code, logged = server.end(signal.SIGTERM, 30)
    assert code == 0
    assert "the page failed with" in logged
    no_marker(logged)
