"""load: a file -> a `Document` with its sidecar; a folder -> its documents and what could not be read.

Not here: headings, sentences and reference markers (`segment`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ketarag.errors import CorpusError
from ketarag.indexing.html import read_html
from ketarag.indexing.sidecar import Sidecar, left_out_spans, read_sidecar, sidecar_path
from ketarag.protocols import Loader
from ketarag.types import Document, LeftOut

MAX_BYTES = 50_000_000
"""A text file beyond this is refused: a shelf of guidelines in one file is a few megabytes."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A folder as it was read: documents by id in ascending order, and (file, why) for each file that could not be."""

    documents: tuple[Document, ...]
    unreadable: tuple[tuple[Path, str], ...]


class TextLoader:
    """Plain text and Markdown: the decoded file is the text."""

    def load(self, path: Path) -> Document:
        """Raises CorpusError when the file is empty, binary, too large or cannot be opened."""
        data = _read(path)
        return _document(path, data, decode(data, path), title="", left_out=())


class HtmlLoader:
    """HTML: the visible text is the text; navigation, header, footer, aside and forms are left out."""

    def load(self, path: Path) -> Document:
        """Raises CorpusError when the file is empty, binary, too large or cannot be opened."""
        data = _read(path)
        page = read_html(decode(data, path))
        return _document(path, data, page.text, page.title, page.left_out)


LOADERS: Mapping[str, Loader] = {
    ".txt": TextLoader(),
    ".md": TextLoader(),
    ".markdown": TextLoader(),
    ".html": HtmlLoader(),
    ".htm": HtmlLoader(),
}
"""The loader for each file ending, lower case."""


def load_corpus(folder: Path) -> Corpus:
    """All documents of a folder and its subfolders; a file that cannot be read is named, the others are read.

    README files, sidecars, glossaries and hidden files are not documents. Raises CorpusError when there is no such
    folder, or when nothing in it could be read.
    """
    documents: list[Document] = []
    unreadable: list[tuple[Path, str]] = []
    for path in document_files(folder):
        loader = LOADERS.get(path.suffix.lower())
        try:
            if loader is None:
                raise CorpusError(f"{path}: {path.suffix or 'no'} ending; readable are {', '.join(LOADERS)}")
            documents.append(replace(loader.load(path), id=path.relative_to(folder).as_posix()))
        except CorpusError as error:
            unreadable.append((path, str(error)))
    if not documents:
        named = "".join(f"\n  {reason}" for _, reason in unreadable)
        raise CorpusError(f"{folder}: no document could be read; put a {', '.join(LOADERS)} file there{named}")
    return Corpus(tuple(documents), tuple(unreadable))


def document_files(folder: Path) -> list[Path]:
    """Every file of the folder that may be a document, in ascending order. Raises CorpusError when there is none."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; name a folder of documents with --corpus or KETARAG_CORPUS")
    try:
        files = [path for path in folder.rglob("*") if path.is_file()]
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be listed ({error.strerror}); make it readable") from error
    return sorted(path for path in files if not _is_beside(path, folder))


def corpus_sha256(folder: Path) -> str:
    """One hash over the names and bytes of every file that decides what is indexed, sidecars included."""
    digest = hashlib.sha256()
    for path in document_files(folder):
        for part in (path, sidecar_path(path)):
            if part.is_file():
                digest.update(part.relative_to(folder).as_posix().encode() + b"\0" + file_sha256(part).encode())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes; of nothing when it cannot be opened (the loader then says why)."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return hashlib.sha256().hexdigest()


def decode(data: bytes, path: Path) -> str:
    """The text of a file: UTF-8 where it is valid, else what charset-normalizer finds. Raises CorpusError on binary."""
    from charset_normalizer import from_bytes

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = from_bytes(data).best()
        text = "" if best is None else str(best).removeprefix("\ufeff")
    if not text or "\0" in text:
        raise CorpusError(f"{path}: not text (no encoding fits its bytes); remove it or convert it to UTF-8")
    if not text.strip():
        raise CorpusError(f"{path}: holds only white space; remove it or fill it")
    return text


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise CorpusError(f"{path}: {size:,} bytes, more than {MAX_BYTES:,}; split it")
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be opened ({error.strerror}); make it readable or remove it") from error
    if not data:
        raise CorpusError(f"{path}: is empty (0 bytes); remove it or fill it")
    return data


def _document(path: Path, data: bytes, text: str, title: str, left_out: tuple[LeftOut, ...]) -> Document:
    if not text.strip():
        raise CorpusError(f"{path}: holds no visible text; remove it")
    beside = sidecar_path(path)
    sidecar: Sidecar = read_sidecar(beside)
    digest = hashlib.sha256(data).hexdigest()
    if sidecar.sha256 and sidecar.sha256 != digest:
        raise CorpusError(
            f"{beside}: written for another version of {path.name} (sha256 {sidecar.sha256[:12]}..., "
            f"the file has {digest[:12]}...); check its lines and set sha256 anew"
        )
    return Document(
        id=path.name,
        title=sidecar.title or title or path.stem.replace("-", " ").replace("_", " "),
        text=text,
        sha256=digest,
        published=sidecar.published,
        publisher=sidecar.publisher,
        left_out=left_out_spans(sidecar, text, beside) or left_out,
        metadata=sidecar.metadata,
    )


def _is_beside(path: Path, folder: Path) -> bool:
    """True for what lies in a corpus without being a document of it."""
    relative = path.relative_to(folder)
    hidden = any(part.startswith(".") for part in relative.parts)
    return hidden or path.suffix.lower() == ".toml" or path.stem.lower() == "readme"
