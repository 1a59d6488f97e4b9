"""build: a corpus folder -> an index folder, when it is missing, stale or damaged. One process builds, others wait.

Only what is new or changed is parsed, segmented and embedded; what is finished is kept at once (`segments`), so that a build that was
killed goes on where it was. The index is switched in one step when all is done (`folder`). Memory does not grow with the corpus but for
what is listed in `docs/scaling.md`.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from filelock import FileLock, Timeout

from ketarag.errors import CorpusError, IndexingError
from ketarag.glossary import Glossary
from ketarag.indexing.chunk import chunk, embedded_text
from ketarag.indexing.embedders import EmbedAll, encode_all
from ketarag.indexing.folder import FORMAT, CorpusState, Index, Place, Sources, read_index, write_index
from ketarag.indexing.load import nothing_readable, read_documents
from ketarag.indexing.pace import Pace
from ketarag.indexing.scan import Scan, Source, scan
from ketarag.indexing.segment import segment
from ketarag.indexing.segments import Finished, Segment, SegmentWriter, segments_in
from ketarag.indexing.shelf import Shelf
from ketarag.indexing.tidy import tidied
from ketarag.protocols import Embedder, Vectors
from ketarag.types import Document, Passage

MAX_WORD_PIECES = 256
"""A passage's limit in word pieces, the length all-MiniLM-L6-v2 was trained for; a shorter model lowers it."""

BATCH = 2048
"""Passages that are finished together: what a kill can lose, some ten seconds of two cores."""
_SLICE = 512
"""Passages embedded between two reports, or sent to another machine at once."""
_LOCK_SECONDS = 600

Report = Callable[[str], None]


class Publisher(Protocol):
    """Keeps an index's vectors elsewhere too."""

    def connected(self) -> object:
        """Raises StoreError when it cannot be reached."""
        ...

    def publish(self, shelf: Shelf, report: Report) -> int:
        """Before an index is switched to: writes what is missing there."""
        ...

    def settle(self, shelf: Shelf) -> None:
        """After that: deletes what is needed no longer."""
        ...


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """What a build did. `rebuilt` is False when the index was whole and fresh; `seconds` is wall time.

    `embedded` are the passages that were embedded now; the others were known from before.
    """

    documents: Sequence[Document]
    passages: int
    unreadable: tuple[tuple[Path, str], ...]
    index: Path
    rebuilt: bool
    seconds: float
    embedded: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    """One build: what from, where to, and with what. `settings` is their hash, and that of the embedder, for keys."""

    corpus: Path
    folder: Path
    embedder: Embedder
    glossary: Glossary
    report: Report
    publisher: Publisher | None = None
    embed_all: EmbedAll | None = None

    @property
    def limit(self) -> int:
        return min(MAX_WORD_PIECES, self.embedder.max_word_pieces)

    @property
    def settings(self) -> str:
        told = f"format {FORMAT}, passages up to {self.limit} word pieces"
        return hashlib.sha256(told.encode()).hexdigest()

    def sources(self, found: Scan) -> Sources:
        return Sources(found.sha256, self.settings, self.embedder.fingerprint, self.glossary.fingerprint)

    def key(self, source: Source) -> str:
        return source.key(f"{self.settings}\0{self.embedder.fingerprint}")

    def publish(self, shelf: Shelf) -> None:
        if self.publisher:
            self.publisher.publish(shelf, self.report)

    def settle(self, index: Index) -> Index:
        if self.publisher:
            self.publisher.settle(index.shelf)
        return index


def ensure_index(
    corpus: Path,
    folder: Path,
    embedder: Embedder,
    report: Report,
    glossary: Glossary | None = None,
    publisher: Publisher | None = None,
) -> Index:
    """The index of `corpus`, built first when it is missing, stale or damaged.

    The abbreviations of `glossary` are counted spelled out. Where the corpus folder itself is gone a whole index is used as it is.
    What is built goes to `publisher` too. Raises CorpusError, IndexingError, StoreError.
    """
    if not corpus.is_dir() and folder.is_dir():
        return read_index(folder)
    job = _Job(corpus, folder, embedder, glossary or Glossary(), report, publisher)
    index, why, _ = _fresh(job, trusting=True)
    if index is None:
        with locked(folder, report):
            index, why, found = _fresh(job, trusting=True)
            if index is None:
                _build(job, found, why)
                index = job.settle(read_index(folder))
    return index


