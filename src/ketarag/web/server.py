"""The web server: page and HTTP service on FastAPI behind strict headers, and `serve`, which runs them.

Nothing loads from another host, nothing typed is logged or written unless the operator switched the audit on. Not here: what the page
shows (`ketarag.web.page`), the routes of the service (`ketarag.web.api`), who may use it (`ketarag.web.auth`).
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

from ketarag import __version__
from ketarag.config import Settings
from ketarag.errors import SettingsError
from ketarag.loading import load_glossary
from ketarag.web import api
from ketarag.web.audit import AuditLog
from ketarag.web.auth import Authentication, principal_of, require_protection
from ketarag.web.limits import Limiter, Limits
from ketarag.web.metrics import Counted
from ketarag.web.page import build_page
from ketarag.web.service import Service
from ketarag.web.tls import tls_options

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ketarag.assistant import Assistant

STATIC = Path(__file__).with_name("static")

MAX_BODY = 2_000_000
"""Bytes of a request to the page: a question of 100,000 characters, four bytes each and escaped, still gets its own message."""

REFUSED = tuple(
    f"/gradio_api/{path}" for path in ("upload", "file", "proxy", "stream", "process_recording", "run", "api/")
)
"""Gradio routes that write files, read them, fetch for the client, or bypass the queue: the page needs none."""

_GRACE_SECONDS = 5
"""How long open connections are waited for when the service is told to end: a page keeps one open for as long as it is shown."""

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
        elif _length(scope) > MAX_BODY and not scope["path"].startswith("/v1/"):  # those have a limit of their own
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


def create_app(assistant: Assistant, settings: Settings | None = None) -> FastAPI:
    """The whole web app for one assistant: the chat at `/`, the HTTP service under `/v1`, health, metrics, the page's own files.

    `settings` say who may use it and whether there is an audit; the defaults when None. Raises SettingsError where the audit or the file of
    users cannot be used. `app.state.service.close()` finishes what runs.
    """
    settings = settings or Settings()
    audit = AuditLog(settings.audit_file, settings.audit_days, settings.audit_text) if settings.audit_file else None
    service = Service(assistant, Limits(), audit)
    app = FastAPI(title="KetaRAG", version=__version__, docs_url=None, redoc_url=None)
    app.state.service = service
    app.include_router(api.router(service))
    # The last one added is the outermost: refused requests are counted too, and what is limited is known by name.
    app.add_middleware(Limiter, limits=service.limits, client_of=lambda scope: str(principal_of(scope)))
    app.add_middleware(Guard)
    app.add_middleware(Authentication, settings=settings, audit=audit)
    app.add_middleware(Counted, metrics=service.metrics)
    app.mount("/ketarag", StaticFiles(directory=STATIC), name="ketarag")
    gr.mount_gradio_app(
        app,
        build_page(assistant, load_glossary(settings)),
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


def serve(assistant: Assistant, settings: Settings | None = None) -> None:
    """Serve until Ctrl-C; prints the address when it can be opened. Port 0 takes a free one. What runs is finished first.

    Raises SettingsError when the address cannot be listened on, or is open to others and nothing says who may use the service.
    """
    settings = settings or Settings()
    require_protection(settings.host, settings)
    tls = tls_options(settings)
    listener = _listen(settings.host, settings.port)
    app = create_app(assistant, settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # who asks is for `auth`, which knows whom to believe
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **tls,
    )
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if tls else "http"
    sys.stdout.write(f"KetaRAG is ready: {scheme}://{shown}:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    try:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        app.state.service.close()


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
