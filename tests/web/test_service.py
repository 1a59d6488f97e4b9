"""What the audit gets of what is asked: who, through which route, and what became of it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import served
from fake_assistant import FakeAssistant

from ketarag.types import Final
from ketarag.web.audit import AuditLog
from ketarag.web.auth import Principal
from ketarag.web.limits import Limits
from ketarag.web.service import Asked, Service, asked


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def asked_of(service: Service) -> None:
    async with served.client(service) as client:
        await client.post("/v1/ask", json={"question": "What dose?"})
        await client.post("/v1/verify", json={"claim": "90% respond"})
        chat = {"model": "ketarag", "messages": [{"role": "user", "content": "Is it safe in pregnancy?"}]}
        await client.post("/v1/chat/completions", json=chat)
        await client.post("/v1/ask", json={"question": "fault"})
        await client.get("/readyz")


async def test_each_question_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    await asked_of(Service(FakeAssistant(), audit=AuditLog(path, 9)))  # type: ignore[arg-type]
    assert [(line["route"], line["event"], line["abstained"]) for line in lines(path)] == [
        ("/v1/ask", "answered", False),
        ("/v1/verify", "answered", None),
        ("/v1/chat/completions", "answered", True),
        ("/v1/ask", "failed", None),
    ]
    assert {(line["who"], line["fingerprint"]) for line in lines(path)} == {("unknown", "fake")}
    assert all(line["seconds"] >= 0 for line in lines(path))
    assert "dose" not in path.read_text(encoding="utf-8")


async def test_questions_and_answers_too_where_the_operator_said_so(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    await asked_of(Service(FakeAssistant(), audit=AuditLog(path, 9, text=True)))  # type: ignore[arg-type]
    assert [line["question"] for line in lines(path)] == [
        "What dose?",
        "90% respond",
        "Is it safe in pregnancy?",
        "fault",
    ]
    assert lines(path)[0]["answer"].endswith("[1]")


def test_an_answer_that_nobody_waited_for_is_a_line(tmp_path: Path) -> None:
    path, held = tmp_path / "audit.jsonl", served.HeldAssistant()
    service = Service(held, Limits(seconds=0.2), AuditLog(path, 9))  # type: ignore[arg-type]
    with served.listening(service) as address:
        assert httpx.post(f"{address}/v1/ask", json={"question": "dose"}).status_code == 503
        held.go.set()
        served.until(lambda: service.workers.running == 0)
    assert [line["event"] for line in lines(path)] == ["given up"]


@pytest.mark.parametrize(("principal", "who"), [(Principal("key", "ward"), "key:ward"), (None, "unknown")])
def test_who_asks_is_whom_the_authentication_found(principal: Principal | None, who: str) -> None:
    scope = {"path": "/v1/ask", **({"ketarag.principal": principal} if principal else {})}
    assert asked("dose", scope).who == who


async def test_a_conversation_begins_in_a_worker_and_is_counted() -> None:
    service = Service(FakeAssistant())  # type: ignore[arg-type]
    began: list[str] = []

    def begin() -> Any:
        began.append(threading.current_thread().name)
        return FakeAssistant().conversation()

    events = [event async for event in service.converse(Asked("dose", "local", "/"), begin)]
    assert isinstance(events[-1], Final)
    assert [name.startswith("ketarag-answer") for name in began] == [True]
    assert b"ketarag_answers_total 1.0" in service.metrics.exposition()


def test_everybody_has_the_shared_assistant_unless_somebody_says_otherwise() -> None:
    service = Service(FakeAssistant())  # type: ignore[arg-type]
    assert service.assistant_for({}) is service.assistant
