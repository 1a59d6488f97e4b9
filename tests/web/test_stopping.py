"""Stopping under load: what was begun is answered, nothing hangs, and after a kill the next start answers."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import served
from processes import Server, serving

from ketarag.web.running import GRACE_SECONDS

MANY = 48
"""Questions of half a second, four at once: they take longer than uvicorn's own grace."""
HEADERS = {"accept": "text/event-stream"}


@contextmanager
def asking(server: Server, many: int = MANY) -> Iterator[list[Future[httpx.Response]]]:
    """Questions of many clients, all of which have begun; every other one as a stream of events."""
    with ThreadPoolExecutor(many) as pool:
        running = [pool.submit(server.ask, **(HEADERS if number % 2 else {})) for number in range(many)]
        served.until(lambda: server.waits() + sum(one.done() for one in running) >= many, 20)
        assert server.waits() > 8
        yield running


def answered(response: httpx.Response) -> bool:
    if response.headers["content-type"].startswith("text/event-stream"):
        last = served.events(response.text)[-1]
        return last.name == "answer" and "70%" in str(last.json["text"])
    return response.status_code == 200 and "70%" in response.json()["text"]


def test_sigterm_under_load_lets_everything_that_was_begun_finish() -> None:
    with serving() as server, asking(server) as running:
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        late = server.ask("dose")
        assert (late.status_code, late.json()["error"]["type"]) == (503, "shutting_down")
        assert late.headers["retry-after"]
        ready = httpx.get(f"{server.address}/readyz")
        assert ready.status_code == 503
        code, logged = server.wait(60)
        assert [answered(one.result(5)) for one in running] == [True] * MANY
    assert (code, logged) == (0, "")


def test_a_page_that_is_open_holds_up_the_end_for_its_grace_only() -> None:
    with serving() as server, httpx.stream("GET", f"{server.address}/gradio_api/heartbeat/abc", timeout=30) as held:
        assert held.status_code == 200
        began = time.monotonic()
        code, _ = server.end(signal.SIGTERM, 30)
        assert code == 0
        assert time.monotonic() - began < GRACE_SECONDS + 10


def test_ctrl_c_twice_waits_for_nothing() -> None:
    with serving(KETARAG_ANSWERS_AT_ONCE="1") as server, asking(server, 30) as running:
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        began = time.monotonic()
        server.end(signal.SIGINT, 20)
        assert time.monotonic() - began < 15
        for one in running:
            one.exception(20)


def test_after_a_kill_under_load_the_next_start_answers(tmp_path: Path) -> None:
    kept, audit = tmp_path / "feedback.jsonl", tmp_path / "audit.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    settings = {"KETARAG_FEEDBACK_FILE": str(kept), "KETARAG_AUDIT_FILE": str(audit), "KETARAG_PORT": port}
    with serving(**settings) as server, asking(server, 20) as running, ThreadPoolExecutor(1) as pool:
        rating = pool.submit(lambda: [rate(server) for _ in range(15)])
        served.until(lambda: kept.read_text().count("\n") >= 3)
        code, _ = server.end(signal.SIGKILL, 10)
        assert code == -signal.SIGKILL
        for one in running:
            assert one.exception(10) is None or isinstance(one.exception(), httpx.TransportError)
        rating.result(20)
    with serving(**settings) as server:
        assert answered(server.ask("dose"))
    assert len([json.loads(line) for line in kept.read_text().splitlines()]) >= 3


def rate(server: Server) -> None:
    given: dict[str, Any] = {"question": "How long?", "answer": "x" * 5000, "rating": "up"}
    with suppress(httpx.TransportError):
        httpx.post(f"{server.address}/v1/feedback", json=given, timeout=10)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once(stop: signal.Signals) -> None:
    with serving() as server:
        began = time.monotonic()
        assert server.end(stop, 20) == (0, "")
        assert time.monotonic() - began < 10
