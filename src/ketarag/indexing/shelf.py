"""The documents and passages of an index, read from its segments when they are asked for: a million of them cost nothing to open."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ketarag.errors import IndexingError
from ketarag.indexing.arrays import Vocabulary
from ketarag.indexing.files import CURE
from ketarag.indexing.segments import Segment
from ketarag.types import Document, Passage

_KEPT_CHARACTERS = 16_000_000
"""Of documents that were read and may be asked for again: 16 to 64 MB."""


class Shelf:
    """Where each document and passage lies. Documents by id in ascending order; passages in their order, numbered from 0."""

    def __init__(self, ids: Vocabulary, places: NDArray[np.int64], segments: Sequence[Segment]) -> None:
        """`places`, shape (documents, 4): number of the segment, row there, first passage there, passages."""
        self.ids = ids
        self.places = places
        self.segments = segments
        self.first = np.zeros(len(places) + 1, dtype=np.int64)
        """The number of each document's first passage, and at the end how many passages there are."""
        np.cumsum(places[:, 3], out=self.first[1:])

    def locate(self, number: int) -> tuple[int, Segment, int]:
        """(number of the document, segment, number there) of a passage."""
        at = int(np.searchsorted(self.first, number, side="right")) - 1
        segment, _, first, _ = self.places[at].tolist()
        return at, self.segments[segment], first + number - int(self.first[at])

    def name(self, number: int) -> str:
        """The id of a passage, without reading it."""
        at, segment, there = self.locate(number)
        return segment.passage_name(there, self.ids[at])

    def holding(self, document_id: str, start: int, end: int) -> str:
        """The id of the passage that holds [start, end) of a document, "" where none does."""
        at = self.ids.find(document_id)
        if at < 0:
            return ""
        segment, _, first, passages = self.places[at].tolist()
        starts = self.segments[segment].starts(first, first + passages)
        place = int(np.searchsorted(starts, start, side="right")) - 1
        name = self.name(int(self.first[at]) + place) if place >= 0 else ""
        return name if name and end <= int(name.rpartition("-")[2]) else ""

    def number(self, name: str) -> int:
        """The number of the passage with an id, -1 where there is none such."""
        document, _, span = name.rpartition("#")
        start = span.partition("-")[0]
        at = self.ids.find(document)
        if at < 0 or not start.isdecimal():
            return -1
        segment, _, first, passages = self.places[at].tolist()
        starts = self.segments[segment].starts(first, first + passages)
        place = int(np.searchsorted(starts, int(start)))
        number = int(self.first[at]) + place
        return number if place < passages and self.name(number) == name else -1

    def of(self, documents: Collection[str]) -> Chosen:
        """The passages of these documents; an unknown one is not an error. None of them is looked at."""
        held = np.zeros(len(self.places), dtype=np.bool_)
        held[[at for name in documents if (at := self.ids.find(name)) >= 0]] = True
        return Chosen(self, np.flatnonzero(np.repeat(held, self.places[:, 3])).astype(np.int64))

    def numbers(self, within: Collection[str]) -> NDArray[np.int64]:
        """The numbers of those of the ids that there are, ascending; at no cost for what `of` gave."""
        chosen = within.first if isinstance(within, United) else within
        if isinstance(chosen, Chosen) and chosen.shelf is self:
            return chosen.numbers
        found = {number for name in within if (number := self.number(name)) >= 0}
        return np.array(sorted(found), dtype=np.int64)

    def rows(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """Their vectors, shape (len(numbers), dimension)."""
        wanted = np.asarray(numbers, dtype=np.int64)
        documents = np.searchsorted(self.first, wanted, side="right") - 1
        there = self.places[documents, 2] + wanted - self.first[documents]
        segments = self.places[documents, 0]
        dimension = self.segments[0].record.dimension if self.segments else 0
        found = np.zeros((len(wanted), dimension), dtype=np.float32)
        for segment in np.unique(segments).tolist():
            held = segments == segment
            found[held] = self.segments[segment].vectors()[there[held]]
        return found

    def blocks(self, passages: int) -> Iterator[NDArray[np.float32]]:
        """All vectors in order, some `passages` at a time."""
        part: list[NDArray[np.float32]] = []
        held = 0
        for segment, _, first, count in self.places.tolist():
            part.append(self.segments[segment].vectors()[first : first + count])
            held += count
            if held >= passages:
                yield np.concatenate(part)
                part, held = [], 0
        if part:
            yield np.concatenate(part)


class Chosen(Collection[str]):
    """Ids of some passages of a shelf, as a set that is as large as their numbers: ids are made when they are asked for."""

    def __init__(self, shelf: Shelf, numbers: NDArray[np.int64]) -> None:
        """`numbers` ascending."""
        self.shelf = shelf
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[str]:
        return (self.shelf.name(number) for number in self.numbers.tolist())

    def __contains__(self, name: object) -> bool:
        number = self.shelf.number(name) if isinstance(name, str) else -1
        at = int(np.searchsorted(self.numbers, number))
        return number >= 0 and at < len(self.numbers) and int(self.numbers[at]) == number


class United(Collection[str]):
    """Two sets of ids that share none, as one, not copied."""

    def __init__(self, first: Collection[str], second: Collection[str]) -> None:
        self.first = first
        self.second = second

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def __iter__(self) -> Iterator[str]:
        return chain(self.first, self.second)

    def __contains__(self, name: object) -> bool:
        return name in self.second or name in self.first


class Documents(Sequence[Document]):
    """All documents, by id in ascending order; those asked for last are kept. Safe to share between threads."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._kept: OrderedDict[int, Document] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()
        self.by_id: Mapping[str, Document] = _DocumentsById(self)

    def __len__(self) -> int:
        return len(self._shelf.places)

    @overload
    def __getitem__(self, at: int) -> Document: ...
    @overload
    def __getitem__(self, at: slice) -> list[Document]: ...
    def __getitem__(self, at: int | slice) -> Document | list[Document]:
        """The document; a list for a slice. Raises IndexError; IndexingError where its file was damaged."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):
            raise IndexError(at)
        with self._lock:
            if place in self._kept:
                self._kept.move_to_end(place)
                return self._kept[place]
        segment, row, _, _ = self._shelf.places[place].tolist()
        document = _read_document(self._shelf.segments[segment], row, self._shelf.ids[place])
        with self._lock:
            if place not in self._kept:
                self._kept[place] = document
                self._characters += len(document.text)
            while self._characters > _KEPT_CHARACTERS and len(self._kept) > 1:
                self._characters -= len(self._kept.popitem(last=False)[1].text)
        return document

    @property
    def ids(self) -> Vocabulary:
        """Their ids, in order."""
        return self._shelf.ids


class _DocumentsById(Mapping[str, Document]):
    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def __getitem__(self, name: str) -> Document:
        at = self._documents.ids.find(name)
        if at < 0:
            raise KeyError(name)
        return self._documents[at]

    def __contains__(self, name: object) -> bool:
        return name in self._documents.ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents.ids)

    def __len__(self) -> int:
        return len(self._documents)


