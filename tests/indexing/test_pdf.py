from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth

from ketarag.indexing.chunk import chunk
from ketarag.indexing.parsed import Parsed, UnreadableError
from ketarag.indexing.pdf import read_pdf
from ketarag.indexing.segment import segment
from ketarag.types import Document
from tests.indexing.files import GRID, HEAD_AND_FOOT, HEIGHT, LEADING, SIZE, Pdf, encrypted, guideline, pdf_of, scanned

PARAGRAPHS = [
    " ".join(
        f"Sentence {letter}{number} says that the patients of group {number} were given ketamine slowly by mouth."
        for number in range(1, 6)
    )
    for letter in "ABCDEFGHIJ"
]


def kept(parsed: Parsed) -> str:
    """What is not left out, white space and signs of headings aside."""
    pieces, at = [], 0
    for item in parsed.left_out:
        pieces.append(parsed.text[at : item.span.start])
        at = item.span.end
    return " ".join("".join([*pieces, parsed.text[at:]]).split())


def left_out(parsed: Parsed) -> list[tuple[str, str]]:
    return [(parsed.text[item.span.start : item.span.end].strip(), item.reason) for item in parsed.left_out]


def blocks(parsed: Parsed) -> list[str]:
    return [block for block in parsed.text.split("\n\n") if block.strip()]


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_columns_are_read_one_after_the_other_and_no_sentence_is_torn(columns: int) -> None:
    parsed = read_pdf(guideline(PARAGRAPHS, columns), 100)
    title = "# A guideline for the use of ketamine in practice"
    assert kept(parsed) == " ".join([title, *PARAGRAPHS])
    assert {block.strip("\f") for block in blocks(parsed)} >= {title}
    sentences = [f"{text}." for paragraph in PARAGRAPHS for text in paragraph.rstrip(".").split(". ")]
    torn = [text for text in sentences if not any(text in " ".join(block.split()) for block in blocks(parsed))]
    assert torn == []


def justified(text: str, width: float) -> list[list[tuple[str, float]]]:
    """Lines of (word, x), all but the last stretched to the margin."""
    lines = []
    for line in simpleSplit(text, "Helvetica", SIZE, width):
        words = line.split()
        widths = [stringWidth(word, "Helvetica", SIZE) for word in words]
        gap = (width - sum(widths)) / max(len(words) - 1, 1)
        lines.append([(word, sum(widths[:at]) + at * gap) for at, word in enumerate(words)])
    lines[-1] = [(" ".join(word for word, _ in lines[-1]), 0.0)]
    return lines


def test_a_line_stretched_to_the_margin_is_no_row_of_cells() -> None:
    text = (
        "Hypertension and dissociation notwithstanding, antidepressant effectiveness was demonstrated in participants. "
        * 4
    )
    pdf = Pdf()
    for column in (72, 260):
        for row, line in enumerate(justified(text, 170)):
            for word, x in line:
                pdf.canvas.setFont("Helvetica", SIZE)
                pdf.canvas.drawString(column + x, HEIGHT - 72 - row * LEADING, word)
    assert read_pdf(pdf.data(), 10).text.split() == (text * 2).split()


def test_what_repeats_on_every_page_is_left_out_with_the_reason() -> None:
    parsed = read_pdf(guideline(PARAGRAPHS), 100)
    pages = parsed.text.count("\f") + 1
    assert pages > 2
    assert sorted(left_out(parsed)) == sorted(
        pair
        for number in range(1, pages + 1)
        for pair in (
            (f"Society of Ketamine 2020, part {number}", f"running header (on {pages} of {pages} pages)"),
            (f"Page {number}", f"page number (on {pages} of {pages} pages)"),
        )
    )


def test_every_page_keeps_its_own_words() -> None:
    parsed = read_pdf(pdf_of(["Ketamine is given PO."], ["It helps."], ["Cystitis is rare."]), 10)
    assert [page.strip() for page in parsed.text.split("\f")] == [
        "Ketamine is given PO.",
        "It helps.",
        "Cystitis is rare.",
    ]
    long = read_pdf(guideline(PARAGRAPHS), 100)
    for number, page in enumerate(long.text.split("\f"), start=1):
        assert f"Society of Ketamine 2020, part {number}\n" in page
        assert f"Page {number}\n" in page


def test_a_line_that_repeats_in_the_middle_of_pages_is_text() -> None:
    page = ["First words.", *(["Filler that differs not at all."] * 12), "Last words."]
    parsed = read_pdf(pdf_of(*([f"{number} {line}" for number, line in enumerate(page)] for _ in range(2))), 10)
    assert parsed.text.count("6 Filler") == 2
    assert all("6 Filler" not in text for text, _ in left_out(parsed))


