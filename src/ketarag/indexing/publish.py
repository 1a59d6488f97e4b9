"""publish: the vectors of an index -> any other `VectorStore`, such as one on other machines; only what changed, by hash.

A vector's name in the store holds the hash of its document's content. So a new index is published beside the old one, which goes on
answering, and the pointer to the index is switched when all is there. What an index no longer needs is deleted by the next `ingest`
after the one that replaced it: services that were started before go on answering until then.

What the store holds is noted beside the index, a line for each document and step, each before it is true of the store or right after:
a run that was killed goes on. Not here: the stores, the search (`remote`).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from ketarag.errors import IndexingError
from ketarag.indexing.rows import passage_id
from ketarag.indexing.shelf import Shelf
from ketarag.protocols import VectorStore

BATCH = 4096
"""Passages that are written at once, and noted before and after: 6 MB of 384 numbers."""

CONTENT_DIGITS = 16
"""Of the hash of a document's content, 64 bits: only two contents of one document must differ."""

Step = Literal["begun", "there", "gone", "deleting"]
"""Of a document in the store: some of it may be there; all of it is; all of it is, but the newest index does not need it; it is being
deleted."""

_WHOLE = ("there", "gone")

_Spans = list[tuple[int, int]]


class Note:
    """What a store holds of an index, in a file in the index's folder: one for each address, so that a copied folder knows it too."""

    def __init__(self, folder: Path, address: str) -> None:
        """Reads nothing."""
        self.path = folder / f"store-{hashlib.sha256(address.encode()).hexdigest()[:12]}.jsonl"

    @property
    def partition(self) -> str:
        """The part of the store that belongs to this index, named when there is none yet. Raises IndexingError."""
        for kind, name, *_ in self._rows():
            if kind == "partition":
                return str(name)
        name = f"ketarag_{secrets.token_hex(8)}"
        self.rewrite([("partition", name)])
        return name

    def steps(self) -> dict[str, Step]:
        """The last step of each document by its name in the store: 150 bytes each in memory. Raises IndexingError."""
        return {name: kind for kind, name, *_ in self._rows() if kind != "partition"}

    def begun(self) -> Iterator[tuple[str, _Spans]]:
        """Each document that was ever begun, with the spans of its passages, read line by line. Raises IndexingError."""
        for kind, name, *spans in self._rows():
            if kind == "begun":
                yield name, [(start, end) for start, end in spans[0]]

    def append(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """On the disk when it returns. Raises IndexingError."""
        self._written(self.path, rows)

    def rewrite(self, rows: Sequence[tuple[Any, ...]] | Iterator[tuple[Any, ...]]) -> None:
        """In the place of all that was noted, in one step. Raises IndexingError."""
        part = self.path.with_name(self.path.name + ".new")
        part.unlink(missing_ok=True)
        self._written(part, rows)
        part.replace(self.path)

    def mend(self) -> None:
        """Removes the half of a line that a kill may have left at the end."""
        if self.path.exists():
            with self.path.open("rb+") as file:
                end = file.seek(0, os.SEEK_END)
                while end and (file.seek(end - 1), file.read(1))[1] != b"\n":
                    end -= 1
                file.truncate(end)

    def _rows(self) -> Iterator[list[Any]]:
        try:
            if not self.path.exists():
                return
            with self.path.open(encoding="utf-8") as file:
                for line in file:
                    if line.endswith("\n"):
                        row = json.loads(line)
                        if row[0] not in ("partition", *get_args(Step)) or not isinstance(row[1], str):
                            raise ValueError("not a line of it")
                        yield row
        except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
            raise IndexingError(
                f"{self.path}: cannot be read ({error}); remove this file, and the vectors are published again"
            ) from error

    def _written(self, path: Path, rows: Sequence[tuple[Any, ...]] | Iterator[tuple[Any, ...]]) -> None:
        try:
            with path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise IndexingError(f"{path}: cannot be written ({error}); make its folder writable") from error


def is_published(shelf: Shelf, store: VectorStore, note: Note) -> bool:
    """Whether the store holds every passage, by the note and by how many it holds. Raises StoreError, IndexingError."""
    return is_noted(shelf, note) and len(store) >= int(shelf.first[-1])


def is_noted(shelf: Shelf, note: Note) -> bool:
    """Whether every passage is in the store by the note. Raises IndexingError."""
    steps = note.steps()
    return all(steps.get(name) in _WHOLE for name in _names(shelf))


def publish(shelf: Shelf, store: VectorStore, note: Note, report: Callable[[str], None]) -> int:
    """Makes the store hold every passage of an index beside what it holds; returns how many were written.

    One at a time for each note: the caller holds the index's lock. What the store raises ends it; the next call goes on. Raises
    IndexingError when the note cannot be read or written.
    """
    note.mend()
    steps = _steps_that_hold(store, note)
    names = list(_names(shelf))
    back = [("there", name) for name in names if steps.get(name) == "gone"]
    if back:
        note.append(back)
    missing = [at for at, name in enumerate(names) if steps.get(name) not in _WHOLE]
    total = sum(int(shelf.places[at, 3]) for at in missing)
    written = 0
    for batch in _batches(shelf, missing):
        note.append([("begun", names[at], _spans(shelf, at)) for at in batch])
        written += _add(shelf, store, batch, names)
        note.append([("there", names[at]) for at in batch])
        report(f"Writing vectors: {written}/{total}")
    return written


def _steps_that_hold(store: VectorStore, note: Note) -> dict[str, Step]:
    """What the note says, unless the store holds less than that: then it was emptied or lost, and all is to be written again."""
    steps = note.steps()
    noted = {name: len(spans) for name, spans in note.begun() if steps[name] in _WHOLE}
    if sum(noted.values()) <= len(store):
        return steps
    note.rewrite([("partition", note.partition)])
    return {}


def settle(shelf: Shelf, store: VectorStore, note: Note) -> None:
    """After the switch to an index: deletes what an earlier one had left to those that still used it, and leaves what this one replaced.

    The caller holds the index's lock. Raises as `publish`.
    """
    note.mend()
    steps, wanted = note.steps(), set(_names(shelf))
    unneeded = {name for name, step in steps.items() if name not in wanted}
    if not unneeded:
        return
    deleted = {name for name in unneeded if steps[name] != "there"}
    note.append(
        [("deleting", name) for name in deleted]
    )  # before: who still answers from it must not miss it unknowingly
    batch: list[str] = []
    for name, spans in note.begun():
        if name in deleted:
            batch += [passage_id(name, *span) for span in spans]
        if len(batch) >= BATCH:
            store.delete(batch)
            batch = []
    store.delete(batch)
    note.rewrite(_kept(note, steps, wanted, deleted))


def _kept(note: Note, steps: dict[str, Step], wanted: set[str], deleted: set[str]) -> Iterator[tuple[Any, ...]]:
    yield "partition", note.partition
    seen: set[str] = set()
    for name, spans in note.begun():
        if name in deleted or name in seen:
            continue
        seen.add(name)
        yield "begun", name, spans
        if name not in wanted:
            yield "gone", name
        elif steps[name] != "begun":
            yield "there", name


def name_in_store(shelf: Shelf, at: int) -> str:
    """Of a document: the hash of its content, and its id. With a passage's span behind it, of a vector."""
    segment, row, _, _ = shelf.places[at].tolist()
    return f"{shelf.segments[segment].record.contents[row][:CONTENT_DIGITS]}:{shelf.ids[at]}"


def _names(shelf: Shelf) -> Iterator[str]:
    return (name_in_store(shelf, at) for at in range(len(shelf.places)))


def _batches(shelf: Shelf, documents: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    held = 0
    for at in documents:
        batch.append(at)
        held += int(shelf.places[at, 3])
        if held >= BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _spans(shelf: Shelf, at: int) -> _Spans:
    names = (shelf.name(number) for number in range(int(shelf.first[at]), int(shelf.first[at + 1])))
    spans = (name.rpartition("#")[2].partition("-") for name in names)
    return [(int(start), int(end)) for start, _, end in spans]


def _add(shelf: Shelf, store: VectorStore, batch: Sequence[int], names: Sequence[str]) -> int:
    """Writes the documents' vectors; returns how many."""
    ids = [passage_id(names[at], *span) for at in batch for span in _spans(shelf, at)]
    numbers = [number for at in batch for number in range(int(shelf.first[at]), int(shelf.first[at + 1]))]
    for start in range(0, len(ids), BATCH):
        store.add(ids[start : start + BATCH], shelf.rows(numbers[start : start + BATCH]))
    return len(ids)
