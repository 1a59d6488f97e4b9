"""The only wiring: settings -> index, retriever, reader, verifier -> answers. Each step is in `answering/`."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ketarag.answering.cite import citation, cite
from ketarag.answering.condense import Condensed, condense
from ketarag.answering.conflicts import Conflict
from ketarag.answering.extract import Composed, extract
from ketarag.answering.generate import Budget, Task, Writer
from ketarag.answering.patient import Concern, concern
from ketarag.answering.questions import checked_question
from ketarag.chat import Invokable, chat_model
from ketarag.config import Settings
from ketarag.pages import page_of
from ketarag.protocols import ChatModel
from ketarag.sequences import by_id
from ketarag.types import (
    Answer,
    Citation,
    Claim,
    Document,
    Filter,
    Final,
    Hit,
    Passage,
    Progress,
    Reading,
    Span,
    StreamEvent,
    Turn,
    Verdict,
    VerifiedClaim,
)
from ketarag.within import Catalogue, Choices, Scope

if TYPE_CHECKING:
    from ketarag.loading import Parts, Prepared

READ_PASSAGES = 10
"""Passages that the reader reads for one question."""
VERIFY_PASSAGES = 6
"""Passages that a free claim is checked against."""

Report = Callable[[str], None]


class Assistant:
    """Answers questions from its documents. Safe to share between threads once loaded; keeps nothing that it is asked."""

    def __init__(
        self,
        parts: Parts,
        model: ChatModel | None = None,
        budget: Budget | None = None,
        shared: Catalogue | None = None,
    ) -> None:
        """Use `load`; this is for other parts of one's own. `model` writes the answers, each within `budget`.

        `shared`: what is known of the first documents, where these parts extend others.
        """
        self._parts = parts
        self._catalogue = Catalogue(parts.index, shared)
        self._documents = by_id(parts.index.documents)
        self._retriever = parts.retriever
        self._claims = parts.claims or parts.retriever
        self._reader = parts.reader
        self._verifier = parts.verifier
        self._speller = parts.speller
        self._glossary = parts.glossary
        self._notices = parts.notices
        self._budget = budget or Budget()
        self.chat_model = model
        """What writes the answers; None where they are the documents' own sentences."""
        self._writer = (
            Writer(model, parts.verifier, self._documents, parts.glossary, parts.reader.share, self._budget)
            if model
            else None
        )
        entries = hashlib.sha256(repr(parts.glossary.entries).encode()).hexdigest()[:16]
        self.fingerprints: Mapping[str, str] = {
            "index": parts.index.fingerprint,
            "embedder": parts.index.manifest.embedder,
            "reader": parts.reader.fingerprint,
            "verifier": parts.verifier.fingerprint,
            "glossary": entries,
            **({"writer": self._writer.fingerprint} if self._writer else {}),
        }
        """Of each part by name; together they are `fingerprint`."""
        self.fingerprint = _joined(*self.fingerprints.values())

    @classmethod
    def load(
        cls,
        corpus: str | Path | None = None,
        index: str | Path | None = None,
        model: str | None = None,
        llm: str | ChatModel | Invokable | None = None,
        llm_url: str | None = None,
        progress: Report | None = None,
        store: str | None = None,
    ) -> Assistant:
        """Opens the index of a folder of documents, building it first when it is missing, stale or damaged.

        `corpus`: a folder of documents (txt, md, html, pdf, docx), the shipped document when None. `index`: where the index is kept.
        `model`: a sentence-transformers folder or name. `llm`: the chat model that writes, by name ("ollama:llama3.2"), a LangChain
        chat model, or a `ChatModel`; none, and the answers are the documents' own sentences; "" for none whatever the environment says.
        `llm_url`: the OpenAI-compatible server that has it. `store`: where vectors are kept and searched, such as
        `milvus://host:19530` or `postgresql://host:5432/database`; the index's folder when there is none.
        What is None comes from the environment (`Settings`). `progress` receives lines of text on what is being done.
        Raises CorpusError, IndexingError, ModelError, SettingsError, and StoreError when something must be published and cannot.
        """
        from ketarag.loading import load_parts

        settings = Settings.from_environment().overridden(corpus, index, model, store=store)
        writer = chat_model(settings.llm if llm is None else llm, llm_url or settings.llm_url)
        parts = load_parts(settings, progress or logging.getLogger("ketarag").info)
        return cls(parts, writer, Budget(settings.llm_seconds, settings.llm_tokens))

    @property
    def documents(self) -> Sequence[Document]:
        """The indexed documents, by id in ascending order."""
        return self._parts.index.documents

    def ask(self, question: str, within: Filter | None = None) -> Answer:
        """Answers one question that stands alone, from the documents that `within` leaves, all when None.

        Raises QuestionError when it is empty or too long, or no document is left.
        """
        return self.conversation(within=within).ask(question)

    def stream(self, question: str, within: Filter | None = None) -> Iterator[StreamEvent]:
        """Progress, then each verified claim as it becomes final, then the whole answer."""
        return self.conversation(within=within).stream(question)

    def conversation(self, turns: Sequence[Turn] = (), within: Filter | None = None) -> Conversation:
        """A conversation, new or continuing from `turns`, with the documents that `within` leaves, all when None."""
        return Conversation(self, turns, within)

    def choices(self) -> Choices:
        """What a `Filter` can choose by, with how many documents have each. The first call reads every document."""
        return self._catalogue.choices()

    def documents_within(self, within: Filter | None) -> int:
        """How many documents a filter leaves, all for None. Raises QuestionError when it leaves none."""
        return self._catalogue.scope(within).documents

    def retrieve(self, question: str, k: int = 5, within: Filter | None = None) -> list[Hit]:
        """The at most `k` passages nearest to a question, best first, of the documents that `within` leaves.

        Raises QuestionError, as `ask`; ValueError for k < 1.
        """
        if k < 1:
            raise ValueError(f"k is {k}; ask for at least one passage")
        mended, scope = self._mended(checked_question(question)), self._catalogue.scope(within)
        hits = self._retriever.retrieve([mended], k, within=scope.passages)
        return [replace(hit, page=self._page(hit.passage)) for hit in hits]

    def verify(self, claim: str) -> Verdict:
        """Whether a claim stands in the documents, and if not, what is wrong. Raises QuestionError when it is empty."""
        text = checked_question(claim)
        hits = self._claims.retrieve([text], VERIFY_PASSAGES)
        verdict = self._verifier.verify(text, [hit.passage for hit in hits])
        return replace(verdict, evidence=tuple(map(self._cited, verdict.evidence)))

    def passage_at(self, document_id: str, start: int, end: int) -> str:
        """The id of the indexed passage that holds [start, end) of a document, "" where none does."""
        return self._parts.index.passages.holding(document_id, start, end)

    def prepare(self, document: Document) -> Generator[tuple[int, int], None, Prepared]:
        """Makes a document ready for `extended`; yields how many of its passages are embedded, and of how many.

        Raises CorpusError when nothing of it is left to search, ValueError for an assistant that was extended.
        """
        from ketarag.loading import prepare

        return prepare(self._parts, document)

    def extended(self, documents: Sequence[Document | Prepared]) -> Assistant:
        """One that answers from these documents too, held in memory; this one stays as it is and shares everything else.

        Raises CorpusError when nothing of a document is left to search; ValueError where two have one id, or for an assistant that
        was extended: extend the first one, with all documents at once.
        """
        from ketarag.loading import extend_parts

        return Assistant(extend_parts(self._parts, documents), self.chat_model, self._budget, self._catalogue)

    def _events(
        self, question: str, turns: Sequence[Turn], within: Filter | None
    ) -> Generator[StreamEvent, None, None]:
        """The flow for one question, step by step."""
        clock, task = _Clock(), Task(self._budget)
        asked, scope = checked_question(question), self._catalogue.scope(within)
        yield Progress("condense")
        condensed = condense(self._mended(asked), turns)
        if self._writer:
            condensed = self._writer.rephrased(condensed, turns, task)
        clock.lap("condense")
        yield Progress("retrieve")
        hits = self._retriever.retrieve(
            condensed.queries, READ_PASSAGES, condensed.carried, condensed.history, scope.passages
        )
        clock.lap("retrieve")
        yield Progress("read")
        reading = self._reader.read(condensed.question, hits, condensed.context, condensed.carried)
        clock.lap("read")
        conflicts: list[Conflict] = []
        if reading.confidence >= self._reader.threshold:
            finder = self._parts.conflicts
            conflicts = finder.conflicts(reading.evidence, self._documents) if finder else []
            composed = yield from clock.first(self._composed(condensed, reading, conflicts, task, clock))
        else:
            yield Progress("compose")
            composed = Composed()
        answer = self._answer(asked, condensed, reading, composed, clock, scope)
        yield Final(self._beside(answer, condensed, hits, turns, scope))

    def _composed(
        self, condensed: Condensed, reading: Reading, conflicts: Sequence[Conflict], task: Task, clock: _Clock
    ) -> Generator[StreamEvent, None, Composed]:
        """The claims: the chat model's, as far as they stand; where there is none, or nothing stands, the documents' own."""
        written = Composed()
        if self._writer:
            yield Progress("write")
            written = yield from self._writer.write(condensed, reading, task)
            clock.lap("write")
        if written.claims:
            return replace(written, warnings=(*written.warnings, *self._differing(conflicts, written)))
        yield Progress("compose")
        own = extract(reading, self._reader.share, self._verifier, self._documents, conflicts)
        clock.lap("compose_verify")
        for claim, cited in zip(own.claims, own.citations, strict=True):
            yield VerifiedClaim(claim, (cited,))
        warnings = (*written.warnings, *self._differing(conflicts, own)) if own.claims else ()
        return replace(own, warnings=warnings)

    def _differing(self, conflicts: Sequence[Conflict], composed: Composed) -> list[str]:
        """What is said of documents that give other figures than one that is quoted for it."""
        quoted = [(one.document_id, one.start, one.end) for one in composed.citations]
        sentences = [(one, (one.newer.sentence, one.older.sentence)) for one in conflicts]
        return [
            one.told(self._documents)
            for one, both in sentences
            if any(
                s.document_id == name and start <= s.start and s.end <= end for s in both for name, start, end in quoted
            )
        ]

    def _answer(
        self, asked: str, condensed: Condensed, reading: Reading, composed: Composed, clock: _Clock, scope: Scope
    ) -> Answer:
        abstained = not composed.claims
        said = [f"Read as: {condensed.question}"] if condensed.question != asked else []
        said += [scope.told] if scope.told else []
        return Answer(
            question=asked,
            standalone_question=condensed.standalone,
            text=_abstention(scope.documents)
            if abstained
            else " ".join(_with_markers(claim) for claim in composed.claims),
            claims=composed.claims,
            citations=composed.citations,
            abstained=abstained,
            reason=_reason(reading, self._reader.threshold) if abstained else "",
            confidence=reading.confidence,
            nearest=cite(reading.evidence[:2], self._documents) if abstained else (),
            warnings=(*self._notices, *said, *composed.warnings),
            timings_ms=clock.laps,
            fingerprint=_joined(self.fingerprint, scope.fingerprint) if scope.fingerprint else self.fingerprint,
            written_by=composed.written_by,
        )

    def _beside(
        self, answer: Answer, condensed: Condensed, hits: Sequence[Hit], turns: Sequence[Turn], scope: Scope
    ) -> Answer:
        """The answer with what is to be said beside it: whom it is not for, what the question takes for granted, what to ask instead."""
        said: list[str] = []
        about = concern(answer.question) or concern(condensed.standalone)
        if about and not (answer.abstained and about is Concern.PATIENT):
            said.append(about.value)
        doubt = self._parts.premises and self._parts.premises.doubt(condensed.question, [hit.passage for hit in hits])
        said += [str(doubt)] if doubt else []
        suggester = self._parts.suggester if answer.abstained else None
        asked = [turn.question for turn in turns]
        suggestions = suggester.suggest(condensed.question, hits, asked, scope.passages) if suggester else ()
        return replace(answer, warnings=(*answer.warnings, *said), suggestions=suggestions)

    def _mended(self, question: str) -> str:
        """The question with slips of spelling mended; glossary forms are left alone."""
        return self._speller.correct(question, [m.span() for _, m in self._glossary.found_in(question, question=True)])

    def _page(self, passage: Passage) -> int | None:
        return page_of(self._documents[passage.document_id], passage.start)

    def _cited(self, compared: Citation) -> Citation:
        document, place = self._documents[compared.document_id], Span(compared.start, compared.end)
        return citation(compared.marker, document, place, compared.heading, compared.score, compared.passage_id)