def test_a_page_alone_has_no_running_header() -> None:
    assert read_pdf(pdf_of(["Header", "Ketamine is given PO."]), 10).left_out == ()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["The patient was treat-", "ed with care."], "The patient was treated with care."),
        (["Keta-", "mine is given. Ketamine helps."], "Ketamine is given. Ketamine helps."),
        (["It lasts for a long-", "term course."], "It lasts for a long-term course."),
        (["Norketamine and esketa-", "mine; see esketamine."], "Norketamine and esketamine; see esketamine."),
        (["The xylo-", "zyme is new."], "The xylo-zyme is new."),
        (["High- and low-", "and mid-dose courses."], "High- and low- and mid-dose courses."),
        (["Give 10-", "20 mg."], "Give 10-20 mg."),
        (["Give 10 mg -", "no more."], "Give 10 mg - no more."),
        (["Smith-", "Jones wrote it."], "Smith-Jones wrote it."),
    ],
)
def test_a_word_broken_at_a_line_end_is_joined_where_that_is_certain(lines: list[str], text: str) -> None:
    assert read_pdf(pdf_of(lines), 10).text.strip() == text


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        (["Keta-", "mine is given. Ketamine helps."], "Ketamine\fis given. Ketamine helps."),
        (["It lasts for a long-", "term course."], "It lasts for a long-term\fcourse."),
        (["It is an anaes-", "thetic"], "It is an anaesthetic\f"),
        (["High- and low-", "and mid-dose courses."], "High- and low-\fand mid-dose courses."),
        (["It is given", "by mouth."], "It is given\fby mouth."),
    ],
)
def test_a_word_broken_at_a_page_end_is_whole_and_on_the_page_where_it_begins(pages: list[str], text: str) -> None:
    assert read_pdf(pdf_of(*([line] for line in pages)), 10).text.strip(" \n") == text


def test_headings_lists_and_paragraphs() -> None:
    pdf = Pdf()
    y = pdf.lines(["Ketamine for pain"], 72, 72, "Helvetica-Bold", 20)
    y = pdf.lines(["1 Dose"], 72, y + 10, "Helvetica-Bold", 14)
    y = pdf.lines(["Give 0.5 mg/kg over forty minutes, once, and watch the blood pressure all the", "time."], 72, y + 6)
    y = pdf.lines(["It may be given again."], 72, y + 6)
    y = pdf.lines(["Harm"], 72, y + 10, "Helvetica-Bold")
    y = pdf.lines(["Watch for:"], 72, y + 6)
    pdf.lines(["\u2022 cystitis, which is rare but lasting and asks for", "  a stop"], 90, y)
    pdf.lines(["\u2022 high blood pressure"], 90, y + 2 * LEADING)
    pdf.lines(["That is all."], 72, y + 3 * LEADING)
    parsed = read_pdf(pdf.data(), 10)
    assert blocks(parsed) == [
        "# Ketamine for pain",
        "## 1 Dose",
        "Give 0.5 mg/kg over forty minutes, once, and watch the blood pressure all the time.",
        "It may be given again.",
        "### Harm",
        "Watch for:",
        "• cystitis, which is rare but lasting and asks for a stop",
        "• high blood pressure",
        "That is all.",
    ]
    assert parsed.title == "Ketamine for pain"


def test_a_raised_number_is_a_marker_or_a_power_and_a_lowered_one_a_letter() -> None:
    pdf = Pdf()
    text = pdf.canvas.beginText(72, HEIGHT - 72)
    text.setFont("Helvetica", 10)
    for piece, rise in [("signals.", 0), ("4", 4), (" At 10", 0), ("6", 4), (" cells of H", 0), ("2", -2), ("O", 0)]:
        text.setFont("Helvetica", 7 if rise else 10)
        text.setRise(rise)
        text.textOut(piece)
    pdf.canvas.drawText(text)
    assert read_pdf(pdf.data(), 10).text.strip() == "signals.^4 At 10^6 cells of H2O"


ROWS = [
    ("Route", "Dose", "Note"),
    ("IV", "0.5 mg/kg", "over 40 min"),
    ("PO", "", "see the text"),
    ("SC", "0.1 mg/kg", "slowly"),
]
SAID = [
    "| Route | Dose | Note |",
    "| IV | 0.5 mg/kg | over 40 min |",
    "| PO | | see the text |",
    "| SC | 0.1 mg/kg | slowly |",
]


@pytest.mark.parametrize("style", [GRID, HEAD_AND_FOOT], ids=["grid", "head and foot"])
def test_a_ruled_table_is_read_row_by_row(style: list[tuple[object, ...]]) -> None:
    pdf = Pdf()
    pdf.lines(["Doses are in the table, and nothing else is said about them here."], 72, 72)
    pdf.table(ROWS, 72, 90, style=style)
    pdf.lines(["After the table comes this sentence."], 72, 250)
    found = blocks(read_pdf(pdf.data(), 10))
    assert found[1:-1] == SAID
    assert found[-1] == "After the table comes this sentence."


def test_a_cell_of_several_lines_stays_in_its_row() -> None:
    pdf = Pdf()
    pdf.table(
        [("Use", "Dose"), ("Major depressive\ndisorder", "0.5 mg/kg over\n40 minutes"), ("Pain", "0.1 mg/kg")],
        72,
        90,
        style=GRID,
    )
    assert blocks(read_pdf(pdf.data(), 10)) == [
        "| Use | Dose |",
        "| Major depressive disorder | 0.5 mg/kg over 40 minutes |",
        "| Pain | 0.1 mg/kg |",
    ]


