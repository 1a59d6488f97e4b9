"""`ketarag mcp` as a client starts it: the real process, the real model, nothing but the protocol on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters

from ketarag.assistant import Assistant

SRC = Path(__file__).parents[2] / "src"
COMMAND = ["-m", "ketarag.cli", "mcp"]


def environment() -> dict[str, str]:
    return dict(os.environ) | {"PYTHONPATH": str(SRC)}


async def test_a_client_asks_reads_and_checks(assistant: Assistant) -> None:
    (document,) = assistant.documents
    server = StdioServerParameters(command=sys.executable, args=COMMAND, env=environment())
    async with Client(server) as client:
        asked = await client.call_tool("ask", {"question": "What IV dose is used for depression?"})
        declined = await client.call_tool("ask", {"question": "Is ketamine safe in pregnancy?"})
        wrong = await client.call_tool("verify", {"claim": "Up to 90% of patients respond to a single IV dose."})
        refused = await client.call_tool("ask", {"question": " "})
        (resource,) = (await client.list_resources()).resources
        (content,) = (await client.read_resource(resource.uri)).contents
    answer = asked.structured_content
    assert answer["citations"]
    for citation in answer["citations"]:
        assert document.text[citation["start"] : citation["end"]] == citation["quote"]
    assert (declined.structured_content["abstained"], declined.structured_content["citations"]) == (True, [])
    assert wrong.structured_content["supported"] is False
    assert refused.is_error
    assert content.text == document.text  # type: ignore[union-attr]


def test_stdout_holds_the_protocol_only_and_the_process_ends_with_its_input() -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "a client", "version": "1"},
        },
    }
    lines = f"{json.dumps(hello)}\nthis is no JSON\n"
    done = subprocess.run(
        [sys.executable, *COMMAND], input=lines, capture_output=True, text=True, env=environment(), timeout=120
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["jsonrpc"] for answer in answers] == ["2.0"] * len(answers)
    assert answers[0]["result"]["serverInfo"]["name"] == "ketarag"
    assert "Loading the embedding model" in done.stderr
    assert "Traceback" not in done.stderr
