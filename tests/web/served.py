"""The HTTP service over an assistant without models: in the process, or listening on a port of this machine."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from fake_assistant import FakeAssistant, build_answer
from fastapi import FastAPI

from ketarag.config import Settings
from ketarag.types import Answer, Final, Progress, StreamEvent, Turn
from ketarag.web import api, choices, export, features, feedback, upload_routes
from ketarag.web.feedback import FeedbackFile
from ketarag.web.limits import Limiter, Limits
from ketarag.web.metrics import Counted
from ketarag.web.service import Service
from ketarag.web.uploads import Desks


def new_app(service: Service, store: FeedbackFile | None = None) -> FastAPI:
    """The routes and the middleware as the server wires them; `store` takes feedback."""
    app = FastAPI(title="KetaRAG", openapi_url="/openapi.json")
    more = [
        feedback.router(service, store),
        export.router(service),
        features.router(service, Settings()),
        choices.router(service),
        upload_routes.router(Desks(service.assistant)),
    ]
    app.include_router(api.router(service, *more))
    app.add_middleware(Limiter, limits=service.limits)
    app.add_middleware(Counted, metrics=service.metrics)
    return app


def new_service(assistant: object | None = None, limits: Limits | None = None) -> Service:
    return Service(assistant or FakeAssistant(), limits)  # type: ignore[arg-type]


@asynccontextmanager
async def client(service: Service | None = None, store: FeedbackFile | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the app without a socket."""
    transport = httpx.ASGITransport(app=new_app(service or new_service(), store))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as made:
        yield made


@contextmanager
def listening(service: Service, store: FeedbackFile | None = None) -> Iterator[str]:
    """The address of a server that is up."""
    with running(new_app(service, store)) as address:
        try:
            yield address
        finally:
            service.close()


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """The address of a server that has an app."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds; AssertionError when it does not come to."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(0.005)


@dataclass(frozen=True)
class Event:
    """A server-sent event."""

    name: str
    data: str

    @property
    def json(self) -> dict[str, object]:
        read = json.loads(self.data)
        assert isinstance(read, dict)
        return read


def events(text: str) -> list[Event]:
    """The events of a stream, read as the standard says for the fields used here."""
    assert text.endswith("\n\n")
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        assert set(fields) <= {"event", "data"}
        found.append(Event(fields.get("event", "message"), fields["data"]))
    return found


@dataclass
class HeldAssistant(FakeAssistant):
    """Its answers stop after the first step until `go` is set; `steps` are those that were begun."""

    go: threading.Event = field(default_factory=threading.Event)
    steps: list[str] = field(default_factory=list)

    def ask(self, question: str, within: object = None) -> Answer:
        return build_answer(question)

    def conversation(self, turns: Sequence[Turn] = (), within: object = None) -> HeldConversation:  # type: ignore[override]
        return HeldConversation(self)


@dataclass
class HeldConversation:
    assistant: HeldAssistant

    def stream(self, question: str) -> Iterator[StreamEvent]:
        self.assistant.steps.append("condense")
        yield Progress("condense")
        assert self.assistant.go.wait(20)
        for step in ("retrieve", "read", "compose"):
            self.assistant.steps.append(step)
            yield Progress(step)  # type: ignore[arg-type]
        yield Final(build_answer(question))
