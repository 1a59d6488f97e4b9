"""What an operator asks of an index without its model: how it is (`index_stats`), whether it is whole, and to put it in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ketarag.errors import IndexingError
from ketarag.glossary import Glossary
from ketarag.indexing.build import locked
from ketarag.indexing.files import CURE, check, size_of
from ketarag.indexing.folder import Index, current_generation, read_index, read_manifest, write_index
from ketarag.indexing.segments import Segment, open_segment
from ketarag.indexing.tidy import tidied

_UNIT = 1e-3
"""How far from 1 the length of a vector may be."""


@dataclass(frozen=True, slots=True)
class IndexStats:
    """An index in numbers. `unused` passages are of documents that were changed or removed since; `compact` frees their place.

    `search` says how vectors are compared.
    """

    folder: Path
    generation: str
    fingerprint: str
    embedder: str
    documents: int
    passages: int
    sentences: int
    words: int
    unreadable: int
    segments: int
    unused: int
    bytes: int
    search: str


def index_stats(folder: Path) -> IndexStats:
    """Raises IndexingError where there is no whole index."""
    index = read_index(folder)
    segments = index.shelf.segments
    there = sum(segment.record.passages for segment in segments)
    size = size_of(index.manifest.files) + sum(size_of(segment.record.files) for segment in segments)
    return IndexStats(
        folder=folder,
        generation=index.generation,
        fingerprint=index.fingerprint,
        embedder=index.manifest.embedder,
        documents=len(index.documents),
        passages=len(index.passages),
        sentences=index.sentences,
        words=len(index.words),
        unreadable=len(index.corpus.unreadable),
        segments=len(segments),
        unused=there - _used(index),
        bytes=size,
        search=index.vectors.search_method,
    )


def told(stats: IndexStats) -> str:
    """The numbers for people, a line each."""
    rows = {
        "folder": str(stats.folder),
        "generation": stats.generation,
        "fingerprint": stats.fingerprint,
        "embedding model": stats.embedder,
        "documents": f"{stats.documents:,}",
        "files that could not be read": f"{stats.unreadable:,}",
        "passages": f"{stats.passages:,}",
        "sentences": f"{stats.sentences:,}",
        "different words": f"{stats.words:,}",
        "segments": f"{stats.segments:,}, with {stats.unused:,} passages that are no longer used",
        "size": f"{stats.bytes / 1e6:,.1f} MB",
        "vectors": stats.search,
    }
    return "\n".join(f"{name + ':':<30}{value}" for name, value in rows.items())


def verify_index(folder: Path, report: Callable[[str], None]) -> tuple[str, ...]:
    """Reads every byte and every line; what is wrong, empty for a whole index. Changes nothing."""
    try:
        generation = current_generation(folder)
        manifest = read_manifest(folder, generation)
    except IndexingError as error:
        return (str(error),)
    problems = []
    checks: list[Callable[[], object]] = [lambda: check(folder / generation, manifest.files, thorough=True)]
    checks += [lambda name=name: open_segment(folder, name, thorough=True) for name in manifest.segments]  # type: ignore[misc]
    for at, one in enumerate(checks, start=1):
        report(f"Checking files: {at}/{len(checks)}")
        try:
            one()
        except IndexingError as error:
            problems.append(str(error))
    if problems:
        return tuple(problems)
    return tuple(_wrong(read_index(folder), report))


def compact_index(folder: Path, glossary: Glossary, report: Callable[[str], None]) -> IndexStats:
    """Puts segments together and leaves out what is no longer used. Raises IndexingError, also when it is in use by a build.

    `glossary` must be the one that the index was made with.
    """
    with locked(folder, report):
        index = read_index(folder)
        if index.manifest.glossary != glossary.fingerprint:
            raise IndexingError(f"{folder}: made with another glossary; run `ketarag ingest` first")
        dimension = index.manifest.dimension
        places = tidied(folder, index.places, glossary, dimension, report, thorough=True)
        write_index(folder, places, index.manifest.sources, index.corpus, dimension)
    return index_stats(folder)


def _used(index: Index) -> int:
    """Passages that lie in the segments and are found; of a document that is there twice, once."""
    places = {(segment, row): passages for segment, row, _, passages in index.shelf.places.tolist()}
    return sum(places.values())


def _wrong(index: Index, report: Callable[[str], None]) -> Iterator[str]:
    """What hashes cannot show: a line that cannot be read, a passage that is not its document's text, a vector that is none."""
    for at, segment in enumerate(index.shelf.segments, start=1):
        report(f"Checking passages: segment {at}/{len(index.shelf.segments)}")
        lengths = np.linalg.norm(segment.vectors(), axis=1)
        if len(lengths) and not bool(np.all(np.abs(lengths - 1) < _UNIT)):
            yield f"{segment.place}: holds vectors that are not of unit length; {CURE}"
        yield from _wrong_rows(segment)


def _wrong_rows(segment: Segment) -> Iterator[str]:
    for row, key in enumerate(segment.record.keys):
        try:
            done = segment.finished(row)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            yield f"{segment.place}: document {row} cannot be read ({error}); {CURE}"
            continue
        text = done.document.text
        if any(passage.text != text[passage.start : passage.end] for passage in done.passages):
            yield f"{segment.place}: a passage of document {row} ({key[:12]}) is not its text; {CURE}"
