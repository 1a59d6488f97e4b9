"""The MCP server (Model Context Protocol), over stdin and stdout or as one route of the web server.

    ketarag mcp                     for Claude Desktop and others that start it themselves
    POST /mcp                       of `ketarag serve`: streamable HTTP, without state between two requests

The only module that imports `mcp`, which is an extra: `pip install 'ketarag[mcp]'`. Whatever the transport, questions
are answered by `ketarag.web.service`. Not here: what the tools say (`ketarag.web.mcp_tools`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from ketarag import __version__
from ketarag.dates import human_date
from ketarag.errors import SettingsError
from ketarag.types import Document
from ketarag.web import mcp_tools
from ketarag.web.audit import AuditLog
from ketarag.web.failures import ServiceError, failure_of
from ketarag.web.limits import Limits
from ketarag.web.service import Asked, Service, asked

try:
    import mcp_types as protocol
    from mcp import MCPError
    from mcp.server import Server
    from mcp.server.stdio import stdio_server
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
except ImportError as error:
    raise SettingsError(f"the MCP server needs the package mcp 2 ({error}); pip install 'ketarag[mcp]'") from error

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ketarag.assistant import Assistant
    from ketarag.config import Settings

_DOCUMENT = "ketarag://document/"
"""What the address of a document as a resource begins with; its id follows, percent-encoded."""

_LISTED_AT_ONCE = 200
"""Documents in one answer to `resources/list`; further ones are asked for with a cursor."""


def new_server(service: Service) -> Server[Any]:
    """The server with its tools, and the documents as resources. Start it with `serve_stdio` or an `Endpoint`."""

    async def list_tools(_context: _Context, _params: Any) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=_listed_tools())

    async def call_tool(context: _Context, params: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        return await _called(service, context, params)

    async def list_resources(
        _context: _Context, params: protocol.PaginatedRequestParams | None
    ) -> protocol.ListResourcesResult:
        start = _page_start(params.cursor if params else None)
        documents = list(service.documents.values())
        end = start + _LISTED_AT_ONCE
        resources = [_resource(document) for document in documents[start:end]]
        return protocol.ListResourcesResult(resources=resources, next_cursor=str(end) if end < len(documents) else None)

    async def read_resource(
        _context: _Context, params: protocol.ReadResourceRequestParams
    ) -> protocol.ReadResourceResult:
        document = service.documents.get(unquote(params.uri.removeprefix(_DOCUMENT)))
        if document is None or not params.uri.startswith(_DOCUMENT):
            raise MCPError(protocol.INVALID_PARAMS, "There is no such document; resources/list names those there are.")
        content = protocol.TextResourceContents(uri=params.uri, mime_type="text/plain", text=document.text)
        return protocol.ReadResourceResult(contents=[content])

    return Server(
        "ketarag",
        version=__version__,
        title="KetaRAG",
        instructions=mcp_tools.INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def serve_stdio(assistant: Assistant, settings: Settings) -> None:
    """Serve one client over stdin and stdout until it closes them. What the process prints meanwhile goes to stderr.

    Raises SettingsError where an audit is wanted and cannot be written.
    """
    audit = AuditLog(settings.audit_file, settings.audit_days, settings.audit_text) if settings.audit_file else None
    service = Service(assistant, Limits.of(settings), audit)
    try:
        asyncio.run(_run_stdio(service))
    finally:
        service.close()


class Endpoint:
    """The server as an ASGI app for `ketarag.web.limits.MCP`. What stands before it says who asks; `lifespan` must run around it."""

    def __init__(self, service: Service) -> None:
        """No session is kept: each request is answered whole, as JSON."""
        self._service = service
        self._manager = self._new_manager()

    @asynccontextmanager
    async def lifespan(self, _app: ASGIApp) -> AsyncIterator[None]:
        """While it runs requests can be answered. May be run again once it has ended."""
        self._manager = self._new_manager()
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. There is nothing that the server says unasked, so that only POST has a meaning."""
        if scope["method"] == "POST":
            await self._manager.handle_request(scope, receive, send)
            return
        failure = ServiceError(405, "method_not_allowed", "This route takes POST only.", headers={"allow": "POST"})
        await failure.response(scope["path"])(scope, receive, send)

    def _new_manager(self) -> StreamableHTTPSessionManager:
        return StreamableHTTPSessionManager(
            new_server(self._service),
            json_response=True,
            stateless=True,
            max_request_body_size=self._service.limits.body,
        )


async def _run_stdio(service: Service) -> None:
    server = new_server(service)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


async def _called(
    service: Service, context: _Context, params: protocol.CallToolRequestParams
) -> protocol.CallToolResult:
    """The result of a tool; a failure is a result too, so that the model reads what to do."""
    if params.name not in mcp_tools.TOOLS:
        raise MCPError(protocol.INVALID_PARAMS, f"There is no such tool; there are: {', '.join(mcp_tools.TOOLS)}")
    try:
        outcome = await mcp_tools.call(service, params.name, params.arguments or {}, _asker(context))
    except Exception as error:
        told = failure_of(error, f"mcp {params.name}").message
        return protocol.CallToolResult(content=[protocol.TextContent(text=told)], is_error=True)
    return protocol.CallToolResult(
        content=[protocol.TextContent(text=outcome.text)], structured_content=outcome.structured
    )


def _asker(context: _Context) -> Callable[[str], Asked]:
    """Over HTTP whoever the request came from; over stdio whoever started the process."""
    request = context.request
    if request is None:
        return lambda text: Asked(text, "local", "mcp")
    return lambda text: asked(text, request.scope)


def _listed_tools() -> list[protocol.Tool]:
    return [
        protocol.Tool(
            name=name,
            title=tool.title,
            description=tool.description,
            input_schema=tool.arguments.model_json_schema(),
            output_schema=tool.result.model_json_schema(mode="serialization"),
            annotations=protocol.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
        )
        for name, tool in mcp_tools.TOOLS.items()
    ]


def _resource(document: Document) -> protocol.Resource:
    told = ", ".join(part for part in (document.publisher, human_date(document.published)) if part)
    return protocol.Resource(
        uri=f"{_DOCUMENT}{quote(document.id, safe='')}",
        name=document.id,
        title=document.title,
        description=told,
        mime_type="text/plain",
        size=len(document.text.encode()),
    )


def _page_start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise MCPError(protocol.INVALID_PARAMS, "The cursor is none that this server gave.")
    return int(cursor)


if TYPE_CHECKING:
    _Context = ServerRequestContext[Any, Any]
