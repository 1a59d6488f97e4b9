"""PDF bytes -> the text of its pages in reading order, with headings, lists, tables and what repeats on every page.

PDFium (through `pypdfium2`) gives glyphs with their places; here they become runs of text and ruling lines. Pages are
separated by a form feed, as `pdftotext` does: `ketarag.pages` finds the page of an offset by it.
Not here: reading order (`layout`), what repeats (`running`), paragraphs (`prose`).
"""

from __future__ import annotations

import ctypes
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import pypdfium2  # type: ignore[import-untyped]
from pypdfium2 import raw

from ketarag.indexing.lines import Page, Rule, Run
from ketarag.indexing.parsed import Parsed, UnreadableError
from ketarag.indexing.prose import compose

_PASSWORD = 4
"""FPDF_ERR_PASSWORD of PDFium."""
_TAIL = 1024
"""Bytes from the end within which a whole file has its end mark (ISO 32000, annex H)."""
_SPACE, _WIDE, _FAR = 0.25, 0.9, 6.0
"""Line heights: a gap is a space, is rather one between columns or cells, and never within a line of text."""
_EVEN = 1.4
"""How many times as wide as the others a space of a stretched line may be."""
_SHARE = 0.15
"""Of the letters of a run: the largest size that so many have is the run's; small capitals are its smaller ones."""
_BOLD = 600
_MOST_SHAPES = 3000
"""Of one page; a drawing has more, a table has not."""
_THIN = 2.5
"""Points: a drawn shape that is less high (or wide) is a ruling line."""
_BULLETS = "●■○❖➢➤✓✔"
"""Read as "•", like any sign of a private font that begins a line."""
_SYMBOLS = str.maketrans(
    dict(
        zip(
            "\uf061\uf062\uf067\uf064\uf065\uf06b\uf06c\uf06d\uf070\uf072\uf073\uf074\uf077",
            "αβγδεκλµπρστω",
            strict=True,
        )
    )
    | dict(
        zip(
            "\uf044\uf057\uf0a3\uf0b3\uf0b1\uf0b0\uf0b4\uf0b8\uf0b9\uf0bb\uf0ae\uf0ac\uf0a5",
            "ΔΩ≤≥±°×÷≠≈→←∞",
            strict=True,
        )
    )
    | dict(zip("\uf02b\uf02d\uf03c\uf03d\uf03e\uf025\uf0b7", "+−<=>%•", strict=True))
)
"""The font Symbol as word processors encode it: a dose in "µg" or a "≤" must not be lost."""
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"}


