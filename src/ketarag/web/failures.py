"""What can go wrong in a request -> one JSON error, never silence and never a text that was not meant to be shown.

`{"error": {"type", "message"}}`; the routes that speak OpenAI's protocol have the same with OpenAI's further fields.
Not here: what is limited (`ketarag.web.limits`), which routes there are (`ketarag.web.api`).
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ketarag.errors import KetaRAGError, QuestionError, StoreError

logger = logging.getLogger(__name__)

OPENAI_ROUTES = ("/v1/chat/", "/v1/models")
"""What the paths of OpenAI's protocol begin with."""

GONE = 499
"""Status in the counts for a client that went away before its answer (nginx's number); nobody receives it."""

STORE_DOWN = "Questions cannot be answered at present: a part of the service is down. Claims can be checked, and the documents read."
"""Said for a StoreError, whose own text names a machine and goes to the log."""
STORE_RETRY_AFTER = 5.0

_ERRORS_TOLD = 3
"""Mistakes of one request body that are named; further ones show when these are mended."""

_TYPES: Mapping[int, str] = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    500: "internal_error",
}


class ServiceError(Exception):
    """A request that is refused or failed. `message` is shown to the client, so it holds nothing private.

    `retry_after` is in seconds. `param` names the field of the body at fault, where there is one.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        retry_after: float | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.param = param
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["retry-after"] = str(max(1, math.ceil(retry_after)))

    def body(self, path: str) -> dict[str, Any]:
        """The error as JSON for a client of this path."""
        if not path.startswith(OPENAI_ROUTES):
            return {"error": {"type": self.kind, "message": self.message}}
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        kind = "rate_limit_error" if self.status == 429 else kind
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.kind}}

    def response(self, path: str) -> Response:
        """The error as a whole response; OpenAI's clients know a wrong body by 400."""
        status = 400 if self.status == 422 and path.startswith(OPENAI_ROUTES) else self.status
        return Response(json.dumps(self.body(path)), status, self.headers, "application/json")


class ClientGoneError(Exception):
    """The client closed its connection before the answer was ready."""


def failure_of(error: Exception, route: str) -> ServiceError:
    """The failure to show for an exception. One that we did not foresee is logged by its type: its text may quote the user."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, ClientGoneError):
        return ServiceError(GONE, "client_gone", "The client closed the connection.")
    if isinstance(error, QuestionError):
        return ServiceError(422, "invalid_request", str(error), param="question")
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        kind = _TYPES.get(error.status_code, "invalid_request" if error.status_code < 500 else "internal_error")
        return ServiceError(error.status_code, kind, str(error.detail), headers=error.headers)
    if isinstance(error, StoreError):
        logger.error("%s: %s", route, error)
        return ServiceError(503, "store_unavailable", STORE_DOWN, retry_after=STORE_RETRY_AFTER)
    if isinstance(error, KetaRAGError):
        return ServiceError(500, "cannot_answer", str(error))
    logger.error("%s failed with %s", route, type(error).__name__)
    return ServiceError(500, "internal_error", "Something went wrong while answering. Try again or ask differently.")


class Route(APIRoute):
    """A route whose every exception becomes a JSON error."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that FastAPI makes, with what it raises answered."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                return failure_of(error, self.path).response(request.url.path)

        return answered


def _invalid(error: RequestValidationError) -> ServiceError:
    """Where the body is wrong, without quoting it."""
    told = error.errors()[:_ERRORS_TOLD]
    places = [".".join(str(part) for part in one["loc"][1:]) for one in told]
    message = "; ".join(
        f"{place}: {one['msg']}" if place else one["msg"] for place, one in zip(places, told, strict=True)
    )
    return ServiceError(422, "invalid_request", message, param=places[0].split(".")[0] or None)
