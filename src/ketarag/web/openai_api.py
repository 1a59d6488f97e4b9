"""OpenAI's chat protocol, so that Open WebUI and every OpenAI client can ask: `/v1/chat/completions`, `/v1/models`.

Messages are data: a system message changes nothing, and an earlier answer counts by those of its quotes that stand in
the documents. Not here: the JSON (`openai_schemas`), an answer as text (`openai_text`).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request

from ketarag.types import Document, Filter, Final
from ketarag.web import schemas
from ketarag.web.failures import Route, ServiceError
from ketarag.web.openai_schemas import (
    MODEL,
    ChatRequest,
    Choice,
    Chunk,
    ChunkChoice,
    Completion,
    Delta,
    Message,
    Model,
    Models,
    OpenAIErrorBody,
    Said,
    Usage,
)
from ketarag.web.openai_text import Telling, quotes_of, tokens
from ketarag.web.service import Asked, Service, asked
from ketarag.web.streaming import EVENT_STREAM, begun, frame, unless_gone

ROUTE = "/v1/chat/completions"

_FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": OpenAIErrorBody} for status in (400, 401, 403, 404, 408, 413, 429, 500, 503)
}


@dataclass(frozen=True, slots=True)
class _Chat:
    """One request, understood."""

    asked: Asked
    turns: list[schemas.Turn]
    within: Filter | None
    prompt_tokens: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def usage(self, content: str) -> Usage:
        said = tokens([content])
        return Usage(prompt_tokens=self.prompt_tokens, completion_tokens=said, total_tokens=self.prompt_tokens + said)

    def chunk(self, delta: Delta, **more: Any) -> Chunk:
        return Chunk(id=self.id, created=self.created, model=MODEL, choices=[ChunkChoice(delta=delta)], **more)


def router(service: Service) -> APIRouter:
    """The two routes."""
    made = APIRouter(prefix="/v1", route_class=Route, tags=["OpenAI's protocol"])
    since = int(time.time())

    @made.get(
        "/models", summary="The one model", responses={status: {"model": OpenAIErrorBody} for status in (401, 403, 429)}
    )
    async def models() -> Models:
        return Models(data=[Model(id=MODEL, created=since, owned_by="ketarag")])

    @made.post(
        "/chat/completions",
        summary="Answer the last message of a conversation",
        response_model=Completion,
        responses={**_FAILURES, 200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}},
    )
    async def completions(request: Request, body: ChatRequest) -> object:
        chat = _understood(body, request, service)
        if not body.stream:
            return await unless_gone(request.receive, _completion(service, chat))
        usage = body.stream_options is not None and bool(body.stream_options.include_usage)
        return await begun(request.receive, _frames(service, chat, usage), _failed, ROUTE)

    return made


def conversation_of(messages: Sequence[Message], documents: Mapping[str, Document]) -> tuple[str, list[schemas.Turn]]:
    """The question, which is the last message, and the turns before it. Raises ServiceError when the last one is not the user's."""
    turns: list[schemas.Turn] = []
    question: str | None = None
    for message in messages:
        if message.role == "user":
            turns += [_turn(question, [])] if question is not None else []
            question = message.text
        elif message.role == "assistant" and question is not None:
            turns.append(_turn(question, quotes_of(message.text, documents)))
            question = None
    if question is None:
        said = "The conversation has no question: let its last message be one of role 'user'."
        raise ServiceError(400, "invalid_request", said, param="messages")
    return question, turns


def _turn(question: str, quotes: list[schemas.Quote]) -> schemas.Turn:
    return schemas.Turn(question=question, answer=schemas.Answered(citations=quotes))


def _understood(body: ChatRequest, request: Request, service: Service) -> _Chat:
    if body.model != MODEL:
        raise ServiceError(404, "model_not_found", f"There is no such model; ask {MODEL!r}.", param="model")
    question, turns = conversation_of(body.messages, service.documents)
    said = tokens(message.text for message in body.messages)
    within = body.within.noun() if body.within else None
    return _Chat(asked(question, request.scope), service.checked(turns), within, said)


async def _completion(service: Service, chat: _Chat) -> Completion:
    """The whole answer at once."""
    telling, content = Telling(service.documents), ""
    async with aclosing(service.events(chat.asked, chat.turns, within=chat.within)) as events:
        async for event in events:
            content += telling.piece(event)
            if isinstance(event, Final):
                return Completion(
                    id=chat.id,
                    created=chat.created,
                    model=MODEL,
                    choices=[Choice(message=Said(content=content))],
                    usage=chat.usage(content),
                    system_fingerprint=event.answer.fingerprint,
                    ketarag=schemas.Answer.model_validate(event.answer),
                )
    raise RuntimeError("the stream ended without an answer")


async def _frames(service: Service, chat: _Chat, usage: bool) -> AsyncGenerator[str, None]:
    """The answer in chunks: one for each verified claim, one for the quotes, one for the end."""
    telling, content, begins = Telling(service.documents), "", True
    async with aclosing(service.events(chat.asked, chat.turns, within=chat.within)) as events:
        async for event in events:
            if begins:  # not before: a question that is refused has a status of its own
                yield _framed(chat.chunk(Delta(role="assistant", content="")))
                begins = False
            piece = telling.piece(event)
            content += piece
            if piece:
                yield _framed(chat.chunk(Delta(content=piece)))
            if isinstance(event, Final):
                yield _framed(_last(chat, event))
    if usage:
        yield _framed(Chunk(id=chat.id, created=chat.created, model=MODEL, choices=[], usage=chat.usage(content)))
    yield frame("[DONE]")


def _last(chat: _Chat, event: Final) -> Chunk:
    made = chat.chunk(Delta(), system_fingerprint=event.answer.fingerprint)
    made.choices[0].finish_reason = "stop"
    made.ketarag = schemas.Answer.model_validate(event.answer)
    return made


def _framed(chunk: Chunk) -> str:
    """Without the fields that are not set, `finish_reason` excepted, which clients look at; our answer whole."""
    told = chunk.model_dump(mode="json", exclude_none=True)
    if chunk.ketarag is not None:
        told["ketarag"] = chunk.ketarag.model_dump(mode="json")
    for choice in told["choices"]:
        choice.setdefault("finish_reason", None)
    return frame(json.dumps(told))


def _failed(failure: ServiceError) -> str:
    return frame(json.dumps(failure.body(ROUTE)))
