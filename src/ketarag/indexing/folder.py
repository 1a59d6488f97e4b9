"""The folder an index lives in: segments that never change, and generations that name them; switched to in one rename.

    INDEX/CURRENT            the name of the generation in use, replaced atomically
    INDEX/<generation>/      manifest.json; ids.*, places.npy: which document lies where (`shelf`); corpus.json: what the corpus was;
                             bm25/ (`lexical`), words.*, stems.* (`counts`), vectors.faiss where there are many (`store`)
    INDEX/segments/<name>/   documents, passages, vectors and counts (`segments`)
    INDEX/.lock              held while an index is built

A generation is named by the hash of its manifest, a segment by that of its record, and these hold the hash of every other file. Of an
index up to `CHECKED_BYTES` every byte is checked when it is opened, of a larger one the manifest, the records and the size of every
file: what a killed build or a full disk leaves behind shows in these, and `ketarag index verify` checks the rest. A build that is killed
leaves segments that no generation names; the next build uses what is whole of them, then removes the rest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketarag.errors import IndexingError
from ketarag.indexing.arrays import Vocabulary, open_array, save_array
from ketarag.indexing.counts import Totals
from ketarag.indexing.files import CURE, Files, check, described, size_of, sync, sync_one
from ketarag.indexing.layered import LayeredStore
from ketarag.indexing.lexical import LexicalIndex
from ketarag.indexing.occurrences import blocks
from ketarag.indexing.scan import Seen
from ketarag.indexing.segments import BUILDING, SEGMENTS, Segment, open_segment
from ketarag.indexing.shelf import Documents, Passages, Shelf
from ketarag.indexing.store import FLAT, FlatVectors, InvertedVectors, write_inverted

FORMAT = 4
"""Raised whenever the layout of an index or the meaning of a file changes: older indexes are then built from nothing."""

CHECKED_BYTES = 64_000_000
"""An index up to this size is read and hashed as a whole when it is opened: a fifth of a second on a slow machine."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What an index is made from, by hash: the corpus, the settings, the embedder, the glossary."""

    corpus: str
    settings: str
    embedder: str
    glossary: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was made from, and of which segments. `content` is over every document's passages and vectors."""

    format: int
    corpus: str
    settings: str
    embedder: str
    glossary: str
    content: str
    dimension: int
    sentences: int
    segments: tuple[str, ...]
    files: Files

    @property
    def sources(self) -> Sources:
        """To compare with what there is now."""
        return Sources(self.corpus, self.settings, self.embedder, self.glossary)


@dataclass(frozen=True, slots=True)
class Place:
    """A document of an index: its id, and where it lies."""

    id: str
    segment: Segment
    row: int


@dataclass(frozen=True, slots=True)
class CorpusState:
    """The corpus when it was indexed: its files, and (id, why) for each that could not be read."""

    noted: dict[str, Seen]
    unreadable: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """An open index; `fingerprint` names its content.

    `words`: in how many passages each word stands; `stems`: in how many of the `sentences` sentences each stem, abbreviations spelled
    out. Documents and passages are read when they are asked for.
    """

    documents: Documents
    passages: Passages
    vectors: LayeredStore
    lexical: LexicalIndex
    words: Totals
    stems: Totals
    sentences: int
    manifest: Manifest
    fingerprint: str
    generation: str
    corpus: CorpusState
    shelf: Shelf

    @property
    def places(self) -> list[Place]:
        """Where each document lies, in order."""
        rows = self.shelf.places.tolist()
        return [
            Place(name, self.shelf.segments[segment], row)
            for name, (segment, row, _, _) in zip(self.shelf.ids, rows, strict=True)
        ]


def write_index(
    folder: Path,
    places: Sequence[Place],
    sources: Sources,
    corpus: CorpusState,
    dimension: int,
    before_switch: Callable[[Shelf], object] = lambda shelf: None,  # noqa: ARG005
) -> None:
    """Writes a generation aside and switches to it, then removes what nothing names. The caller holds the lock.

    `places` by id in ascending order. What `before_switch` raises leaves the index as it was.
    Raises IndexingError when the folder cannot be written.
    """
    try:
        aside = Path(tempfile.mkdtemp(prefix=BUILDING, dir=folder))
        segments = list({place.segment.name: place.segment for place in places}.values())
        shelf = Shelf(Vocabulary.of(place.id for place in places), _table(places, segments), segments)
        shelf.ids.save(aside, "ids")
        save_array(aside / "places.npy", shelf.places)
        (aside / "corpus.json").write_text(json.dumps(asdict(corpus)), encoding="utf-8")
        sentences = _write_words(aside, shelf)
        if shelf.first[-1] > FLAT:
            write_inverted(aside / "vectors.faiss", shelf.blocks, int(shelf.first[-1]), dimension)
        content = _content(places)
        names = tuple(segment.name for segment in segments)
        manifest = Manifest(
            FORMAT,
            **asdict(sources),
            content=content,
            dimension=dimension,
            sentences=sentences,
            segments=names,
            files=described(aside),
        )
        data = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
        (aside / "manifest.json").write_bytes(data)
        sync(aside)
        sync_one(folder / SEGMENTS)
        before_switch(shelf)
        _switch(folder, aside, hashlib.sha256(data).hexdigest()[:24])
        _sweep(folder, names)
    except OSError as error:
        raise IndexingError(
            f"{folder}: cannot be written ({error}); name another place with --index or KETARAG_INDEX"
        ) from error


