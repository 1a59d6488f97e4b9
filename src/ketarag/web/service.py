"""The assistant as a service: questions of many clients, answered in bounded workers, counted, and audited if asked for.

Every face of HTTP asks through here. Not here: the routes (`ketarag.web.api`, `openai_api`, `health`), who may ask
(`ketarag.web.auth`).
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ketarag.errors import StoreError
from ketarag.sequences import by_id
from ketarag.types import Answer, Filter, Final, StreamEvent
from ketarag.web.auth import principal_of
from ketarag.web.limits import Limits
from ketarag.web.metrics import Metrics
from ketarag.web.turns import checked, restored
from ketarag.web.workers import Workers

if TYPE_CHECKING:
    from starlette.types import Scope

    from ketarag.assistant import Assistant, Conversation
    from ketarag.web.audit import AuditLog
    from ketarag.web.schemas import Turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks, and who through which route."""

    text: str
    who: str
    route: str


def asked(text: str, scope: Scope, route: str | None = None) -> Asked:
    """A question of the client that sent a request; "unknown" where nobody looked who it is.

    `route` names what was asked where the request's own path says nothing: the page's events share one.
    """
    try:
        who = str(principal_of(scope))
    except KeyError:
        who = "unknown"
    return Asked(text, who, scope["path"] if route is None else route)


class Service:
    """One assistant for all clients. Keeps nothing of what it is asked, unless there is an audit.

    `assistant_for` gives who sent a request the assistant to ask: the shared one, unless something that knows more of
    the session's documents takes its place.
    """

    assistant_for: Callable[[Scope], Assistant]

    def __init__(self, assistant: Assistant, limits: Limits | None = None, audit: AuditLog | None = None) -> None:
        """`limits`: the defaults of `Limits` when None. `audit` gets who asked, when it is on."""
        self.assistant = assistant
        self.assistant_for = lambda scope: assistant  # noqa: ARG005
        self.limits = limits or Limits()
        self.documents = by_id(assistant.documents)
        self.workers = Workers(self.limits.at_once, self.limits.waiting)
        self.metrics = Metrics(self.workers)
        self.store_failed = -math.inf
        """When a question could last not be answered for the store was down, by `time.monotonic`."""
        self._audit = audit

    def checked(self, turns: Sequence[Turn], assistant: Assistant | None = None) -> list[Turn]:
        """What holds of the turns that a client sent, by the documents of `assistant`, the shared one when None."""
        return checked(turns, by_id(assistant.documents) if assistant else self.documents)

    async def converse(self, asked: Asked, begin: Callable[[], Conversation]) -> AsyncGenerator[StreamEvent, None]:
        """The events of one answer in the conversation that `begin` gives, called in a worker.

        Raises QuestionError, and ServiceError as `Workers.run` does.
        """

        def work() -> Iterator[StreamEvent]:
            with self._audited(asked) as answers:
                for event in begin().stream(asked.text):
                    answers += [event.answer] if isinstance(event, Final) else []
                    yield event

        async with aclosing(self.workers.run(work, self.limits.seconds)) as events:
            async for event in events:
                if isinstance(event, Final):
                    self.metrics.count_answer(event.answer)
                yield event

    async def events(
        self,
        asked: Asked,
        turns: Sequence[Turn] = (),
        assistant: Assistant | None = None,
        within: Filter | None = None,
    ) -> AsyncGenerator[StreamEvent, None]:
        """The events of one answer of `assistant`, the shared one when None, after checked `turns`. Raises as `converse`.

        `within` says which documents may answer, all when None.
        """
        answering = assistant or self.assistant

        def begin() -> Conversation:
            return answering.conversation(restored(turns, answering), within)

        async with aclosing(self.converse(asked, begin)) as events:
            async for event in events:
                yield event

    async def answer(
        self,
        asked: Asked,
        turns: Sequence[Turn] = (),
        assistant: Assistant | None = None,
        within: Filter | None = None,
    ) -> Answer:
        """The answer alone, once the audit has it. Arguments and errors as of `events`."""
        events = self.events(asked, turns, assistant, within)
        answers = [event.answer async for event in events if isinstance(event, Final)]
        return answers[-1]

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
        except StoreError:
            self.store_failed = time.monotonic()
            raise
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
                    fingerprint=answer.fingerprint if answer else self.assistant.fingerprint,
                    abstained=answer.abstained if answer else None,
                    seconds=time.monotonic() - began,
                    question=asked.text,
                    answer=answer.text if answer else None,
                )
