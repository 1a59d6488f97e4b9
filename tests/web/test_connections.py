"""Connections that say nothing, do not read, or are too many are cut; the others are served meanwhile."""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest
import served
import uvicorn
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from ketarag.web import connections
from ketarag.web.connections import SHARE, limited_protocol, most_connections


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says hello; at /long a stream without end, at /open one that says something now and then."""
    if scope["type"] == "lifespan":
        return
    if scope["path"] == "/long":
        await StreamingResponse(_pieces(b"x" * 65_536, 0.0))(scope, receive, send)
    elif scope["path"] == "/open":
        await StreamingResponse(_pieces(b"x", 0.05))(scope, receive, send)
    else:
        await PlainTextResponse("hello")(scope, receive, send)


async def _pieces(piece: bytes, pause: float) -> AsyncIterator[bytes]:
    while True:
        yield piece
        await asyncio.sleep(pause)


@contextmanager
def serving(most: int = 100, many_from: Callable[[str], bool] = lambda address: True) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        config = uvicorn.Config(
            app, log_level="warning", http=limited_protocol(most, many_from), ws="none", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            served.until(lambda: server.started)
            yield listener.getsockname()
        finally:
            server.should_exit = True
            thread.join(20)


def hello(address: tuple[str, int]) -> bool:
    return httpx.get(f"http://{address[0]}:{address[1]}/").text == "hello"


def was_cut(client: socket.socket, seconds: float = 10.0) -> bool:
    """Whether the server ends the connection; what it says before does not count."""
    client.settimeout(seconds)
    try:
        while client.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def drips_for(client: socket.socket, most: float = 10.0) -> float:
    """The seconds for which a byte now and then is taken."""
    began = time.monotonic()
    with suppress(ConnectionError):
        while time.monotonic() - began < most:
            client.sendall(b"x")
            time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.3)


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", b"G"])
def test_who_does_not_say_what_they_want_is_cut(said: bytes) -> None:
    with serving() as address, socket.create_connection(address) as client:
        client.sendall(said)
        assert hello(address)
        assert was_cut(client)


@pytest.mark.usefixtures("_hasty")
def test_a_byte_now_and_then_gives_no_more_time() -> None:
    with serving() as address, socket.create_connection(address) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert drips_for(client) < 5


@pytest.mark.usefixtures("_hasty")
def test_a_body_that_goes_on_after_the_answer_is_cut() -> None:
    with serving() as address, socket.create_connection(address) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
        assert drips_for(client) < 5


@pytest.mark.usefixtures("_hasty")
def test_who_does_not_read_is_cut() -> None:
    with serving() as address, socket.create_connection(address) as client:
        client.sendall(b"GET /long HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(1.5)
        assert was_cut(client)


@pytest.mark.usefixtures("_hasty")
def test_an_answer_that_takes_its_time_is_not_cut() -> None:
    with serving() as (host, port), httpx.stream("GET", f"http://{host}:{port}/open", timeout=10) as response:
        began, pieces = time.monotonic(), response.iter_raw()
        while time.monotonic() - began < 1:
            assert next(pieces)


@pytest.mark.usefixtures("_hasty")
def test_a_connection_is_used_again() -> None:
    with serving() as (host, port), httpx.Client(base_url=f"http://{host}:{port}") as client:
        for _ in range(5):
            assert client.get("/").text == "hello"
            time.sleep(0.1)


def opened(stack: ExitStack, address: tuple[str, int], count: int) -> list[socket.socket]:
    return [stack.enter_context(socket.create_connection(address)) for _ in range(count)]


def test_one_address_has_its_share_and_no_more() -> None:
    with serving(most=4 * SHARE, many_from=lambda address: False) as address, ExitStack() as stack:
        held = opened(stack, address, 4)
        assert was_cut(opened(stack, address, 1)[0])
        held[0].close()
        served.until(lambda: _answers(address))


def test_a_proxy_may_have_all_of_them() -> None:
    with serving(most=4 * SHARE) as address, ExitStack() as stack:
        held = opened(stack, address, 4 * SHARE)
        assert was_cut(opened(stack, address, 1)[0])
        held[0].close()
        served.until(lambda: _answers(address))


def _answers(address: tuple[str, int]) -> bool:
    try:
        return hello(address)
    except httpx.TransportError:
        return False


def test_hundreds_may_listen_while_others_ask() -> None:
    with serving(most=1000) as address, ExitStack() as stack:
        for client in opened(stack, address, 300):
            client.sendall(b"GET /open HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        began = time.monotonic()
        assert hello(address)
        assert time.monotonic() - began < 10


def test_the_process_asks_for_files_enough() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        found = most_connections()
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert soft >= 256
    assert SHARE <= found < soft
