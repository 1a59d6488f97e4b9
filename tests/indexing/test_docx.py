from __future__ import annotations

import contextlib
import io
import socket
import threading
from collections.abc import Iterator

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE

from ketarag.indexing.docx import read_docx
from ketarag.indexing.parsed import UnreadableError
from tests.indexing.files import bomb, docx_of, lying_bomb, part_of, saved, with_part

UNPACKED = 5_000_000


def blocks(data: bytes) -> list[str]:
    return [block for block in read_docx(data, UNPACKED).text.split("\n\n") if block]


def with_body(xml: str) -> bytes:
    """A document with raw Word markup at the end of its body."""
    package = docx_of("Ketamine is given PO.")
    return with_part(package, "word/document.xml", part_of(package).replace("<w:sectPr", xml + "<w:sectPr", 1).encode())


def test_headings_paragraphs_lists_and_tables() -> None:
    document = docx.Document()
    document.add_paragraph("Ketamine", style="Title")
    document.add_heading("Dose", 1)
    paragraph = document.add_paragraph("Give 0.5 mg/kg over 40 minutes.")
    paragraph.add_run("4").font.superscript = True
    paragraph.add_run(" Slowly.")
    document.add_heading("Harm", 2)
    document.add_paragraph("Watch for:")
    document.add_paragraph("cystitis", style="List Bullet")
    document.add_paragraph("blood pressure", style="List Number")
    table = document.add_table(rows=3, cols=3)
    for row, cells in enumerate([("Route", "Dose", "Note"), ("IV", "10 mg\nslowly", ""), ("PO", "", "see text")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    assert blocks(saved(document)) == [
        "# Ketamine",
        "# Dose",
        "Give 0.5 mg/kg over 40 minutes.^4 Slowly.",
        "## Harm",
        "Watch for:",
        "- cystitis",
        "- blood pressure",
        "| Route | Dose | Note |",
        "| IV | 10 mg slowly | |",
        "| PO | | see text |",
    ]


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>", "In a control."),
        (
            '<w:p><w:r><w:t xml:space="preserve">It </w:t></w:r><w:ins w:id="1" w:author="a"><w:r><w:t>helps</w:t></w:r></w:ins>'
            '<w:del w:id="2" w:author="a"><w:r><w:delText>harms</w:delText></w:r></w:del><w:r><w:t>.</w:t></w:r></w:p>',
            "It helps.",
        ),
        (
            '<w:p><w:r><w:t xml:space="preserve">age </w:t><w:sym w:font="Symbol" w:char="F0B3"/><w:t>18</w:t></w:r></w:p>',
            "age ≥18",
        ),
    ],
    ids=["content control", "tracked changes", "symbol"],
)
def test_nothing_that_a_reader_sees_is_lost(xml: str, text: str) -> None:
    assert blocks(with_body(xml))[-1] == text


def test_the_title_is_the_file_s_own_or_its_first_heading() -> None:
    assert read_docx(docx_of("Text.", title=" Ketamine  in practice "), UNPACKED).title == "Ketamine in practice"
    document = docx.Document()
    document.core_properties.title = ""
    document.add_heading("Dose", 1)
    assert read_docx(saved(document), UNPACKED).title == "Dose"


def test_a_picture_is_no_text_and_a_header_of_the_page_none_of_the_article() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Header"
    document.add_paragraph("Ketamine is given PO.")
    document.add_picture(io.BytesIO(PIXEL))
    assert blocks(saved(document)) == ["Ketamine is given PO."]


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (docx_of("Ketamine")[:-200], "is damaged or cut off"),
        (b"PK\x03\x04 and no more", "is damaged or cut off"),
        (bomb(UNPACKED), r"unpacks to 5,\d{3},\d{3} bytes, more than 5,000,000"),
        (lying_bomb(10_000_000), "is damaged"),
        (docx_of(""), "holds no text"),
    ],
    ids=["truncated", "hollow", "bomb", "lying bomb", "empty"],
)
def test_a_document_that_cannot_be_used_says_why(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_docx(data, UNPACKED)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "entity",
    ['<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "<!DOCTYPE w [<!ENTITY x 'aaaaaaaa'>]>"],
    ids=["outside", "growing"],
)
def test_a_document_with_entities_is_refused(entity: str, encoding: str) -> None:
    package = docx_of("Ketamine")
    head, _, rest = part_of(package).partition("?>")
    xml = f"{head.replace('UTF-8', encoding)}?>{entity}{rest.replace('Ketamine', '&x;')}"
    with pytest.raises(UnreadableError, match=r"names entities of its own \(word/document.xml\)"):
        read_docx(with_part(package, "word/document.xml", xml.encode(encoding)), UNPACKED)


def test_too_many_parts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketarag.indexing.docx._MOST_PARTS", 5)
    with pytest.raises(UnreadableError, match="parts, more than 5"):
        read_docx(docx_of("Ketamine"), UNPACKED)


@pytest.fixture
def listener() -> Iterator[tuple[str, list[object]]]:
    """The address of a server on this machine, and who called it."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                calls.append(server.accept())

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.png", calls
        server.close()


def test_a_reference_to_elsewhere_is_not_followed(listener: tuple[str, list[object]]) -> None:
    address, calls = listener
    document = docx.Document()
    document.add_paragraph("Ketamine is given PO.")
    document.add_picture(io.BytesIO(PIXEL))
    image = document.part.relate_to(address, RELATIONSHIP_TYPE.IMAGE, is_external=True)
    data = saved(document)
    xml = part_of(data)
    start = xml.index('r:embed="') + len('r:embed="')
    linked = xml[:start].replace('r:embed="', 'r:link="') + image + xml[xml.index('"', start) :]
    assert (
        read_docx(with_part(data, "word/document.xml", linked.encode()), UNPACKED).text.strip()
        == "Ketamine is given PO."
    )
    assert calls == []
