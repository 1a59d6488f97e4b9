"""A segment: some documents with their passages, vectors and counts, in files that are written once and never changed.

    INDEX/segments/<name>/   segment.json            what it holds, the hash and size of every other file; its own hash is the name
                             documents.jsonl, documents.npy   a line for each document; (where it starts, its first passage)
                             passages.jsonl, passages.npy     a line for each passage; (where it starts, its span in the document)
                             vectors.npy             float32, a row for each passage
                             words.*.npy             how often each word stands in each passage (`counts`)
                             stems.*.npy             in how many sentences of each document each stem stands, abbreviations spelled out

A document is known by its key (`scan`): whoever builds looks for the key first, and embeds nothing that is there.
Not here: which segments an index is made of (`folder`), when they are written and merged (`build`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ketarag.errors import IndexingError
from ketarag.glossary import Glossary
from ketarag.indexing.arrays import open_array, save_array
from ketarag.indexing.chunk import embedded_text
from ketarag.indexing.counts import Counting, Counts
from ketarag.indexing.files import CURE, Files, check, described, sync
from ketarag.indexing.rows import document_line, passage_id, passage_line, read_document, read_passage
from ketarag.protocols import Vectors
from ketarag.text import words
from ketarag.types import Document, Passage

SEGMENTS = "segments"
BUILDING = "building-"
_RECORD = "segment.json"


@dataclass(frozen=True, slots=True)
class Finished:
    """A document that is done: `vectors` has a row for each passage. `key` names all that it was made from."""

    key: str
    document: Document
    passages: Sequence[Passage]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Record:
    """`keys` and `contents` have an entry for each document: what it was made from, and the hash of what was made. `sentences` too."""

    glossary: str
    dimension: int
    passages: int
    keys: tuple[str, ...]
    contents: tuple[str, ...]
    sentences: tuple[int, ...]
    files: Files


class SegmentWriter:
    """Writes one segment, a document at a time: no more than the counts are held. Close it, or leave it to be swept."""

    def __init__(self, folder: Path, glossary: Glossary, dimension: int) -> None:
        """`folder` is the index's. Raises OSError."""
        (folder / SEGMENTS).mkdir(exist_ok=True)
        self._folder = folder / SEGMENTS
        self._aside = Path(tempfile.mkdtemp(prefix=BUILDING, dir=self._folder))
        self._glossary = glossary
        self._dimension = dimension
        self._words, self._stems = Counting(), Counting()
        self._keys: list[str] = []
        self._contents: list[str] = []
        self._sentences: list[int] = []
        self._documents: list[tuple[int, int]] = []
        self._passages: list[tuple[int, int, int]] = []
        self._lines = {name: self._open(f"{name}.jsonl") for name in ("documents", "passages")}
        self._rows = self._open("vectors.raw")

    @property
    def passages(self) -> int:
        """Passages written so far."""
        return len(self._passages)

    def add(self, done: Finished) -> None:
        """One more document."""
        content = hashlib.sha256()
        self._documents.append((self._lines["documents"].tell(), len(self._passages)))
        self._write("documents", document_line(done.document), content)
        stems: Counter[str] = Counter()
        for passage in done.passages:
            self._passages.append((self._lines["passages"].tell(), passage.start, passage.end))
            self._write("passages", passage_line(passage), content)
            self._words.add(Counter(words(embedded_text(passage.heading, passage.clean))))
            for sentence in passage.sentences:
                stems.update(self._glossary.stems(sentence.clean))
        vectors = np.ascontiguousarray(done.vectors, dtype=np.float32).tobytes()
        content.update(vectors)
        self._rows.write(vectors)
        self._stems.add(stems)
        self._keys.append(done.key)
        self._contents.append(content.hexdigest())
        self._sentences.append(sum(len(passage.sentences) for passage in done.passages))

    def close(self) -> Segment:
        """The written segment, on the disk for good."""
        aside = self._aside
        ends = {name: file.tell() for name, file in self._lines.items()}
        for file in (*self._lines.values(), self._rows):
            file.close()
        _as_array(aside, len(self._passages), self._dimension)
        documents = [*self._documents, (ends["documents"], len(self._passages))]
        passages = [*self._passages, (ends["passages"], 0, 0)]
        save_array(aside / "documents.npy", np.array(documents, dtype=np.int64))
        save_array(aside / "passages.npy", np.array(passages, dtype=np.int64))
        self._words.done().save(aside, "words")
        self._stems.done().save(aside, "stems")
        record = Record(
            glossary=self._glossary.fingerprint,
            dimension=self._dimension,
            passages=len(self._passages),
            keys=tuple(self._keys),
            contents=tuple(self._contents),
            sentences=tuple(self._sentences),
            files=described(aside),
        )
        data = json.dumps(asdict(record), sort_keys=True).encode()
        (aside / _RECORD).write_bytes(data)
        sync(aside)
        place = self._folder / hashlib.sha256(data).hexdigest()[:24]
        if place.exists():  # the same, perhaps damaged
            shutil.rmtree(place)
        aside.rename(place)
        return Segment(place, record)

    def _open(self, name: str) -> IO[bytes]:
        return (self._aside / name).open("wb")

    def _write(self, name: str, line: bytes, content: hashlib._Hash) -> None:
        content.update(line)
        self._lines[name].write(line)


