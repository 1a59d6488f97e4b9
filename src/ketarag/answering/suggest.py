"""suggest: a question that is not answered -> at most two that are, nearest to it.

A document may name questions that it answers (`questions` in its sidecar). Of one that names none, they are made of the headings and
terms of the passages that were found, and offered only when the reader, asked them, is as sure as for any answer. Only what the
question found is looked at, however large the collection.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

import numpy as np

from ketarag.answering.question_type import Kind, asked_for
from ketarag.answering.rarity import english_rarity
from ketarag.glossary import Glossary
from ketarag.protocols import Embedder, Reader, Retriever, Vectors
from ketarag.text import content_stems, normalise
from ketarag.types import Document, Hit, Passage

MOST = 2
"""Questions offered."""
MOST_READ = 2
"""Made questions that the reader is asked for one abstention: each takes as long as a question."""

_DOCUMENTS = 3  # of the best hits, whose questions are looked at
_PASSAGES = 4  # best hits, whose headings and terms are made into questions
_READ_PASSAGES = 10  # as for any question
_ALIKE = 0.9  # cosine from which two questions ask the same
_FAR = 0.3  # cosine below which no listed question is near: then the document's own order decides
_PHRASES = 24  # terms that are compared with the question
_LEAST_RARITY = 0.5  # in English, of a word that makes a term
_MADE_SHARE = 0.75  # the part of the phrase's stems that the best evidence for a made question must hold
_KEPT = 512  # documents' lists, and made questions, that are remembered
_SAME_KIND = 0.3  # of cosine: a question of the kind that was asked, as of a dose, is nearer
_TOPIC = 0.25  # of the sentences found, beyond which a word is what all of them are about
_DECIMALS = 4  # beyond them, what else is in a batch changes a vector
_LEAST_LENGTH = 1e-9
_LONGEST_HEADING = 8  # words
_T = TypeVar("_T")
_BREAK = re.compile(r"[^\w\s'-]")
_ADJECTIVE = re.compile(r"\w{2}(?:ic|al|ary|ous|ive|oid)$")
_NO_NOUN = re.compile(r"^.{1,3}$|(?:ed|ing|ly|ic|al|[ao]ry|ous|ive|able|ible|ized|ised|izes|ises)$")


@dataclass(frozen=True, slots=True, eq=False)
class _Listed:
    """A document's questions, shape of `vectors`: (questions, dimension); `keys` say which wordings are one question."""

    texts: tuple[str, ...]
    keys: tuple[str, ...]
    kinds: tuple[Kind, ...]
    vectors: Vectors