class _Glyph(NamedTuple):
    """One character in points, y downwards; `at` counts those of the page. `broken`: the file does not say what it means."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    base: float
    angle: int
    at: int
    broken: bool


def read_pdf(data: bytes, pages: int) -> Parsed:
    """The text of a PDF of at most `pages` pages. Raises UnreadableError: encrypted, cut off, too long, without text."""
    if b"%%EOF" not in data[-_TAIL:]:
        raise UnreadableError("is cut off (no end mark at its end); get the whole file")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD:
            raise UnreadableError("is encrypted and asks for a password; save a copy without one") from error
        raise UnreadableError(f"is not a PDF that can be read ({error}); print it to PDF anew") from error
    with document:
        count = len(document)
        if count > pages:
            raise UnreadableError(f"has {count:,} pages, more than {pages:,}; split it")
        read: list[Page] = []
        for number in range(count):
            try:
                read.append(_page(document, number))
            except pypdfium2.PdfiumError:
                read.append(Page(number + 1, 0, (), (), (), "cannot be read"))
        title = " ".join(document.get_metadata_value("Title").split())
    if not any(page.runs for page in read):
        pages_said = "its page" if count == 1 else f"any of its {count} pages"
        raise UnreadableError(
            f"has no text on {pages_said}: it is scanned or drawn; run OCR over it, for example ocrmypdf"
        )
    return compose(title, read)


def _page(document: Any, number: int) -> Page:
    """One page of a `pypdfium2.PdfDocument`, its text upright."""
    page = document[number]
    try:
        text_page = page.get_textpage()
        try:
            glyphs = list(_glyphs(text_page))
            angle = Counter(glyph.angle for glyph in glyphs).most_common(1)[0][0] if glyphs else 0
            upright = [_turned(glyph, angle) for glyph in glyphs if glyph.angle == angle]
            rules = tuple(_rules(page)) if angle == 0 else ()
            runs = tuple(_run(text_page, part) for part in _parts(upright, _upright(rules)))
            askew = " ".join("".join(glyph.text for glyph in glyphs if glyph.angle != angle).split())
        finally:
            text_page.close()
    finally:
        page.close()
    broken = sum(glyph.broken for glyph in glyphs)
    if broken > len(glyphs) / 3:
        return Page(number + 1, 0, (), (), (), "has letters without a meaning (its fonts lack a character map)")
    bottom = max((run.bottom for run in runs), default=0.0)
    return Page(
        number + 1, bottom, runs, rules, (askew,) if askew else (), "" if glyphs else "has no text (a picture?)"
    )


def _glyphs(text_page: Any) -> Iterator[_Glyph]:
    """Every visible character, and spaces, in the order of the file."""
    box = raw.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    for index in range(text_page.count_chars()):
        code = raw.FPDFText_GetUnicode(text_page, index)
        text = "-" if raw.FPDFText_IsHyphen(text_page, index) == 1 else _character(code)
        if not text or not raw.FPDFText_GetLooseCharBox(text_page, index, box):
            continue
        raw.FPDFText_GetCharOrigin(text_page, index, x, y)
        angle = round(-raw.FPDFText_GetCharAngle(text_page, index) * 57.29578) % 360  # PDFium's runs clockwise
        broken = raw.FPDFText_HasUnicodeMapError(text_page, index) == 1
        yield _Glyph(text, box.left, box.right, -box.top, -box.bottom, -y.value, angle, index, broken)


def _character(code: int) -> str:
    """A character as text; "" for what is no character (line breaks between runs are found by place, not by sign)."""
    if code in (0, 0xFFFE, 0xFFFF, 0x0A, 0x0D) or 0xD800 <= code < 0xE000:
        return ""
    text = chr(code)
    if text.isspace():
        return " "
    return _LIGATURES.get(text, text)


def _turned(glyph: _Glyph, angle: int) -> _Glyph:
    """The glyph on a page that is turned so that text of this angle runs from left to right."""
    x0, x1, top, bottom = glyph.x0, glyph.x1, glyph.top, glyph.bottom
    if angle == 90:
        return glyph._replace(x0=-bottom, x1=-top, top=x0, bottom=x1, base=x1)
    if angle == 270:
        return glyph._replace(x0=top, x1=bottom, top=-x1, bottom=-x0, base=-x0)
    if angle == 180:
        return glyph._replace(x0=-x1, x1=-x0, top=-bottom, bottom=-top, base=-glyph.base)
    return glyph


def _parts(glyphs: Sequence[_Glyph], upright: Sequence[Rule]) -> Iterator[list[_Glyph]]:
    """Stretches on one line without an upright rule or the gap of a column or cell, in the order of the file.

    Words are parted by single spaces. The letters of a ligature share its place.
    """
    line: list[_Glyph] = []
    spaced = False
    for glyph in glyphs:
        if glyph.text == " ":
            spaced = True
            continue
        if line and (not _continues(line[-1], glyph) or (spaced and _is_between(upright, line[-1], glyph))):
            yield from _cut(line)
            line, spaced = [], False
        if line and (spaced or glyph.x0 - line[-1].x1 > _SPACE * (line[-1].bottom - line[-1].top)):
            line.append(glyph._replace(text=" "))
        line.append(glyph)
        spaced = False
    if line:
        yield from _cut(line)


def _continues(last: _Glyph, glyph: _Glyph) -> bool:
    if (glyph.x0, glyph.base) == (last.x0, last.base):
        return True
    height = max(last.bottom - last.top, glyph.bottom - glyph.top)
    overlap = min(last.bottom, glyph.bottom) - max(last.top, glyph.top)
    lower = min(last.bottom - last.top, glyph.bottom - glyph.top)
    return overlap > 0.35 * lower and -0.6 * height < glyph.x0 - last.x1 < _FAR * height


def _cut(line: list[_Glyph]) -> Iterator[list[_Glyph]]:
    """The line in parts, cut where a gap is wide, and wider than the spaces of a line stretched to the margin."""
    gaps = {at: line[at + 1].x0 - line[at - 1].x1 for at, glyph in enumerate(line) if glyph.text == " "}
    limit = _widest_space(list(gaps.values()), "".join(glyph.text for glyph in line).split(" "))
    limit = max(limit, _WIDE * (line[0].bottom - line[0].top))
    start = 0
    for at, gap in gaps.items():
        if gap > limit:
            yield line[start:at]
            start = at + 1
    yield line[start:]


def _widest_space(gaps: Sequence[float], words: Sequence[str]) -> float:
    """How wide a space of this line may be; 0 where its spaces do not tell, as in a row of figures or of single words."""
    figures = sum(any(character.isdigit() for character in word) for word in words)
    if len(gaps) < 2 or figures >= len(words) / 2:
        return 0.0
    usual = sorted(gaps)[(len(gaps) - 1) // 4]
    even = max(gaps) <= _EVEN * min(gaps)
    return max(gaps) if even else _EVEN * usual if usual > min(gaps) else 0.0


def _upright(rules: Sequence[Rule]) -> list[Rule]:
    return sorted(rule for rule in rules if rule.bottom - rule.top > rule.x1 - rule.x0)


def _is_between(upright: Sequence[Rule], last: _Glyph, glyph: _Glyph) -> bool:
    """Whether an upright rule stands between two neighbours of one line."""
    for rule in upright[bisect_left(upright, last.x1 - 1, key=_x0) : bisect_right(upright, glyph.x0 + 1, key=_x0)]:
        if rule.top <= glyph.base <= rule.bottom + 1:
            return True
    return False


def _x0(rule: Rule) -> float:
    return rule.x0


def _run(text_page: Any, part: list[_Glyph]) -> Run:
    """One run; a raised number gets "^" before it, for it is a reference marker or a power, not a digit of the word."""
    letters = [glyph for glyph in part if glyph.text != " "]
    sizes = Counter(round(glyph.bottom - glyph.top, 1) for glyph in letters)
    size = max(size for size, times in sizes.items() if times >= _SHARE * len(letters) or len(sizes) == 1)
    main = [glyph for glyph in letters if glyph.bottom - glyph.top >= 0.92 * size] or letters
    base = Counter(round(glyph.base, 1) for glyph in main).most_common(1)[0][0]
    words: list[str] = []
    raised = False
    for glyph in part:
        up = glyph.bottom - glyph.top < 0.92 * size and base - glyph.base > 0.15 * size
        if up and not raised and words and (glyph.text.isdigit() or glyph.text == "["):
            if words[-1] == " " and not words[-2].isdigit():
                words.pop()
            words.append("^")
        raised = up and glyph.text != " "
        words.append(glyph.text)
    if _is_bullet(words):
        words[0] = "•"
    bold = all(_is_bold(text_page, glyph.at) for glyph in (main[0], main[len(main) // 2], main[-1]))
    top, bottom = min(glyph.top for glyph in main), max(glyph.bottom for glyph in main)
    return Run(
        "".join(words).translate(_SYMBOLS),
        letters[0].x0,
        max(glyph.x1 for glyph in letters),
        top,
        bottom,
        base,
        size,
        bold,
    )


def _is_bullet(words: list[str]) -> bool:
    sign = words[0]
    return (sign in _BULLETS or "\ue000" <= sign <= "\uf8ff") and (len(words) == 1 or words[1] == " ")


def _is_bold(text_page: Any, index: int) -> bool:
    if raw.FPDFText_GetFontWeight(text_page, index) >= _BOLD:
        return True
    name = ctypes.create_string_buffer(200)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(text_page, index, name, len(name), flags)
    said = name.value.lower()
    return b"bold" in said or b"black" in said or b"heavy" in said


def _rules(page: Any) -> Iterator[Rule]:
    """Ruling lines: thin shapes, and the edges of shaded boxes."""
    shapes = page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=3)
    for shape in islice(shapes, _MOST_SHAPES):
        left, bottom, right, top = shape.get_bounds()
        wide, high = right - left, top - bottom
        if high <= _THIN < wide or wide <= _THIN < high:
            yield Rule(left, right, -top, -bottom)
        elif wide > 20 and 6 < high < 300:
            yield Rule(left, right, -top, -top)
            yield Rule(left, right, -bottom, -bottom)
            yield Rule(left, left, -top, -bottom)
            yield Rule(right, right, -top, -bottom)