def rebuild_index(
    corpus: Path,
    folder: Path,
    embedder: Embedder,
    report: Report,
    glossary: Glossary | None = None,
    publisher: Publisher | None = None,
    embed_all: EmbedAll | None = None,
) -> IndexSummary:
    """Like `ensure_index`, with a summary of what was kept, left out and could not be read.

    Every file of the corpus is hashed, whatever its size and times; a file that could not be read before is tried again. `embed_all`
    embeds the passages in the place of `embedder`, whose vectors they must be.
    """
    started = time.perf_counter()
    job = _Job(corpus, folder, embedder, glossary or Glossary(), report, publisher, embed_all)
    scan(corpus)  # that there is a corpus is found out before a folder is made for its index
    embedded = 0
    with locked(folder, report):
        index, why, found = _fresh(job, trusting=False)
        rebuilt = index is None or _readable_now(job, found, index)
        if rebuilt:
            embedded = _build(job, found, why or "a file can be read now")
        if rebuilt or index is None:
            index = read_index(folder)
        else:
            job.publish(index.shelf)
        job.settle(index)
    unreadable = tuple((corpus / name, reason) for name, reason in index.corpus.unreadable)
    seconds = time.perf_counter() - started
    return IndexSummary(index.documents, len(index.passages), unreadable, folder, rebuilt, seconds, embedded)


def _fresh(job: _Job, *, trusting: bool) -> tuple[Index | None, str, Scan]:
    """The index when it is whole and made from what there is now; else None and why not."""
    try:
        index = read_index(job.folder)
    except IndexingError as error:
        return None, str(error).partition(";")[0], scan(job.corpus)
    found = scan(job.corpus, index.corpus.noted if trusting else None)
    now, then = job.sources(found), index.manifest.sources
    names = {"documents": "corpus", "settings": "settings", "model": "embedder", "glossary": "glossary"}
    changed = [name for name, field in names.items() if getattr(now, field) != getattr(then, field)]
    return (None, f"{' and '.join(changed)} changed", found) if changed else (index, "", found)


def _readable_now(job: _Job, found: Scan, index: Index) -> bool:
    """Whether a file that could not be read when the index was made can be read now, as after a moment without memory."""
    names = {name for name, _ in index.corpus.unreadable}
    paths = [source.path for source in found.sources if source.id in names]
    return any(isinstance(item, Document) for _, item in read_documents(job.corpus, paths))


def _build(job: _Job, found: Scan, why: str) -> int:
    """Writes the index; returns how many passages were embedded for it."""
    job.report(f"Building the index in {job.folder} ({why})")
    if job.publisher:
        job.publisher.connected()  # that it is down is said before hours of embedding
    try:
        written = segments_in(job.folder, thorough=True)
        known = {
            key: (one, row) for one in written if one.record.dimension == job.embedder.dimension
            for row, key in enumerate(one.record.keys)
        }  # fmt: skip
        missing = [source for source in found.sources if job.key(source) not in known]
        if known and len(missing) < len(found.sources):
            job.report(f"{len(found.sources) - len(missing)} of {len(found.sources)} documents are known already")
        work = _Work(job, missing)
        for one in work.segments():
            known |= {key: (one, row) for row, key in enumerate(one.record.keys)}
        if len(work.unreadable) == len(found.sources):
            raise nothing_readable(job.corpus, [(job.corpus / name, reason) for name, reason in work.unreadable])
        readable = [source for source in found.sources if job.key(source) in known]
        places = sorted((Place(one.id, *known[job.key(one)]) for one in readable), key=lambda place: place.id)
        if not any(place.segment.record.passages for place in places):
            raise IndexingError("nothing to index: every line of every document is left out; check the sidecars")
        places = tidied(job.folder, places, job.glossary, job.embedder.dimension, job.report)
        job.report("Writing the index")
        corpus = CorpusState(found.noted, tuple(work.unreadable))
        write_index(job.folder, places, job.sources(found), corpus, job.embedder.dimension, job.publish)
    except OSError as error:
        raise IndexingError(
            f"{job.folder}: cannot be written ({error}); name another place with --index or KETARAG_INDEX"
        ) from error
    return work.pace.done


