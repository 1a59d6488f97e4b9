"""The only wiring: settings -> index, retriever, reader, verifier -> answers. Each step is in `answering/`."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ketarag.answering.cite import cite
from ketarag.answering.compose import compose
from ketarag.answering.condense import Condensed, condense
from ketarag.answering.questions import checked_question
from ketarag.config import Settings
from ketarag.types import (
    Answer,
    Citation,
    Claim,
    Document,
    Final,
    Hit,
    Progress,
    Reading,
    StreamEvent,
    Turn,
    Verdict,
    VerifiedClaim,
)

if TYPE_CHECKING:
    from ketarag.loading import Parts

READ_PASSAGES = 10
"""Passages that the reader reads for one question."""
VERIFY_PASSAGES = 6
"""Passages that a free claim is checked against."""

Report = Callable[[str], None]


class Assistant:
    """Answers questions from its documents. Safe to share between threads once loaded; keeps nothing that it is asked."""

    def __init__(self, parts: Parts) -> None:
        """Use `load`; this is for other parts of one's own."""
        self._documents = {document.id: document for document in parts.index.documents}
        self._retriever = parts.retriever
        self._reader = parts.reader
        self._verifier = parts.verifier
        self._speller = parts.speller
        self._glossary = parts.glossary
        self._notices = parts.notices
        entries = hashlib.sha256(repr(parts.glossary.entries).encode()).hexdigest()[:16]
        self.fingerprints: Mapping[str, str] = {
            "index": parts.index.fingerprint,
            "embedder": parts.index.manifest.embedder,
            "reader": parts.reader.fingerprint,
            "verifier": parts.verifier.fingerprint,
            "glossary": entries,
        }
        """Of each part by name; together they are `fingerprint`."""
        self.fingerprint = hashlib.sha256("\n".join(self.fingerprints.values()).encode()).hexdigest()[:16]

    @classmethod
    def load(
        cls,
        corpus: str | Path | None = None,
        index: str | Path | None = None,
        model: str | None = None,
        progress: Report | None = None,
    ) -> Assistant:
        """Opens the index of a folder of documents, building it first when it is missing, stale or damaged.

        `corpus`: a folder of txt, md and html files, the shipped document when None. `index`: where the index is kept.
        `model`: a sentence-transformers folder or name. What is None comes from the environment (`Settings`). `progress`
        receives lines of text on what is being done. Raises CorpusError, IndexingError, ModelError, SettingsError.
        """
        from ketarag.loading import load_parts

        settings = Settings.from_environment().overridden(corpus, index, model)
        return cls(load_parts(settings, progress or logging.getLogger("ketarag").info))

    @property
    def documents(self) -> tuple[Document, ...]:
        """The indexed documents, by id in ascending order."""
        return tuple(self._documents.values())

    def ask(self, question: str) -> Answer:
        """Answers one question that stands alone. Raises QuestionError when it is empty or too long."""
        return self.conversation().ask(question)

    def stream(self, question: str) -> Iterator[StreamEvent]:
        """Progress, then each verified claim as it becomes final, then the whole answer."""
        return self.conversation().stream(question)

    def conversation(self, turns: Sequence[Turn] = ()) -> Conversation:
        """A conversation, new or continuing from `turns`."""
        return Conversation(self, turns)

    def retrieve(self, question: str, k: int = 5) -> list[Hit]:
        """The at most `k` passages nearest to a question, best first. Raises QuestionError; ValueError for k < 1."""
        if k < 1:
            raise ValueError(f"k is {k}; ask for at least one passage")
        return self._retriever.retrieve([self._mended(checked_question(question))], k)

    def verify(self, claim: str) -> Verdict:
        """Whether a claim stands in the documents, and if not, what is wrong. Raises QuestionError when it is empty."""
        text = checked_question(claim)
        hits = self._retriever.retrieve([text], VERIFY_PASSAGES)
        verdict = self._verifier.verify(text, [hit.passage for hit in hits])
        return replace(verdict, evidence=tuple(self._titled(citation) for citation in verdict.evidence))

    def _events(self, question: str, turns: Sequence[Turn]) -> Iterator[StreamEvent]:
        """The flow for one question, step by step."""
        clock = _Clock()
        asked = checked_question(question)
        yield Progress("condense")
        condensed = condense(self._mended(asked), turns)
        clock.lap("condense")
        yield Progress("retrieve")
        hits = self._retriever.retrieve(condensed.queries, READ_PASSAGES, condensed.carried, condensed.history)
        clock.lap("retrieve")
        yield Progress("read")
        reading = self._reader.read(condensed.question, hits, condensed.context, condensed.carried)
        clock.lap("read")
        yield Progress("compose")
        claims, citations = self._claims(reading) if reading.confidence >= self._reader.threshold else ((), ())
        clock.lap("compose_verify")
        for claim, citation in zip(claims, citations, strict=True):
            yield VerifiedClaim(claim, (citation,))
        yield Final(self._answer(asked, condensed, reading, claims, citations, clock))

    def _claims(self, reading: Reading) -> tuple[tuple[Claim, ...], tuple[Citation, ...]]:
        """Each composed sentence with its verdict; one that its own passage does not carry is dropped."""
        chosen = compose(reading.evidence, self._reader.share)
        verdicts = [self._verifier.verify(item.sentence.clean, [item.passage]) for item in chosen]
        standing = [(item, verdict) for item, verdict in zip(chosen, verdicts, strict=True) if verdict.supported]
        citations = cite([item for item, _ in standing], self._documents)
        claims = tuple(
            Claim(item.sentence.clean, (citation.marker,), replace(verdict, evidence=(citation,)))
            for (item, verdict), citation in zip(standing, citations, strict=True)
        )
        return claims, citations

    def _answer(
        self,
        asked: str,
        condensed: Condensed,
        reading: Reading,
        claims: tuple[Claim, ...],
        citations: tuple[Citation, ...],
        clock: _Clock,
    ) -> Answer:
        abstained = not claims
        mended = condensed.question != asked
        return Answer(
            question=asked,
            standalone_question=condensed.standalone,
            text=self._abstention() if abstained else " ".join(_with_markers(claim) for claim in claims),
            claims=claims,
            citations=citations,
            abstained=abstained,
            reason=_reason(reading, self._reader.threshold) if abstained else "",
            confidence=reading.confidence,
            nearest=cite(reading.evidence[:2], self._documents) if abstained else (),
            warnings=(*self._notices, *((f"Read as: {condensed.question}",) if mended else ())),
            timings_ms=clock.laps,
            fingerprint=self.fingerprint,
        )

    def _abstention(self) -> str:
        one = len(self._documents) == 1
        return "The document does not answer this question." if one else "The documents do not answer this question."

    def _mended(self, question: str) -> str:
        """The question with slips of spelling mended; glossary forms are left alone."""
        return self._speller.correct(question, [m.span() for _, m in self._glossary.found_in(question, question=True)])

    def _titled(self, citation: Citation) -> Citation:
        return replace(citation, title=self._documents[citation.document_id].title)


