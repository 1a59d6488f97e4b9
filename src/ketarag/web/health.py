"""For who runs the service: `/healthz` (the process lives), `/readyz` (a question can be answered), `/metrics`."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import Response

from ketarag.web.failures import Route, ServiceError
from ketarag.web.schemas import ErrorBody
from ketarag.web.service import Service
from ketarag.web.streaming import unless_gone
from ketarag.web.workers import RETRY_AFTER

PROVED_FOR = 60.0
"""Seconds for which an answer proves that questions can be answered; then one is asked again."""

_PROBE = 200
"""Characters of the first document's title, which are the question."""


class Health(BaseModel):
    """The process lives."""

    status: str
    documents: int


class Ready(BaseModel):
    """A question can be answered."""

    status: str


class Readiness:
    """Whether a question can be answered: by asking one, not more often than every `PROVED_FOR` seconds."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def check(self) -> None:
        """Raises ServiceError when no question can be answered now."""
        if not self._service.workers.open:
            raise ServiceError(503, "shutting_down", "The server is stopping.", retry_after=RETRY_AFTER)
        if self._service.workers.full:
            raise ServiceError(503, "queue_full", "No further question can wait at present.", retry_after=RETRY_AFTER)
        async with self._asking:
            if time.monotonic() >= self._until or self._service.store_failed >= self._until - PROVED_FOR:
                self._until = 0.0
                await self._ask()
                self._until = time.monotonic() + PROVED_FOR

    async def _ask(self) -> None:
        title = next(iter(self._service.documents.values())).title[:_PROBE]
        try:
            await self._service.call(lambda: self._service.assistant.ask(title))
        except ServiceError:
            raise
        except Exception as error:
            message = f"A question could not be answered ({type(error).__name__}): look at the server's log."
            raise ServiceError(503, "not_ready", message, retry_after=RETRY_AFTER) from error


def router(service: Service) -> APIRouter:
    """The three routes, which are not limited in rate."""
    made = APIRouter(route_class=Route, tags=["operation"])
    readiness = Readiness(service)

    @made.get("/healthz", summary="The process lives")
    async def healthz() -> Health:
        return Health(status="ok", documents=len(service.documents))

    @made.get("/readyz", summary="A question can be answered", responses={503: {"model": ErrorBody}})
    async def readyz(request: Request) -> Ready:
        await unless_gone(request.receive, readiness.check())
        return Ready(status="ready")

    @made.get(
        "/metrics",
        summary="Counts in Prometheus' text format",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        return Response(service.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return made