class Conversation:
    """Questions that build on each other. Not for several threads at once."""

    def __init__(self, assistant: Assistant, turns: Sequence[Turn] = (), within: Filter | None = None) -> None:
        """Use `Assistant.conversation`."""
        self._assistant = assistant
        self._within = within
        self._turns = list(turns)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was asked and answered, oldest first."""
        return tuple(self._turns)

    def ask(self, question: str) -> Answer:
        """Answers the next question. Raises QuestionError, as `Assistant.ask`; the conversation then stays as it is."""
        *_, last = self.stream(question)
        assert isinstance(last, Final)
        return last.answer

    def stream(self, question: str) -> Iterator[StreamEvent]:
        """Like `ask`, event by event; the turn is kept once the last event was taken. Closed before, it ends what is being written."""
        with closing(self._assistant._events(question, self._turns, self._within)) as events:
            for event in events:
                if isinstance(event, Final):
                    self._turns.append(Turn(event.answer.question, event.answer.standalone_question, event.answer))
                yield event


class _Clock:
    """Milliseconds by step, and to the first claim."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._began = self._at = time.perf_counter()

    def first(self, events: Generator[StreamEvent, None, Composed]) -> Generator[StreamEvent, None, Composed]:
        """The events as they are; when the first claim comes is noted."""
        with closing(events):
            while True:
                try:
                    event = next(events)
                except StopIteration as end:
                    return cast(Composed, end.value)
                if isinstance(event, VerifiedClaim):
                    self.laps.setdefault("first_claim", round((time.perf_counter() - self._began) * 1000, 2))
                yield event

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.laps[step] = round((now - self._at) * 1000, 2)
        self._at = now


def _joined(*fingerprints: str) -> str:
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()[:16]


def _abstention(documents: int) -> str:
    one = documents == 1
    return "The document does not answer this question." if one else "The documents do not answer this question."


def _with_markers(claim: Claim) -> str:
    return claim.text + "".join(f" [{marker}]" for marker in claim.markers)


def _reason(reading: Reading, threshold: float) -> str:
    if not reading.evidence:
        return "The question names nothing that can be looked up."
    missing = f" Nothing near it speaks of: {', '.join(reading.unanswered)}." if reading.unanswered else ""
    return f"The nearest passages answer it with a likelihood of {reading.confidence:.0%}; at least {threshold:.0%} is asked for.{missing}"