class PlacedPassages(Sequence[Passage]):
    """Passages that are found by their places."""

    @abstractmethod
    def holding(self, document_id: str, start: int, end: int) -> str:
        """The id of the passage that holds [start, end) of a document, "" where none does."""

    @abstractmethod
    def of(self, documents: Collection[str]) -> Collection[str]:
        """The ids of the passages of these documents, as a set; an unknown document is not an error."""

    @abstractmethod
    def positions(self, within: Collection[str]) -> NDArray[np.int64]:
        """Where the passages with these ids stand, ascending; an unknown id is not an error. Quick for what `of` gave."""


class Passages(PlacedPassages):
    """All passages, in the order of the documents; read anew each time."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.names: Sequence[str] = _Names(shelf)
        self.by_id: Mapping[str, Passage] = _PassagesById(self, shelf)

    def __len__(self) -> int:
        return int(self._shelf.first[-1])

    def holding(self, document_id: str, start: int, end: int) -> str:
        """See `PlacedPassages`; no passage is read for it."""
        return self._shelf.holding(document_id, start, end)

    def of(self, documents: Collection[str]) -> Collection[str]:
        """See `PlacedPassages`; no passage is read for it."""
        return self._shelf.of(documents)

    def positions(self, within: Collection[str]) -> NDArray[np.int64]:
        """See `PlacedPassages`."""
        return self._shelf.numbers(within)

    @overload
    def __getitem__(self, at: int) -> Passage: ...
    @overload
    def __getitem__(self, at: slice) -> list[Passage]: ...
    def __getitem__(self, at: int | slice) -> Passage | list[Passage]:
        """The passage; a list for a slice. Raises IndexError; IndexingError where its file was damaged."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        number = at + len(self) if at < 0 else at
        if not 0 <= number < len(self):
            raise IndexError(at)
        document, segment, there = self._shelf.locate(number)
        return _read_passage(segment, there, self._shelf.ids[document])


class _Names(Sequence[str]):
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __len__(self) -> int:
        return int(self._shelf.first[-1])

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        number = at + len(self) if at < 0 else at
        if not 0 <= number < len(self):
            raise IndexError(at)
        return self._shelf.name(number)


class _PassagesById(Mapping[str, Passage]):
    def __init__(self, passages: Passages, shelf: Shelf) -> None:
        self._passages = passages
        self._shelf = shelf

    def __getitem__(self, name: str) -> Passage:
        number = self._shelf.number(name)
        if number < 0:
            raise KeyError(name)
        return self._passages[number]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._shelf.number(name) >= 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._passages.names)

    def __len__(self) -> int:
        return len(self._passages)


def _read_document(segment: Segment, row: int, name: str) -> Document:
    try:
        return segment.document(row, name)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise IndexingError(f"{segment.place}: a document cannot be read ({error}); {CURE}") from error


def _read_passage(segment: Segment, number: int, document: str) -> Passage:
    try:
        return segment.passage(number, document)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise IndexingError(f"{segment.place}: a passage cannot be read ({error}); {CURE}") from error
