"""What a chat model was given and what it wrote, seen from between the assistant and the model."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from ketarag.answering.draft import Draft
from ketarag.answering.marks import Drafted
from ketarag.errors import ChatModelError
from ketarag.protocols import ChatModel, Message
from ketarag.types import Passage

_GIVEN = re.compile(r'<passage number="(\d+)">\n(.*?)\n</passage>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call. `passages`: what stood under each number, by number; empty for a call that wrote no answer (a question rephrased).

    `text` is what was read of the reply, `seconds` how long that took, `first_seconds` until its first piece, None without one.
    `error` is "" unless the model failed.
    """

    passages: Mapping[int, str]
    text: str
    seconds: float
    first_seconds: float | None
    error: str

    @property
    def sentences(self) -> list[Drafted]:
        """The draft's sentences with the numbers that each cites, as the program reads them, before anything is checked."""
        draft = Draft()
        return [*draft.feed(self.text), *draft.end()]


class Recorder:
    """A `ChatModel` that passes everything on and keeps it. For one thread."""

    def __init__(self, model: ChatModel) -> None:
        """Stands in for `model`."""
        self._model = model
        self.name = model.name
        self.leaves_machine = model.leaves_machine
        self._exchanges: list[Exchange] = []

    def stream(self, messages: Sequence[Message], *, seconds: float, tokens: int) -> Generator[str, None, None]:
        """The model's own, kept as far as it was read."""
        passages = {int(number): text for message in messages for number, text in _GIVEN.findall(message.text)}
        text, error, first, started = "", "", None, time.perf_counter()
        stream = self._model.stream(messages, seconds=seconds, tokens=tokens)
        try:
            for piece in stream:
                first = time.perf_counter() - started if first is None else first
                text += piece
                yield piece
        except ChatModelError as raised:
            error = str(raised)
            raise
        finally:
            if isinstance(stream, Generator):
                stream.close()
            self._exchanges.append(Exchange(passages, text, time.perf_counter() - started, first, error))

    def taken(self) -> list[Exchange]:
        """The calls since the last time this was asked, in order."""
        exchanges, self._exchanges = self._exchanges, []
        return exchanges


def passage_of(shown: str, passages: Sequence[Passage]) -> Passage | None:
    """The passage that was shown to the model as `shown`: its heading, then its clean text, with tags made harmless."""
    text = _harmless(shown)
    fitting = [passage for passage in passages if text.endswith(_harmless(passage.clean))]
    return max(fitting, key=lambda passage: len(passage.clean), default=None)


def _harmless(text: str) -> str:
    return re.sub(r"[<‹＜]", "<", text)
