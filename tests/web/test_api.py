"""`/v1`: answers, events, passages, verdicts, conversations, and errors that are always JSON."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import fields
from typing import Any

import httpx
import pytest
import served
from fake_assistant import DOCUMENT, QUOTES, TEXT, FakeAssistant

from ketarag import types
from ketarag.errors import IndexingError
from ketarag.types import Answer, Hit
from ketarag.web import schemas
from ketarag.web.limits import Limits

STREAM = {"accept": "text/event-stream"}


async def post(path: str, body: object, **more: Any) -> httpx.Response:
    async with served.client() as client:
        return await client.post(path, json=body, **more)


def error_of(response: httpx.Response) -> dict[str, str]:
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"type", "message"}
    assert response.headers["content-type"] == "application/json"
    return dict(body["error"])


async def test_an_answer_has_everything_that_the_library_gives() -> None:
    response = await post("/v1/ask", {"question": "What dose is used?"})
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {field.name for field in fields(Answer)}
    (citation,) = body["citations"]
    assert TEXT[citation["start"] : citation["end"]] == citation["quote"] == QUOTES["dose"][0]
    assert body["claims"][0]["verdict"]["evidence"] == [citation]


@pytest.mark.parametrize("name", ["Answer", "Citation", "Claim", "Verdict", "Progress", "VerifiedClaim", "Hit"])
def test_no_field_of_a_noun_is_lost_on_the_wire(name: str) -> None:
    noun, schema = getattr(types, name), getattr(schemas, name)
    assert {field.name for field in fields(noun)} == set(schema.model_fields)


async def test_an_abstention_is_an_answer_too() -> None:
    body = (await post("/v1/ask", {"question": "Is it safe in pregnancy?"})).json()
    assert body["abstained"]
    assert body["citations"] == body["claims"] == []
    assert body["nearest"]


async def test_events_are_progress_then_claims_then_the_answer() -> None:
    response = await post("/v1/ask", {"question": "How is it eliminated?"}, headers=STREAM)
    assert response.headers["content-type"].startswith("text/event-stream")
    told = served.events(response.text)
    assert [event.name for event in told] == ["progress"] * 4 + ["claim"] * 2 + ["answer"]
    assert [event.json["step"] for event in told[:4]] == ["condense", "retrieve", "read", "compose"]
    answer = told[-1].json
    assert [event.json["claim"] for event in told[4:6]] == answer["claims"]
    assert [one for event in told[4:6] for one in event.json["citations"]] == answer["citations"]  # type: ignore[attr-defined]
    assert answer == (await post("/v1/ask", {"question": "How is it eliminated?"})).json()


async def test_a_question_that_cannot_be_asked_has_its_status_also_when_streamed() -> None:
    response = await post("/v1/ask", {"question": " "}, headers=STREAM)
    assert response.status_code == 422
    assert "empty" in error_of(response)["message"]


class BreaksLate(served.HeldAssistant):
    def conversation(self, turns: object = (), within: object = None) -> Any:
        return self

    def stream(self, question: str) -> Any:
        yield types.Progress("condense")
        raise RuntimeError(f"secret {question}")


async def test_what_breaks_after_the_first_event_is_the_last_event() -> None:
    async with served.client(served.new_service(BreaksLate())) as client:
        response = await client.post("/v1/ask", json={"question": "private words"}, headers=STREAM)
    told = served.events(response.text)
    assert [event.name for event in told] == ["progress", "error"]
    assert told[-1].json["error"]["type"] == "internal_error"  # type: ignore[index]
    assert "private" not in response.text


async def test_passages() -> None:
    body = (await post("/v1/retrieve", {"question": "how long", "k": 1})).json()
    (hit,) = body["hits"]
    passage = hit["passage"]
    assert TEXT[passage["start"] : passage["end"]] == passage["text"]
    assert body["standalone_question"] == "how long"


async def test_a_search_continues_the_conversation() -> None:
    history = [{"question": "What dose is used for depression?", "answer": {"citations": []}}]
    body = (await post("/v1/retrieve", {"question": "And how long does it last?", "history": history})).json()
    assert body["standalone_question"] == "What dose is used for depression? And how long does it last?"


@pytest.mark.parametrize("k", [0, -1, 51, "many"])
async def test_how_many_passages_is_limited(k: object) -> None:
    response = await post("/v1/retrieve", {"question": "dose", "k": k})
    assert response.status_code == 422
    assert error_of(response)["message"].startswith("k: ")


async def test_a_verdict() -> None:
    body = (await post("/v1/verify", {"claim": "Up to 90% respond."})).json()
    assert not body["supported"]
    assert body["problems"] == ["number 90% is not in the cited passage"]
    assert body["evidence"][0]["quote"] == QUOTES["dose"][0]


async def test_a_conversation_goes_on_with_the_turns_that_came_back() -> None:
    first = (await post("/v1/conversations", {"question": "What dose is used?"})).json()
    assert [turn["question"] for turn in first["turns"]] == ["What dose is used?"]
    assert first["turns"][0]["answer"]["citations"][0]["quote"] == QUOTES["dose"][0]
    second = (await post("/v1/conversations", {"question": "How long does it last?", "turns": first["turns"]})).json()
    assert second["answer"]["standalone_question"] == "How long does it last? (What dose is used?)"
    assert [turn["question"] for turn in second["turns"]] == ["What dose is used?", "How long does it last?"]


async def test_the_answer_object_itself_can_be_sent_back_and_ask_takes_the_same() -> None:
    answer = (await post("/v1/ask", {"question": "What dose is used?"})).json()
    history = [{"question": "What dose is used?", "answer": answer}]
    asked = (await post("/v1/ask", {"question": "How long does it last?", "history": history})).json()
    conversed = (await post("/v1/conversations", {"question": "How long does it last?", "turns": history})).json()
    assert asked == conversed["answer"]
    assert asked["standalone_question"].endswith("(What dose is used?)")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b'{"question": "\xff"}', 400),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"question": 5}', 422),
        (b'{"question": "\\ud800"}', 422),
        (b'{"question": "dose", "history": [{"question": 1}]}', 422),
        (b'{"question": "dose", "history": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400),
        (b'{"question": "dose", "k": 1' + b"0" * 5000 + b"}", 400),
    ],
)
async def test_a_body_that_is_not_as_described_is_a_json_error(content: bytes, status: int) -> None:
    async with served.client() as client:
        response = await client.post("/v1/retrieve", content=content, headers={"content-type": "application/json"})
    assert response.status_code == status
    assert error_of(response)["type"] == "invalid_request"


async def test_a_form_of_another_site_is_no_request() -> None:
    async with served.client() as client:
        response = await client.post("/v1/ask", content=b'{"question": "dose"}', headers={"content-type": "text/plain"})
    assert response.status_code == 422


async def test_a_mistake_names_its_place_and_quotes_nothing() -> None:
    body = {"question": "dose", "history": [{"question": "x", "answer": {"citations": [{"document_id": "SECRET"}]}}]}
    message = error_of(await post("/v1/ask", body))["message"]
    assert "history.0.answer.citations.0.start: Field required" in message
    assert "SECRET" not in message


async def test_a_fault_of_ours_says_nothing_and_logs_nothing_of_the_question(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        response = await post("/v1/ask", {"question": "fault private words"})
    assert response.status_code == 500
    assert error_of(response)["type"] == "internal_error"
    assert "private words" not in response.text + caplog.text
    assert "/v1/ask failed with RuntimeError" in caplog.text


class Unreadable(FakeAssistant):
    def retrieve(self, question: str, k: int = 5, within: object = None) -> list[Hit]:
        raise IndexingError("the index at x is damaged: run ketarag ingest")


async def test_an_error_of_the_library_is_shown() -> None:
    async with served.client(served.new_service(Unreadable())) as client:
        response = await client.post("/v1/retrieve", json={"question": "dose"})
    assert response.status_code == 500
    assert error_of(response)["message"] == "the index at x is damaged: run ketarag ingest"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/", "/v1/ask/", "/v1/<script>", "/v1/conversations/7"])
async def test_an_unknown_route_is_a_json_error(path: str) -> None:
    async with served.client() as client:
        response = await client.get(path)
    assert response.status_code == 404
    assert "script" not in response.text
    assert error_of(response)["type"] == "not_found"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_a_wrong_method_says_which_one_is_right(method: str) -> None:
    async with served.client() as client:
        response = await client.request(method, "/v1/ask")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert error_of(response)["type"] == "method_not_allowed"


async def test_a_wrong_method_is_told_apart_where_the_path_names_a_thing() -> None:
    async with served.client() as client:
        wrong, other = await client.put("/v1/documents/ketamine.txt"), await client.put("/v1/documents/a/b/c")
    assert (wrong.status_code, wrong.headers["allow"], other.status_code) == (405, "DELETE", 404)


async def test_what_looks_like_html_comes_back_as_json_text() -> None:
    response = await post("/v1/ask", {"question": "<script>alert(1)</script> dose"})
    assert response.headers["content-type"] == "application/json"
    assert response.json()["question"] == "<script>alert(1)</script> dose"


async def test_fifty_clients_at_once_each_get_their_own_answer() -> None:
    kinds = {"dose": 1, "long": 1, "eliminat": 2, "routes": 2, "nothing": 0}
    asked = [f"{kind} of client {number}" for number in range(10) for kind in kinds]
    async with served.client() as client:
        got = await asyncio.gather(*(client.post("/v1/ask", json={"question": one}) for one in asked))
    assert [response.status_code for response in got] == [200] * 50
    assert [response.json()["question"] for response in got] == asked
    assert [len(response.json()["citations"]) for response in got] == [kinds[one.split()[0]] for one in asked]


async def test_a_full_line_is_said_and_what_was_in_it_is_answered() -> None:
    held = served.HeldAssistant()
    service = served.new_service(held, Limits(at_once=1, waiting=1))
    async with served.client(service) as client:
        taken = [asyncio.create_task(client.post("/v1/ask", json={"question": "dose"})) for _ in range(2)]
        while service.workers.running + service.workers.waiting < 2:
            await asyncio.sleep(0.01)
        for headers in ({}, STREAM):
            response = await client.post("/v1/ask", json={"question": "dose"}, headers=headers)
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            assert error_of(response)["type"] == "queue_full"
        held.go.set()
        assert [(await one).status_code for one in taken] == [200, 200]


@pytest.mark.parametrize("headers", [{}, STREAM])
async def test_an_answer_that_takes_too_long_is_given_up_and_does_not_go_on(headers: dict[str, str]) -> None:
    held = served.HeldAssistant()
    service = served.new_service(held, Limits(at_once=1, seconds=0.2))
    async with served.client(service) as client:
        response = await client.post("/v1/ask", json={"question": "dose"}, headers=headers)
        if headers:
            assert served.events(response.text)[-1].json["error"]["type"] == "timeout"  # type: ignore[index]
        else:
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            assert error_of(response)["type"] == "timeout"
        assert service.workers.running == 1  # seen until it has stopped
        held.go.set()
        while service.workers.running:
            await asyncio.sleep(0.01)
    assert held.steps == ["condense", "retrieve"]


def test_the_description_names_every_route_and_its_errors() -> None:
    described = served.new_app(served.new_service()).openapi()
    assert {"/v1/ask", "/v1/retrieve", "/v1/verify", "/v1/conversations", "/v1/models"} <= set(described["paths"])
    assert "/v1/{rest}" not in described["paths"]
    ask = described["paths"]["/v1/ask"]["post"]["responses"]
    assert {"200", "422", "429", "503"} <= set(ask)
    assert set(ask["200"]["content"]) == {"application/json", "text/event-stream"}
    assert "HTTPValidationError" not in json.dumps(described["paths"]["/v1/ask"])


def test_the_document_is_the_one_of_the_fake() -> None:
    assert served.new_service().documents == {DOCUMENT.id: DOCUMENT}


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/conversations", "/v1/retrieve"])
async def test_a_filter_chooses_the_documents(path: str) -> None:
    question = {"question": "What dose is used?"}
    for within in (None, {}, {"published_from": "2020-04-04"}, {"publishers": [DOCUMENT.publisher.upper()]}):
        assert (await post(path, question | {"within": within})).status_code == 200
    response = await post(path, question | {"within": {"published_from": "2021-01-01", "tags": ["dose"]}})
    assert response.status_code == 422
    assert "none of the 1 documents is published from 2021-01-01, tagged dose" in error_of(response)["message"]


async def test_a_filter_is_judged_before_the_first_event() -> None:
    body = {"question": "What dose is used?", "within": {"tags": ["nowhere"]}}
    assert (await post("/v1/ask", body, headers=STREAM)).status_code == 422


@pytest.mark.parametrize(
    "within",
    [3, {"published_from": "April"}, {"publishers": "WHO"}, {"tags": [""]}, {"tags": ["x"] * 51}, {"publisher": "WHO"}],
)
async def test_a_filter_that_is_none_is_refused(within: object) -> None:
    assert (await post("/v1/ask", {"question": "dose", "within": within})).status_code == 422
