"""The assistant as a service: questions of many clients, answered in bounded workers, counted, and audited if asked for.

Every face of HTTP asks through here. Not here: the routes (`ketarag.web.api`, `openai_api`, `health`), who may ask
(`ketarag.web.auth`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ketarag.types import Answer, Final, StreamEvent
from ketarag.web.auth import principal_of
from ketarag.web.limits import Limits
from ketarag.web.metrics import Metrics
from ketarag.web.turns import checked, restored
from ketarag.web.workers import Workers

if TYPE_CHECKING:
    from starlette.types import Scope

    from ketarag.assistant import Assistant
    from ketarag.web.audit import AuditLog
    from ketarag.web.schemas import Turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks, and who through which route."""

    text: str
    who: str
    route: str


def asked(text: str, scope: Scope) -> Asked:
    """A question of the client that sent a request; "unknown" where nobody looked who it is."""
    try:
        who = str(principal_of(scope))
    except KeyError:
        who = "unknown"
    return Asked(text, who, scope["path"])


class Service:
    """One assistant for all clients. Keeps nothing of what it is asked, unless there is an audit."""

    def __init__(self, assistant: Assistant, limits: Limits | None = None, audit: AuditLog | None = None) -> None:
        """`limits`: the defaults of `Limits` when None. `audit` gets who asked, when it is on."""
        self.assistant = assistant
        self.limits = limits or Limits()
        self.documents = {document.id: document for document in assistant.documents}
        self.workers = Workers(self.limits.at_once, self.limits.waiting)
        self.metrics = Metrics(self.workers)
        self._audit = audit

    def checked(self, turns: Sequence[Turn]) -> list[Turn]:
        """What holds of the turns that a client sent."""
        return checked(turns, self.documents)

    async def events(self, asked: Asked, turns: Sequence[Turn] = ()) -> AsyncGenerator[StreamEvent, None]:
        """The events of one answer after checked `turns`. Raises QuestionError, and ServiceError as `Workers.run` does."""

        def work() -> Iterator[StreamEvent]:
            with self._audited(asked) as answers:
                conversation = self.assistant.conversation(restored(turns, self.assistant))
                for event in conversation.stream(asked.text):
                    answers += [event.answer] if isinstance(event, Final) else []
                    yield event

        async with aclosing(self.workers.run(work, self.limits.seconds)) as events:
            async for event in events:
                if isinstance(event, Final):
                    self.metrics.count_answer(event.answer)
                yield event

    async def answer(self, asked: Asked, turns: Sequence[Turn] = ()) -> Answer:
        """The answer alone. Raises as `events`."""
        async with aclosing(self.events(asked, turns)) as events:
            async for event in events:
                if isinstance(event, Final):
                    return event.answer
        raise RuntimeError("the stream ended without an answer")

    async def call(self, work: Callable[[], T], asked: Asked | None = None) -> T:
        """What `work` returns, called in a worker, for what somebody asked or for ourselves. Raises what it raises,
        and ServiceError as `Workers.run` does."""

        def once() -> Iterator[T]:
            if asked is None:
                yield work()
                return
            with self._audited(asked):
                result = work()
            yield result

        async with aclosing(self.workers.run(once, self.limits.seconds)) as results:
            return await anext(results)

    def close(self) -> None:
        """Take no more questions and wait for those that were taken."""
        self.workers.close()

    @contextmanager
    def _audited(self, asked: Asked) -> Iterator[list[Answer]]:
        """In a worker: what was made of it goes to the audit, answers as far as they are put into the list."""
        answers: list[Answer] = []
        began, outcome = time.monotonic(), "failed"
        try:
            yield answers
            outcome = "answered"
        except GeneratorExit:  # the client has gone, or time is up
            outcome = "given up"
            raise
        finally:
            if self._audit is not None:
                answer = answers[-1] if answers else None
                self._audit.record(
                    asked.who,
                    asked.route,
                    outcome,
                    fingerprint=self.assistant.fingerprint,
                    abstained=answer.abstained if answer else None,
                    seconds=time.monotonic() - began,
                    question=asked.text,
                    answer=answer.text if answer else None,
                )
