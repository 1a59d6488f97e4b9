"""The outer skin of the web app: headers of every response, routes that are refused, the size and pace of what is sent to the page.

Nothing loads from another host, and no other site may read what is answered. Not here: the size and rate of `/v1`
(`ketarag.web.limits`), who may ask (`ketarag.web.auth`).
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from ketarag.web.limits import LIMITED, Body, declared_length
from ketarag.web.metrics import name_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

MAX_BODY = 2_000_000
"""Bytes of a request to the page: a question of 100,000 characters, four bytes each and escaped, still gets its own message."""

REFUSED = tuple(
    f"/gradio_api/{path}" for path in ("upload", "file", "proxy", "stream", "process_recording", "run", "api/")
)
"""Gradio routes that write files, read them, fetch for the client, or bypass the queue: the page needs none."""

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)

_POLICY = (
    "default-src 'none'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'self'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
"""Scripts: our own files, and the inline ones of the page as the server sent it, by their hash."""

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

_ASSETS = (b"text/javascript", b"application/javascript", b"text/css", b"font/", b"image/")
"""Content types that may be cached; everything else may hold what somebody asked."""


class Guard:
    """ASGI middleware: the headers of every response, the refused routes, the size and pace of a request."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        """`seconds` in which a request to the page must have arrived."""
        self.app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        guarded = _Guarded(send)
        if scope["path"].startswith(REFUSED):
            await PlainTextResponse("Not found", 404)(scope, receive, guarded.send)
        elif scope["path"].startswith(LIMITED):  # that has limits of its own
            await self._pass_on(scope, receive, guarded)
        elif declared_length(scope) > MAX_BODY:
            await PlainTextResponse("The request is too large", 413)(scope, receive, guarded.send)
        else:
            await self._pass_on(scope, Body(receive, MAX_BODY, self._seconds).receive, guarded)

    async def _pass_on(self, scope: Scope, receive: Receive, guarded: _Guarded) -> None:
        """What fails behind is logged by its kind: its text, which the server would log, may quote the user."""
        try:
            await self.app(scope, receive, guarded.send)
        except ClientDisconnect:
            pass
        except Exception as error:
            logger.error("%s failed with %s", name_of(scope["path"]), type(error).__name__)
            if not guarded.begun:
                await PlainTextResponse("Something went wrong. Try again.", 500)(scope, receive, guarded.send)


class _Guarded:
    """Sends one response with its headers; a page is held until it is whole, for the hashes of its scripts."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""
        self.begun = False
        """Whether the response began."""

    async def send(self, message: Message) -> None:
        """Pass one message on, or keep it until the page is whole."""
        if message["type"] == "http.response.start":
            self.begun = True
            if _header(message, b"content-type").startswith(b"text/html"):
                self._start = message
            else:
                await self._send(_with_headers(message, b""))
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send(_with_headers(self._start, self._body))
                await self._send({"type": "http.response.body", "body": self._body})


def _with_headers(start: Message, page: bytes) -> Message:
    """`start` with our headers in place of its own of the same names, and without those that let another site read it.

    Gradio sends these to whoever asks, wherever the page is not at localhost, and there to every other port of the machine.
    """
    hashes = "".join(
        f" 'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in _scripts(page)
    )
    ours = _HEADERS | {"content-security-policy": _POLICY.format(hashes=hashes)}
    unchanged = start["status"] == 304  # an asset, without its type
    if not unchanged and not _header(start, b"content-type").startswith(_ASSETS):
        ours["cache-control"] = "no-store"
    names = {name.encode() for name in ours}
    kept = [(name, value) for name, value in start["headers"] if not _is_replaced(name.lower(), names)]
    return {**start, "headers": kept + [(name.encode(), value.encode()) for name, value in ours.items()]}


def _is_replaced(name: bytes, ours: set[bytes]) -> bool:
    return name in ours or name.startswith(b"access-control-")


def _scripts(page: bytes) -> list[bytes]:
    return _INLINE_SCRIPT.findall(page)


def _header(message: Message, name: bytes) -> bytes:
    return next((bytes(value) for key, value in message["headers"] if key.lower() == name), b"")