class Suggester:
    """Offers questions. Deterministic; safe to share between threads; remembers nothing that it is asked."""

    def __init__(
        self,
        documents: Mapping[str, Document],
        embedder: Embedder,
        glossary: Glossary,
        retriever: Retriever,
        reader: Reader,
    ) -> None:
        """`documents` by their ids, of which only found ones are looked up; `retriever` and `reader` are those that answer from them."""
        self._documents = documents
        self._embedder = embedder
        self._glossary = glossary
        self._retriever = retriever
        self._reader = reader
        self._listed: OrderedDict[str, _Listed] = OrderedDict()
        self._answered: OrderedDict[str, bool] = OrderedDict()
        self._lock = Lock()

    def over(self, documents: Mapping[str, Document], retriever: Retriever, reader: Reader) -> Suggester:
        """The same over other documents, by other means."""
        return Suggester(documents, self._embedder, self._glossary, retriever, reader)

    def suggest(
        self, question: str, hits: Sequence[Hit], asked: Collection[str] = (), within: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """At most MOST questions, none of them `question` or one of those `asked` before in the conversation.

        `hits` are what was found for the question, best first; () for none. `within`: the passages that were searched, None for all.
        """
        if not hits:
            return ()
        known = {self._key(text) for text in (question, *asked)}
        aim = self._embedder.encode([self._plain(question)])[0]
        ranked = list(dict.fromkeys(hit.passage.document_id for hit in hits))[:_DOCUMENTS]
        listed = [self._list_of(name) for name in ranked]
        chosen: list[str] = []
        if not listed[0].texts:
            passages = [hit.passage for hit in hits if hit.passage.document_id == ranked[0]][:_PASSAGES]
            chosen = self._made(aim, passages, known, within)
        if len(chosen) < MOST:
            chosen += _nearest(aim, asked_for(question), [one for one in listed if one.texts], known)
        return tuple(chosen[:MOST])

    def _list_of(self, name: str) -> _Listed:
        """What the sidecar of a document lists, embedded once."""
        with self._lock:
            if name in self._listed:
                return self._listed[name]
        texts = listed_questions(self._documents[name])
        vectors = self._embedder.encode([self._plain(text) for text in texts])
        made = _Listed(texts, tuple(map(self._key, texts)), tuple(map(asked_for, texts)), vectors)
        self._keep(self._listed, name, made)
        return made

    def _made(
        self, aim: Vectors, passages: Sequence[Passage], known: Collection[str], within: Collection[str] | None
    ) -> list[str]:
        """Questions of headings and terms, the nearest first, that the documents answer."""
        title = self._documents[passages[0].document_id].title
        phrases = [text for text in dict.fromkeys(_phrases(passages)) if text != title][:_PHRASES]
        if not phrases:
            return []
        vectors = self._embedder.encode([self._plain(phrase) for phrase in phrases])
        order = np.argsort(-np.round(vectors @ aim, _DECIMALS), kind="stable")
        kept: list[str] = []
        unread = MOST_READ
        for phrase in (phrases[at] for at in order):
            text = _question_about(phrase)
            new = within is not None or text not in self._answered
            if len(kept) == MOST or (new and not unread):
                continue
            if self._key(text) in known or any(_overlap(phrase, other) for other in kept):
                continue
            unread -= new
            if self._is_answered(text, phrase, within):
                kept.append(phrase)
        return [_question_about(phrase) for phrase in kept]

    def _is_answered(self, text: str, phrase: str, within: Collection[str] | None) -> bool:
        """Whether the reader is sure enough, and its best evidence is about the phrase. Remembered where everything is searched."""
        with self._lock:
            if within is None and text in self._answered:
                return self._answered[text]
        reading = self._reader.read(text, self._retriever.retrieve([text], _READ_PASSAGES, within=within))
        wanted, sure = set(content_stems(phrase)), reading.confidence >= self._reader.threshold
        sentences = [item.sentence for item in reading.evidence[:1]]
        held = {name for one in sentences for name in content_stems(f"{one.heading} {one.clean}")}
        answered = bool(sure and sentences and len(wanted & held) >= _MADE_SHARE * len(wanted))
        if within is None:
            self._keep(self._answered, text, answered)
        return answered

    def _keep(self, kept: OrderedDict[str, _T], name: str, value: _T) -> None:
        with self._lock:
            kept[name] = value
            while len(kept) > _KEPT:
                kept.popitem(last=False)

    def _plain(self, text: str) -> str:
        return self._glossary.spelled_out(text, question=True)

    def _key(self, text: str) -> str:
        """What makes two wordings one question: the same stems."""
        return " ".join(sorted(set(content_stems(self._plain(text))))) or normalise(text)


def listed_questions(document: Document) -> tuple[str, ...]:
    """The questions that a document's sidecar says it answers, in its order."""
    return tuple(filter(None, document.metadata.get("questions", "").split("\n")))


def _nearest(aim: Vectors, kind: Kind, listed: Sequence[_Listed], known: Collection[str]) -> list[str]:
    """The listed questions that are nearest, no two of which ask the same; what all of them share tells nothing and is taken out."""
    rows = [
        (text, key, its_kind, vector)
        for one in listed
        for text, key, its_kind, vector in zip(one.texts, one.keys, one.kinds, one.vectors, strict=True)
    ]
    if not rows:
        return []
    vectors = np.array([vector for *_, vector in rows])
    cosines = vectors @ aim
    common = vectors.mean(axis=0)
    apart, towards = vectors - common, aim - common
    lengths = np.linalg.norm(apart, axis=1) * np.linalg.norm(towards)
    alike = [_SAME_KIND if kind is its_kind and kind is not Kind.NONE else 0.0 for _, _, its_kind, _ in rows]
    scores = np.round(cosines + apart @ towards / np.maximum(lengths, _LEAST_LENGTH) + alike, _DECIMALS)
    order = np.argsort(-scores, kind="stable") if cosines.max() >= _FAR else np.arange(len(rows))
    chosen: list[int] = []
    for at in map(int, order):
        apart_from = all(float(vectors[at] @ vectors[other]) < _ALIKE for other in chosen)
        if len(chosen) < MOST and rows[at][1] not in known and apart_from:
            chosen.append(at)
    return [rows[at][0] for at in chosen]


def _question_about(phrase: str) -> str:
    return f"What does the document say about {phrase}?"


def _phrases(passages: Sequence[Passage]) -> Iterator[str]:
    """Headings, then terms, as they stand in the passages; not what all of them are about."""
    for passage in passages:
        heading = passage.heading.rpartition(" › ")[2].strip()
        if content_stems(heading) and len(heading.split()) <= _LONGEST_HEADING:
            yield heading
    sentences = [sentence for passage in passages for sentence in passage.sentences]
    counts = Counter(name for sentence in sentences for name in set(content_stems(sentence.clean)))
    for sentence in sentences:
        for term in _terms(sentence.clean):
            stems = content_stems(term)
            if stems and counts[stems[-1]] <= max(1.0, _TOPIC * len(sentences)):
                yield term


def _terms(text: str) -> Iterator[str]:
    """Words of a sentence that are rare in English and look like nouns, each with the adjective before it."""
    for part in _BREAK.split(text):
        before = ""
        for word in part.split():
            plain = word if word.isupper() else word.lower()
            if plain.isalpha() and not _NO_NOUN.search(plain) and english_rarity(plain.lower()) >= _LEAST_RARITY:
                yield f"{before} {plain}".strip()
            before = plain if _ADJECTIVE.search(plain) else ""


def _overlap(one: str, other: str) -> bool:
    """Whether the two phrases share a content word."""
    return not set(content_stems(one)).isdisjoint(content_stems(other))
