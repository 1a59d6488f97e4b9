"""Clients that go away, on a server that listens: their worker is freed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import served

from ketarag.web.limits import Limits

STREAM = {"accept": "text/event-stream"}


@contextmanager
def asking(address: str, path: str, body: dict[str, object], headers: dict[str, str]) -> Iterator[None]:
    """A request that is sent and whose answer is not read; the client goes away at the end."""
    content = json.dumps(body).encode()
    sent = {"host": "x", "content-type": "application/json", "content-length": str(len(content)), **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items()) + "\r\n"
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as client:
        client.sendall(head.encode() + content)
        yield


CHAT = {"model": "ketarag", "messages": [{"role": "user", "content": "dose"}]}


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/v1/ask", {"question": "dose"}, STREAM),
        ("/v1/ask", {"question": "dose"}, {}),
        ("/v1/chat/completions", {**CHAT, "stream": True}, {}),
        ("/v1/chat/completions", CHAT, {}),
        ("/v1/conversations", {"question": "dose"}, {}),
    ],
)
def test_a_client_that_goes_away_frees_its_worker(path: str, body: dict[str, object], headers: dict[str, str]) -> None:
    held = served.HeldAssistant()
    service = served.new_service(held, Limits(at_once=1, waiting=0))
    with served.listening(service) as address:
        with asking(address, path, body, headers):
            served.until(lambda: service.workers.running == 1)
        for _ in range(3):  # by then the server has seen that the client has gone
            assert httpx.post(f"{address}/v1/verify", json={"claim": "70%"}).status_code == 503
        held.go.set()
        served.until(lambda: service.workers.running == 0)
        assert held.steps == ["condense", "retrieve"]
        assert httpx.post(f"{address}/v1/verify", json={"claim": "70%"}).status_code == 200


def test_a_client_that_goes_away_in_line_leaves_it() -> None:
    held = served.HeldAssistant()
    service = served.new_service(held, Limits(at_once=1, waiting=1))
    with served.listening(service) as address, asking(address, "/v1/ask", {"question": "dose"}, STREAM):
        served.until(lambda: service.workers.running == 1)
        with asking(address, "/v1/ask", {"question": "long"}, STREAM):
            served.until(lambda: service.workers.waiting == 1)
        served.until(lambda: service.workers.waiting == 0)
        held.go.set()
        served.until(lambda: service.workers.running == 0)
    assert held.steps.count("condense") == 1


def test_events_come_while_the_answer_is_worked_on() -> None:
    held = served.HeldAssistant()
    with (
        served.listening(served.new_service(held)) as address,
        httpx.stream("POST", f"{address}/v1/ask", json={"question": "dose"}, headers=STREAM) as response,
    ):
        pieces = response.iter_text()
        assert "condense" in next(pieces)
        held.go.set()
        assert "event: answer" in "".join(pieces)


def test_fifty_streams_at_once() -> None:
    service = served.new_service()
    got: dict[int, str] = {}

    def ask(number: int) -> None:
        body = {"question": f"dose for client {number}"}
        with httpx.Client(timeout=30) as client:
            got[number] = client.post(f"{address}/v1/ask", json=body, headers=STREAM).text

    with served.listening(service) as address:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(got) == 50
    for number, text in got.items():
        last = served.events(text)[-1]
        assert (last.name, last.json["question"]) == ("answer", f"dose for client {number}")