@dataclass(slots=True)
class _Batch:
    """Documents that are finished together; `vectors` are those of their passages, as far as they are embedded."""

    documents: list[tuple[Source, Document, list[Passage]]] = field(default_factory=list)
    vectors: list[Vectors] = field(default_factory=list)

    @property
    def passages(self) -> list[Passage]:
        return [passage for _, _, passages in self.documents for passage in passages]

    @property
    def is_embedded(self) -> bool:
        return sum(map(len, self.vectors)) == sum(len(passages) for _, _, passages in self.documents)


class _Work:
    """Documents that are not known yet, read one by one and finished batch by batch."""

    def __init__(self, job: _Job, sources: Sequence[Source]) -> None:
        self._job = job
        self._sources = sources
        self.unreadable: list[tuple[str, str]] = []
        self.pace = Pace(len(sources), sum(source.seen.bytes for source in sources))

    def segments(self) -> Iterator[Segment]:
        """Each batch as soon as it is on the disk."""
        if not self._sources:
            return
        begun: deque[_Batch] = deque()
        embed_all = self._job.embed_all or partial(encode_all, self._job.embedder)
        with closing(embed_all(self._texts(begun))) as embedded:
            for vectors in embedded:
                self._job.report(self.pace.embedded(len(vectors)))
                begun[0].vectors.append(vectors)
                if begun[0].is_embedded:
                    yield self._finished(begun.popleft())
        for batch in begun:  # the last one, where its documents have no passages
            yield self._finished(batch)

    def _texts(self, begun: deque[_Batch]) -> Iterator[list[str]]:
        """What is to be embedded, slice by slice; its batches are put into `begun`."""
        for batch in self._batches():
            begun.append(batch)
            texts = [embedded_text(passage.heading, passage.clean) for passage in batch.passages]
            for start in range(0, len(texts), _SLICE):
                yield texts[start : start + _SLICE]

    def _batches(self) -> Iterator[_Batch]:
        batch, held = _Batch(), 0
        read = read_documents(self._job.corpus, (source.path for source in self._sources))
        for at, (source, (_, item)) in enumerate(zip(self._sources, read, strict=True), start=1):
            self._job.report(f"Reading {at}/{len(self._sources)}: {source.id}")
            if isinstance(item, CorpusError):
                self.unreadable.append((source.id, str(item)))
                self.pace.read(source.seen.bytes, 0)
                continue
            passages = self._passages(item)
            self.pace.read(source.seen.bytes, len(passages))
            batch.documents.append((source, item, passages))
            held += len(passages)
            if held >= BATCH:
                yield batch
                batch, held = _Batch(), 0
        if batch.documents:
            yield batch

    def _passages(self, document: Document) -> list[Passage]:
        count, limit = self._job.embedder.count_word_pieces, self._job.limit
        sentences = segment(document, lambda text: count(text) <= limit).sentences
        return chunk(document, sentences, count, limit)

    def _finished(self, batch: _Batch) -> Segment:
        dimension = self._job.embedder.dimension
        vectors = np.concatenate([np.zeros((0, dimension), dtype=np.float32), *batch.vectors])
        writer = SegmentWriter(self._job.folder, self._job.glossary, dimension)
        first = 0
        for source, document, passages in batch.documents:
            key = self._job.key(source)
            writer.add(Finished(key, document, passages, vectors[first : first + len(passages)]))
            first += len(passages)
        return writer.close()


def locked(folder: Path, report: Report) -> FileLock:
    """The held lock; a context manager. Raises IndexingError after ten minutes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            report("Another process is building this index; waiting for it")
            lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout as error:
        raise IndexingError(f"{folder}: locked by another process for ten minutes; end that process") from error
    except OSError as error:
        raise IndexingError(f"{folder}: cannot be written ({error}); name another place with --index") from error
    return lock
