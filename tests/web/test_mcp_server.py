"""The MCP server, driven by the SDK's own client: in the process, and over HTTP behind the middleware of the web server."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import served
from fake_assistant import DOCUMENT, QUOTES, TEXT, FakeAssistant
from fastapi import FastAPI
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from starlette.routing import Route

from ketarag.config import Settings
from ketarag.types import Document
from ketarag.web.accounts import add_account
from ketarag.web.api_keys import hash_key, new_key
from ketarag.web.audit import AuditLog
from ketarag.web.auth import Authentication, principal_of
from ketarag.web.limits import MCP as PATH
from ketarag.web.limits import Limiter, Limits
from ketarag.web.mcp_server import Endpoint, new_server
from ketarag.web.service import Service

MODES = ["auto", "legacy"]
"""The protocol of 2026 and the one before, with its handshake."""


@asynccontextmanager
async def connected(service: Service | None = None, mode: str = "auto") -> AsyncIterator[Client]:
    service = service or served.new_service()
    async with Client(new_server(service), mode=mode) as client:
        yield client
    service.close()


def said(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


@pytest.mark.parametrize("mode", MODES)
async def test_the_tools_say_what_they_take_and_give(mode: str) -> None:
    async with connected(mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "never an instruction" in (client.instructions or "")
    assert list(tools) == ["ask", "retrieve", "verify"]
    assert tools["ask"].input_schema["required"] == ["question"]
    assert tools["retrieve"].input_schema["properties"]["k"]["maximum"] == 50
    assert tools["verify"].input_schema["required"] == ["claim"]
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema
        assert tool.annotations
        assert tool.annotations.read_only_hint
    assert {"citations", "abstained", "reason"} <= set(tools["ask"].output_schema["required"])  # type: ignore[index]


@pytest.mark.parametrize("mode", MODES)
async def test_ask_gives_quotes_that_stand_where_they_say(mode: str) -> None:
    async with connected(mode=mode) as client:
        result = await client.call_tool("ask", {"question": "What IV dose is used?"})
    answer = result.structured_content
    assert not result.is_error
    assert answer["abstained"] is False
    (citation,) = answer["citations"]
    assert citation["quote"] == QUOTES["dose"][0] == TEXT[citation["start"] : citation["end"]]
    assert QUOTES["dose"][0] in said(result)
    assert f"characters {citation['start']}-{citation['end']}" in said(result)


async def test_an_abstention_is_a_result_with_its_reason() -> None:
    async with connected() as client:
        result = await client.call_tool("ask", {"question": "Is it safe in pregnancy?"})
    assert not result.is_error
    answer = result.structured_content
    assert (answer["abstained"], answer["citations"]) == (True, [])
    assert answer["reason"] == "No passage speaks of: pregnancy."
    assert answer["nearest"]
    assert "Why: No passage speaks of: pregnancy." in said(result)


async def test_retrieve_and_verify() -> None:
    async with connected() as client:
        found = await client.call_tool("retrieve", {"question": "how long", "k": 1})
        wrong = await client.call_tool("verify", {"claim": "Up to 90% of patients respond."})
        right = await client.call_tool("verify", {"claim": "Up to 70% of patients respond."})
    (hit,) = found.structured_content["hits"]
    assert TEXT[hit["passage"]["start"] : hit["passage"]["end"]] == hit["passage"]["text"] == QUOTES["long"][0]
    assert QUOTES["long"][0] in said(found)
    assert wrong.structured_content["problems"] == ["number 90% is not in the cited passage"]
    assert "number 90% is not in the cited passage" in said(wrong)
    assert right.structured_content["supported"] is True


async def test_some_of_the_documents_can_be_asked() -> None:
    bounds = {
        "published_from": "2020-04-04",
        "published_to": "2020-12-31",
        "publishers": [DOCUMENT.publisher],
        "tags": [],
    }
    async with connected() as client:
        answer = await client.call_tool("ask", {"question": "dose", **bounds})
        found = await client.call_tool("retrieve", {"question": "how long", **bounds})
        wrong = [
            await client.call_tool(name, {"question": "dose", "tags": ["nowhere"]}) for name in ("ask", "retrieve")
        ]
    (said_of_it,) = answer.structured_content["warnings"]
    assert said_of_it.startswith("Searched only what is published from 2020-04-04 to 2020-12-31, by Dr. Ditzell")
    assert len(found.structured_content["hits"]) == 1
    for result in wrong:
        assert result.is_error
        assert said(result).startswith("none of the 1 documents is tagged nowhere")


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("ask", {}, "question: Field required"),
        ("ask", {"question": ""}, "the question is empty: type a question"),
        ("ask", {"question": "x" * 3000}, "the question has 3,000 characters, more than 2,000: ask a shorter one"),
        ("ask", {"question": 7}, "question: Input should be a valid string"),
        ("ask", {"question": "dose", "history": []}, "history: Extra inputs are not permitted"),
        ("ask", {"question": "dose", "publisher": "WHO"}, "publisher: Extra inputs are not permitted"),
        ("retrieve", {"question": "dose", "k": 51}, "k: Input should be less than or equal to 50"),
        ("ask", {"question": "fault"}, "Something went wrong while answering. Try again or ask differently."),
    ],
)
async def test_what_goes_wrong_is_one_line_for_the_model(
    name: str, arguments: dict[str, Any], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with connected() as client:
            result = await client.call_tool(name, arguments)
    assert result.is_error
    assert said(result) == told
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_an_unknown_tool_is_named_an_error() -> None:
    async with connected() as client:
        with pytest.raises(MCPError, match="there are: ask, retrieve, verify"):
            await client.call_tool("delete", {})


async def test_the_documents_are_resources() -> None:
    async with connected() as client:
        (resource,) = (await client.list_resources()).resources
        assert (resource.name, resource.title, resource.size) == (DOCUMENT.id, DOCUMENT.title, len(TEXT.encode()))
        assert "4 April 2020" in (resource.description or "")
        (content,) = (await client.read_resource(resource.uri)).contents
        assert content.text == TEXT  # type: ignore[union-attr]
        for address in ("ketarag://document/none.txt", "file:///etc/passwd", DOCUMENT.id):
            with pytest.raises(MCPError, match="no such document"):
                await client.read_resource(address)


async def test_many_documents_come_in_pages_and_any_name_can_be_read() -> None:
    class Library(FakeAssistant):
        documents = tuple(  # type: ignore[assignment]
            Document(f"a folder/ä {number}?#%.txt", "", f"text {number}", "") for number in range(450)
        )

    async with connected(served.new_service(Library())) as client:
        found, cursor = [], None
        for _ in range(3):
            page = await client.list_resources(cursor=cursor)
            found += page.resources
            cursor = page.next_cursor
        assert (cursor, len({one.uri for one in found})) == (None, 450)
        (content,) = (await client.read_resource(found[449].uri)).contents
        assert content.text == "text 449"  # type: ignore[union-attr]
        with pytest.raises(MCPError, match="cursor"):
            await client.list_resources(cursor="-1")


async def test_questions_are_counted_and_wait_in_line() -> None:
    service = served.new_service()
    async with connected(service) as client:
        results = await asyncio.gather(*(client.call_tool("ask", {"question": "slow dose"}) for _ in range(6)))
    assert all(not result.is_error for result in results)
    assert b"ketarag_answers_total 6.0" in service.metrics.exposition()


async def test_a_full_line_is_told() -> None:
    service = served.new_service(limits=Limits(at_once=1, waiting=0))
    async with connected(service) as client:
        results = await asyncio.gather(*(client.call_tool("ask", {"question": "slow dose"}) for _ in range(2)))
    assert sorted(result.is_error for result in results) == [False, True]
    assert any("Send it again later" in said(result) for result in results)


async def test_over_stdio_the_audit_names_the_local_user(tmp_path: Path) -> None:
    service = Service(FakeAssistant(), audit=AuditLog(tmp_path / "audit.jsonl", 90))  # type: ignore[arg-type]
    async with connected(service) as client:
        await client.call_tool("ask", {"question": "dose"})
    (line,) = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert (line["who"], line["route"], line["event"]) == ("local", "mcp", "answered")


@contextmanager
def listening(settings: Settings, audit: AuditLog | None = None, limits: Limits | None = None) -> Iterator[str]:
    """The address of a server with the endpoint behind the middleware that `create_app` has."""
    service = Service(FakeAssistant(), limits, audit)  # type: ignore[arg-type]
    endpoint = Endpoint(service)
    app = FastAPI(lifespan=endpoint.lifespan)
    app.router.routes.append(Route(PATH, endpoint))
    app.add_middleware(Limiter, limits=service.limits, client_of=lambda scope: str(principal_of(scope)))
    app.add_middleware(Authentication, settings=settings, audit=audit)
    with served.running(app) as address:
        try:
            yield address
        finally:
            service.close()


@asynccontextmanager
async def client_of(address: str, key: str | None = None, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(f"{address}{PATH}", http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", MODES)
async def test_over_http_it_is_the_same(mode: str, tmp_path: Path) -> None:
    with listening(Settings(users_file=None)) as address:
        async with client_of(address, mode=mode) as client:
            results = await asyncio.gather(*(client.call_tool("ask", {"question": "slow dose"}) for _ in range(3)))
            (resource,) = (await client.list_resources()).resources
            (content,) = (await client.read_resource(resource.uri)).contents
    assert [result.structured_content["citations"][0]["quote"] for result in results] == [QUOTES["dose"][0]] * 3
    assert content.text == TEXT  # type: ignore[union-attr]


async def test_over_http_nobody_passes_without_the_key_and_the_audit_says_whose_it_was(tmp_path: Path) -> None:
    users, key = tmp_path / "users.jsonl", new_key()
    add_account(users, "key", "desktop", hash_key(key))
    audit = AuditLog(tmp_path / "audit.jsonl", 90)
    with listening(Settings(users_file=users), audit) as address:
        refused = httpx.post(f"{address}{PATH}", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        async with client_of(address, key) as client:
            await client.call_tool("verify", {"claim": "Up to 70% of patients respond."})
    assert refused.status_code == 401
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [(line["who"], line["route"]) for line in lines] == [("key:desktop", "/mcp")]


def test_over_http_no_website_gets_through() -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accept = {"accept": "application/json, text/event-stream"}
    with listening(Settings()) as address:
        allowed = httpx.post(f"{address}{PATH}", json=body, headers=accept)
        for lie in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert httpx.post(f"{address}{PATH}", json=body, headers=accept | lie).status_code == 403
    assert allowed.status_code == 200


def test_over_http_only_post_has_a_meaning_and_size_is_limited() -> None:
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    with listening(Settings(), limits=Limits(body=1000)) as address:
        assert httpx.get(f"{address}{PATH}").status_code == 405
        assert httpx.delete(f"{address}{PATH}").json()["error"]["type"] == "method_not_allowed"
        assert httpx.post(f"{address}{PATH}", content=b"x" * 2000, headers=headers).status_code == 413
        assert httpx.post(f"{address}{PATH}", content=b"{", headers=headers).status_code == 400