class Segment:
    """A written segment; its lines and arrays are mapped when they are first looked at, and stay readable when it is swept."""

    def __init__(self, place: Path, record: Record) -> None:
        """Use `open_segment`."""
        self.place = place
        self.record = record
        self._maps: dict[str, NDArray[np.generic]] = {}

    @property
    def name(self) -> str:
        """The hash of what it holds."""
        return self.place.name

    def hold(self) -> None:
        """Maps what questions need now, so that the files may be removed."""
        for name in ("documents.npy", "passages.npy", "vectors.npy", "documents.jsonl", "passages.jsonl"):
            self._array(name)

    def passages_of(self, row: int) -> tuple[int, int]:
        """The passages [first, last) of the document in a row."""
        first, last = self._array("documents.npy")[row : row + 2, 1]
        return int(first), int(last)

    def document(self, row: int, name: str) -> Document:
        """The document in a row, called `name`. Raises KeyError, TypeError and ValueError when its line is damaged."""
        return read_document(self._line("documents", row), name)

    def passage(self, number: int, document: str) -> Passage:
        """A passage of the document called `document`. Raises like `document`."""
        return read_passage(self._line("passages", number), document)

    def passage_name(self, number: int, document: str) -> str:
        """Its id, without reading it."""
        _, start, end = self._array("passages.npy")[number]
        return passage_id(document, int(start), int(end))

    def starts(self, first: int, last: int) -> NDArray[np.int64]:
        """Where the passages [first, last) start in their document."""
        return np.asarray(self._array("passages.npy")[first:last, 1], dtype=np.int64)

    def vectors(self) -> Vectors:
        """All of them, mapped."""
        return np.asanyarray(self._array("vectors.npy"), dtype=np.float32)

    def words(self) -> Counts:
        """How often each word stands in each passage."""
        return Counts.open(self.place, "words")

    def stems(self) -> Counts:
        """In how many sentences of each document each stem stands."""
        return Counts.open(self.place, "stems")

    def finished(self, row: int) -> Finished:
        """A document with all that belongs to it, to be written again; it is called by its key."""
        key = self.record.keys[row]
        first, last = self.passages_of(row)
        passages = [self.passage(number, key) for number in range(first, last)]
        return Finished(key, self.document(row, key), passages, self.vectors()[first:last])

    def _line(self, kind: str, number: int) -> bytes:
        table = self._array(f"{kind}.npy")
        return self._array(f"{kind}.jsonl")[int(table[number, 0]) : int(table[number + 1, 0])].tobytes()

    def _array(self, name: str) -> NDArray[np.generic]:
        if name not in self._maps:
            path = self.place / name
            if name.endswith(".npy"):
                self._maps[name] = open_array(path)
            else:
                empty = path.stat().st_size == 0  # which cannot be mapped
                self._maps[name] = np.zeros(0, np.uint8) if empty else np.memmap(path, dtype=np.uint8, mode="r")
        return self._maps[name]


def open_segment(folder: Path, name: str, *, thorough: bool) -> Segment:
    """The segment of an index, its files checked: all bytes (`thorough`), or its record and the sizes of the others.

    Raises IndexingError, naming what is missing or damaged.
    """
    place = folder / SEGMENTS / name
    path = place / _RECORD
    try:
        data = path.read_bytes()
    except OSError as error:
        raise IndexingError(f"{path}: missing or cannot be opened ({error.strerror}); {CURE}") from error
    if hashlib.sha256(data).hexdigest()[:24] != name:
        raise IndexingError(f"{path}: damaged (its hash is not the segment's name); {CURE}")
    try:
        table: dict[str, Any] = json.loads(data)
        table |= {name: tuple(table[name]) for name in ("keys", "contents", "sentences")}
        record = Record(**table)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IndexingError(f"{path}: not a segment of this version ({error}); {CURE}") from error
    check(place, record.files, thorough=thorough)
    return Segment(place, record)


def segments_in(folder: Path, *, thorough: bool) -> list[Segment]:
    """Every whole segment that lies in an index, whoever wrote it and whether or not a generation names it, by name."""
    found = []
    for path in sorted((folder / SEGMENTS).glob("[0-9a-f]*")):
        with suppress(IndexingError):
            found.append(open_segment(folder, path.name, thorough=thorough))
    return found


def _as_array(aside: Path, rows: int, dimension: int) -> None:
    """The raw rows as an array in NumPy's format, without holding them."""
    raw = aside / "vectors.raw"
    header = np.lib.format.header_data_from_array_1_0(np.zeros((0, dimension), dtype=np.float32))
    with (aside / "vectors.npy").open("wb") as whole, raw.open("rb") as part:
        np.lib.format.write_array_header_1_0(whole, {**header, "shape": (rows, dimension)})
        shutil.copyfileobj(part, whole, 1 << 20)
    raw.unlink()
