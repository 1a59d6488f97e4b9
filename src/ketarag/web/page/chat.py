"""One browser session: what it has asked, and its next question as the page's updates. Nothing of it is written anywhere.

Not here: the page's components (`ketarag.web.page.layout`), what the browser keeps (`ketarag.web.page.kept`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ketarag.errors import QuestionError
from ketarag.sequences import by_id
from ketarag.types import Answer, Claim, Filter, Final, Progress, VerifiedClaim
from ketarag.web import render, schemas
from ketarag.web.failures import failure_of
from ketarag.web.page.kept import MOST_KEPT, turns_of
from ketarag.web.service import asked

if TYPE_CHECKING:
    from starlette.types import Scope

    from ketarag.assistant import Assistant
    from ketarag.types import Document
    from ketarag.web.service import Service

ROUTE = "/"
"""What the audit calls the page's questions."""

Messages = list[dict[str, str]]


@dataclass
class Chat:
    """What one browser session has asked. `shown` are the chat's messages; `answers` are (number, answer), oldest first.

    `opened` are the ids of the documents that its panel holds.
    """

    shown: Messages = field(default_factory=list)
    answers: list[tuple[int, Answer]] = field(default_factory=list)
    opened: tuple[str, ...] = ()
    busy: bool = False

    async def ask(self, question: str, service: Service, scope: Scope, chosen: str = "") -> AsyncGenerator[None, None]:
        """Answer; yields whenever `shown` has changed, the last time with the answer or why there is none.

        `chosen`: the filter within which it is searched, as `/v1` takes it in JSON; "" for none.
        """
        assistant = service.assistant_for(scope)
        waiting = service.workers.running >= service.limits.at_once
        if question.strip():
            self._say("user", render.question_html(question))
        self._say("assistant", render.working_html(None, waiting=waiting))
        yield
        async with aclosing(self._replies(question, service, scope, assistant, chosen)) as replies:
            async for reply in replies:
                self.shown[-1] = _message("assistant", reply)
                yield

    async def _replies(
        self, question: str, service: Service, scope: Scope, assistant: Assistant, chosen: str
    ) -> AsyncGenerator[str, None]:
        """The HTML of the reply as it grows."""
        step, claims, number = None, list[Claim](), self.answers[-1][0] + 1 if self.answers else 1
        turns = turns_of([answer for _, answer in self.answers])
        documents = by_id(assistant.documents)
        try:
            within = _filter(chosen)
            questions = service.converse(asked(question, scope, ROUTE), lambda: assistant.conversation(turns, within))
            async with aclosing(questions) as events:
                async for event in events:
                    if isinstance(event, Final):
                        self.answers = [*self.answers, (number, event.answer)][-MOST_KEPT:]
                        yield render.answer_html(event.answer, number, documents)
                        continue
                    step = event.step if isinstance(event, Progress) else step
                    claims += [event.claim] if isinstance(event, VerifiedClaim) else []
                    yield render.working_html(step, claims, number)
        except Exception as error:
            yield render.error_html(failure_of(error, ROUTE).message)

    def restore(self, answers: Sequence[Answer], documents: Sequence[Document]) -> None:
        """Take up a conversation where a browser left it."""
        known = by_id(documents)
        for number, answer in enumerate(answers, 1):
            self.answers.append((number, answer))
            self._say("user", render.question_html(answer.question))
            self._say("assistant", render.answer_html(answer, number, known))
            self.open(answer)

    def open(self, answer: Answer) -> bool:
        """Puts the documents that an answer quotes into the panel; whether there are new ones."""
        quoted = [citation.document_id for citation in (*answer.citations, *answer.nearest)]
        before, self.opened = self.opened, tuple(dict.fromkeys([*self.opened, *quoted]))
        return self.opened != before

    def _say(self, role: str, content: str) -> None:
        """One message more; of a long conversation the first ones go, as its answers do."""
        self.shown = [*self.shown, _message(role, content)][-2 * MOST_KEPT :]


def _filter(chosen: str) -> Filter | None:
    """What the page's script sends of the reader's choice: a client's data, as in `/v1`."""
    try:
        return schemas.Filter.model_validate_json(chosen).noun() if chosen else None
    except ValidationError:
        raise QuestionError("which documents to search cannot be understood: choose them again") from None


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
