"""PDF and Word files made on the spot, good and bad."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence

import docx
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table, TableStyle

WIDTH, HEIGHT = A4
SIZE, LEADING = 10.0, 12.5


class Pdf:
    """A PDF in the making: what is drawn, line by line."""

    def __init__(self, title: str = "", password: str | None = None) -> None:
        self._buffer = io.BytesIO()
        encrypt = StandardEncryption(password, canPrint=0) if password is not None else None
        self.canvas = Canvas(self._buffer, pagesize=A4, encrypt=encrypt, invariant=1)
        self.canvas.setTitle(title)

    def lines(self, lines: Sequence[str], x: float, y: float, font: str = "Helvetica", size: float = SIZE) -> float:
        """Draws lines from (x, y) downwards; y is counted from the top of the page. Gives the y of the next line."""
        for line in lines:
            self.canvas.setFont(font, size)
            self.canvas.drawString(x, HEIGHT - y, line)
            y += LEADING * size / SIZE
        return y

    def table(self, rows: Sequence[Sequence[str]], x: float, y: float, *, style: Sequence[tuple[object, ...]]) -> None:
        table = Table([list(row) for row in rows], style=TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *style]))
        _, height = table.wrapOn(self.canvas, WIDTH, HEIGHT)
        table.drawOn(self.canvas, x, HEIGHT - y - height)

    def new_page(self) -> None:
        self.canvas.showPage()

    def data(self) -> bytes:
        self.canvas.save()
        return self._buffer.getvalue()


GRID = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
HEAD_AND_FOOT = [("LINEABOVE", (0, 0), (-1, 1), 0.5, colors.black), ("LINEBELOW", (0, -1), (-1, -1), 0.5, colors.black)]


def pdf_of(*pages: Sequence[str], title: str = "") -> bytes:
    """A PDF with these lines on its pages."""
    pdf = Pdf(title)
    for page in pages:
        pdf.lines(page, 72, 72)
        pdf.new_page()
    return pdf.data()


def guideline(paragraphs: Sequence[str], columns: int = 2, lines_a_column: int = 20) -> bytes:
    """Paragraphs in columns over as many pages as it takes, with a running header, a title, a footer and page numbers."""
    width = (WIDTH - 100 - 20 * (columns - 1)) / columns
    lines = [line for text in paragraphs for line in ("", *simpleSplit(text, "Helvetica", SIZE, width))]
    pdf = Pdf("Ketamine in practice")
    number = 0
    while lines:
        number += 1
        pdf.lines([f"Society of Ketamine 2020, part {number}"], 50, 30, size=8)
        top = 70.0
        if number == 1:
            top = pdf.lines(["A guideline for the use of ketamine in practice"], 50, top, "Helvetica-Bold", 18) + 10
        for column in range(columns):
            part, lines = lines[:lines_a_column], lines[lines_a_column:]
            while part and not part[0]:
                part.pop(0)
            y = top
            for line in part:
                y = pdf.lines([line], 50 + column * (width + 20), y) if line else y + 8
        pdf.lines([f"Page {number}"], 280, HEIGHT - 40, size=8)
        pdf.new_page()
    return pdf.data()


def scanned() -> bytes:
    """Two pages with a drawing and no letter."""
    pdf = Pdf()
    for _ in range(2):
        pdf.canvas.rect(50, 50, 300, 300, fill=1)
        pdf.new_page()
    return pdf.data()


def encrypted() -> bytes:
    pdf = Pdf(password="secret")
    pdf.lines(["Ketamine is given PO."], 72, 72)
    return pdf.data()


def docx_of(*paragraphs: str, title: str = "") -> bytes:
    document = docx.Document()
    document.core_properties.title = title
    for text in paragraphs:
        document.add_paragraph(text)
    return saved(document)


def saved(document: docx.document.Document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def with_part(package: bytes, name: str, content: bytes) -> bytes:
    """The package with one part replaced or added."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return made.getvalue()


def part_of(package: bytes, name: str = "word/document.xml") -> str:
    with zipfile.ZipFile(io.BytesIO(package)) as parts:
        return parts.read(name).decode()


def bomb(size: int) -> bytes:
    """A Word document whose text unpacks to `size` bytes from next to nothing."""
    package = docx_of("Ketamine")
    return with_part(package, "word/document.xml", part_of(package).replace("Ketamine", "a" * size).encode())


def lying_bomb(size: int) -> bytes:
    """A bomb that says of itself that it unpacks to 1,000 bytes."""
    package = bomb(size)
    with zipfile.ZipFile(io.BytesIO(package)) as parts:
        true = parts.getinfo("word/document.xml").file_size
    return package.replace(struct.pack("<L", true), struct.pack("<L", 1000))
