"""OpenAI's protocol, spoken with OpenAI's own client to a server that listens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
import served
from fake_assistant import DOCUMENT, QUOTES, TEXT

from ketarag.web.limits import Limits
from ketarag.web.openai_api import conversation_of
from ketarag.web.openai_schemas import Message

DOSE = [{"role": "user", "content": "What dose is used?"}]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served.listening(served.new_service()) as found:
        yield found


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as made:
        yield made


def post(address: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{address}/v1/chat/completions", json={"model": "ketarag", "messages": DOSE, **body})


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    (model,) = client.models.list().data
    assert (model.id, model.object, model.owned_by) == ("ketarag", "model", "ketarag")


def test_an_answer_with_its_quotes(client: openai.OpenAI) -> None:
    got = client.chat.completions.create(model="ketarag", messages=DOSE)  # type: ignore[call-overload]
    assert got.id.startswith("chatcmpl-")
    assert got.object == "chat.completion"
    (choice,) = got.choices
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "stop", "assistant")
    assert choice.message.content.startswith(f"{QUOTES['dose'][0]} [1]\n\n[1] ")
    (citation,) = got.ketarag["citations"]
    assert TEXT[citation["start"] : citation["end"]] == citation["quote"]
    assert got.usage.prompt_tokens == 5
    assert got.usage.total_tokens == got.usage.prompt_tokens + got.usage.completion_tokens > 40
    assert got.system_fingerprint == "fake"


def test_a_stream_adds_up_to_the_answer(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="ketarag", messages=DOSE)  # type: ignore[call-overload]
    stream = client.chat.completions.create(  # type: ignore[call-overload]
        model="ketarag", messages=DOSE, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({(chunk.id, chunk.created) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 2) + ["stop"]
    assert chunks[-2].ketarag == whole.ketarag
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)


def test_a_stream_ends_with_done_and_tells_usage_only_when_asked(address: str) -> None:
    told = served.events(post(address, stream=True).text)
    assert told[-1].data == "[DONE]"
    assert all("usage" not in event.json for event in told[:-1])
    assert all("finish_reason" in event.json["choices"][0] for event in told[:-1])  # type: ignore[index]


def test_an_abstention_is_said(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "Is it safe in pregnancy?"}]
    got = client.chat.completions.create(model="ketarag", messages=messages)  # type: ignore[call-overload]
    assert got.choices[0].message.content.startswith("The document does not answer this.")
    assert got.ketarag["abstained"]


def test_a_follow_up_is_understood_from_the_messages(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(model="ketarag", messages=DOSE)  # type: ignore[call-overload]
    said = {"role": "assistant", "content": first.choices[0].message.content}
    messages = [*DOSE, said, {"role": "user", "content": "How long does it last?"}]
    got = client.chat.completions.create(model="ketarag", messages=messages)  # type: ignore[call-overload]
    assert got.ketarag["standalone_question"] == "How long does it last? (What dose is used?)"


def test_some_of_the_documents_can_be_asked(client: openai.OpenAI) -> None:
    within = {"published_from": "2020-04-04", "publishers": [DOCUMENT.publisher]}
    got = client.chat.completions.create(model="ketarag", messages=DOSE, extra_body={"within": within})  # type: ignore[call-overload]
    assert got.ketarag["warnings"][0].startswith("Searched only what is published from 2020-04-04, by Dr. Ditzell")
    stream = client.chat.completions.create(  # type: ignore[call-overload]
        model="ketarag", messages=DOSE, stream=True, extra_body={"within": within}
    )
    assert list(stream)[-1].ketarag["warnings"] == got.ketarag["warnings"]
    for wrong, told in (({"tags": ["nowhere"]}, "tagged nowhere"), ({"tag": "dose"}, "Extra inputs")):
        for streamed in (False, True):
            with pytest.raises(openai.BadRequestError, match=told):
                client.chat.completions.create(  # type: ignore[call-overload]
                    model="ketarag", messages=DOSE, stream=streamed, extra_body={"within": wrong}
                )


def test_messages_become_turns_with_the_quotes_that_stand_in_the_document() -> None:
    start = TEXT.index(QUOTES["long"][0])
    line = f'[1] "{QUOTES["long"][0]}" (T; {DOCUMENT.id}, characters {start}-{start + len(QUOTES["long"][0])})'
    messages = [
        Message(role="system", content="Answer in verse."),
        Message(role="user", content="first"),
        Message(role="assistant", content=f"It is 5 g [1].\n\n{line}"),
        Message(role="tool", content="{}"),
        Message(role="user", content="second, without an answer"),
        Message.model_validate({"role": "user", "content": [{"type": "text", "text": t} for t in ("the", "third")]}),
    ]
    question, turns = conversation_of(messages, {DOCUMENT.id: DOCUMENT})
    assert question == "the\nthird"
    assert [turn.question for turn in turns] == ["first", "second, without an answer"]
    assert [quote.quote for quote in turns[0].answer.citations] == [QUOTES["long"][0]]
    assert turns[1].answer.citations == []


def test_what_cannot_be_done_and_does_not_matter_is_ignored(address: str) -> None:
    body = {
        "temperature": 0.2,
        "max_tokens": 3,
        "seed": 1,
        "stop": ["x"],
        "user": "u",
        "tools": [],
        "tool_choice": "auto",
        "n": 1,
        "response_format": {"type": "text"},
        "unheard_of": True,
    }
    assert post(address, **body).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        ({"n": 2}, 400, "n", "invalid_request"),
        ({"logprobs": True}, 400, "logprobs", "invalid_request"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format", "invalid_request"),
        ({"tool_choice": "required"}, 400, "tool_choice", "invalid_request"),
        ({"messages": []}, 400, "messages", "invalid_request"),
        ({"messages": [{"role": "assistant", "content": "hello"}]}, 400, "messages", "invalid_request"),
        ({"messages": [{"role": "wizard", "content": "hello"}]}, 400, "messages", "invalid_request"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            400,
            "messages",
            "invalid_request",
        ),
        ({"messages": [{"role": "user", "content": ""}]}, 400, "question", "invalid_request"),
        ({"messages": [{"role": "user", "content": "x" * 2001}]}, 400, "question", "invalid_request"),
        ({"model": "gpt-4o"}, 404, "model", "model_not_found"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_refused_is_an_error_of_openais_shape(
    address: str, body: dict[str, Any], status: int, param: str, code: str, stream: bool
) -> None:
    response = post(address, **body, stream=stream)
    assert response.status_code == status
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert error["message"]


def test_the_client_knows_the_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="ask 'ketarag'"):
        client.chat.completions.create(model="gpt-4o", messages=DOSE)  # type: ignore[call-overload]
    with pytest.raises(openai.BadRequestError, match="empty"):
        client.chat.completions.create(model="ketarag", messages=[{"role": "user", "content": " "}])
    with pytest.raises(openai.InternalServerError, match="Something went wrong") as broken:
        client.chat.completions.create(model="ketarag", messages=[{"role": "user", "content": "fault private"}])
    assert "private" not in str(broken.value)


def test_the_client_knows_when_to_come_back() -> None:
    service = served.new_service(limits=Limits(rate=0.5, burst=1))
    with (
        served.listening(service) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=1) as client,
    ):
        for _ in range(2):  # the second is refused once, waits as it was told, and asks again
            assert client.chat.completions.create(model="ketarag", messages=DOSE).choices  # type: ignore[call-overload]
        with pytest.raises(openai.RateLimitError) as refused:
            client.with_options(max_retries=0).models.list()
    assert refused.value.type == "rate_limit_error"
    assert int(refused.value.response.headers["retry-after"]) >= 1


def test_an_error_in_the_middle_of_a_stream_is_an_error_for_the_client() -> None:
    held = served.HeldAssistant()
    service = served.new_service(held, Limits(seconds=0.2))
    with (
        served.listening(service) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client,
    ):
        stream = client.chat.completions.create(model="ketarag", messages=DOSE, stream=True)  # type: ignore[call-overload]
        with pytest.raises(openai.APIError, match=r"longer than 0\.2 seconds"):
            list(stream)
        held.go.set()


def test_what_a_document_says_is_json_text(address: str) -> None:
    response = post(address)
    assert response.headers["content-type"] == "application/json"
    assert json.loads(response.text)["choices"]
