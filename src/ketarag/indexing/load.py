"""load: a file -> a `Document` with its sidecar; a folder -> its documents and what could not be read.

Text, and Markdown that hides nothing, is decoded here; everything else is parsed in a process of its own (`sandbox`).
What a file is, its bytes decide: one whose name promises something else is refused.
Not here: headings, sentences and reference markers (`segment`), the parsers (`pdf`, `docx`, `html`, `markdown`).
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import TracebackType

from ketarag.errors import CorpusError
from ketarag.indexing.kinds import ENDINGS, NAMES, Kind, sniff
from ketarag.indexing.markdown import may_hide, title_of
from ketarag.indexing.parsed import Parsed, UnreadableError
from ketarag.indexing.sandbox import Limits, Sandbox
from ketarag.indexing.sidecar import Sidecar, left_out_spans, read_sidecar, sidecar_path
from ketarag.types import Document, LeftOut

_LIMITS = Limits()
MAX_BYTES = _LIMITS.input_bytes
"""A file beyond this is refused: a shelf of guidelines in one file is a few megabytes."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A folder as it was read: documents by id in ascending order, and (file, why) for each file that could not be."""

    documents: tuple[Document, ...]
    unreadable: tuple[tuple[Path, str], ...]


class Parsers:
    """A parsing process for each kind of file, kept from one file to the next. Close it, or use it as a context manager."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._sandboxes: dict[Kind, Sandbox] = {}

    def parse(self, kind: Kind, data: bytes, name: str) -> Parsed:
        """The text of a file's bytes. Raises CorpusError, naming the file, when they are not that kind or cannot be read."""
        try:
            _check_kind(kind, data)
            if kind in ("text", "markdown", "html"):
                text = decode(data, Path(name))
                if kind == "text" or (kind == "markdown" and not may_hide(text)):
                    return self._checked(Parsed(title_of(text) if kind == "markdown" else "", text))
                data = text.encode("utf-8", "replace")
            if kind not in self._sandboxes:
                self._sandboxes[kind] = Sandbox(kind, self._limits)
            return self._checked(self._sandboxes[kind].parse(data))
        except UnreadableError as error:
            raise CorpusError(f"{name}: {error}") from error

    def _checked(self, parsed: Parsed) -> Parsed:
        if len(parsed.text) > self._limits.text_chars:
            raise UnreadableError(
                f"{len(parsed.text):,} characters of text, more than {self._limits.text_chars:,}; split it"
            )
        if not parsed.text.strip():
            raise UnreadableError("holds no visible text; remove it")
        return parsed

    def __enter__(self) -> Parsers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sandbox in self._sandboxes.values():
            sandbox.close()


class _FileLoader:
    """Reads files of one kind."""

    kind: Kind

    def load(self, path: Path, parsers: Parsers | None = None) -> Document:
        """The file as a document, parsed in a process of its own unless `parsers` keep one.

        Raises CorpusError when the file is empty, not of this kind, too large, or cannot be opened or parsed.
        """
        data = _read(path)
        if parsers is not None:
            return _document(path, data, parsers.parse(self.kind, data, str(path)))
        with Parsers(_LIMITS) as own:
            return _document(path, data, own.parse(self.kind, data, str(path)))


class TextLoader(_FileLoader):
    """Plain text: the decoded file is the text."""

    kind = "text"


class MarkdownLoader(_FileLoader):
    """Markdown: the decoded file is the text; front matter, comments and link targets are left out."""

    kind = "markdown"


class HtmlLoader(_FileLoader):
    """HTML: the visible text is the text; what is not the page's main text is left out."""

    kind = "html"


class PdfLoader(_FileLoader):
    """PDF: the text in reading order, a form feed between pages (`ketarag.pages`); what repeats on every page is left out."""

    kind = "pdf"


class DocxLoader(_FileLoader):
    """DOCX: the text as Markdown blocks."""

    kind = "docx"


_LOADERS = (TextLoader(), MarkdownLoader(), HtmlLoader(), PdfLoader(), DocxLoader())
LOADERS: Mapping[str, _FileLoader] = {
    ending: loader for ending, kind in ENDINGS.items() for loader in _LOADERS if loader.kind == kind
}
"""The loader for each file ending, lower case."""


def load_bytes(name: str, data: bytes, limits: Limits = _LIMITS) -> Document:
    """A document that was handed over, not found in a folder: it has no sidecar, and its id is its plain name.

    Nothing is written anywhere. Blocks for up to `limits.seconds` and the start of a process; may be called from several
    threads. Raises CorpusError, naming the file, when it is empty, larger than a limit, of a kind that is not read or not
    the kind that its name promises, or when it cannot be parsed.
    """
    name = plain_name(name)
    kind = ENDINGS.get(PurePosixPath(name).suffix.lower())
    if kind is None:
        raise CorpusError(f"{name}: {_ending(name)}; readable are {', '.join(ENDINGS)}")
    if len(data) > limits.input_bytes:
        raise CorpusError(f"{name}: {len(data):,} bytes, more than {limits.input_bytes:,}; split it")
    if not data:
        raise CorpusError(f"{name}: is empty (0 bytes); choose another file")
    with Parsers(limits) as parsers:
        parsed = parsers.parse(kind, data, name)
    return Document(name, parsed.title or _title(name), parsed.text, _sha256(data), left_out=parsed.left_out)


