"""DOCX bytes -> its text as Markdown blocks, through mammoth's HTML and `html`, so both kinds read alike.

mammoth keeps what a reader of the page sees: text in content controls and inserted with tracked changes (deleted text is
gone), lists, tables, footnotes, raised numbers, signs of the font Symbol ("≥"). Pictures are not opened, no reference is
followed, macros are never looked at. Headers and footers of the pages are not part of the text.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree

import mammoth  # type: ignore[import-untyped]

from ketarag.indexing.html import visible_text
from ketarag.indexing.parsed import Parsed, UnreadableError

_MOST_PARTS = 5_000
"""Files in the package; Word writes some dozens, and one for each picture."""
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def read_docx(data: bytes, unpacked: int) -> Parsed:
    """The text of a Word document. Raises UnreadableError: damaged, encrypted, beyond `unpacked` bytes, with an entity."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            _check(package, unpacked)
            title = _title(package)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise UnreadableError(f"is damaged or cut off ({error}); save it anew in Word") from error
    page = mammoth.convert_to_html(io.BytesIO(data), style_map=_STYLES, convert_image=lambda _: [])
    text = visible_text(page.value)
    if not text.strip():
        raise UnreadableError("holds no text (only pictures?); run OCR over it or write what it shows")
    return Parsed(title or _first_heading(text), text)


def _check(package: zipfile.ZipFile, unpacked: int) -> None:
    parts = package.infolist()
    if len(parts) > _MOST_PARTS:
        raise UnreadableError(f"holds {len(parts):,} parts, more than {_MOST_PARTS:,}; save it anew in Word")
    size = sum(part.file_size for part in parts)
    if size > unpacked:
        raise UnreadableError(f"unpacks to {size:,} bytes, more than {unpacked:,}; remove pictures or split it")
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableError("is encrypted; save a copy without a password")
    for part in parts:
        if part.filename.lower().endswith((".xml", ".rels")):
            _check_part(part.filename, package.read(part))


def _check_part(name: str, xml: bytes) -> None:
    """Word never writes a document type; one is there to name entities, outside ones or ones that grow."""
    plain = xml.replace(b"\0", b"")  # UTF-16
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise UnreadableError(
            f"names entities of its own ({name}), which a Word document never does; it may be hostile"
        )


def _title(package: zipfile.ZipFile) -> str:
    try:
        core = ElementTree.fromstring(package.read("docProps/core.xml"))
    except (KeyError, ElementTree.ParseError):
        return ""
    return " ".join((core.findtext(_TITLE) or "").split())


def _first_heading(text: str) -> str:
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return heading.group(1) if heading else ""
