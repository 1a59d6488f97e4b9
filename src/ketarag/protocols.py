"""The seams. A new implementation passes the contract suite in `tests/contracts/` by adding a fixture.

The deterministic fakes of every seam are in `ketarag.testing`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ketarag.types import Document, Hit, Passage, Reading, Span, Verdict

Vectors = NDArray[np.float32]
"""Shape (n, dimension), float32, rows of unit length."""


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """One text as the embedder reads it: `pooled`, shape (dimension,), and its word pieces without the special ones.

    `spans`, shape (n, 2), int64: half-open character offsets of each piece; `vectors`, shape (n, dimension),
    float32, unit rows.
    """

    spans: NDArray[np.int64]
    vectors: Vectors
    pooled: Vectors


Scores = NDArray[np.float64]
"""Shape (n,), float64, finite."""


@dataclass(frozen=True, slots=True, eq=False)
class PairReading:
    """What a pair model makes of a question and a passage; all scores are natural-log odds, not calibrated.

    `answers`: the passage answers the question; `relevant`: it is about it. For each sentence of the passage, in order: `evidence`,
    that it answers; `spans`, the stretch of it (characters) that is most likely the answer, None where it was not read;
    `span_scores`, how likely that stretch is.
    """

    answers: float
    relevant: float
    evidence: Scores
    spans: tuple[Span | None, ...]
    span_scores: Scores


@dataclass(frozen=True, slots=True)
class Entailment:
    """How a text stands to a claim: probabilities that sum to 1."""

    supported: float
    contradicted: float
    not_said: float


class Loader(Protocol):
    """Reads one kind of file."""

    def load(self, path: Path) -> Document:
        """The file as a document. Raises CorpusError, naming the file, when it cannot be read."""
        ...


class Embedder(Protocol):
    """Turns text into unit vectors."""

    @property
    def fingerprint(self) -> str:
        """Names the model and its weights: equal fingerprints give equal vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Columns of `encode`."""
        ...

    @property
    def max_word_pieces(self) -> int:
        """The longest text, in word pieces with the two special ones, that is read whole."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension), float32, unit rows, in order; no rows for no texts."""
        ...

    def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each text, read up to `max_word_pieces`, piece by piece; `pooled` is what `encode` gives for it."""
        ...

    def count_word_pieces(self, text: str) -> int:
        """Word pieces of `text` with the two special ones."""
        ...


class VectorStore(Protocol):
    """Vectors by id, searched by inner product."""

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Adds or, for an id that it holds, replaces. Raises ValueError when the shapes do not fit."""
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Forgets the ids; an unknown id is not an error."""
        ...

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first.

        `within`: the only ids that are searched, as a set, some of which it may not hold; None for all. Equal ones find the same.
        """
        ...


class Retriever(Protocol):
    """Finds passages for a question."""

    def retrieve(
        self,
        queries: Sequence[str],
        k: int,
        carried: Sequence[str] = (),
        history: str = "",
        within: Collection[str] | None = None,
    ) -> list[Hit]:
        """At most `k` hits, best first, ranks from 1, for all wordings of one question together.

        `carried` are ids of passages that the turn before cited: candidates whatever their rank. `history` is what was said before.
        `within`: the ids of the only passages that are searched, as a set; None for all.
        """
        ...


class PairModel(Protocol):
    """Reads a question or a claim beside a passage."""

    @property
    def fingerprint(self) -> str:
        """Names the weights: equal fingerprints give equal scores."""
        ...

    def read(self, first: str, passages: Sequence[Sequence[str]]) -> list[PairReading]:
        """How each passage, given as its sentences (at least one), answers the question `first`; each read by itself."""
        ...

    def entail(self, claim: str, sentences: Sequence[str]) -> Entailment:
        """Whether `sentences`, at least one, support or contradict `claim`."""
        ...


class Reader(Protocol):
    """Chooses the sentences that answer, and says how likely any does."""

    @property
    def fingerprint(self) -> str:
        """Names the model or weights: equal fingerprints give equal readings."""
        ...

    @property
    def threshold(self) -> float:
        """The calibrated confidence below which the documents are taken not to answer."""
        ...

    @property
    def share(self) -> float:
        """The part of the best sentence's score that a further one must reach to belong to the answer, in (0, 1]."""
        ...

    def read(self, question: str, hits: Sequence[Hit], context: str = "", carried: Sequence[str] = ()) -> Reading:
        """Evidence from `hits` for `question`; `context` is what the conversation was about, "" if nothing.

        `carried` are ids of passages that the turn before cited.
        """
        ...


class Verifier(Protocol):
    """Checks a claim against passages."""

    @property
    def fingerprint(self) -> str:
        """Names its rules and weights: equal fingerprints give equal verdicts."""
        ...

    def verify(self, claim: str, passages: Sequence[Passage]) -> Verdict:
        """Supported only when every quantity, comparator, route and negation of the claim stands in the passages."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat, oldest first in a sequence; a "system" message, if any, is the first."""

    role: Literal["system", "user", "assistant"]
    text: str


class ChatModel(Protocol):
    """Writes text. Nothing that it writes is believed: see `answering.generate`."""

    @property
    def name(self) -> str:
        """Which model where, for people and fingerprints: "openai:gpt-4o-mini at http://127.0.0.1:8080". Never a key."""
        ...

    @property
    def leaves_machine(self) -> bool:
        """Whether questions and passages are sent to another host."""
        ...

    def stream(self, messages: Sequence[Message], *, seconds: float, tokens: int) -> Iterator[str]:
        """Pieces of text as they come, none of them empty.

        Ends by itself once about `tokens` are written. Within `seconds`, all retries included, it has ended or raised. Where the iterator
        can be closed, closing it ends the request. Raises ChatModelError, from the first or any later piece: down, refused, over budget,
        out of time.
        """
        ...
