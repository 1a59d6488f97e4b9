"""The examples of docs/clients.md and docs/mcp.md run as they stand there, against a server that listens."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import served
from fake_assistant import QUOTES, TEXT
from starlette.routing import Route

from ketarag.cli.arguments import parser
from ketarag.web.limits import MCP as PATH
from ketarag.web.mcp_server import Endpoint
from ketarag.web.mcp_tools import TOOLS

DOCS = Path(__file__).parents[2] / "docs"
CLIENTS, MCP = ((DOCS / name).read_text(encoding="utf-8") for name in ("clients.md", "mcp.md"))
ADDRESS = "http://127.0.0.1:7860"
EXAMPLES = dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", CLIENTS, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The HTTP service and the MCP server."""
    service = served.new_service()
    endpoint = Endpoint(service)
    app = served.new_app(service)
    app.router.lifespan_context = endpoint.lifespan
    app.router.routes.insert(0, Route(PATH, endpoint))
    with served.running(app) as found:
        yield found
    service.close()


def test_every_client_has_an_example() -> None:
    assert list(EXAMPLES) == ["httpx, typed", "Server-sent events", "The OpenAI client", "LangChain", "MCP"]
    assert len(EXAMPLES) == CLIENTS.count("```py")


def shown(name: str, address: str) -> str:
    """What an example prints, run in a namespace of its own."""
    code = compile(EXAMPLES[name].replace(ADDRESS, address), f"{name}.py", "exec", dont_inherit=True)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {"__name__": "__main__"})
    return said.getvalue()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_runs_and_shows_the_words_of_the_source(name: str, address: str) -> None:
    said = shown(name, address)
    assert QUOTES["dose"][0] in said
    if name in ("httpx, typed", "LangChain"):
        assert QUOTES["long"][0] in said
    for start, end, quote in re.findall(r"(\d+)[- ](\d+):? (F\S.*)$", said, re.MULTILINE):
        assert TEXT[int(start) : int(end)] == quote


def test_the_typed_client_says_that_it_was_not_answered(address: str) -> None:
    assert "Not answered. No passage speaks of: pregnancy." in shown("httpx, typed", address)


def test_the_configurations_are_json_and_their_command_is_one() -> None:
    started, asked = (json.loads(one)["mcpServers"]["ketarag"] for one in re.findall(r"```json\n(.*?)\n```", MCP))
    assert started["command"] == "ketarag"
    assert parser().parse_args(started["args"]).command == "mcp"
    assert asked["url"] == f"{ADDRESS}{PATH}"
    for option in re.findall(r"`(--[a-z-]+)`", MCP):
        parser().parse_args(["mcp", option, "value"])


def test_the_table_names_the_tools_and_their_arguments() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", MCP, re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", arguments) for name, arguments in rows} == {
        name: list(tool.arguments.model_fields) for name, tool in TOOLS.items()
    }


def test_the_commands_are_ours() -> None:
    for line in re.findall(r"`(ketarag [a-z][^`]*)`", CLIENTS + MCP):
        parser().parse_args(shlex.split(line)[1:])
