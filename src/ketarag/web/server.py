"""The web server: page and HTTP service on FastAPI behind strict headers, and `serve`, which runs them.

Nothing loads from another host, nothing typed is logged or written unless the operator switched the audit on. Not here: what the page
shows (`ketarag.web.page`), the routes of the service (`ketarag.web.api`), who may use it (`ketarag.web.auth`).
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from ketarag import __version__
from ketarag.config import Settings
from ketarag.errors import SettingsError
from ketarag.loading import load_glossary
from ketarag.web import api, choices, export, features, feedback, upload_routes
from ketarag.web.arrival import Proxies
from ketarag.web.audit import AuditLog
from ketarag.web.auth import Authentication, principal_of, require_protection
from ketarag.web.connections import limited_protocol, most_connections
from ketarag.web.guard import Guard
from ketarag.web.limits import MCP, Limiter, Limits
from ketarag.web.metrics import Counted
from ketarag.web.page import HEAD, STYLES, build_page
from ketarag.web.quiet import quieten_gradio
from ketarag.web.running import GRACE_SECONDS, run
from ketarag.web.service import Service
from ketarag.web.tls import tls_options
from ketarag.web.uploads import Desks, SigningOut, UploadLimits

if TYPE_CHECKING:
    from ketarag.assistant import Assistant
    from ketarag.web.mcp_server import Endpoint

STATIC = Path(__file__).with_name("static")


def create_app(assistant: Assistant, settings: Settings | None = None) -> FastAPI:
    """The whole web app for one assistant: the chat at `/`, the HTTP service under `/v1`, health, metrics, the page's own files.

    `settings` say who may use it, how much, and what is recorded; the defaults when None. Raises SettingsError where the audit, the file of
    feedback or that of users cannot be used. `app.state.service.close()` finishes what runs.
    """
    settings = settings or Settings()
    quieten_gradio()
    audit = AuditLog(settings.audit_file, settings.audit_days, settings.audit_text) if settings.audit_file else None
    store = feedback.FeedbackFile(settings.feedback_file) if settings.feedback_file else None
    service = Service(assistant, Limits.of(settings), audit)
    if audit is not None:
        service.metrics.watch(audit)
    mcp = _mcp_endpoint(service)
    lifespan = mcp.lifespan if mcp else None
    app = FastAPI(title="KetaRAG", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.service = service
    if mcp is not None:
        app.router.routes.append(Route(MCP, mcp))
    more = [
        feedback.router(service, store),
        export.router(service),
        features.router(service, settings),
        choices.router(service),
    ]
    idle = UploadLimits(idle_seconds=60.0 * settings.session_minutes)
    desks = Desks(assistant, idle) if settings.uploads else None
    app.state.desks = desks
    if desks is not None:
        service.assistant_for = desks.assistant_for
        more.append(upload_routes.router(desks))
    app.include_router(api.router(service, *more))
    # The last one added is the outermost: refused requests are counted too, and what is limited is known by name.
    larger = {upload_routes.PATH: desks.limits.bytes} if desks else {}
    app.add_middleware(Limiter, limits=service.limits, client_of=lambda scope: str(principal_of(scope)), larger=larger)
    app.add_middleware(Guard, seconds=service.limits.seconds)
    app.add_middleware(Authentication, settings=settings, audit=audit)
    if desks is not None:
        app.add_middleware(SigningOut, desks=desks)
    app.add_middleware(Counted, metrics=service.metrics)
    app.mount("/ketarag", _OwnFiles(directory=STATIC), name="ketarag")
    gr.mount_gradio_app(
        app,
        build_page(service, load_glossary(settings)),
        path="/",
        theme=_theme(),
        css_paths=list(STYLES),
        head=HEAD,
        footer_links=[],
        run_history=False,  # Gradio's default keeps questions and answers in the browser's storage
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        max_file_size=1,
    )
    return app


def serve(assistant: Assistant, settings: Settings | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; prints the address when it can be opened. Port 0 takes a free one. What runs is finished first.

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
        http=limited_protocol(most_connections(), Proxies(settings.trusted_proxies, None).trusts),
        ws="none",  # the page asks by HTTP
        timeout_graceful_shutdown=GRACE_SECONDS,
        **tls,
    )
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if tls else "http"
    try:
        run(config, listener, app.state.service, f"KetaRAG is ready: {scheme}://{shown}:{listener.getsockname()[1]}")
    finally:
        app.state.service.close()
        if app.state.desks is not None:
            app.state.desks.close()


class _OwnFiles(StaticFiles):
    """The page's scripts and styles, asked for again each time: after an upgrade old ones would not fit the new page."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """What starlette makes, 304 where nothing has changed."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response


def _mcp_endpoint(service: Service) -> Endpoint | None:
    """The route for MCP clients, where the extra for it is installed."""
    try:
        from ketarag.web.mcp_server import Endpoint
    except SettingsError:
        return None
    return Endpoint(service)


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
