"""publish: the vectors of an index -> any other `VectorStore`, such as one on other machines; only what changed, by hash.

What the store holds is noted beside the index, document by document, so that a run which was killed goes on, and a passage that is no
longer there is deleted. Not here: the stores.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ketarag.errors import IndexingError
from ketarag.indexing.folder import Index
from ketarag.indexing.rows import passage_id
from ketarag.indexing.shelf import Shelf
from ketarag.protocols import VectorStore

BATCH = 4096
"""Passages that are written at once, and noted after: 6 MB of 384 numbers."""

_Noted = dict[str, tuple[str, list[tuple[int, int]]]]
"""Document -> (the hash of what was made of it, the spans of its passages)."""


def publish(index: Index, store: VectorStore, note: Path, report: Callable[[str], None]) -> int:
    """Makes `store` hold exactly the passages of `index`; returns how many were written.

    `note` is a file of its own for each store, which must be empty where the file is not there. What the store raises ends it; the next
    call goes on. Raises IndexingError when the note cannot be read or written.
    """
    noted = _read(note)
    wanted = {place.id: place.segment.record.contents[place.row] for place in index.places}
    gone = [name for name, (content, _) in noted.items() if wanted.get(name) != content]
    for name in gone:
        store.delete([passage_id(name, *span) for span in noted[name][1]])
        del noted[name]
    _write(note, noted)  # also without half a line at its end
    missing = [at for at, name in enumerate(wanted) if name not in noted]
    total = sum(int(index.shelf.places[at, 3]) for at in missing)
    written = 0
    for batch in _batches(index.shelf, missing):
        rows = _add(index.shelf, store, batch, wanted)
        _append(note, rows)
        written += sum(len(spans) for _, spans in rows.values())
        report(f"Writing vectors: {written}/{total}")
    return written


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


def _add(shelf: Shelf, store: VectorStore, batch: Sequence[int], wanted: Mapping[str, str]) -> _Noted:
    """Writes the documents' vectors; returns what is to be noted of them."""
    names = {
        at: [shelf.name(number) for number in range(int(shelf.first[at]), int(shelf.first[at + 1]))] for at in batch
    }
    numbers = [number for at in batch for number in range(int(shelf.first[at]), int(shelf.first[at + 1]))]
    ids = [name for at in batch for name in names[at]]
    for start in range(0, len(ids), BATCH):
        store.add(ids[start : start + BATCH], shelf.rows(numbers[start : start + BATCH]))
    return {shelf.ids[at]: (wanted[shelf.ids[at]], [_span(name) for name in names[at]]) for at in batch}


def _span(name: str) -> tuple[int, int]:
    start, _, end = name.rpartition("#")[2].partition("-")
    return int(start), int(end)


def _read(note: Path) -> _Noted:
    if not note.exists():
        return {}
    try:
        whole, _, _torn = note.read_text(encoding="utf-8").rpartition("\n")  # a kill may have left half a line
        rows = [json.loads(line) for line in whole.splitlines()]
        return {name: (content, [(start, end) for start, end in spans]) for name, content, spans in rows}
    except (OSError, TypeError, ValueError) as error:
        raise IndexingError(f"{note}: cannot be read ({error}); empty the store, then remove this file") from error


def _write(note: Path, noted: _Noted) -> None:
    part = note.with_name(note.name + ".new")
    part.unlink(missing_ok=True)
    _append(part, noted)
    part.replace(note)


def _append(note: Path, rows: _Noted) -> None:
    try:
        with note.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps([name, *row]) + "\n" for name, row in rows.items())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise IndexingError(f"{note}: cannot be written ({error}); make its folder writable") from error
