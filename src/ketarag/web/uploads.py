"""The documents that browser sessions have brought along: in this process's memory, for their session only, bounded.

A session is a random cookie and the principal that it was given to: the cookie of somebody else opens nothing. What is not used
for a while is forgotten, and when there is too much, what was not used for longest. Nothing is written to disk or logged.
Not here: the routes (`ketarag.web.upload_routes`), reading files (`ketarag.indexing.load`), answering from them (`ketarag.loading`).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ketarag.indexing.load import load_bytes, plain_name
from ketarag.indexing.sandbox import Limits as FileLimits
from ketarag.web.auth import principal_of
from ketarag.web.failures import ServiceError
from ketarag.web.login_page import LOGOUT
from ketarag.web.workers import RETRY_AFTER, Workers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ketarag.assistant import Assistant
    from ketarag.loading import Prepared
    from ketarag.types import Document

PUBLISHER = "Added by you, for this session only"
"""Stands where a document of the library names its publisher."""

_COMPARED = 1_000
"""Documents of the library up to which their titles are compared with that of a new one: each has to be read for it."""
_COOKIE = "ketarag-documents"
_SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How much may be brought along."""

    documents: int = 10
    """Of one session."""
    bytes: int = 20_000_000
    """Of one file."""
    pages: int = 500
    """Of one PDF."""
    characters: int = 2_000_000
    """Of all documents of a session: about 700 pages."""
    parse_seconds: float = 60.0
    seconds: float = 240.0
    """From a file's last byte until it can be asked, waiting in line included."""
    at_once: int = 2
    """Files that are read and embedded at the same time."""
    waiting: int = 8
    """Further ones that wait in memory or are still arriving; more are told to come back."""
    arriving: int = 3
    """Files of one session that may be under way at once."""
    idle_seconds: float = 3600.0
    """How long a session may do nothing with its documents."""
    sessions: int = 200
    each: int = 20
    """Sessions of one user: a further one ends the one used longest ago."""
    memory: int = 1_000_000_000
    """Bytes of all sessions together, as `Held.memory` reckons them."""


@dataclass(frozen=True, slots=True)
class Held:
    """One document of a session. `name` is that of its file, `bytes` its size."""

    name: str
    bytes: int
    prepared: Prepared

    @property
    def document(self) -> Document:
        """The document."""
        return self.prepared.document

    @property
    def memory(self) -> int:
        """Bytes that it takes, roughly; 50 pages with 150,000 characters were measured at 3.2 MB."""
        shelved = self.prepared.shelved
        sentences = sum(len(passage.sentences) for passage in shelved.passages)
        vectors = len(shelved.passages) * (4 * shelved.vectors.dimension + 3_000)
        return 10 * len(self.document.text) + 700 * sentences + vectors


@dataclass(slots=True, eq=False)
class Desk:
    """What one session has brought along; `seen` is when it was last used, `coming` how many files are under way."""

    key: bytes
    owner: str
    seen: float
    held: dict[str, Held] = field(default_factory=dict)
    assistant: Assistant | None = None
    coming: int = 0


@dataclass(frozen=True, slots=True)
class Parsing:
    """The file is being read."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """`done` of `all` passages can be searched."""

    done: int
    all: int


@dataclass(frozen=True, slots=True)
class Ready:
    """It can be asked."""

    held: Held


Step = Parsing | Embedding | Ready

_CACHED = 15_000_000
"""Bytes that a session's reader may keep of what it read (`answering.extend.KEPT_PASSAGES`)."""