def test_a_table_without_rules_is_read_row_by_row() -> None:
    pdf = Pdf()
    pdf.table([row for row in ROWS if row[1]], 72, 90, style=[])
    assert blocks(read_pdf(pdf.data(), 10)) == [row for row in SAID if "| |" not in row]


def test_rows_are_never_blended_with_those_below() -> None:
    """Each line of figures is a row of its own, though no rule parts them."""
    pdf = Pdf()
    pdf.table(
        [("Drug", "Adult", "Child"), ("Ketamine", "10 mg", "1 mg"), ("Midazolam", "20 mg", "2 mg")],
        72,
        90,
        style=HEAD_AND_FOOT,
    )
    assert blocks(read_pdf(pdf.data(), 10))[1:] == ["| Ketamine | 10 mg | 1 mg |", "| Midazolam | 20 mg | 2 mg |"]


def test_a_table_of_contents_is_left_out() -> None:
    parsed = read_pdf(
        pdf_of(
            ["Contents", "Dose ........................ 3", "Harm ........................ 5", "Ketamine is given."]
        ),
        10,
    )
    assert [reason for _, reason in left_out(parsed)] == ["table of contents"] * 2


def test_text_at_another_angle_is_left_out_and_does_not_tear_the_page() -> None:
    pdf = Pdf()
    pdf.lines(["Ketamine is given PO and it helps many of the patients", "who had no relief before."], 72, 72)
    pdf.canvas.rotate(90)
    pdf.canvas.drawString(400, -90, "Downloaded by nobody")
    parsed = read_pdf(pdf.data(), 10)
    assert left_out(parsed) == [("Downloaded by nobody", "text at another angle")]
    assert kept(parsed) == "Ketamine is given PO and it helps many of the patients who had no relief before."


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_page_that_lies_on_its_side_is_read_upright(angle: int) -> None:
    pdf = Pdf()
    pdf.canvas.translate(300, 400)
    pdf.canvas.rotate(angle)
    for at, line in enumerate(["Ketamine is given", "by mouth and", "it helps."]):
        pdf.canvas.drawString(0, -at * 14, line)
    assert read_pdf(pdf.data(), 10).text.strip() == "Ketamine is given by mouth and it helps."


def test_a_page_without_text_among_others_is_named() -> None:
    pdf = Pdf()
    pdf.lines(["Ketamine is given PO."], 72, 72)
    pdf.new_page()
    pdf.canvas.rect(50, 50, 300, 300, fill=1)
    pdf.new_page()
    pdf.lines(["It helps."], 72, 72)
    parsed = read_pdf(pdf.data(), 10)
    assert left_out(parsed) == [("", "page 2 has no text (a picture?)")]
    assert [page.strip() for page in parsed.text.split("\f")] == ["Ketamine is given PO.", "", "It helps."]


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Ketamine in practice", "Ketamine in practice"), ("Microsoft Word - x.docx", ""), ("untitled", "")],
)
def test_a_useless_title_is_none(title: str, expected: str) -> None:
    assert read_pdf(pdf_of(["Ketamine is given PO."], title=title), 10).title == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (encrypted(), "is encrypted and asks for a password"),
        (scanned(), "has no text on any of its 2 pages: it is scanned"),
        (pdf_of(["Ketamine"])[:-100], "is cut off"),
        (pdf_of(["Ketamine"])[:300] + b"\n%%EOF", "is not a PDF that can be read"),
        (b"%PDF-1.4\n%%EOF", "is not a PDF that can be read"),
        (pdf_of(*(["Ketamine"] for _ in range(11))), "has 11 pages, more than 10; split it"),
    ],
    ids=["encrypted", "scanned", "truncated", "truncated with an end mark", "hollow", "long"],
)
def test_a_pdf_that_cannot_be_used_says_why(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_pdf(data, 10)


_WORDS = st.text("abcdefghijklmnop", min_size=1, max_size=9)
_SENTENCES = st.lists(_WORDS, min_size=4, max_size=14).map(lambda words: " ".join(words).capitalize() + ".")
_PARAGRAPHS = st.lists(st.lists(_SENTENCES, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=12)


@settings(max_examples=25)
@given(_PARAGRAPHS, st.integers(1, 2), st.integers(4, 30))
def test_citations_stay_verbatim_from_the_page_to_the_passage(paragraphs: list[str], columns: int, lines: int) -> None:
    parsed = read_pdf(guideline(paragraphs, columns, lines), 500)
    document = Document("a.pdf", "a", parsed.text, "0" * 64, left_out=parsed.left_out)
    sentences = segment(document).sentences
    passages = chunk(document, sentences, lambda text: len(text.split()), 60)
    for part in (*sentences, *passages):
        assert part.text == document.text[part.start : part.end]
        assert not any(item.span.overlaps(part.span) for item in document.left_out)
    every_word = {word for text in paragraphs for word in text.split()}
    assert every_word <= {word for passage in passages for word in passage.text.split()}
