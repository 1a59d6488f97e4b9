"""The HTTP service: `/v1`, for programs. JSON only; no state is kept between two requests.

Not here: OpenAI's protocol (`ketarag.web.openai_api`), health and metrics (`ketarag.web.health`), limits
(`ketarag.web.limits`), who may ask.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ketarag.answering.condense import condense
from ketarag.answering.questions import checked_question
from ketarag.config import QUESTION_LIMIT
from ketarag.types import Final, Progress, StreamEvent
from ketarag.web import health, openai_api, schemas
from ketarag.web.failures import Route, ServiceError
from ketarag.web.service import Service, asked
from ketarag.web.streaming import EVENT_STREAM, begun, frame, unless_gone
from ketarag.web.turns import restored

if TYPE_CHECKING:
    from ketarag.assistant import Assistant

FAILURES: dict[int | str, dict[str, Any]] = {
    400: {"model": schemas.ErrorBody, "description": "The body is no JSON"},
    401: {"model": schemas.ErrorBody, "description": "No key, or one that is not known"},
    403: {"model": schemas.ErrorBody, "description": "The request may not come from there"},
    408: {"model": schemas.ErrorBody, "description": "The request did not arrive in time"},
    413: {"model": schemas.ErrorBody, "description": "The request is too large"},
    422: {
        "model": schemas.ErrorBody,
        "description": "The body is not as described, or the question cannot be searched",
    },
    429: {"model": schemas.ErrorBody, "description": "Too many requests of this client; see Retry-After"},
    500: {"model": schemas.ErrorBody, "description": "Answering failed"},
    503: {"model": schemas.ErrorBody, "description": "The line is full, or the answer took too long; see Retry-After"},
}

_STREAMED: dict[str, Any] = {
    "description": "The answer; with `Accept: text/event-stream` the events `progress`, `claim` and `answer`, or `error`",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}


def router(service: Service, *more: APIRouter) -> APIRouter:
    """Everything under `/v1`, and health and metrics; `more` are further routers of it."""
    made = APIRouter()
    parts = [_own_router(service), *more, openai_api.router(service), health.router(service)]
    for part in parts:
        made.include_router(part)
    made.include_router(_unknown_router(parts))
    return made


def _own_router(service: Service) -> APIRouter:
    made = APIRouter(prefix="/v1", route_class=Route, tags=["answers"], responses=FAILURES)

    @made.post("/ask", response_model=schemas.Answer, responses={200: _STREAMED}, summary="Ask a question")
    async def ask(request: Request, body: schemas.Ask) -> object:
        assistant = service.assistant_for(request.scope)
        what, turns = asked(body.question, request.scope), service.checked(body.history, assistant)
        if EVENT_STREAM in request.headers.get("accept", ""):
            events = service.events(what, turns, assistant, body.filter)
            return await begun(request.receive, _frames(events), _failed, "/v1/ask")
        return await unless_gone(request.receive, service.answer(what, turns, assistant, body.filter))

    @made.post("/conversations", summary="Ask the next question of a conversation")
    async def conversations(request: Request, body: schemas.Converse) -> schemas.Conversed:
        assistant = service.assistant_for(request.scope)
        what, turns = asked(body.question, request.scope), service.checked(body.turns, assistant)
        answer = await unless_gone(request.receive, service.answer(what, turns, assistant, body.filter))
        told = schemas.Answer.model_validate(answer)
        latest = schemas.Turn.model_validate({"question": told.question, "answer": told.model_dump()})
        return schemas.Conversed(answer=told, turns=service.checked([*turns, latest], assistant))

    @made.post("/retrieve", summary="Find passages")
    async def retrieve(request: Request, body: schemas.Retrieve) -> schemas.Retrieved:
        assistant = service.assistant_for(request.scope)
        turns = service.checked(body.history, assistant)
        work = service.call(lambda: _retrieved(assistant, body, turns), asked(body.question, request.scope))
        return await unless_gone(request.receive, work)

    @made.post("/verify", response_model=schemas.Verdict, summary="Check a claim against the documents")
    async def verify(request: Request, body: schemas.Verify) -> object:
        assistant = service.assistant_for(request.scope)
        work = service.call(lambda: assistant.verify(body.claim), asked(body.claim, request.scope))
        return await unless_gone(request.receive, work)

    return made


def _retrieved(assistant: Assistant, body: schemas.Retrieve, turns: list[schemas.Turn]) -> schemas.Retrieved:
    """Searches the question that stands alone; of one that grew too long its end, where the question itself stands."""
    question = checked_question(body.question)
    questions = [turn.model_copy(update={"answer": schemas.Answered()}) for turn in turns]  # all that counts here
    searched = condense(question, restored(questions, assistant)).standalone[-QUESTION_LIMIT:]
    hits = assistant.retrieve(searched, k=body.k, within=body.filter)
    return schemas.Retrieved(standalone_question=searched, hits=[schemas.Hit.model_validate(hit) for hit in hits])


async def _frames(events: AsyncGenerator[StreamEvent, None]) -> AsyncGenerator[str, None]:
    async with aclosing(events):
        async for event in events:
            yield _frame(event)


def _frame(event: StreamEvent) -> str:
    if isinstance(event, Progress):
        return frame(schemas.Progress.model_validate(event).model_dump_json(), "progress")
    if isinstance(event, Final):
        return frame(schemas.Answer.model_validate(event.answer).model_dump_json(), "answer")
    return frame(schemas.VerifiedClaim.model_validate(event).model_dump_json(), "claim")


def _failed(failure: ServiceError) -> str:
    error = schemas.Error(type=failure.kind, message=failure.message)
    return frame(schemas.ErrorBody(error=error).model_dump_json(), "error")


def _unknown_router(parts: Sequence[APIRouter]) -> APIRouter:
    """What else is asked for under `/v1`: without this the page at `/` would answer, in HTML."""
    made = APIRouter(route_class=Route, include_in_schema=False)
    known = [route for part in parts for route in part.routes if isinstance(route, Route)]

    @made.api_route("/v1/{rest:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
    async def unknown(request: Request) -> Response:
        here = [route for route in known if route.path_regex.match(request.url.path)]
        allowed = ", ".join(dict.fromkeys(method for route in here for method in sorted(route.methods or ())))
        if not here:
            raise ServiceError(404, "not_found", "There is no such route. GET /openapi.json lists those there are.")
        message = f"This route takes {allowed} only."
        raise ServiceError(405, "method_not_allowed", message, headers={"allow": allowed})

    return made
