"""What lies in a corpus folder, by hash: what is new, changed or gone, without parsing anything.

A file's bytes are hashed whenever that is quick. In a large corpus a file whose size and times are those that were noted when its bytes
were last hashed is taken to be the same, as Git and rsync do it; `ketarag ingest` hashes them all.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ketarag.indexing.load import document_files, document_id, file_sha256
from ketarag.indexing.sidecar import sidecar_path

HASHED_BYTES = 64_000_000
"""A corpus up to this size is hashed at every start: a quarter of a second at 250 MB/s, the slowest of today's machines."""
_SETTLED_NS = 2_000_000_000
"""A file noted within this time after its last change may have changed again without a trace (as in FAT, which counts in 2 s)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file when its bytes were hashed. `changed` and `noted` are nanoseconds since 1970; "" as hash where there is no file."""

    sha256: str
    bytes: int
    changed: int
    noted: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be a document. `seen` and `beside` are of the file and of its sidecar."""

    path: Path
    id: str
    seen: Seen
    beside: Seen | None

    def key(self, settings: str) -> str:
        """Names all that a document is made from; equal keys give equal passages and vectors.

        The file's own name is part of it (it may be the title), its folder is not: a document that was moved is known again.
        """
        parts = (settings, self.path.name, self.seen.sha256, self.beside.sha256 if self.beside else "")
        return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Scan:
    """A corpus folder: its sources in ascending order of their paths, and one hash over all of them."""

    sources: tuple[Source, ...]
    sha256: str

    @property
    def noted(self) -> dict[str, Seen]:
        """What to compare with the next time."""
        files = {source.id: source.seen for source in self.sources}
        return files | {f"{source.id}\0": source.beside for source in self.sources if source.beside is not None}


def scan(folder: Path, noted: Mapping[str, Seen] | None = None) -> Scan:
    """Looks at every file; with `noted`, what a large corpus was when it was last scanned, most are not opened.

    Raises CorpusError when there is no such folder or nothing in it.
    """
    paths = document_files(folder)
    known = noted if noted is not None and _bytes(paths) > HASHED_BYTES else {}
    sources = []
    digest = hashlib.sha256()
    for path in paths:
        name = document_id(path, folder)
        beside = sidecar_path(path)
        source = Source(
            path,
            name,
            _seen(path, known.get(name)),
            _seen(beside, known.get(f"{name}\0")) if beside.is_file() else None,
        )
        sources.append(source)
        hashes = f"{source.seen.sha256}\0{source.beside.sha256 if source.beside else ''}"
        digest.update(f"{name}\0{hashes}\n".encode())
    return Scan(tuple(sources), digest.hexdigest())


def _seen(path: Path, before: Seen | None) -> Seen:
    try:
        state = path.stat()
    except OSError:
        return Seen(file_sha256(path), 0, 0, 0)
    settled = before is not None and before.noted - before.changed > _SETTLED_NS
    if before is not None and settled and (state.st_size, state.st_mtime_ns) == (before.bytes, before.changed):
        return before
    return Seen(file_sha256(path), state.st_size, state.st_mtime_ns, time.time_ns())


def _bytes(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total
