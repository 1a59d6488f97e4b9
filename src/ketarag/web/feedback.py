"""What users think of answers: a file of JSON lines that become evaluation cases, off unless the operator names it.

A line has the form that `python -m eval add` reads (`eval/cases/README.md`), and nothing of who gave it. It is on the disk before
the user is told so; half a line that a crash left is taken away before the next one. Not here: the cases (`eval.draft`), who asked
when (`ketarag.web.audit`).
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ketarag.answering.questions import checked_question
from ketarag.errors import QuestionError, SettingsError
from ketarag.sequences import by_id
from ketarag.web.api import FAILURES
from ketarag.web.appending import append_all, ends_whole
from ketarag.web.failures import Route, ServiceError
from ketarag.web.schemas import Asked, ErrorBody, Quote
from ketarag.web.service import Service, asked
from ketarag.web.streaming import unless_gone
from ketarag.web.throttle import Throttle
from ketarag.web.turns import TURNS_KEPT, distinct, stands

if TYPE_CHECKING:
    from ketarag.types import Document

logger = logging.getLogger(__name__)

MOST_BYTES = 50_000_000
"""Of the file: thousands of pieces of feedback. What comes then is refused, so that nobody fills the disk."""

MOST_QUOTES, LONGEST_QUOTE = 20, 4_000
"""Citations of one answer that are kept, and characters of each: the longest passage has under 2,000."""

TRIES, TRY_SECONDS = 20, 10.0
"""Pieces of feedback of one client at once, then one each 10 s: faster than anybody reads."""

_TAIL = 1_000_000
"""Bytes of a line at most, with room to spare: how far back half a line is looked for."""


def _now() -> datetime:
    return datetime.now(UTC)


class FeedbackFile:
    """One file of feedback. Safe to share between threads and processes."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = _now) -> None:
        """`clock` gives UTC. Raises SettingsError when the file cannot be written, before anybody's words are lost."""
        self._path = path.resolve()
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._opened() as file:
                _mend(file)
        except OSError as error:
            raise SettingsError(
                f"{path}: feedback cannot be written: {error.strerror}; set KETARAG_FEEDBACK_FILE to a file that the service may write"
            ) from error

    def add(self, given: Mapping[str, object]) -> None:
        """Append one line, which is on the disk when this returns. Raises OSError when it cannot be, or the file has grown too large."""
        time = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = f"{json.dumps({**given, 'time': time})}\n".encode()
        with self._opened() as file:
            if os.fstat(file).st_size + len(line) > MOST_BYTES:
                raise OSError(errno.EFBIG, f"it would have more than {MOST_BYTES:,} bytes; move it away")
            _mend(file)
            append_all(file, line)
            os.fsync(file)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The file, new where somebody moved it away, which nobody else writes until it is closed."""
        with self._lock:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
            finally:
                os.close(file)


class Feedback(BaseModel):
    """What somebody thinks of an answer."""

    question: Asked
    history: list[str] = Field([], description="the questions asked before, oldest first; the latest count")
    answer: str = Field(min_length=1, max_length=20_000, description="the text that was shown")
    rating: Literal["up", "down"]
    citations: list[Quote] = Field([], description="of the answer; those count that the documents have")
    reason: Annotated[str, Field(max_length=2_000)] = ""
    right_answer: Annotated[str, Field(max_length=4_000)] = ""


class Kept(BaseModel):
    """That it was kept, and with how many of the citations."""

    status: Literal["kept"] = "kept"
    citations: int


_FAILURES = {**FAILURES, 404: {"model": ErrorBody, "description": "Whoever runs the service has not switched it on"}}


def router(service: Service, store: FeedbackFile | None) -> APIRouter:
    """`POST /v1/feedback`; without a store it says that feedback is not taken."""
    made = APIRouter(prefix="/v1", route_class=Route, tags=["page"], responses=_FAILURES)
    throttle = Throttle(TRIES, TRY_SECONDS)

    @made.post("/feedback", summary="Say what you think of an answer")
    async def feedback(request: Request, body: Feedback) -> Kept:
        if store is None:
            told = "Feedback is not taken: whoever runs the service switches it on with KETARAG_FEEDBACK_FILE."
            raise ServiceError(404, "feedback_off", told)
        wait = throttle.take(asked("", request.scope).who)
        if wait:
            raise ServiceError(429, "rate_limited", "Too much feedback at once. Send it again later.", retry_after=wait)
        line = checked_feedback(body, service.documents, by_id(service.assistant_for(request.scope).documents))
        await unless_gone(request.receive, service.call(lambda: _keep(store, line)))
        service.metrics.count_feedback(body.rating)
        return Kept(citations=len(line["citations"]))  # type: ignore[arg-type]

    return made


def checked_feedback(
    given: Feedback, shared: Mapping[str, Document], readable: Mapping[str, Document]
) -> dict[str, object]:
    """The line to keep, but for its time: citations only as far as the `shared` documents have those words there.

    `readable` are all documents that this browser asks. Raises QuestionError for a question that cannot have been asked, and
    ServiceError where the answer rests on a document of the user's own, of which nothing is to be left.
    """
    if any(one.document_id in readable and one.document_id not in shared for one in given.citations):
        told = "The answer quotes a document of your own, of which nothing is kept: no feedback can be given to it."
        raise ServiceError(422, "own_document", told)
    if not given.answer.strip():
        raise ServiceError(422, "invalid_request", "answer: is blank; send the text that was shown", param="answer")
    quotes = [one for one in distinct(given.citations) if _can_stand(one) and stands(one, shared)]
    words = {"reason": given.reason.strip(), "right_answer": given.right_answer.strip()}
    return {
        "question": checked_question(given.question),
        "history": _questions(given.history),
        "answer": given.answer,
        "rating": given.rating,
        "citations": [quote.model_dump(include=set(Quote.model_fields)) for quote in quotes[:MOST_QUOTES]],
        **{name: text for name, text in words.items() if text},
    }


def _can_stand(quote: Quote) -> bool:
    return len(quote.quote) <= LONGEST_QUOTE and bool(quote.quote.strip())


def _questions(history: list[str]) -> list[str]:
    """The latest earlier questions, without those that cannot have been asked."""
    kept = []
    for question in history[-TURNS_KEPT:]:
        with suppress(QuestionError):
            kept.append(checked_question(question))
    return kept


def _keep(store: FeedbackFile, line: Mapping[str, object]) -> None:
    try:
        store.add(line)
    except OSError as error:
        logger.error("feedback cannot be written: %s", error.strerror)
        told = "The feedback could not be kept. Tell whoever runs the service: the log says why."
        raise ServiceError(503, "cannot_keep", told, retry_after=60) from error


def _mend(file: int) -> None:
    """Takes away half a line at the end; a whole one, which an editor left without its line break, gets it."""
    if ends_whole(file):
        return
    size = os.fstat(file).st_size
    start = max(0, size - _TAIL)
    before, broken, last = os.pread(file, size - start, start).rpartition(b"\n")
    try:
        whole = isinstance(json.loads(last), dict)
    except ValueError:
        whole = False
    if whole or (start and not broken):  # what is longer than any line of ours is not ours to cut
        append_all(file, b"\n")
    else:
        os.ftruncate(file, start + len(before) + len(broken))
