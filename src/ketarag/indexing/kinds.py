"""kinds: what a file is by its bytes, whatever its name says.

Not here: reading it (`parse`), encodings (`load.decode`).
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["text", "markdown", "html", "pdf", "docx"]

ENDINGS: dict[str, Kind] = {
    ".txt": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}
"""The kind that a name promises, by its ending in lower case."""

NAMES: dict[Kind, str] = {
    "text": "text",
    "markdown": "Markdown",
    "html": "HTML",
    "pdf": "PDF",
    "docx": "a Word document",
}

_OTHERS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file or one with a password"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\0", "a picture (TIFF)"),
    (b"MM\0*", "a picture (TIFF)"),
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"BZh", "compressed (bzip2)"),
    (b"\xfd7zXZ\0", "compressed (xz)"),
    (b"(\xb5/\xfd", "compressed (zstd)"),
    (b"7z\xbc\xaf'\x1c", "an archive (7z)"),
    (b"Rar!\x1a\x07", "an archive (RAR)"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"ID3", "a sound file"),
    (b"SQLite format 3\0", "a database"),
)
_ZIPPED = (
    (b"word/document.xml", NAMES["docx"]),
    (b"xl/workbook.xml", "a spreadsheet (XLSX)"),
    (b"ppt/presentation.xml", "slides (PPTX)"),
    (b"META-INF/container.xml", "an e-book (EPUB)"),
    (b"mimetypeapplication/vnd.oasis", "an OpenDocument file"),
)
_PDF_WITHIN = 1024
"""Bytes in which a PDF may begin, after rubbish that readers skip."""
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<!--.{0,2000}?-->|<\?xml[^>]{0,200}>)*<(?:!doctype\s+html|html[\s>])", re.I | re.S
)


def sniff(data: bytes) -> str:
    """What the bytes are, in words: one of `NAMES`, another kind of file, or "" for what may be any text."""
    head = data[:_PDF_WITHIN]
    if head.startswith((b"{\\rtf", b"%!PS")):
        return "RTF" if head[:1] == b"{" else "PostScript"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-") or (b"%PDF-" in head and not _is_ascii(head)):
        return NAMES["pdf"]
    if data.startswith(b"PK\x03\x04"):
        return next((name for mark, name in _ZIPPED if mark in data), "an archive (ZIP)")
    for magic, name in _OTHERS:
        if data.startswith(magic) and not _is_ascii(head):
            return name
    return NAMES["html"] if _PAGE.match(data[:4096]) else ""


def _is_ascii(data: bytes) -> bool:
    """True for printable ASCII: "MZ" and "ID3" may also begin a sentence."""
    return all(32 <= byte < 127 or byte in b"\t\n\r\f" for byte in data)
