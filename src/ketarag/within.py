"""What a filter can choose by, which documents it leaves, and what is searched then.

Reads each document's particulars once, when somebody first asks for any of that.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Protocol

from ketarag.errors import QuestionError
from ketarag.types import Document, Filter

_KEPT = 32
"""Filters whose passages are remembered: 8 bytes for each passage that one leaves."""
_MOST_CHOICES = 200
"""Publishers, and tags, that are offered: a longer list is none that anybody reads."""
_SHOWN = 80  # characters of a publisher or tag that a message repeats


class Placed(Protocol):
    """Passages of which those of some documents can be named."""

    def of(self, documents: Collection[str]) -> Collection[str]:
        """The ids of the passages of these documents, as a set."""
        ...


class Contents(Protocol):
    """What is searched."""

    @property
    def documents(self) -> Sequence[Document]:
        """What was indexed."""
        ...

    @property
    def passages(self) -> Placed:
        """What can be found."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What is searched: the ids of passages (None for all), of how many documents, what names the filter, and what is said of it."""

    passages: Collection[str] | None
    documents: int
    fingerprint: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a filter can choose by, and how many of the `documents` have each; of very many publishers or tags the most frequent.

    A name is written as the first document that has it writes it. Names are in alphabetical order, years ascending.
    """

    documents: int
    publishers: Mapping[str, int]
    tags: Mapping[str, int]
    years: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Card:
    """`written` are the publisher and the tags as the document has them."""

    id: str
    published: date | None
    publisher: str
    tags: frozenset[str]
    written: tuple[str, ...]


class Catalogue:
    """The documents by what is known of them. Safe to share between threads."""

    def __init__(self, contents: Contents, shared: Catalogue | None = None) -> None:
        """`shared`: the catalogue of the documents that come first, so that they need not be read again."""
        self._contents = contents
        self._shared = shared
        self._known: tuple[_Card, ...] | None = None
        self._choices: Choices | None = None
        self._scopes: OrderedDict[Filter, Scope] = OrderedDict()
        self._lock = Lock()

    def scope(self, within: Filter | None) -> Scope:
        """What a filter leaves; everything for none. Raises QuestionError when it leaves no document."""
        if within is None or within == Filter():
            return Scope(None, len(self._contents.documents))
        with self._lock:
            if within not in self._scopes:
                self._scopes[within] = self._chosen(within)
            self._scopes.move_to_end(within)
            if len(self._scopes) > _KEPT:
                self._scopes.popitem(last=False)
            return self._scopes[within]

    def choices(self) -> Choices:
        """What a filter can choose by."""
        with self._lock:
            if self._choices is None:
                self._choices = _choices(self._cards())
            return self._choices

    def _chosen(self, within: Filter) -> Scope:
        cards = self._cards()
        publishers, tags = set(map(_plain, within.publishers)), set(map(_plain, within.tags))
        names = {card.id for card in cards if _admits(card, within, publishers, tags)}
        told = described(within)
        if not names:
            raise QuestionError(f"none of the {len(cards):,} documents is {told}: ask within other bounds, or without")
        bounds = repr((within.published_from, within.published_to, sorted(publishers), sorted(tags)))
        name = hashlib.sha256(bounds.encode("utf-8", "backslashreplace")).hexdigest()
        said = f"Searched only what is {told}: {len(names):,} of {len(cards):,} documents."
        return Scope(self._contents.passages.of(names), len(names), name, said)

    def _cards(self) -> tuple[_Card, ...]:
        if self._known is None:
            before = self._shared.cards() if self._shared else ()
            documents = self._contents.documents
            further = documents if not before else documents[len(before) :]
            self._known = (*before, *map(_card, further))
        return self._known

    def cards(self) -> tuple[_Card, ...]:
        """What is known of each document, in their order."""
        with self._lock:
            return self._cards()


def described(within: Filter) -> str:
    """In words: "published from 2019-01-01, by WHO or NICE, tagged dose"."""
    bounds = (("from", within.published_from), ("to", within.published_to))
    days = " ".join(f"{word} {day:%Y-%m-%d}" for word, day in bounds if day)
    parts = [
        f"published {days}" if days else "",
        f"by {' or '.join(map(_shown, within.publishers))}" if within.publishers else "",
        f"tagged {' and '.join(map(_shown, within.tags))}" if within.tags else "",
    ]
    return ", ".join(filter(None, parts))


def _admits(card: _Card, within: Filter, publishers: set[str], tags: set[str]) -> bool:
    """`publishers` and `tags` are the filter's, plain."""
    first, last = _day(within.published_from) or date.min, _day(within.published_to) or date.max
    if (within.published_from or within.published_to) and not (card.published and first <= card.published <= last):
        return False
    return (not publishers or card.publisher in publishers) and tags <= card.tags


def _card(document: Document) -> _Card:
    written = tuple(
        " ".join(text.split()) for text in (document.publisher, *document.metadata.get("tags", "").split("\n"))
    )
    tags = frozenset(filter(None, map(_plain, written[1:])))
    return _Card(document.id, _day(document.published), _plain(document.publisher), tags, written)


def _choices(cards: Sequence[_Card]) -> Choices:
    written: dict[str, str] = {}
    for card in cards:
        for text in card.written:
            written.setdefault(_plain(text), text)
    publishers = Counter(card.publisher for card in cards if card.publisher)
    tags = Counter(tag for card in cards for tag in card.tags)
    years = Counter(card.published.year for card in cards if card.published)
    return Choices(
        len(cards), _named(publishers, written), _named(tags, written), {year: years[year] for year in sorted(years)}
    )


def _named(times: Counter[str], written: Mapping[str, str]) -> dict[str, int]:
    """The most frequent, in alphabetical order."""
    kept = sorted(times, key=lambda name: (-times[name], name))[:_MOST_CHOICES]
    return {written[name]: times[name] for name in sorted(kept)}


def _day(day: date | None) -> date | None:
    """A time of day, which a caller may give as well, cannot be compared with a day."""
    return day.date() if isinstance(day, datetime) else day


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _shown(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"
