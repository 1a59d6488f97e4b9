"""A server that speaks OpenAI's chat protocol, well or badly in a chosen way, on a port of this machine.

    with FaultyServer(FAULTS["cut mid-stream"]) as server:
        load_chat_model("openai:any", server.url)

Each request is answered by the next of its replies, the last one again and again. `server.requests` are the bodies received, with
`server.paths` and `server.headers` (lower-case names).
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

TEXT = "About 90% of a parenteral dose of ketamine is excreted in the urine [1]. "
SLOW = 60.0
"""Seconds that a slow reply waits: longer than any time limit of a test."""


class Wire(BaseHTTPRequestHandler):
    """One request, and the means to answer it."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(json.loads(body))
        self.server.paths.append(self.path)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        try:
            self.server.next_reply()(self)
        except OSError:  # the client has gone
            self.server.gone.set()
        self.close_connection = True

    def head(
        self, status: int = 200, kind: str = "text/event-stream", length: int | None = None, **headers: str
    ) -> None:
        """Status and headers; without a length the body is chunked."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header(*(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))))
        self.end_headers()

    def raw(self, data: bytes) -> None:
        """One chunk of a chunked body."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, value: object) -> None:
        self.raw(b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n")

    def end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """The connection is gone in the middle."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def whole(self, status: int, value: object, kind: str = "application/json", **headers: str) -> None:
        """A reply that is not streamed."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.head(status, kind, len(data), **headers)
        self.wfile.write(data)

    def wait(self, seconds: float = SLOW) -> None:
        """Until then, or until the server closes. Raises OSError then: the reply ends."""
        if self.server.closing.wait(seconds):
            raise OSError

    def log_message(self, format: str, *args: Any) -> None:
        pass


Reply = Callable[[Wire], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, replies: tuple[Reply, ...]) -> None:
        super().__init__(("127.0.0.1", 0), Wire)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.paths: list[str] = []
        self.closing, self.gone = threading.Event(), threading.Event()
        self._replies = replies
        self._taken = 0
        self._lock = threading.Lock()

    def next_reply(self) -> Reply:
        with self._lock:
            self._taken += 1
            return self._replies[min(self._taken, len(self._replies)) - 1]


class FaultyServer:
    """Listens while it is entered. `gone` is set once a client has left before its reply ended."""

    def __init__(self, *replies: Reply) -> None:
        self._server = _Server(replies or (says(TEXT),))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self.requests, self.headers, self.paths = self._server.requests, self._server.headers, self._server.paths
        self.gone = self._server.gone
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.closing.set()
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


def free_port_url() -> str:
    """An address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def delta(text: str, **more: object) -> dict[str, object]:
    """One event of a streamed reply."""
    choice = {"index": 0, "delta": {"content": text, **more}, "finish_reason": None}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "any", "choices": [choice]}


def last(reason: str = "stop") -> dict[str, object]:
    choice = {"index": 0, "delta": {}, "finish_reason": reason}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "any", "choices": [choice]}


def completion(text: str) -> dict[str, object]:
    """A reply that is not streamed."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "any", "choices": [choice], "usage": usage}


def words(text: str) -> list[str]:
    """The text in pieces of a word with the space before it."""
    return [f" {word}" if at else word for at, word in enumerate(text.split(" "))]


def says(text: str, usage: tuple[int, int] | None = None) -> Reply:
    """A server that works; `usage` are the tokens that it counts in and out."""

    def reply(wire: Wire) -> None:
        wire.head()
        for piece in words(text):
            wire.event(delta(piece))
        wire.event(last())
        if usage:
            counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
            wire.event({**last(), "choices": [], "usage": counted})
        wire.event(b"[DONE]")
        wire.end()

    return reply


def refuses(status: int, message: str = "no", **headers: str) -> Reply:
    """An error, as OpenAI's servers send it. Underscores of header names become dashes."""
    return lambda wire: wire.whole(status, {"error": {"message": message, "type": "error"}}, **headers)


def streams(pieces: Iterable[str], pause: float = 0.0) -> Reply:
    """Pieces, perhaps without end, with a pause after each."""

    def reply(wire: Wire) -> None:
        wire.head()
        for piece in pieces:
            wire.event(delta(piece))
            if pause:
                wire.wait(pause)
        wire.event(last())
        wire.event(b"[DONE]")
        wire.end()

    return reply


def sends(*data: bytes, kind: str = "text/event-stream", end: bool = True) -> Reply:
    """These bytes as the body; without an end the connection is cut."""

    def reply(wire: Wire) -> None:
        wire.head(kind=kind)
        for part in data:
            wire.raw(part)
        if end:
            wire.end()
        else:
            wire.cut()

    return reply


def _cut_mid_stream(wire: Wire) -> None:
    wire.head()
    for piece in words(TEXT)[:5]:
        wire.event(delta(piece))
    wire.cut()


def _slow_first(wire: Wire) -> None:
    wire.head()
    wire.wait()


def _never_answers(wire: Wire) -> None:
    wire.wait()


def _stalls(wire: Wire) -> None:
    wire.head()
    for piece in words(TEXT)[:5]:
        wire.event(delta(piece))
    wire.wait()


def _forever(text: str) -> Iterable[str]:
    while True:
        yield text


def _pings(wire: Wire) -> None:
    wire.head()
    while True:
        wire.raw(b": still here\n\n")
        wire.wait(0.02)


def _endless_line(wire: Wire) -> None:
    wire.head()
    while True:
        wire.raw(b"x" * 65536)


def _redirects(wire: Wire) -> None:
    wire.whole(307, b"", Location="http://192.0.2.1/v1/chat/completions")


_HALF = json.dumps(delta("50 microgram 💊"), ensure_ascii=False).encode()

FAULTS: dict[str, Reply] = {
    "cut mid-stream": _cut_mid_stream,
    "cut before the first piece": lambda wire: wire.cut(),
    "429": refuses(429),
    "429, wait a second": refuses(429, retry_after="1"),
    "429, wait an hour": refuses(429, retry_after="3600"),
    "500": refuses(500),
    "503 as a page": lambda wire: wire.whole(503, b"<html>busy</html>", "text/html"),
    "401": refuses(401),
    "400": refuses(400, "context length exceeded"),
    "redirect": _redirects,
    "never answers": _never_answers,
    "slow first token": _slow_first,
    "stalls between tokens": _stalls,
    "slow between tokens": streams(words(TEXT * 40), pause=0.4),
    "endless stream": streams(_forever("blah ")),
    "endless pings": _pings,
    "endless line": _endless_line,
    "garbage bytes": sends(bytes(range(256)) * 40),
    "invalid JSON": sends(b"data: {not json\n\n"),
    "JSON of another shape": sends(b'data: [1, 2]\n\ndata: {"choices": 7}\n\n'),
    "an error in the stream": sends(b'data: {"error": {"message": "overloaded", "code": 500}}\n\n'),
    "empty answer": says(""),
    "nothing at all": sends(),
    "repetition": streams(["the dose is 5 mg " for _ in range(1000)]),
    "another language": says("Die Dosis beträgt 500 mg und wird einmal täglich verabreicht [1]. 剂量是每天五百毫克 [1]。"),
    "wrong content type": sends(b"<html><body>Welcome</body></html>", kind="text/html"),
    "huge single chunk": says("dose " * 400_000),
    "half UTF-8": sends(b"data: " + _HALF[:-30] + b"\n\n", b"data: " + _HALF[: _HALF.index(b"\xf0") + 2], end=True),
    "refuses": says("I'm sorry, but I can't help with medical questions."),
    "unknown markers": says("Ketamine cures everything [7]. The dose is 900 mg [1]. See [99] and [0]."),
}  # fmt: skip
"""Name -> what goes wrong."""


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds; AssertionError when it does not come to."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(0.01)
