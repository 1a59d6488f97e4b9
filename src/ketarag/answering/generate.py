"""generate: a chat model writes, and nothing that it writes is shown before it was found in the passages that it was given.

The model's text is cut into sentences as it streams (`draft`). Each is checked against the passages that it cites by the verifier, then,
by other means, against the very sentences that carry it (`gate`, `wording`). One that does not stand is replaced by the source's own
sentence where one says it and answers the question (`repair`), else left out; both are told. The best evidence is always there, and as many
sentences that answer as the answer without a model has; where no sentence of the model stands, that answer takes the place of all. Whether
to answer at all is decided before, by the reader.
Not here: the prompts (`prompts`), the model (`ketarag.protocols.ChatModel`), the answer without a model (`extract`).
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from ketarag.answering import prompts
from ketarag.answering.condense import Condensed
from ketarag.answering.desk import Desk
from ketarag.answering.draft import Draft
from ketarag.answering.extract import Composed
from ketarag.answering.marks import Drafted
from ketarag.answering.rephrase import TOKENS as REPHRASE_TOKENS
from ketarag.answering.rephrase import accepted, joined, with_wording
from ketarag.errors import ChatModelError
from ketarag.glossary import Glossary
from ketarag.protocols import ChatModel, Message, Verifier
from ketarag.text import normalise
from ketarag.types import Document, Evidence, Passage, Reading, Turn, VerifiedClaim

MOST_PASSAGES = 4
"""Passages that the model is given: those with the best evidence. With the rules some 1,300 tokens, which small models still read."""
MOST_DRAFTED = 8
"""Sentences of a draft that are looked at."""
CHECKED_AFTER = 2.0
"""Seconds after the end of the time in which what was written within it is still looked at."""
REPHRASE_SHARE = 0.25
"""Of the time for one answer that the model may take to rephrase the question."""
_SHOWN_CAUSE = 200  # characters of an error that an answer repeats


@dataclass(frozen=True, slots=True)
class Budget:
    """What the writing of one answer may take, all calls together: seconds, and tokens written."""

    seconds: float = 30.0
    tokens: int = 600


class Task:
    """The budget of one answer as it is used up."""

    def __init__(self, budget: Budget) -> None:
        """The time runs from now on."""
        self._ends = time.monotonic() + budget.seconds
        self.tokens = budget.tokens

    @property
    def left(self) -> float:
        """Seconds until the end, at least 0."""
        return max(0.0, self._ends - time.monotonic())

    @property
    def overrun(self) -> float:
        """Seconds since the end, negative before it."""
        return time.monotonic() - self._ends


class Writer:
    """Writes answers with a chat model. Safe to share between threads where the model is."""

    def __init__(
        self,
        model: ChatModel,
        verifier: Verifier,
        documents: Mapping[str, Document],
        glossary: Glossary,
        share: float,
        budget: Budget,
    ) -> None:
        """`share` is the reader's: the part of the best sentence's score from which a sentence answers."""
        self._model = model
        self._verifier = verifier
        self._documents = documents
        self._glossary = glossary
        self._share = share
        self._budget = budget
        self.name = model.name
        self.fingerprint = f"{model.name} {prompts.FINGERPRINT}"

    def rephrased(self, condensed: Condensed, turns: Sequence[Turn], task: Task) -> Condensed:
        """With one more wording to search, where `turns` came before and the model gives one; else as it is."""
        if not turns or task.tokens <= REPHRASE_TOKENS:
            return condensed
        task.tokens -= REPHRASE_TOKENS
        seconds = min(task.left, REPHRASE_SHARE * self._budget.seconds)
        messages = prompts.rephrasing(condensed.question, turns)
        try:
            with closing(self._pieces(messages, seconds, REPHRASE_TOKENS)) as pieces:
                return with_wording(condensed, accepted(joined(pieces), condensed.question, turns))
        except ChatModelError:
            return condensed

    def write(self, condensed: Condensed, reading: Reading, task: Task) -> Generator[VerifiedClaim, None, Composed]:
        """Each claim as it becomes final, then the whole: without claims, the documents' own sentences are to be shown.

        Never raises ChatModelError: what failed is in the warnings. Without evidence the model is not called.
        """
        passages = given(reading.evidence)
        if not passages:
            return Composed()
        asked = f"{condensed.context} {condensed.rephrased} {condensed.question}"
        desk = Desk(self._verifier, self._documents, reading, self._share, passages, self._glossary, asked)
        ended = ""
        declined = False
        with closing(self._sentences(_messages(condensed, passages), task)) as sentences:
            try:
                for taken, sentence in enumerate(sentences, 1):
                    if task.overrun > CHECKED_AFTER:
                        raise self._late()
                    declined = declines(sentence)
                    yield from () if declined else desk.take(sentence)
                    if desk.full or declined or taken >= MOST_DRAFTED:
                        break
            except ChatModelError as error:
                ended = " ".join(str(error).split())[:_SHOWN_CAUSE].rstrip(".")
        if desk.written:
            yield from desk.complete()
        warnings = self._warnings(desk, ended, declined)
        if not desk.written:
            return Composed(warnings=warnings)
        return Composed(tuple(desk.claims), tuple(desk.citations), warnings, self.name)

    def _sentences(self, messages: Sequence[Message], task: Task) -> Generator[Drafted, None, None]:
        """The sentences of the draft as they become final. Raises ChatModelError where it breaks off: what was begun is dropped."""
        draft = Draft()
        with closing(self._pieces(messages, task.left, task.tokens)) as pieces:
            for piece in pieces:
                yield from draft.feed(piece)
                if draft.over:
                    raise ChatModelError(f"{self.name}: {draft.over}")
        yield from draft.end()

    def _pieces(self, messages: Sequence[Message], seconds: float, tokens: int) -> Generator[str, None, None]:
        """What the model writes. A model is foreign code: whatever it raises is a ChatModelError here, and its time is kept here too."""
        ends = time.monotonic() + seconds
        stream: Iterator[str] = iter(())
        try:
            if seconds <= 0:
                raise self._late()
            stream = self._model.stream(messages, seconds=seconds, tokens=tokens)
            for piece in stream:
                yield piece
                if time.monotonic() > ends:
                    raise self._late()
        except ChatModelError:
            raise
        except Exception as error:
            raise ChatModelError(f"{self.name} failed with {type(error).__name__}") from error
        finally:
            if isinstance(stream, Generator):
                stream.close()

    def _late(self) -> ChatModelError:
        return ChatModelError(f"{self.name} took longer than {self._budget.seconds:g} seconds")

    def _warnings(self, desk: Desk, ended: str, declined: bool) -> tuple[str, ...]:
        """What the reader of the answer is to know of how it came about."""
        one = len(self._documents) == 1
        source, sources = ("document", "document's") if one else ("documents", "documents'")
        own = f"these are the {sources} own sentences"
        if not desk.written:
            if ended:
                return (f"The chat model did not answer ({ended}); {own}.",)
            if declined:
                return (f"The chat model found no answer in these passages; {own}: judge whether they answer.",)
            return (f"Nothing that the chat model wrote stands in the {source}; {own}.",)
        said = {
            f"The chat model stopped early ({ended}); what is shown was checked, but may not be all.": bool(ended),
            f"Replaced by the {sources} own words: {_count(desk.replaced)} not found in the {source}.": desk.replaced,
            f"Left out: {_count(desk.left_out)} not found in the {source}.": desk.left_out,
            f"Added: {_sentences(desk.added)} of the {source} that the chat model passed over.": desk.added,
        }
        return tuple(warning for warning, holds in said.items() if holds)


def _messages(condensed: Condensed, passages: Sequence[Passage]) -> list[Message]:
    """The question as it was rephrased, else with the questions that it continues."""
    if condensed.context and condensed.rephrased:
        return prompts.writing(condensed.rephrased, "", passages)
    return prompts.writing(condensed.question, condensed.context, passages)


def given(evidence: Sequence[Evidence]) -> list[Passage]:
    """The passages that the model is given: those of the evidence, best first, at most MOST_PASSAGES."""
    return list({item.passage.id: item.passage for item in evidence}.values())[:MOST_PASSAGES]


def declines(sentence: Drafted) -> bool:
    """Whether the model says that the passages do not answer, as it was told to."""
    return normalise(sentence.text).strip(" .!\"'*").startswith(normalise(prompts.NOT_ANSWERED))


def _count(number: int) -> str:
    return f"{_sentences(number)} of the chat model"


def _sentences(number: int) -> str:
    return f"{number} {'sentence' if number == 1 else 'sentences'}"