class Desks:
    """The desks of all sessions. Safe to use from several threads."""

    def __init__(
        self,
        assistant: Assistant,
        limits: UploadLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`assistant` is the one that all share; `limits`: the defaults when None."""
        self.limits = limits or UploadLimits()
        self.workers = Workers(self.limits.at_once, self.limits.waiting)
        self._assistant = assistant
        self._clock = clock
        self._desks: dict[bytes, Desk] = {}  # the one used longest ago first
        self._coming = 0
        self._lock = threading.Lock()

    def assistant_for(self, scope: Scope) -> Assistant:
        """What answers who sent this request: the shared assistant, or one that also knows the session's documents."""
        with self._lock:
            desk = self._find(scope)
            return desk.assistant if desk is not None and desk.assistant is not None else self._assistant

    def held(self, scope: Scope) -> list[Held]:
        """The session's documents, oldest first."""
        with self._lock:
            desk = self._find(scope)
            return list(desk.held.values()) if desk is not None else []

    @contextmanager
    def coming(self, scope: Scope) -> Iterator[tuple[Desk, str | None]]:
        """A desk for a file that is about to arrive, and the value of the cookie to set where the session is new.

        Raises ServiceError where the session has or awaits too many, or too many are under way altogether.
        """
        with self._lock:
            desk = self._find(scope)
            cookie = None if desk is not None else secrets.token_urlsafe(32)
            desk = desk or Desk(_digest(cookie or ""), _owner(scope), self._clock())
            self._admit(desk)
            desk.coming += 1
            self._coming += 1
        try:
            yield desk, cookie
        finally:
            with self._lock:
                desk.coming -= 1
                self._coming -= 1
                if not desk.held and not desk.coming and self._desks.get(desk.key) is desk:
                    del self._desks[desk.key]

    def enter(self, desk: Desk) -> None:
        """The session of a new desk exists from now on; for one that exists nothing changes."""
        with self._lock:
            own = [other for other in self._desks.values() if other.owner == desk.owner and other is not desk]
            for other in own[: max(0, len(own) - self.limits.each + 1)]:
                del self._desks[other.key]
            self._desks.setdefault(desk.key, desk)
            self._make_room(desk)

    def add(self, desk: Desk, name: str, data: bytes) -> Generator[Step, None, None]:
        """Reads a file and puts it on the desk, step by step; for a worker. A step that is not asked for does not happen.

        Raises CorpusError, which says what is wrong with the file, and ServiceError where it is there already or too much.
        """
        yield Parsing()
        shown = plain_name(name)
        left = self.limits.characters - sum(len(held.document.text) for held in list(desk.held.values()))
        document = load_bytes(shown, data, self._file_limits(max(left, 1)))
        document = replace(document, id=f"{document.sha256[:16]}-{shown}", publisher=PUBLISHER)
        self._refuse_twin(desk, document)
        document = replace(document, title=self._title(desk, document, shown))
        steps = self._assistant.prepare(document)
        while True:
            try:
                done, all = next(steps)
            except StopIteration as end:
                held = Held(shown, len(data), end.value)
                break
            yield Embedding(done, all)
        self._put(desk, held)
        yield Ready(held)

    def remove(self, scope: Scope, id: str) -> bool:
        """Forgets one document; False where the session has none with this id."""
        with self._lock:
            desk = self._find(scope)
            if desk is None or id not in desk.held:
                return False
            self._change(desk, {key: held for key, held in desk.held.items() if key != id})
            return True

    def clear(self, scope: Scope) -> None:
        """Forgets all documents of the session."""
        with self._lock:
            desk = self._find(scope)
            if desk is not None:
                del self._desks[desk.key]

    def forget(self, scope: Scope) -> None:
        """Forgets what belongs to the cookies of this request, whoever sent it: they are signing out."""
        with self._lock:
            for value in _values(scope):
                self._desks.pop(_digest(value), None)

    def sweep(self) -> float | None:
        """Forgets what was not used for too long; gives the seconds until the next can be, None where nothing is left."""
        with self._lock:
            now = self._clock()
            for desk in [desk for desk in self._desks.values() if self._ended(desk, now)]:
                del self._desks[desk.key]
            oldest = next(iter(self._desks.values()), None)
            return None if oldest is None else max(1.0, oldest.seen + self.limits.idle_seconds - now)

    def close(self) -> None:
        """Take no more files, wait for those that are being read, and forget everything."""
        self.workers.close()
        with self._lock:
            self._desks.clear()

    def __len__(self) -> int:
        return len(self._desks)

    def _find(self, scope: Scope) -> Desk | None:
        """The session's desk, which counts as used now. The caller holds the lock."""
        owner, now = _owner(scope), self._clock()
        for value in _values(scope):
            desk = self._desks.get(_digest(value))
            if desk is None or desk.owner != owner:
                continue
            del self._desks[desk.key]
            if self._ended(desk, now):
                continue
            desk.seen = now
            self._desks[desk.key] = desk  # now the last one
            return desk
        return None

    def _ended(self, desk: Desk, now: float) -> bool:
        return now - desk.seen >= self.limits.idle_seconds and not desk.coming

    def _admit(self, desk: Desk) -> None:
        most = self.limits.documents
        if len(desk.held) + desk.coming >= most:
            message = f"There are {most} documents already, which is the most. Remove one first."
            raise ServiceError(409, "too_many_documents", message)
        if desk.coming >= self.limits.arriving:
            message = f"{desk.coming} of your files are under way. Send it when one of them is ready."
            raise ServiceError(429, "too_many_uploads", message, retry_after=RETRY_AFTER)
        if self._coming >= self.limits.at_once + self.limits.waiting:
            message = "Too many files are being read. Send it again later."
            raise ServiceError(503, "queue_full", message, retry_after=RETRY_AFTER)

    def _file_limits(self, characters: int) -> FileLimits:
        return FileLimits(
            input_bytes=self.limits.bytes,
            unpacked_bytes=5 * self.limits.bytes,
            pages=self.limits.pages,
            text_chars=characters,
            seconds=self.limits.parse_seconds,
            memory_bytes=1_000_000_000,
        )

    def _refuse_twin(self, desk: Desk, document: Document) -> None:
        twin = next((held for held in list(desk.held.values()) if held.document.sha256 == document.sha256), None)
        if twin is not None:
            raise ServiceError(409, "already_there", f"The same file is there already, as {twin.document.title}.")

    def _title(self, desk: Desk, document: Document, name: str) -> str:
        """One by which it can be told from every other document at hand."""
        library = self._assistant.documents if len(self._assistant.documents) <= _COMPARED else ()
        taken = {one.title for one in (*library, *(held.document for held in desk.held.values()))}
        told = (document.title, f"{document.title} ({name})", f"{document.title} ({name}, {document.sha256[:6]})")
        return next((title for title in told if title not in taken), told[-1])

    def _put(self, desk: Desk, held: Held) -> None:
        with self._lock:
            if self._desks.get(desk.key) is not desk:
                raise ServiceError(409, "session_ended", "The session ended while the file was read. Send it again.")
            self._refuse_twin(desk, held.document)
            if sum(len(one.document.text) for one in (*desk.held.values(), held)) > self.limits.characters:
                message = f"Together your documents would have more than {self.limits.characters:,} characters. Remove one first."
                raise ServiceError(413, "too_large", message)
            self._change(desk, {**desk.held, held.document.id: held})
            self._make_room(desk)

    def _change(self, desk: Desk, held: dict[str, Held]) -> None:
        """Questions that are being answered go on with what they began with."""
        assistant = self._assistant.extended([one.prepared for one in held.values()]) if held else None
        desk.held, desk.assistant = held, assistant

    def _make_room(self, desk: Desk) -> None:
        """Other desks end, those used longest ago first, until all fit. The caller holds the lock."""
        others = iter([other for other in self._desks.values() if other is not desk])
        while len(self._desks) > self.limits.sessions or self._memory() > self.limits.memory:
            other = next(others, None)
            if other is None:
                return
            del self._desks[other.key]

    def _memory(self) -> int:
        return sum(
            _CACHED + sum(held.memory for held in desk.held.values()) for desk in self._desks.values() if desk.held
        )


class SigningOut:
    """ASGI middleware, outside of `Authentication`: who signs out takes the session's documents along."""

    def __init__(self, app: ASGIApp, desks: Desks) -> None:
        self._app = app
        self._desks = desks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and look at the answer to one that signs out."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _SEE_OTHER:
                self._desks.forget(scope)
            await send(message)

        signs_out = scope["type"] == "http" and scope["path"] == LOGOUT and scope["method"] == "POST"
        await self._app(scope, receive, watched if signs_out else send)


def cookie_header(scope: Scope, value: str) -> str:
    """The `Set-Cookie` of a session, until the browser is closed; unseen by scripts and by requests that another site makes."""
    secure = scope["scheme"] in ("https", "wss")
    return f"{_cookie_name(secure)}={value}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"


def _cookie_name(secure: bool) -> str:
    """With the prefix that browsers let no other host of the domain set, where there is HTTPS."""
    return f"__Host-{_COOKIE}" if secure else _COOKIE


def _values(scope: Scope) -> list[str]:
    """The values of our cookies, that of HTTPS alone where there is HTTPS."""
    names = {_cookie_name(True)} if scope["scheme"] in ("https", "wss") else {_cookie_name(False), _cookie_name(True)}
    sent = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    pairs = (part.strip().partition("=") for part in sent.split(";"))
    return [value for name, _, value in pairs if name in names and value]


def _owner(scope: Scope) -> str:
    try:
        return str(principal_of(scope))
    except KeyError:  # nobody looked who it is
        return "unknown"


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).digest()
