"""What went wrong in a call to a chat model, in our own words.

A provider's message may repeat a part of the key, the question or a passage, so none is passed on: the kind of the error and the
status of the reply say enough. The packages raise errors of their own, of two HTTP libraries; they are known by what they have.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ketarag.integrations.langchain.calls import Stopped

_CONNECTION = frozenset({"TransportError", "APIConnectionError", "ConnectionError", "OSError"})
"""Names of classes, of httpx, httpx2, openai, anthropic and Python, one of which every error of a connection derives from."""

_REASONS = {
    401: "it refuses the key",
    402: "it asks for payment",
    403: "it refuses the key, or what it may be used for",
    404: "it does not know the model, or the address is wrong: the base URL of most servers ends in /v1",
    408: "it took too long",
    413: "the request is too long for it",
    429: "it has too much to do, or the quota is used up",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """`reason` in words; whether to try `again`, or without the parameters that not every server takes (`plainer`).

    `wait`: seconds that the server asks to wait, None where it does not say.
    """

    reason: str
    again: bool = False
    plainer: bool = False
    wait: float | None = None


def failure(error: BaseException) -> Failure:
    """What an error of a provider's package means."""
    for cause in _causes(error):
        status = getattr(cause, "status_code", None)
        if isinstance(status, int) and status >= 300:
            return _of_status(status, cause)
    names = {base.__name__ for cause in _causes(error) for base in type(cause).__mro__}
    if names & {"TimeoutException", "TimeoutError"}:
        return Failure("it did not answer in time", again=True)
    if names & _CONNECTION:
        return Failure("it cannot be reached, or the connection broke", again=True)
    if isinstance(error, Stopped):
        return Failure("its reply is far too long")
    if isinstance(error, TypeError):
        return Failure("its package does not take a parameter", plainer=True)
    return Failure(f"its reply is not what a chat model sends ({type(error).__name__})")


def _of_status(status: int, error: BaseException) -> Failure:
    if status < 400:
        return Failure(f"it redirects elsewhere ({status}): set the address that it redirects to")
    if status in (400, 422):
        reason = f"it refuses the request ({status}): perhaps it is longer than the model's context"
        return Failure(reason, plainer=True)
    reason = _REASONS.get(status, "it failed" if status >= 500 else "it refuses the request")
    again = status in (408, 429) or status >= 500
    return Failure(f"{reason} ({status})", again=again, wait=_retry_after(error) if again else None)


def _retry_after(error: BaseException) -> float | None:
    """Seconds from the reply's Retry-After, which is a number or a date."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    text = headers.get("retry-after") if isinstance(headers, Mapping) else None
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