def read_index(folder: Path, *, thorough: bool = False) -> Index:
    """The current generation, checked. Raises IndexingError, naming what is missing or damaged.

    `thorough`: every byte, whatever the size.
    """
    generation = current_generation(folder)
    manifest = read_manifest(folder, generation)
    place = folder / generation
    check(place, manifest.files, thorough=False)
    segments = [open_segment(folder, name, thorough=False) for name in manifest.segments]
    if thorough or size_of(manifest.files) + sum(size_of(one.record.files) for one in segments) <= CHECKED_BYTES:
        check(place, manifest.files, thorough=True)
        for segment in segments:
            check(segment.place, segment.record.files, thorough=True)
    try:
        return _opened(place, manifest, segments)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise IndexingError(f"{place}: cannot be read ({error}); {CURE}") from error


def _opened(place: Path, manifest: Manifest, segments: list[Segment]) -> Index:
    for segment in segments:
        segment.hold()
    shelf = Shelf(Vocabulary.open(place, "ids"), open_array(place / "places.npy"), segments)
    many = "vectors.faiss" in manifest.files
    vectors: FlatVectors | InvertedVectors = (
        InvertedVectors(place / "vectors.faiss", shelf.rows)
        if many
        else FlatVectors(shelf.blocks(FLAT), manifest.dimension)
    )
    return Index(
        documents=Documents(shelf),
        passages=Passages(shelf),
        vectors=LayeredStore(vectors, shelf, manifest.dimension),
        lexical=LexicalIndex.load(place / "bm25"),
        words=Totals.open(place, "words"),
        stems=Totals.open(place, "stems"),
        sentences=manifest.sentences,
        manifest=manifest,
        fingerprint=manifest.content,
        generation=place.name,
        corpus=_corpus_state(place),
        shelf=shelf,
    )


def read_manifest(folder: Path, generation: str) -> Manifest:
    """The manifest of a generation, checked against its name. Raises IndexingError."""
    path = folder / generation / "manifest.json"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise IndexingError(f"{path}: missing or cannot be opened ({error.strerror}); {CURE}") from error
    if hashlib.sha256(data).hexdigest()[:24] != generation:
        raise IndexingError(f"{path}: damaged (its hash is not the generation's name); {CURE}")
    try:
        table: dict[str, Any] = json.loads(data)
        if table.get("format") == FORMAT:
            names = tuple(table.pop("segments"))
            if all(map(_is_name, names)):
                return Manifest(**table, segments=names)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IndexingError(f"{path}: not a manifest ({error}); {CURE}") from error
    raise IndexingError(f"{path}: format {table.get('format')}, this version reads {FORMAT}; {CURE}")


def current_generation(folder: Path) -> str:
    """The name in `CURRENT`. Raises IndexingError when there is none or it is not a name."""
    path = folder / "CURRENT"
    try:
        name = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexingError(f"{folder}: no index here; {CURE}") from error
    if not _is_name(name):
        raise IndexingError(f"{path}: damaged (holds {name[:40]!r}); {CURE}")
    return name


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(name) == 24 and set(name) <= set("0123456789abcdef")


def _table(places: Sequence[Place], segments: Sequence[Segment]) -> NDArray[np.int64]:
    number = {segment.name: at for at, segment in enumerate(segments)}
    rows = []
    for place in places:
        first, last = place.segment.passages_of(place.row)
        rows.append((number[place.segment.name], place.row, first, last - first))
    return np.array(rows, dtype=np.int64).reshape(len(rows), 4)


def _write_words(aside: Path, shelf: Shelf) -> int:
    """The lexical index and the totals of words and stems; returns how many sentences there are."""
    LexicalIndex.write(aside / "bm25", lambda: blocks(shelf))
    documents = [np.zeros(len(segment.record.keys), dtype=np.int64) for segment in shelf.segments]
    passages = [np.zeros(segment.record.passages, dtype=np.int64) for segment in shelf.segments]
    sentences = 0
    for segment, row, first, count in shelf.places.tolist():
        documents[segment][row] += 1
        passages[segment][first : first + count] += 1
        sentences += shelf.segments[segment].record.sentences[row]
    Totals.of(((s.words(), used) for s, used in zip(shelf.segments, passages, strict=True)), rows=True).save(
        aside, "words"
    )
    Totals.of((s.stems(), used) for s, used in zip(shelf.segments, documents, strict=True)).save(aside, "stems")
    return sentences


def _content(places: Sequence[Place]) -> str:
    """Over ids and what was made of each document; where it lies does not matter."""
    digest = hashlib.sha256()
    for place in places:
        digest.update(f"{place.id}\0{place.segment.record.contents[place.row]}\n".encode())
    return digest.hexdigest()[:24]


def _corpus_state(place: Path) -> CorpusState:
    table = json.loads((place / "corpus.json").read_bytes())
    noted = {name: Seen(**seen) for name, seen in table["noted"].items()}
    return CorpusState(noted, tuple((name, why) for name, why in table["unreadable"]))


def _switch(folder: Path, aside: Path, generation: str) -> None:
    place = folder / generation
    if place.exists():  # a damaged one of the same content
        shutil.rmtree(place)
    aside.rename(place)
    pointer = folder / "CURRENT.new"
    pointer.write_text(generation, encoding="ascii")
    sync_one(pointer)
    sync_one(folder)
    pointer.replace(folder / "CURRENT")
    sync_one(folder)


def _sweep(folder: Path, segments: Sequence[str]) -> None:
    """Removes generations and segments that are not in use. Whoever has them open keeps them mapped."""
    kept = {current_generation(folder), SEGMENTS}
    old = [path for path in folder.iterdir() if path.is_dir() and path.name not in kept]
    old += [path for path in (folder / SEGMENTS).iterdir() if path.name not in segments]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
