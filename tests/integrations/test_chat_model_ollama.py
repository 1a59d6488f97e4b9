"""Ollama's own protocol, with its own server's shapes: loaded, limited, stopped and kept from logs like the others."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest
from faulty_server import TEXT, FaultyServer, Wire, refuses, words

from ketarag.errors import ChatModelError
from ketarag.integrations.langchain import models as models_module
from ketarag.integrations.langchain.models import load_chat_model
from ketarag.protocols import Message

ASKED = (Message("user", "Is zebrafish ketamine safe?"),)


def line(text: str, done: bool = False) -> bytes:
    said = {
        "model": "m",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": text},
        "done": done,
    }
    counted = {"done_reason": "stop", "prompt_eval_count": 30, "eval_count": 15} if done else {}
    return json.dumps({**said, **counted}).encode() + b"\n"


def ollama(pause: float = 0.0) -> Callable[[Wire], None]:
    def reply(wire: Wire) -> None:
        wire.head(kind="application/x-ndjson")
        for piece in words(TEXT):
            wire.raw(line(piece))
            if pause:
                wire.wait(pause)
        wire.raw(line("", done=True))
        wire.end()

    return reply


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "FIRST_WAIT", 0.02)
    monkeypatch.delenv("OLLAMA_API_KEY", raising=False)


def address(server: FaultyServer) -> str:
    return server.url.removesuffix("/v1") + "/"


def test_ollama_writes_within_its_options(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultyServer(ollama()) as server:
        model = load_chat_model("ollama:m", address(server))
        assert "".join(model.stream(ASKED, seconds=10, tokens=70)) == TEXT
    options = server.requests[0]["options"]
    assert (options["num_predict"], options["temperature"]) == (70, 0)
    assert "seed" in options
    assert (model.usage.input_tokens, model.usage.output_tokens) == (30, 15)
    assert "zebrafish" not in caplog.text
    assert server.paths == ["/api/chat"]
    assert not model.leaves_machine


def test_ollama_is_left_when_it_is_slow() -> None:
    with FaultyServer(ollama(pause=0.4)) as server:
        with pytest.raises(ChatModelError, match="in time"):
            list(load_chat_model("ollama:m", address(server)).stream(ASKED, seconds=0.5, tokens=70))
        assert server.gone.wait(5)


def test_a_model_that_was_not_pulled_is_said() -> None:
    with FaultyServer(refuses(404)) as server, pytest.raises(ChatModelError, match="404"):
        list(load_chat_model("ollama:m", address(server)).stream(ASKED, seconds=5, tokens=70))


def test_ollama_that_is_busy_is_tried_again() -> None:
    with FaultyServer(refuses(503), ollama()) as server:
        assert "".join(load_chat_model("ollama:m", address(server)).stream(ASKED, seconds=10, tokens=70)) == TEXT
