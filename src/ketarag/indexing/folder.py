"""The folder an index lives in: written aside, switched to in one rename, checked file by file when it is read.

    INDEX/CURRENT            the name of the generation in use, replaced atomically
    INDEX/<generation>/      manifest.json, documents.jsonl, passages.jsonl, vectors.faiss, ids.json, bm25/
    INDEX/.lock              held while a generation is built

A generation is named by the hash of its manifest, and the manifest holds the hash of every other file: one changed byte
anywhere is noticed. A build that is killed leaves an unnamed generation, which the next build removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ketarag.errors import IndexingError
from ketarag.indexing.lexical import LexicalIndex
from ketarag.indexing.load import file_sha256
from ketarag.indexing.store import FaissStore
from ketarag.types import Document, LeftOut, Passage, Sentence, Span

FORMAT = 2
"""Raised whenever the layout of a generation or the meaning of a file changes: older indexes are then rebuilt."""

_CURE = "run `ketarag ingest` to build it again"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was made from. Two equal manifests hold the same passages and vectors."""

    format: int
    corpus_sha256: str
    settings_sha256: str
    embedder: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Index:
    """A whole index in memory; `fingerprint` names its content."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    vectors: FaissStore
    lexical: LexicalIndex
    manifest: Manifest
    fingerprint: str


def write_index(
    folder: Path,
    documents: Sequence[Document],
    passages: Sequence[Passage],
    vectors: FaissStore,
    lexical: LexicalIndex,
    sources: tuple[str, str, str],
) -> None:
    """Writes a generation aside and switches to it. `sources`: hash of corpus, hash of settings, name of the embedder.

    The caller holds the lock. Raises IndexingError when the folder cannot be written.
    """
    try:
        aside = Path(tempfile.mkdtemp(prefix="building-", dir=folder))
        _write_lines(aside / "documents.jsonl", [_document_row(document) for document in documents])
        _write_lines(aside / "passages.jsonl", [_passage_row(passage) for passage in passages])
        vectors.save(aside)
        lexical.save(aside / "bm25")
        files = {path.relative_to(aside).as_posix(): file_sha256(path) for path in sorted(_files(aside))}
        manifest = json.dumps(asdict(Manifest(FORMAT, *sources, files)), indent=1, sort_keys=True).encode()
        (aside / "manifest.json").write_bytes(manifest)
        _sync(aside)
        generation = hashlib.sha256(manifest).hexdigest()[:24]
        _switch(folder, aside, generation)
    except OSError as error:
        raise IndexingError(
            f"{folder}: cannot be written ({error}); name another place with --index or KETARAG_INDEX"
        ) from error


def read_index(folder: Path) -> Index:
    """The current generation, every file checked. Raises IndexingError, naming what is missing or damaged."""
    generation = current_generation(folder)
    manifest = read_manifest(folder, generation)
    place = folder / generation
    for name, sha256 in manifest.files.items():
        if file_sha256(place / name) != sha256:
            raise IndexingError(f"{place / name}: damaged or missing (its hash is not the manifest's); {_CURE}")
    try:
        documents = tuple(_document(row) for row in _read_lines(place / "documents.jsonl"))
        by_id = {document.id: document for document in documents}
        passages = tuple(_passage(row, by_id) for row in _read_lines(place / "passages.jsonl"))
        lexical = LexicalIndex.load(place / "bm25")
        return Index(documents, passages, FaissStore.load(place), lexical, manifest, generation)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise IndexingError(f"{place}: cannot be read ({error}); {_CURE}") from error


def read_manifest(folder: Path, generation: str) -> Manifest:
    """The manifest of a generation, checked against its name. Raises IndexingError."""
    path = folder / generation / "manifest.json"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise IndexingError(f"{path}: missing or cannot be opened ({error.strerror}); {_CURE}") from error
    if hashlib.sha256(data).hexdigest()[:24] != generation:
        raise IndexingError(f"{path}: damaged (its hash is not the generation's name); {_CURE}")
    try:
        table = json.loads(data)
        if table.get("format") == FORMAT:
            return Manifest(**table)
    except (AttributeError, TypeError, ValueError) as error:
        raise IndexingError(f"{path}: not a manifest ({error}); {_CURE}") from error
    raise IndexingError(f"{path}: format {table.get('format')}, this version reads {FORMAT}; {_CURE}")


def current_generation(folder: Path) -> str:
    """The name in `CURRENT`. Raises IndexingError when there is none or it is not a name."""
    path = folder / "CURRENT"
    try:
        name = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexingError(f"{folder}: no index here; {_CURE}") from error
    if len(name) != 24 or not set(name) <= set("0123456789abcdef"):
        raise IndexingError(f"{path}: damaged (holds {name[:40]!r}); {_CURE}")
    return name


def _switch(folder: Path, aside: Path, generation: str) -> None:
    place = folder / generation
    if place.exists():  # a damaged one of the same content
        shutil.rmtree(place)
    aside.rename(place)
    pointer = folder / "CURRENT.new"
    pointer.write_text(generation, encoding="ascii")
    _sync(folder)
    pointer.replace(folder / "CURRENT")
    for path in folder.iterdir():
        if path.is_dir() and path != place:
            shutil.rmtree(path, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Bytes before names: what CURRENT names is on the disk even if the power fails the moment after."""
    for path in [*_files(folder), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8", newline="")


def _read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _document_row(document: Document) -> dict[str, Any]:
    row = {name: getattr(document, name) for name in ("id", "title", "text", "sha256", "publisher")}
    return row | {
        "published": document.published.isoformat() if document.published else None,
        "left_out": [[item.span.start, item.span.end, item.reason] for item in document.left_out],
        "metadata": dict(document.metadata),
    }


def _document(row: dict[str, Any]) -> Document:
    published = date.fromisoformat(row.pop("published")) if row["published"] else row.pop("published")
    left_out = tuple(LeftOut(Span(start, end), reason) for start, end, reason in row.pop("left_out"))
    return Document(**row, published=published, left_out=left_out)


def _passage_row(passage: Passage) -> dict[str, Any]:
    """Offsets and clean text only: `text` is cut from the document when it is read, so it cannot differ from it."""
    sentences = [[s.start, s.end, s.clean, s.paragraph] for s in passage.sentences]
    return {"document_id": passage.document_id, "heading": passage.heading, "id": passage.id, "sentences": sentences}


def _passage(row: dict[str, Any], documents: dict[str, Document]) -> Passage:
    name, heading = row["document_id"], row["heading"]
    text = documents[name].text
    sentences = tuple(
        Sentence(name, start, end, heading, text[start:end], clean, paragraph)
        for start, end, clean, paragraph in row["sentences"]
    )
    start, end = sentences[0].start, sentences[-1].end
    clean = " ".join(sentence.clean for sentence in sentences)
    return Passage(row["id"], name, start, end, heading, text[start:end], clean, sentences)
