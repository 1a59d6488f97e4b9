"""build: a corpus folder -> an index folder, when it is missing, stale or damaged. One process builds, others wait."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ketarag.errors import IndexingError
from ketarag.indexing.chunk import chunk, embedded_text
from ketarag.indexing.folder import FORMAT, Index, read_index, write_index
from ketarag.indexing.lexical import LexicalIndex
from ketarag.indexing.load import Corpus, corpus_sha256, load_corpus
from ketarag.indexing.segment import segment
from ketarag.indexing.store import FaissStore
from ketarag.protocols import Embedder
from ketarag.types import Document, Passage

MAX_WORD_PIECES = 256
"""A passage's limit in word pieces, the length all-MiniLM-L6-v2 was trained for; a shorter model lowers it."""

_LOCK_SECONDS = 600

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """What a build did. `rebuilt` is False when the index was whole and fresh; `seconds` is wall time."""

    documents: tuple[Document, ...]
    passages: int
    unreadable: tuple[tuple[Path, str], ...]
    index: Path
    rebuilt: bool
    seconds: float


def ensure_index(corpus: Path, folder: Path, embedder: Embedder, report: Report) -> Index:
    """The index of `corpus`, built first when it is missing, stale or damaged.

    Where the corpus folder itself is gone a whole index is used as it is. Raises CorpusError, IndexingError.
    """
    if not corpus.is_dir() and folder.is_dir():
        return read_index(folder)
    sources = _sources(corpus, embedder)
    index, why = _fresh(folder, sources)
    if index is None:
        with _locked(folder, report):
            index, why = _fresh(folder, sources)
            if index is None:
                report(f"Building the index in {folder} ({why})")
                _build(load_corpus(corpus), folder, embedder, sources, report)
                index = read_index(folder)
    return index


def rebuild_index(corpus: Path, folder: Path, embedder: Embedder, report: Report) -> IndexSummary:
    """Like `ensure_index`, with a summary of what was kept, left out and could not be read."""
    started = time.perf_counter()
    loaded = load_corpus(corpus)
    sources = _sources(corpus, embedder)
    with _locked(folder, report):
        index, why = _fresh(folder, sources)
        rebuilt = index is None
        if rebuilt:
            report(f"Building the index in {folder} ({why})")
            _build(loaded, folder, embedder, sources, report)
    index = index or read_index(folder)
    return IndexSummary(
        index.documents, len(index.passages), loaded.unreadable, folder, rebuilt, time.perf_counter() - started
    )


def _build(corpus: Corpus, folder: Path, embedder: Embedder, sources: tuple[str, str, str], report: Report) -> None:
    passages: list[Passage] = []
    limit = _limit(embedder)
    for at, document in enumerate(corpus.documents, start=1):
        report(f"Reading {at}/{len(corpus.documents)}: {document.id}")
        sentences = segment(document, lambda text: embedder.count_word_pieces(text) <= limit).sentences
        passages += chunk(document, sentences, embedder.count_word_pieces, limit)
    if not passages:
        raise IndexingError("nothing to index: every line of every document is left out; check the sidecars")
    texts = [embedded_text(passage.heading, passage.clean) for passage in passages]
    vectors = FaissStore(embedder.dimension)
    step = 256
    for start in range(0, len(passages), step):
        part = passages[start : start + step]
        vectors.add([passage.id for passage in part], embedder.encode(texts[start : start + step]))
        report(f"Embedding passages: {min(start + step, len(passages))}/{len(passages)}")
    write_index(folder, corpus.documents, passages, vectors, LexicalIndex.build(texts), sources)


def _limit(embedder: Embedder) -> int:
    return min(MAX_WORD_PIECES, embedder.max_word_pieces)


def _sources(corpus: Path, embedder: Embedder) -> tuple[str, str, str]:
    settings = f"format {FORMAT}, passages up to {_limit(embedder)} word pieces"
    return corpus_sha256(corpus), hashlib.sha256(settings.encode()).hexdigest(), embedder.fingerprint


def _fresh(folder: Path, sources: tuple[str, str, str]) -> tuple[Index | None, str]:
    """The index when it is whole and made from `sources`; else None and why not."""
    try:
        index = read_index(folder)
    except IndexingError as error:
        return None, str(error).partition(";")[0]
    made_from = (index.manifest.corpus_sha256, index.manifest.settings_sha256, index.manifest.embedder)
    names = ("documents", "settings", "model")
    changed = [name for name, now, then in zip(names, sources, made_from, strict=True) if now != then]
    return (None, f"{' and '.join(changed)} changed") if changed else (index, "")


def _locked(folder: Path, report: Report) -> FileLock:
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
