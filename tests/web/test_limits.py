"""Rate, size and time of requests: refused with a status, a reason and when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import served
from fastapi import FastAPI

from ketarag.config import Settings
from ketarag.errors import SettingsError
from ketarag.web import api
from ketarag.web.limits import Limiter, Limits, address_of, declared_length


def scope(host: str | None) -> dict[str, Any]:
    return {"client": (host, 1234) if host is not None else None}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        ("", "testclient", False),
        (None, "", True),
    ],
)
def test_an_ipv6_client_cannot_change_its_address_within_its_network(one: str, other: str, same: bool) -> None:
    assert (address_of(scope(one)) == address_of(scope(other))) is same


@pytest.mark.parametrize("name", ["body", "seconds", "rate", "burst", "at_once", "waiting"])
def test_a_limit_that_lets_nothing_through_is_an_error(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is -1"):
        Limits(**{name: -1})  # type: ignore[arg-type]


def test_one_client_cannot_fill_the_line() -> None:
    assert Limits().burst < Limits().waiting


def test_the_operator_sets_them() -> None:
    assert Limits.of(Settings()) == Limits()
    assert Limits.of(
        Settings(
            request_bytes=20_000,
            answer_seconds=90,
            client_rate=5,
            client_burst=10,
            answers_at_once=8,
            answers_waiting=0,
        )
    ) == Limits(body=20_000, seconds=90, rate=5, burst=10, at_once=8, waiting=0)


def test_an_answer_has_time_for_the_chat_model() -> None:
    with pytest.raises(
        SettingsError, match=r"KETARAG_LLM_SECONDS is 90.*KETARAG_ANSWER_SECONDS, which includes them, 60.*180"
    ):
        Limits.of(Settings(llm="openai:x", llm_seconds=90))
    assert Limits.of(Settings(llm="openai:x", llm_seconds=90, answer_seconds=180)).seconds == 180
    assert Limits.of(Settings(llm_seconds=90)).seconds == 60


@pytest.mark.parametrize(
    ("sent", "length"), [(b"12", 12), (b"", 0), (b"-1", 0), (b"1e3", 0), (b"9" * 5000, int("9" * 19))]
)
def test_a_declared_length_is_a_number_of_bytes(sent: bytes, length: int) -> None:
    assert declared_length({"headers": [(b"content-length", sent)]}) == length


async def test_too_many_requests_are_told_when_to_come_back() -> None:
    service = served.new_service(limits=Limits(rate=0.25, burst=2))
    async with served.client(service) as client:
        got = [await client.post("/v1/verify", json={"claim": "70%"}) for _ in range(3)]
        health = [await client.get(path) for path in ("/healthz", "/metrics") for _ in range(5)]
    assert [response.status_code for response in got] == [200, 200, 429]
    assert got[2].headers["retry-after"] == "4"
    assert got[2].json()["error"]["type"] == "rate_limited"
    assert {response.status_code for response in health} == {200}


async def test_who_a_request_is_counted_for_can_be_told() -> None:
    service = served.new_service()
    app = FastAPI()
    app.include_router(api.router(service))
    app.add_middleware(
        Limiter, limits=Limits(rate=0.1, burst=1), client_of=lambda scope: dict(scope["headers"])[b"x-user"].decode()
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        got = [await client.get("/v1/models", headers={"x-user": user}) for user in ("a", "b", "a")]
    assert [response.status_code for response in got] == [200, 200, 429]


async def in_pieces(piece: bytes, count: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for _ in range(count):
        await asyncio.sleep(pause)
        yield piece


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
async def test_a_body_is_counted_as_it_comes_whatever_was_declared(path: str) -> None:
    service = served.new_service(limits=Limits(body=1000))
    async with served.client(service) as client:
        declared = await client.post(path, content=b" " * 1001)
        chunked = await client.post(path, content=in_pieces(b" " * 100, 11))
        whole = await client.post(path, content=in_pieces(b" " * 100, 10))
    for response in (declared, chunked):
        assert response.status_code == 413
        assert "1,000 bytes" in response.json()["error"]["message"]
    assert whole.status_code in (400, 422)


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    service = served.new_service(limits=Limits(seconds=0.1))
    async with served.client(service) as client:
        response = await client.post("/v1/ask", content=in_pieces(b" ", 10, pause=0.05))
    assert response.status_code == 408
    assert response.json()["error"]["type"] == "too_slow"


async def test_files_may_be_larger_and_slower_and_nothing_else() -> None:
    service = served.new_service(limits=Limits(body=1000, seconds=0.1))
    app = FastAPI()
    app.include_router(api.router(service))
    app.add_middleware(Limiter, limits=service.limits, larger={"/v1/verify": 100_000})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        slow = await client.post("/v1/verify", content=in_pieces(b" " * 1000, 4, pause=0.05))
        large = await client.post("/v1/verify", content=in_pieces(b" " * 10_000, 11))
        other = await client.post("/v1/ask", content=b" " * 1001)
    assert (slow.status_code, large.status_code, other.status_code) == (422, 413, 413)
    assert "100,000 bytes" in large.json()["error"]["message"]
