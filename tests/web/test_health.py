"""Alive, ready, and what is counted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import served
from fake_assistant import FakeAssistant, build_answer
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from ketarag.types import Answer
from ketarag.web import health
from ketarag.web.audit import AuditLog
from ketarag.web.limits import Limits
from ketarag.web.metrics import ROUTES


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Value by name and the values of the labels."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def counted(client: httpx.AsyncClient) -> dict[tuple[str, tuple[str, ...]], float]:
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    return samples(response.text)


class Counting(FakeAssistant):
    def __init__(self, breaks: bool = False) -> None:
        self.asked = 0
        self.breaks = breaks

    def ask(self, question: str, within: object = None) -> Answer:
        self.asked += 1
        if self.breaks:
            raise OSError("secret path")
        return super().ask(question)


async def test_alive() -> None:
    async with served.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok", "documents": 1}


async def test_ready_means_that_a_question_was_answered_lately() -> None:
    assistant = Counting()
    async with served.client(served.new_service(assistant)) as client:
        got = await asyncio.gather(*(client.get("/readyz") for _ in range(5)))
    assert [response.json() for response in got] == [{"status": "ready"}] * 5
    assert assistant.asked == 1


async def test_the_question_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PROVED_FOR", 0.0)
    assistant = Counting()
    async with served.client(served.new_service(assistant)) as client:
        for _ in range(2):
            assert (await client.get("/readyz")).status_code == 200
    assert assistant.asked == 2


async def test_not_ready_while_no_question_can_be_answered() -> None:
    assistant = Counting(breaks=True)
    async with served.client(served.new_service(assistant)) as client:
        response = await client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["error"]["type"] == "not_ready"
        assert "secret" not in response.text
        assert (await client.get("/healthz")).status_code == 200
        assistant.breaks = False
        assert (await client.get("/readyz")).status_code == 200


async def test_not_ready_while_the_line_is_full_or_the_server_stops() -> None:
    held = served.HeldAssistant()
    service = served.new_service(held, Limits(at_once=1, waiting=0))
    async with served.client(service) as client:
        asked = asyncio.create_task(client.post("/v1/ask", json={"question": "dose"}))
        while not service.workers.full:
            await asyncio.sleep(0.01)
        assert (await client.get("/readyz")).json()["error"]["type"] == "queue_full"
        held.go.set()
        assert (await asked).status_code == 200
        service.close()
        assert (await client.get("/readyz")).json()["error"]["type"] == "shutting_down"


async def test_requests_answers_and_abstentions_are_counted() -> None:
    async with served.client() as client:
        await client.post("/v1/ask", json={"question": "What dose?"})
        await client.post("/v1/ask", json={"question": "What dose?"}, headers={"accept": "text/event-stream"})
        await client.post("/v1/ask", json={"question": "Is it safe in pregnancy?"})
        await client.post("/v1/ask", json={"question": ""})
        await client.get("/v1/secret-of-a-user")
        seen = await counted(client)
    assert seen["ketarag_requests_total", ("/v1/ask", "200")] == 3
    assert seen["ketarag_requests_total", ("/v1/ask", "422")] == 1
    assert seen["ketarag_requests_total", ("other", "404")] == 1
    assert seen["ketarag_answers_total", ()] == 2
    assert seen["ketarag_abstentions_total", ()] == 1
    assert seen["ketarag_step_seconds_count", ("read",)] == 3
    assert seen["ketarag_step_seconds_sum", ("read",)] == pytest.approx(3 * 0.0015)


def test_the_time_to_the_first_claim_is_no_step() -> None:
    service = served.new_service()
    service.metrics.count_answer(build_answer("dose", timings_ms={"read": 20.0, "first_claim": 30.0}))
    seen = samples(service.metrics.exposition().decode())
    assert seen["ketarag_first_claim_seconds_sum", ()] == pytest.approx(0.03)
    assert seen["ketarag_step_seconds_sum", ("read",)] == pytest.approx(0.02)
    assert not [name for name in seen if "first_claim" in str(name[1])]


def test_lines_that_the_audit_lost_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, audit = served.new_service(), AuditLog(tmp_path / "logs" / "audit.jsonl", 90)
    assert b"audit" not in service.metrics.exposition()
    service.metrics.watch(audit)
    assert samples(service.metrics.exposition().decode())["ketarag_audit_lost_lines_total", ()] == 0
    (tmp_path / "logs" / "audit.jsonl").unlink()
    (tmp_path / "logs").rmdir()
    audit.record("user:anna", "/v1/ask", "asked")
    assert samples(service.metrics.exposition().decode())["ketarag_audit_lost_lines_total", ()] == 1


async def test_what_runs_and_what_waits_is_seen() -> None:
    held = served.HeldAssistant()
    service = served.new_service(held, Limits(at_once=1, waiting=5))
    async with served.client(service) as client:
        asked = [asyncio.create_task(client.post("/v1/ask", json={"question": "dose"})) for _ in range(3)]
        while service.workers.waiting < 2:
            await asyncio.sleep(0.01)
        seen = await counted(client)
        assert (seen["ketarag_in_flight", ()], seen["ketarag_queue_length", ()]) == (1, 2)
        held.go.set()
        await asyncio.gather(*asked)


async def test_refusals_are_counted() -> None:
    async with served.client(served.new_service(limits=Limits(rate=0.1, burst=1))) as client:
        for _ in range(3):
            await client.get("/v1/models")
        seen = await counted(client)
    assert seen["ketarag_requests_total", ("/v1/models", "429")] == 2


async def test_no_label_holds_what_a_user_sent() -> None:
    async with served.client() as client:
        for path in ("/v1/ask", "/v1/chat/completions", "/v1/retrieve", "/v1/verify", "/marker-in-a-path"):
            body: dict[str, Any] = {"question": "marker dose", "claim": "marker", "model": "marker", "messages": []}
            await client.post(path, json=body, headers={"x-request-id": "marker", "authorization": "Bearer marker"})
        text = (await client.get("/metrics")).text
    assert "marker" not in text


def test_every_route_is_counted_by_its_name() -> None:
    described = served.new_app(served.new_service()).openapi()["paths"]
    assert {*described, "/mcp"} == ROUTES


def test_two_services_count_apart_and_nothing_is_global() -> None:
    one, other = served.new_service(), served.new_service()
    one.metrics.count_request("/healthz", 200)
    assert b"healthz" not in other.metrics.exposition()
    assert not any(name.startswith("ketarag") for name in REGISTRY._names_to_collectors)
