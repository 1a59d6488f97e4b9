"""`/v1/documents`: documents of one's own, for this session. The bytes of a file come as the body of a request, its name beside them.

What a file is, its content decides, and nothing of it is executed, shown as HTML or written to disk. Not here: what is kept for how
long (`ketarag.web.uploads`), the part of the page (`static/uploads.js`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from ketarag.errors import CorpusError
from ketarag.indexing.kinds import ENDINGS
from ketarag.pages import page_count
from ketarag.web import schemas
from ketarag.web.api import FAILURES
from ketarag.web.failures import ClientGoneError, Route, ServiceError
from ketarag.web.streaming import EVENT_STREAM, begun, frame, unless_gone
from ketarag.web.uploads import Desk, Desks, Embedding, Held, Parsing, Ready, Step, cookie_header

if TYPE_CHECKING:
    from ketarag.types import Document

PATH = "/v1/documents"

_REASONS = 50
"""Reasons for leaving something out that are told; there is one for each kind of thing."""
_EXAMPLE = 160
"""Characters of what was left out that are shown of it."""


class LeftOut(BaseModel):
    """What is not searched for one reason."""

    reason: str
    times: int
    characters: int
    example: str = Field(description="how the first of it begins")


class Uploaded(BaseModel):
    """A document of the session. `id` is that of its citations."""

    id: str
    title: str
    name: str = Field(description="of its file")
    bytes: int
    pages: int | None = Field(description="null where it has none, as a Word file")
    characters: int
    passages: int
    left_out: list[LeftOut]


class Accepted(BaseModel):
    """What can be brought along."""

    endings: list[str]
    documents: int = Field(description="at most, of one session")
    bytes: int = Field(description="at most, of one file")
    pages: int = Field(description="at most, of one PDF")
    characters: int = Field(description="at most, of all together")
    minutes: float = Field(description="after which what is not used is forgotten")


class Shelf(BaseModel):
    """The session's documents, oldest first."""

    documents: list[Uploaded]
    accepted: Accepted


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_STREAMED: dict[str, Any] = {
    "description": "The document; with `Accept: text/event-stream` the events `received`, `parsing`, `embedding` and `done`, or `error`",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    **FAILURES,
    404: {"model": schemas.ErrorBody, "description": "The session has no such document"},
    409: {"model": schemas.ErrorBody, "description": "It is there already, or there are too many"},
    415: {"model": schemas.ErrorBody, "description": "The body is not sent as application/octet-stream"},
    422: {"model": schemas.ErrorBody, "description": "The file cannot be read: the message says why"},
}

Name = Annotated[
    str, Query(min_length=1, max_length=500, description="the file's name; its ending says what it is meant to be")
]


def router(desks: Desks) -> APIRouter:
    """The routes, for `ketarag.web.api.router`."""
    made = APIRouter(prefix="/v1", route_class=Route, tags=["documents"], responses=_REFUSALS)
    sweeper = _Sweeper(desks)

    @made.post(
        "/documents",
        status_code=201,
        response_model=Uploaded,
        responses={200: _STREAMED},
        openapi_extra=_BODY,
        summary="Add a document for this session",
    )
    async def add(request: Request, name: Name) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/octet-stream":
            raise ServiceError(415, "wrong_type", "Send the file's bytes as application/octet-stream.")
        steps = _steps(desks, request, name)
        received = await anext(steps)  # the body is read here
        assert isinstance(received, Received)
        if EVENT_STREAM in request.headers.get("accept", ""):
            response: Response = await begun(request.receive, _frames(received, steps), _failed, PATH)
        else:
            held = await unless_gone(request.receive, _ready(steps))
            response = JSONResponse(uploaded(held).model_dump(), 201)
        if received.cookie:
            response.headers["set-cookie"] = received.cookie
        sweeper.begin()
        return response

    @made.get("/documents", summary="The documents of this session")
    async def listed(request: Request) -> Shelf:
        return _shelf(desks, request)

    @made.delete("/documents/{id}", summary="Forget a document")
    async def remove(request: Request, id: str) -> Shelf:
        if not await asyncio.to_thread(desks.remove, request.scope, id):
            raise ServiceError(404, "not_found", "There is no such document in this session.")
        return _shelf(desks, request)

    @made.delete("/documents", summary="Forget all documents of this session")
    async def clear(request: Request) -> Shelf:
        desks.clear(request.scope)
        return _shelf(desks, request)

    return made


