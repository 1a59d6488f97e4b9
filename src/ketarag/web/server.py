"""The web server: the page on FastAPI behind strict headers, and `serve`, which runs it.

Nothing loads from another host, nothing typed is logged or written. Not here: what the page shows
(`ketarag.web.page`).
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

from ketarag.errors import SettingsError
from ketarag.web.page import build_page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ketarag.assistant import Assistant

STATIC = Path(__file__).with_name("static")

MAX_BODY = 2_000_000
"""Bytes of a request: a question of 100,000 characters, four bytes each and escaped, still gets its own message."""

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
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

_ASSETS = (b"text/javascript", b"application/javascript", b"text/css", b"font/", b"image/")
"""Content types that may be cached; everything else may hold what somebody asked."""


class Guard:
    """ASGI middleware: the headers of every response, the refused routes, the size of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        guarded = _Guarded(send)
        if scope["path"].startswith(REFUSED):
            await PlainTextResponse("Not found", 404)(scope, receive, guarded.send)
        elif _length(scope) > MAX_BODY:
            await PlainTextResponse("The request is too large", 413)(scope, receive, guarded.send)
        else:
            await self.app(scope, receive, guarded.send)


class _Guarded:
    """Sends one response with its headers; a page is held until it is whole, for the hashes of its scripts."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass one message on, or keep it until the page is whole."""
        if message["type"] == "http.response.start":
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


def create_app(assistant: Assistant) -> FastAPI:
    """The whole web app for one assistant: the chat at `/`, `/healthz`, and the page's own files."""
    app = FastAPI(title="KetaRAG", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard)

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok", "documents": len(assistant.documents)}

    app.mount("/ketarag", StaticFiles(directory=STATIC), name="ketarag")
    gr.mount_gradio_app(
        app,
        build_page(assistant),
        path="/",
        theme=_theme(),
        css_paths=STATIC / "page.css",
        head='<script src="/ketarag/page.js" defer></script>',
        footer_links=[],
        run_history=False,  # Gradio's default keeps questions and answers in the browser's storage
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        max_file_size=1,
    )
    return app


def serve(assistant: Assistant, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the chat until Ctrl-C; prints the address when it can be opened. Port 0 takes a free one.

    Raises SettingsError when the address cannot be listened on.
    """
    listener = _listen(host, port)
    app = create_app(assistant)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(f"KetaRAG is ready: http://{shown}:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(
            f"cannot listen on {host} port {port}: {reason}. Choose another with --host and --port, "
            "or KETARAG_HOST and KETARAG_PORT"
        ) from error


def _theme() -> gr.themes.Base:
    """System fonts, so that none is fetched, and calm colours; the details are in `static/page.css`."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="slate", font=fonts, font_mono=["ui-monospace", "monospace"])


def _with_headers(start: Message, page: bytes) -> Message:
    """`start` with our headers in place of its own of the same names."""
    hashes = "".join(
        f" 'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in _scripts(page)
    )
    ours = _HEADERS | {"content-security-policy": _POLICY.format(hashes=hashes)}
    if not _header(start, b"content-type").startswith(_ASSETS):
        ours["cache-control"] = "no-store"
    names = {name.encode() for name in ours}
    kept = [(name, value) for name, value in start["headers"] if name.lower() not in names]
    return {**start, "headers": kept + [(name.encode(), value.encode()) for name, value in ours.items()]}


def _scripts(page: bytes) -> list[bytes]:
    return _INLINE_SCRIPT.findall(page)


def _header(message: Message, name: bytes) -> bytes:
    return next((bytes(value) for key, value in message["headers"] if key.lower() == name), b"")


def _length(scope: Scope) -> int:
    value = next((value for key, value in scope["headers"] if key == b"content-length"), b"0")
    return int(value) if value.isdigit() else 0