class Conversation:
    """Questions that build on each other. Not for several threads at once."""

    def __init__(self, assistant: Assistant, turns: Sequence[Turn] = ()) -> None:
        """Use `Assistant.conversation`."""
        self._assistant = assistant
        self._turns = list(turns)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was asked and answered, oldest first."""
        return tuple(self._turns)

    def ask(self, question: str) -> Answer:
        """Answers the next question. Raises QuestionError when it is empty or too long; the conversation then stays as it is."""
        *_, last = self.stream(question)
        assert isinstance(last, Final)
        return last.answer

    def stream(self, question: str) -> Iterator[StreamEvent]:
        """Like `ask`, event by event; the turn is kept once the last event was taken."""
        for event in self._assistant._events(question, self._turns):
            if isinstance(event, Final):
                self._turns.append(Turn(event.answer.question, event.answer.standalone_question, event.answer))
            yield event


class _Clock:
    """Milliseconds by step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._at = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.laps[step] = round((now - self._at) * 1000, 2)
        self._at = now


def _with_markers(claim: Claim) -> str:
    return claim.text + "".join(f" [{marker}]" for marker in claim.markers)


def _reason(reading: Reading, threshold: float) -> str:
    if not reading.evidence:
        return "The question names nothing that can be looked up."
    missing = f" Nothing near it speaks of: {', '.join(reading.unanswered)}." if reading.unanswered else ""
    return f"The nearest passages answer it with a likelihood of {reading.confidence:.0%}; at least {threshold:.0%} is asked for.{missing}"
