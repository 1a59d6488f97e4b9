"""The page with all that can be switched on: `python tests/browser/full_service.py FEEDBACK_FILE [USERS_FILE]`.

The fake assistant suggests questions where it abstains; "written" is answered by a chat model, one sentence repaired;
a question for "my patient" gets a warning; "full" finds the service's line full.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fake_assistant import FakeAssistant, FakeConversation

from ketarag.config import Settings
from ketarag.types import Answer, Final, StreamEvent, Turn
from ketarag.web.failures import ServiceError
from ketarag.web.server import serve

SUGGESTIONS = ("What IV dose is used?", "How is ketamine <b>eliminated</b>?")
MODEL = "openai:small at http://127.0.0.1:9"
WARNING = "No dose is given for one patient."


class FullConversation(FakeConversation):
    """Answers with all that an answer can have."""

    def stream(self, question: str) -> Iterator[StreamEvent]:
        if "full" in question:
            raise ServiceError(503, "queue_full", "104 questions are being answered or wait. Send it again later.")
        for event in super().stream(question):
            yield Final(_more(event.answer)) if isinstance(event, Final) else event


def _more(answer: Answer) -> Answer:
    if answer.abstained:
        return replace(answer, suggestions=SUGGESTIONS)
    if "written" in answer.question:
        first, *rest = answer.claims
        claims = (replace(first, text=f"Mostly: {first.text}"), *(replace(one, repaired=True) for one in rest))
        return replace(answer, claims=claims, written_by=MODEL)
    return replace(answer, warnings=(WARNING,)) if "my patient" in answer.question else answer


class FullAssistant(FakeAssistant):
    """The methods of `ketarag.Assistant` that the page uses."""

    def conversation(self, turns: Sequence[Turn] = (), within: object = None) -> FullConversation:
        return FullConversation(turns)


if __name__ == "__main__":
    users = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    serve(FullAssistant(), Settings(port=0, feedback_file=Path(sys.argv[1]), users_file=users))  # type: ignore[arg-type]
