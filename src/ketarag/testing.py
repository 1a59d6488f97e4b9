"""Deterministic stand-ins, one for each seam of `ketarag.protocols`: for tests of programs built on KetaRAG.

They pass the same contract suites (`tests/contracts/`) as the real ones, need no model and no disk, and work by
counting words. Not here: anything that a user's question should ever reach.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ketarag.errors import ChatModelError, CorpusError
from ketarag.protocols import Entailment, Message, PairReading, TokenVectors, Vectors
from ketarag.text import content_stems, normalise, stem, words
from ketarag.types import Citation, Document, Evidence, Hit, Passage, Reading, Span, Verdict

_PIECE = re.compile(r"\w+")


class HashEmbedder:
    """Counts of word stems, hashed into `dimension` columns: texts that share words are near each other."""

    def __init__(self, dimension: int = 256, max_word_pieces: int = 256) -> None:
        """A word is one word piece, so that limits can be reckoned by hand. `dimension` is at least 1."""
        self.fingerprint = f"hash:{dimension}:{max_word_pieces}"
        self.dimension = dimension
        self.max_word_pieces = max_word_pieces

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension), float32, unit rows; a text without words is the first unit vector."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in self._read(text):
                vectors[row, self._column(word.group())] += 1
            if not vectors[row].any():
                vectors[row, 0] = 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each text word by word; a word's vector is what `encode` gives for it alone."""
        return [self._token_vectors(text) for text in texts]

    def count_word_pieces(self, text: str) -> int:
        """Words and two special pieces."""
        return len(_PIECE.findall(text)) + 2

    def _token_vectors(self, text: str) -> TokenVectors:
        read = self._read(text)
        spans = np.array([word.span() for word in read], dtype=np.int64).reshape(len(read), 2)
        return TokenVectors(spans, self.encode([word.group() for word in read]), self.encode([text])[0])

    def _read(self, text: str) -> list[re.Match[str]]:
        return list(_PIECE.finditer(text))[: self.max_word_pieces - 2]

    def _column(self, word: str) -> int:
        digest = hashlib.blake2b(stem(normalise(word)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.dimension


class MemoryVectorStore:
    """Vectors in a dictionary, compared one by one."""

    def __init__(self, dimension: int) -> None:
        """An empty store for vectors of `dimension` columns."""
        self.dimension = dimension
        self._rows: dict[str, Vectors] = {}

    def __len__(self) -> int:
        """How many vectors it holds."""
        return len(self._rows)

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Adds, or replaces where the id is held; the last of repeated ids wins.

        Raises ValueError unless `vectors` has shape (len(ids), dimension).
        """
        if vectors.shape != (len(ids), self.dimension):
            raise ValueError(f"{len(ids)} ids of {self.dimension} columns do not fit vectors of shape {vectors.shape}")
        self._rows |= dict(zip(ids, vectors.astype(np.float32), strict=True))

    def delete(self, ids: Sequence[str]) -> None:
        """Forgets the ids; an unknown id is not an error."""
        for name in ids:
            self._rows.pop(name, None)

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first; of the ids `within`, None for all."""
        searched = self._rows if within is None else [name for name in self._rows if name in within]
        scores = {name: float(self._rows[name] @ vector[0]) for name in searched}
        return sorted(scores.items(), key=lambda pair: -pair[1])[: max(k, 0)]


class FakeLoader:
    """Documents by file name, from memory: nothing is read."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """`texts` maps a file's name to its text."""
        self._texts = texts

    def load(self, path: Path) -> Document:
        """The text of that name. Raises CorpusError when there is none or it is blank."""
        text = self._texts.get(path.name, "")
        if not text.strip():
            raise CorpusError(f"{path}: not one of the texts of this FakeLoader; add it")
        return Document(id=path.name, title=path.stem, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


class FakeRetriever:
    """Ranks passages by how many content words they share with the wordings of the question."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """`passages` in document order, which settles ties."""
        self._passages = passages

    def retrieve(
        self,
        queries: Sequence[str],
        k: int,
        carried: Sequence[str] = (),
        history: str = "",  # noqa: ARG002
        within: Collection[str] | None = None,
    ) -> list[Hit]:
        """At most `k` hits, best first, ranks from 1; a passage that shares nothing is found only when carried."""
        asked = {name for query in queries for name in content_stems(query)}
        searched = [passage for passage in self._passages if within is None or passage.id in within]
        shared = [(len(asked & set(content_stems(passage.clean))), passage) for passage in searched]
        found = [(score, passage) for score, passage in shared if score or passage.id in carried]
        best = sorted(found, key=lambda pair: -pair[0])[: max(k, 0)]
        return [
            Hit(passage, float(score), rank, "lexical" if score else "carried")
            for rank, (score, passage) in enumerate(best, start=1)
        ]


class FakePairModel:
    """Judges by shared words: the share of the first text's content stems that a sentence holds, as log odds."""

    fingerprint = "fake-pair-model"

    def read(self, first: str, passages: Sequence[Sequence[str]]) -> list[PairReading]:
        """A passage answers as well as its best sentence does; a sentence's best stretch is the whole of it."""
        return [self._read(first, sentences) for sentences in passages]

    def _read(self, first: str, sentences: Sequence[str]) -> PairReading:
        evidence = np.array([_log_odds(_shared_part(first, text)) for text in sentences], dtype=np.float64)
        spans = tuple(Span(0, len(text)) for text in sentences)
        best = float(evidence.max())
        return PairReading(answers=best, relevant=best, evidence=evidence, spans=spans, span_scores=evidence)

    def entail(self, claim: str, sentences: Sequence[str]) -> Entailment:
        """Supported by the share of its stems that stand in the sentences together; never contradicted."""
        shared = _shared_part(claim, " ".join(sentences))
        return Entailment(shared, 0.0, 1 - shared)


def _shared_part(first: str, text: str) -> float:
    asked = set(content_stems(first))
    return len(asked & set(content_stems(text))) / len(asked) if asked else 0.0


def _log_odds(share: float) -> float:
    return float(np.log((share + 0.01) / (1.01 - share)))


class FakeReader:
    """Takes every sentence that shares a content word with the question; the share of words covered is its score."""

    fingerprint = "fake-reader"
    threshold = 0.5
    share = 0.8

    def read(
        self,
        question: str,
        hits: Sequence[Hit],
        context: str = "",  # noqa: ARG002
        carried: Sequence[str] = (),  # noqa: ARG002
    ) -> Reading:
        """Evidence best first; the confidence is the best score. `context` and `carried` are not used."""
        asked = dict.fromkeys(content_stems(question))
        evidence = [
            Evidence(sentence, hit.passage, len(common) / len(asked))
            for hit in hits
            for sentence in hit.passage.sentences
            if (common := asked.keys() & set(content_stems(sentence.clean)))
        ]
        covered = {name for one in evidence for name in content_stems(one.sentence.clean)}
        best = tuple(sorted(evidence, key=lambda one: -one.score))
        return Reading(best, best[0].score if best else 0.0, tuple(name for name in asked if name not in covered))


class FakeVerifier:
    """Supports a claim when one sentence of the passages holds every word and number of it."""

    fingerprint = "fake-verifier"

    def verify(self, claim: str, passages: Sequence[Passage]) -> Verdict:
        """The verdict over the sentence that holds most of the claim's words."""
        said = dict.fromkeys(words(claim))
        places = [(passage, sentence) for passage in passages for sentence in passage.sentences]
        if not said:
            return Verdict(False, 0.0, (), ("the claim says nothing",))
        if not places:
            return Verdict(False, 0.0, (), ("there is no passage to compare with",))
        passage, nearest = max(places, key=lambda place: len(said.keys() & set(words(place[1].clean))))
        missing = [word for word in said if word not in words(nearest.clean)]
        score = 1 - len(missing) / len(said)
        place = (passage.document_id, passage.document_id, passage.heading, nearest.text, nearest.start, nearest.end)
        problems = tuple(f"{word!r} is not in the passage" for word in missing)
        return Verdict(not missing, score, (Citation(1, *place, score, passage.id),), problems)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a scripted chat model says to one call: `pieces`, each after `delay` seconds; then it fails with `error`, "" for not at all."""

    pieces: Sequence[str]
    delay: float = 0.0
    error: str = ""


class ScriptedChatModel:
    """Says what it is told to say, whatever it is asked; a piece counts as a token."""

    name = "scripted"
    leaves_machine = False

    def __init__(self, *replies: str | Reply) -> None:
        """One reply for each call, the last one again and again; a string is said word by word."""
        self._replies = [Reply(_word_by_word(reply)) if isinstance(reply, str) else reply for reply in replies]
        self.calls: list[tuple[Message, ...]] = []
        """The messages of each call, oldest first."""
        self.ended = 0
        """Streams that are over: said to the end, failed, or closed."""

    def stream(self, messages: Sequence[Message], *, seconds: float, tokens: int) -> Iterator[str]:
        """The pieces of the next reply, at most `tokens`. Raises ChatModelError where the script says so, or after `seconds`."""
        reply = self._replies[min(len(self.calls), len(self._replies) - 1)]
        self.calls.append(tuple(messages))
        return self._say(reply, time.monotonic() + seconds, tokens)

    def _say(self, reply: Reply, deadline: float, tokens: int) -> Iterator[str]:
        try:
            for piece in reply.pieces[: max(tokens, 0)]:
                time.sleep(max(0.0, min(reply.delay, deadline - time.monotonic())))
                if reply.delay and time.monotonic() >= deadline:
                    raise ChatModelError(f"{self.name}: not done in time; allow it more seconds")
                yield piece
            if reply.error:
                raise ChatModelError(reply.error)
        finally:
            self.ended += 1


def _word_by_word(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*$|\s*\S+", text) or ([text] if text else [])
