"""The examples of docs/http.md run as they stand there, against a server that listens."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import served

from ketarag.web.feedback import FeedbackFile
from ketarag.web.limits import Limits
from ketarag.web.metrics import ROUTES
from ketarag.web.schemas import MOST_PASSAGES
from ketarag.web.turns import TURNS_KEPT

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:7860"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
LINES = [line for line in PAGE.splitlines() if line.startswith("curl ")]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = FeedbackFile(tmp_path_factory.mktemp("kept") / "feedback.jsonl")
    with served.listening(served.new_service(), store) as found:
        yield found


def requested(line: str, address: str) -> httpx.Response:
    """What `curl` would ask, with the options that the page uses."""
    words = iter(shlex.split(line)[1:])
    url, body, headers = "", None, {}
    for word in words:
        if word == "-H":
            name, value = next(words).split(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word != "-N":
            url = word.replace(ADDRESS, address)
    return httpx.request("POST" if body else "GET", url, content=body, headers=headers)


@pytest.mark.parametrize("line", LINES, ids=lambda line: re.sub(r".*7860(\S+).*", r"\1", line))
def test_the_line_gets_an_answer(line: str, address: str) -> None:
    response = requested(line, address)
    assert response.status_code == 200, response.text
    if "text/event-stream" in line:
        assert [event.name for event in served.events(response.text)][-2:] == ["claim", "answer"]
    elif "/metrics" not in line:
        assert json.loads(response.text)


def test_every_route_has_a_line() -> None:
    shown = {re.sub(rf".*{ADDRESS}(\S+).*", r"\1", line) for line in LINES}
    assert shown == ROUTES - {"/mcp", "/v1/documents/{id}"}  # docs/mcp.md and docs/uploads.md show those


@pytest.mark.parametrize("example", EXAMPLES, ids=["httpx", "openai"])
def test_the_example_runs_and_shows_answers(example: str, address: str) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(example.replace(ADDRESS, address), "http.md", "exec"), {"__name__": "__main__"})
    assert "up to 70% of patients respond" in said.getvalue()
    assert "the duration of benefit is generally less than one week" in said.getvalue()


def test_the_examples_are_short() -> None:
    assert [len(example.splitlines()) <= 15 for example in EXAMPLES] == [True, True]


def test_the_numbers_are_those_of_the_code() -> None:
    limits = Limits()
    for said in (
        f"at most {limits.body:,} bytes",
        f"may send {limits.burst} requests at once and {limits.rate:g} a second",
        f"{limits.at_once} answers are worked on and {limits.waiting} wait",
        f"took longer than {limits.seconds:g} seconds",
        f"`k` is 1 to {MOST_PASSAGES}",
        f"The latest {TURNS_KEPT} turns count",
    ):
        assert said in PAGE
