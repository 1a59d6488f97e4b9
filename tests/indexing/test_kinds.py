from __future__ import annotations

import pytest

from ketarag.indexing.kinds import sniff
from tests.indexing.files import docx_of, pdf_of


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (pdf_of(["Ketamine"]), "PDF"),
        (b"\xef\xbb\xbf\n%PDF-1.7\n", "PDF"),
        (b"rubbish \xff before\n%PDF-1.7\n", "PDF"),
        (docx_of("Ketamine"), "a Word document"),
        (b"PK\x03\x04....xl/workbook.xml", "a spreadsheet (XLSX)"),
        (b"PK\x03\x04....", "an archive (ZIP)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "an old Office file or one with a password"),
        (b"\x89PNG\r\n\x1a\n\0", "a picture (PNG)"),
        (b"\xff\xd8\xff\xe0", "a picture (JPEG)"),
        (b"{\\rtf1 Ketamine}", "RTF"),
        (b"MZ\x90\0", "a program"),
        (b"<!DOCTYPE html><p>Ketamine", "HTML"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<HTML lang=en>", "HTML"),
        (b"Ketamine is given PO.", ""),
        (b"MZ is how a sentence may begin, and %PDF- may stand in one.", ""),
        (b"# html\n\n<html> is a word here", ""),
        ("Übelkeit".encode("utf-16"), ""),
        (b"", ""),
    ],
)
def test_the_bytes_say_what_a_file_is(data: bytes, name: str) -> None:
    assert sniff(data) == name
