"""sandbox: a file is parsed in a process of its own, with limits; whatever happens there, this process goes on.

The child gets bytes on its standard input and answers with JSON (never with pickled objects). Before it sees them it has
loaded its parser and given up opening files, sockets and processes, so a reference in a document leads nowhere. It has
none of this process's environment. Time is limited everywhere, memory where the system has `resource` limits (not on
Windows; on macOS they bind loosely).
Not here: what the child runs (`parse`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from types import TracebackType
from typing import IO, Any

from ketarag.indexing.kinds import Kind
from ketarag.indexing.parsed import Parsed, UnreadableError
from ketarag.types import LeftOut, Span

HEADER = 8
"""Bytes, big-endian: the length of what follows, in both directions."""
_START_SECONDS = 60.0
"""For the child to load its parser: 0.3 s on a free machine."""
_LAST_SECONDS = 1.0
_MODULE = "ketarag.indexing.parse"
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost.

    `input_bytes` as it is given, `unpacked_bytes` of a package once unpacked, `pages` of a PDF, `text_chars` that come
    out, `depth` of elements within each other, `seconds` of wall time and `memory_bytes` of address space to read it.
    """

    input_bytes: int = 50_000_000
    unpacked_bytes: int = 200_000_000
    pages: int = 3_000
    text_chars: int = 20_000_000
    depth: int = 2_000
    seconds: float = 300.0
    memory_bytes: int = 2_000_000_000


class Sandbox:
    """A child that parses files of one kind, one after the other; started when it is first needed, and again after a failure.

    Not for several threads at once. Close it, or use it as a context manager.
    """

    def __init__(self, kind: Kind, limits: Limits) -> None:
        self._kind = kind
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None

    def parse(self, data: bytes) -> Parsed:
        """What the parser made of the bytes. Raises UnreadableError with the cause: what the parser said, time, memory, a crash."""
        try:
            child = self._child or self._start()
            with _deadline(child, self._limits.seconds) as late:
                answer = _ask(child, data, 12 * self._limits.text_chars + 1_000_000)
            if answer is None:
                raise UnreadableError(_why_ended(child, late.is_set(), self._limits))
            return _parsed(answer)
        except UnreadableError:
            self.close()
            raise

    def close(self) -> None:
        """Ends the child."""
        child, self._child = self._child, None
        if child is not None:
            _end(child)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-B", "-m", _MODULE, self._kind, json.dumps(asdict(self._limits))]
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": os.defpath}
        pipe = subprocess.PIPE
        try:
            child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment)
        except OSError as error:
            raise UnreadableError(
                f"cannot be read: no process for its reader could be started ({error.strerror})"
            ) from error
        self._child = child
        with _deadline(child, _START_SECONDS):
            ready = _receive(child.stdout, HEADER)
        if ready is None:
            raise UnreadableError(
                f"cannot be read: the reader for it did not start ({_how_ended(child)}); reinstall ketarag"
            )
        return child


@contextmanager
def _deadline(child: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """The child is killed when the block takes longer; the event says that it was."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _ask(child: subprocess.Popen[bytes], data: bytes, most: int) -> bytes | None:
    """The child's answer of at most `most` bytes; None when it ended without one or gives more."""
    assert child.stdin is not None
    with suppress(BrokenPipeError):  # it ended early: then there is nothing to receive either
        child.stdin.write(len(data).to_bytes(HEADER, "big"))
        child.stdin.write(data)
        child.stdin.flush()
    return _receive(child.stdout, most)


def _receive(stream: IO[bytes] | None, most: int) -> bytes | None:
    assert stream is not None
    header = stream.read(HEADER)
    length = int.from_bytes(header, "big")
    if len(header) < HEADER or length > most:
        return None
    answer = stream.read(length)
    return answer if len(answer) == length else None


def _parsed(answer: bytes) -> Parsed:
    """The answer, checked: it may come from a parser that a file has taken over."""
    try:
        table: dict[str, Any] = json.loads(answer)
        if "refused" in table:
            raise UnreadableError(" ".join(_clean(str(table["refused"])).split())[:500])
        title, text = _clean(str(table["title"])), _clean(str(table["text"]))
        rows = [(int(start), int(end), _clean(str(reason))) for start, end, reason in table["left_out"]]
        left_out = tuple(LeftOut(Span(start, end), reason) for start, end, reason in rows)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableError("made its reader answer nonsense; it may be damaged or hostile") from error
    ends = [0, *(edge for item in left_out for edge in (item.span.start, item.span.end)), len(text)]
    if any(left > right for left, right in pairwise(ends)):
        raise UnreadableError("made its reader answer nonsense; it may be damaged or hostile")
    return Parsed(" ".join(title.split())[:500], text, left_out)


def _clean(text: str) -> str:
    """Halves of characters and zeros, which no file of ours may hold, each become one sign for the unknown."""
    return _NOT_TEXT.sub("\ufffd", text)


def _why_ended(child: subprocess.Popen[bytes], late: bool, limits: Limits) -> str:
    if late:
        return f"takes longer than {limits.seconds:g} s to read; it may be damaged or made to stall: split it or save it anew"
    return f"made its reader fail ({_how_ended(child)}); it may be damaged or hostile: save it anew"


def _how_ended(child: subprocess.Popen[bytes]) -> str:
    _end(child)
    code = child.returncode
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ends the child, kindly first, for how it ends by itself is the cause of a failure; and lets go of its pipes."""
    assert child.stdin is not None
    assert child.stdout is not None
    with suppress(OSError):
        child.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        child.wait(_LAST_SECONDS)
    child.kill()
    child.wait()
    child.stdout.close()
