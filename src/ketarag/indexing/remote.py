"""remote: an index's vectors searched in a store outside this process, which may hold other vectors too.

Not here: how they come there (`publish`), the stores themselves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import TypeVar

from ketarag.errors import IndexingError, StoreError
from ketarag.indexing.build import locked
from ketarag.indexing.folder import Index
from ketarag.indexing.publish import CONTENT_DIGITS, Note, is_noted, is_published, name_in_store, publish, settle
from ketarag.indexing.shelf import Shelf
from ketarag.protocols import Vectors, VectorStore

SPARE = 14
"""Vectors asked for beyond those wanted, for what an index before or after this one has there."""
MOST = 8192
"""Vectors asked for at most; Milvus gives no more than 16,384."""
CHECKED_FOR = 10.0
"""Seconds after which it is looked again whether a later `ingest` has deleted what this index needs."""

WAITS = 3.0
"""Seconds after a failure in which nobody else waits for the store, but is told the same: it takes its time to fail."""

CURE = "run `ketarag ingest` with the same --store, then start this again"


T = TypeVar("T")


class Remote:
    """The store of one index folder: what `ingest` publishes to, and what a question's vectors are searched in.

    Connects when it is first needed, and again after it could not, so that a service starts, and goes on, while the store is down.
    """

    def __init__(self, note: Note, connect: Callable[[str], VectorStore]) -> None:
        """`connect` gives the store for the name of a partition."""
        self._note = note
        self._connect = connect
        self._store: VectorStore | None = None
        self._failed: tuple[float, StoreError] | None = None
        self._lock = threading.Lock()

    def connected(self) -> VectorStore:
        """The store. Raises StoreError, IndexingError."""
        with self._lock:
            if self._store is None:
                self._store = self._connect(self._note.partition)
            return self._store

    def ask(self, call: Callable[[VectorStore], T]) -> T:
        """What the store says. Raises StoreError, at once where it failed a moment ago; IndexingError."""
        if self._failed and time.monotonic() < self._failed[0] + WAITS:
            raise StoreError(str(self._failed[1]))
        try:
            return call(self.connected())
        except StoreError as error:
            self._failed = time.monotonic(), error
            raise

    def publish(self, shelf: Shelf, report: Callable[[str], None]) -> int:
        """See `publish`."""
        return publish(shelf, self.connected(), self._note, report)

    def settle(self, shelf: Shelf) -> None:
        """See `settle`."""
        settle(shelf, self.connected(), self._note)

    def complete(self, index: Index, report: Callable[[str], None]) -> None:
        """Publishes what the store lacks of an index. Raises StoreError, IndexingError."""
        if is_published(index.shelf, self.connected(), self._note):
            return
        report("The store lacks vectors of this index; publishing them")
        with locked(self._note.path.parent, report):
            self.publish(index.shelf, report)

    def over(self, index: Index) -> RemoteVectors:
        """Searches the vectors of an index."""
        return RemoteVectors(self, index)

    def holds(self, shelf: Shelf) -> bool:
        """See `is_published`."""
        return self.ask(lambda store: is_published(shelf, store, self._note))

    def notes(self, shelf: Shelf) -> bool:
        """See `is_noted`."""
        return is_noted(shelf, self._note)

    def state(self) -> tuple[int, int, int]:
        """Changes when what is noted changes."""
        try:
            told = self._note.path.stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (told.st_ino, told.st_mtime_ns, told.st_size)


class RemoteVectors:
    """What the store finds, as far as the index knows it. Never fewer than there are: a store that lacks some raises."""

    def __init__(self, remote: Remote, index: Index) -> None:
        self._remote = remote
        self._shelf = index.shelf
        self._own = index.vectors
        self._seen: object = None
        self._until = 0.0

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest found of one row, shape (1, dimension): (id of the passage, inner product), best first.

        Among the passages `within` the index's own vectors are compared, exactly: the store knows nothing of documents.
        Raises StoreError, also when the store does not hold the vectors of this index.
        """
        if k < 1:
            return []
        if within is not None:
            return self._own.search(vector, k, within)
        try:
            self._check()
            return self._remote.ask(lambda store: self._search(store, vector, k))
        except IndexingError as error:
            raise StoreError(str(error)) from error

    def _search(self, store: VectorStore, vector: Vectors, k: int) -> list[tuple[str, float]]:
        wanted, asked = min(k, int(self._shelf.first[-1])), k + SPARE
        while True:
            found = store.search(vector, asked)
            known = [(name, score) for stored, score in found if (name := self._known(stored))]
            if len(known) >= wanted:
                return known[:k]
            if len(found) < asked or asked >= MOST:
                raise StoreError(f"the store does not hold the vectors of this index; {CURE}")
            asked = min(4 * asked, MOST)

    def _check(self) -> None:
        """That everything is there: by the note and the store the first time, by the note whenever that has changed since."""
        if self._seen is not None and time.monotonic() < self._until:
            return
        now = self._remote.state()
        if now != self._seen:
            first = self._seen is None
            if not (self._remote.holds(self._shelf) if first else self._remote.notes(self._shelf)):
                self._seen = None
                raise StoreError(f"the store does not hold the vectors of this index; {CURE}")
        self._seen, self._until = now, time.monotonic() + CHECKED_FOR

    def _known(self, stored: str) -> str:
        """The passage's id where this index has it with this content, "" otherwise."""
        _, _, name = stored.partition(":")
        number = self._shelf.number(name)
        if number < 0:
            return ""
        at, _, _ = self._shelf.locate(number)
        content = name_in_store(self._shelf, at)[:CONTENT_DIGITS]
        return name if stored[:CONTENT_DIGITS] == content else ""