def plain_name(name: str) -> str:
    """The last part of a file's name, without control and direction characters, at most 200 characters, never empty."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    visible = "".join(character for character in last if unicodedata.category(character)[0] != "C")
    plain = " ".join(visible.split())
    stem, dot, ending = plain.rpartition(".")
    plain = f"{stem[: 199 - len(ending)]}{dot}{ending}" if len(ending) < 20 else plain[:200]
    return plain if plain.strip(". ") else "document"


def load_corpus(folder: Path, limits: Limits = _LIMITS) -> Corpus:
    """All documents of a folder and its subfolders; a file that cannot be read is named, the others are read.

    README files, sidecars, glossaries and hidden files are not documents. Raises CorpusError when there is no such
    folder, or when nothing in it could be read.
    """
    read = list(read_documents(folder, document_files(folder), limits))
    documents = tuple(item for _, item in read if isinstance(item, Document))
    unreadable = tuple((path, str(item)) for path, item in read if isinstance(item, CorpusError))
    if not documents:
        raise nothing_readable(folder, unreadable)
    return Corpus(documents, unreadable)


def read_documents(
    folder: Path, paths: Iterable[Path], limits: Limits = _LIMITS
) -> Iterator[tuple[Path, Document | CorpusError]]:
    """Each file of a corpus folder as a document, or why it is none; one after the other, so that no more than one is held."""
    with Parsers(limits) as parsers:
        for path in paths:
            loader = LOADERS.get(path.suffix.lower())
            try:
                if loader is None:
                    raise CorpusError(f"{path}: {_ending(path.name)}; readable are {', '.join(LOADERS)}")
                yield path, replace(loader.load(path, parsers), id=document_id(path, folder))
            except CorpusError as error:
                yield path, error


def nothing_readable(folder: Path, unreadable: Iterable[tuple[Path, str]]) -> CorpusError:
    """The error of a corpus without a document, which says why of each file."""
    named = "".join(f"\n  {reason}" for _, reason in unreadable)
    return CorpusError(f"{folder}: no document could be read; put a {', '.join(LOADERS)} file there{named}")


def document_files(folder: Path) -> list[Path]:
    """Every file of the folder that may be a document, in ascending order. Raises CorpusError when there is none."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; name a folder of documents with --corpus or KETARAG_CORPUS")
    try:
        files = [path for path in folder.rglob("*") if path.is_file()]
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be listed ({error.strerror}); make it readable") from error
    return sorted(path for path in files if not _is_beside(path, folder))


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


def _check_kind(kind: Kind, data: bytes) -> None:
    """Raises UnreadableError when the bytes are not of the kind that the name promises."""
    found = sniff(data)
    if found == NAMES[kind] or (not found and kind not in ("pdf", "docx")):
        return
    raise UnreadableError(
        f"its content is {found or 'of an unknown kind'}, not {NAMES[kind]}; rename it or save it anew"
    )


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


def _document(path: Path, data: bytes, parsed: Parsed) -> Document:
    beside = sidecar_path(path)
    sidecar: Sidecar = read_sidecar(beside)
    digest = _sha256(data)
    if sidecar.sha256 and sidecar.sha256 != digest:
        raise CorpusError(
            f"{beside}: written for another version of {path.name} (sha256 {sidecar.sha256[:12]}..., "
            f"the file has {digest[:12]}...); check its lines and set sha256 anew"
        )
    return Document(
        id=path.name,
        title=sidecar.title or parsed.title or _title(path.name),
        text=parsed.text,
        sha256=digest,
        published=sidecar.published,
        publisher=sidecar.publisher,
        left_out=_together(left_out_spans(sidecar, parsed.text, beside), parsed.left_out),
        metadata=sidecar.metadata,
    )


def _together(named: tuple[LeftOut, ...], found: tuple[LeftOut, ...]) -> tuple[LeftOut, ...]:
    """What the sidecar names, and what the parser found apart from it; in ascending order."""
    apart = [item for item in found if not any(item.span.overlaps(other.span) for other in named)]
    return tuple(sorted([*named, *apart], key=lambda item: (item.span.start, item.span.end)))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def document_id(path: Path, folder: Path) -> str:
    """What names a document: its path in the folder; bytes of it that are no UTF-8 are spelt out, so that it can be written."""
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")


def _ending(name: str) -> str:
    return f"{PurePosixPath(name).suffix or 'no'} ending"


def _title(name: str) -> str:
    stem = PurePosixPath(name).stem.encode("utf-8", "replace").decode()
    return stem.replace("-", " ").replace("_", " ")


def _is_beside(path: Path, folder: Path) -> bool:
    """True for what lies in a corpus without being a document of it."""
    relative = path.relative_to(folder)
    hidden = any(part.startswith(".") for part in relative.parts)
    return hidden or path.suffix.lower() == ".toml" or path.stem.lower() == "readme"