def uploaded(held: Held) -> Uploaded:
    """What is told of a document; long lists are told in short."""
    document = held.document
    return Uploaded(
        id=document.id,
        title=document.title,
        name=held.name,
        bytes=held.bytes,
        pages=page_count(document),
        characters=len(document.text),
        passages=len(held.prepared.shelved.passages),
        left_out=_left_out(document),
    )


def _left_out(document: Document) -> list[LeftOut]:
    told: dict[str, LeftOut] = {}
    for one in document.left_out:
        text = document.text[one.span.start : one.span.end]
        example = " ".join(text[: 4 * _EXAMPLE].split())[:_EXAMPLE]
        same = told.setdefault(one.reason, LeftOut(reason=one.reason, times=0, characters=0, example=example))
        same.times += 1
        same.characters += len(text)
    return list(told.values())[:_REASONS]


def _shelf(desks: Desks, request: Request) -> Shelf:
    limits = desks.limits
    accepted = Accepted(
        endings=list(ENDINGS),
        documents=limits.documents,
        bytes=limits.bytes,
        pages=limits.pages,
        characters=limits.characters,
        minutes=limits.idle_seconds / 60,
    )
    return Shelf(documents=[uploaded(held) for held in desks.held(request.scope)], accepted=accepted)


@dataclass(frozen=True, slots=True)
class Received:
    """The file has arrived. `cookie` is the `Set-Cookie` of a new session, "" for none."""

    bytes: int
    cookie: str


async def _steps(desks: Desks, request: Request, name: str) -> AsyncGenerator[Received | Step, None]:
    with desks.coming(request.scope) as (desk, cookie):
        data = await _body(request, desks.limits.bytes)
        if not data:
            raise ServiceError(422, "unreadable", "The file is empty (0 bytes). Choose another one.")
        desks.enter(desk)
        yield Received(len(data), cookie_header(request.scope, cookie) if cookie else "")
        async with aclosing(desks.workers.run(lambda: _told(desks, desk, name, data), desks.limits.seconds)) as steps:
            async for step in steps:
                yield step


def _told(desks: Desks, desk: Desk, name: str, data: bytes) -> Iterator[Step]:
    """In a worker: what cannot be read is the client's matter."""
    try:
        yield from desks.add(desk, name, data)
    except CorpusError as error:
        raise ServiceError(422, "unreadable", str(error)) from error


async def _body(request: Request, most: int) -> bytes:
    """The file. Raises ServiceError as soon as it is too large; the `Limiter` has an eye on the time."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise ServiceError(413, "too_large", f"The file is larger than {most:,} bytes. Split it.")
    except ClientDisconnect:
        raise ClientGoneError from None
    return bytes(body)


async def _frames(received: Received, steps: AsyncGenerator[Received | Step, None]) -> AsyncGenerator[str, None]:
    async with aclosing(steps):
        yield frame(json.dumps({"bytes": received.bytes}), "received")
        async for step in steps:
            if isinstance(step, Parsing):
                yield frame("{}", "parsing")
            elif isinstance(step, Embedding):
                yield frame(json.dumps({"done": step.done, "all": step.all}), "embedding")
            elif isinstance(step, Ready):
                yield frame(uploaded(step.held).model_dump_json(), "done")


async def _ready(steps: AsyncGenerator[Received | Step, None]) -> Held:
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Ready):
                return step.held
    raise RuntimeError("the steps ended without a document")


def _failed(failure: ServiceError) -> str:
    error = schemas.Error(type=failure.kind, message=failure.message)
    return frame(schemas.ErrorBody(error=error).model_dump_json(), "error")


class _Sweeper:
    """Forgets what was not used for too long, also when nobody comes by: one timer while there is something to forget."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Called after every upload."""
        if self._timer is None:
            self._wait(self._desks.limits.idle_seconds)

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds + 1, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        left = self._desks.sweep()
        if left is not None:
            self._wait(left)
