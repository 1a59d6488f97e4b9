"""prose: lines in reading order -> the document's text: paragraphs, headings, list items, rows, and what is left out.

A paragraph goes on over a column or page when its last line is unfinished; what stands between its parts (footer,
footnote, the next page's header) is then put before or behind it, on its own page, so that no sentence is torn. Words
broken at a line end are joined where that is certain; elsewhere the hyphen stays.
Not here: which line follows which (`layout`), what repeats on every page (`running`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from statistics import median
from typing import Literal

from ketarag.indexing.columns import usual_gutters
from ketarag.indexing.layout import flows
from ketarag.indexing.lines import Line, Page
from ketarag.indexing.parsed import Parsed
from ketarag.indexing.running import furniture
from ketarag.pages import PAGE_BREAK
from ketarag.types import LeftOut, Span

_ITEM = re.compile(r"(?:[•‣◦▪]|[*+–-]\s|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s)\s*\S")
_NUMBERED_HEADING = re.compile(r"\d{1,2}(?:\.\d{1,2}){0,4}\.?\s+[^\W\d_]")
_MARKED = re.compile(r"[\d*†‡§¶]|[a-z]\W")
"""How a footnote begins."""
_FINISHED = re.compile(r"[.!?:;…][\"'”’)\]]*(?:\^?\[?\d[\d,–-]*\]?)?$")
_BROKEN = re.compile(r"([^\W\d_]+)[-\u00ad‐]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_SUSPENDED = {"and", "or", "to", "und", "oder", "bis", "et", "ou"}
_TIGHT = re.compile(r"[^\W_][-‐–—/]$")
_CONTENTS = re.compile(r"(?:(?:[.…]\s?){4,}|…{2,})[.…\s]*\(?[\divx]{1,5}\)?$")
"""A line of a table of contents: leaders, then a page."""
_USELESS_TITLE = re.compile(
    r"(?i)^(?:microsoft |untitled|unbenannt|\(?anonymous|.*\.(?:docx?|indd|tex|qxd|pdf|rtf)$|\S{0,3}$)"
)
_LARGER, _OTHER, _SMALLER = 1.12, 1.06, 0.92
"""Letter heights against the body's: a heading, another style, a footnote."""
_LONGEST_LINE, _LONGEST_HEADING, _MOST_LINES = 120, 250, 4
_COMMON, _KNOWN, _SELDOM = 3.5, 2.0, 3.0
"""Zipf frequencies (wordfreq): a common word, a word at all, and below it hardly one."""
_LETTER = 0.55
"""Width of a letter against the height of a line, both with the white around them; most are narrower."""
_FEW_LINES = 3
"""A column with fewer lines does not show where its margin is."""


@dataclass(slots=True)
class _Piece:
    """A paragraph, heading, list item, row or note, or what is left out (with the `reason`); `page` it begins on."""

    kind: Literal["text", "heading", "item", "row", "note", "left out"]
    page: int
    lines: list[str]
    size: float = 0.0
    bold: bool = False
    room: float = inf
    """Points that its last line leaves free; `inf` where the margin is not known."""
    reason: str = ""
    turns: dict[int, int] = field(default_factory=dict)
    """Index of a line that begins a page -> that page."""

    @property
    def finished(self) -> bool:
        return not self.lines or _FINISHED.search(self.lines[-1]) is not None


def compose(title: str, pages: Sequence[Page]) -> Parsed:
    """The whole document. `title` is what the file says of itself; a useless one gives way to the first heading."""
    repeated = furniture(pages)
    kept = [[run for run in page.runs if run not in out] for page, out in zip(pages, repeated, strict=True)]
    usual = usual_gutters(kept)
    read = [flows(runs, page.rules, usual) for page, runs in zip(pages, kept, strict=True)]
    style = _Style.of([line for page in read for flow in page for line in flow])
    pieces: list[_Piece] = []
    for page, out, page_flows in zip(pages, repeated, read, strict=True):
        edges = [(run, _Piece("left out", page.number, [run.text], reason=reason)) for run, reason in out.items()]
        pieces += [piece for run, piece in edges if run.base < page.bottom / 2]
        for flow in page_flows:
            _append(pieces, list(_pieces(flow, page.number, style)))
        pieces += [piece for run, piece in edges if run.base >= page.bottom / 2]
        pieces += [_Piece("left out", page.number, [text], reason="text at another angle") for text in page.askew]
        if page.trouble:
            pieces.append(_Piece("left out", page.number, [], reason=f"page {page.number} {page.trouble}"))
    title = "".join(character for character in title if character.isprintable() and character != "\ufffd")
    if _USELESS_TITLE.match(title):
        title = next((" ".join(piece.lines) for piece in pieces if piece.kind == "heading" and piece.page == 1), "")
    return _text(title, pieces)


@dataclass(frozen=True, slots=True)
class _Style:
    """The size of the body in points, and whether it is set in bold."""

    body: float
    bold: bool

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Style:
        sizes = Counter[float]()
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
        all_of_it = sum(sizes.values())
        bold = sum(len(line.text) for line in lines if line.bold)
        return cls(sizes.most_common(1)[0][0] if sizes else 1.0, bold > all_of_it / 2)

    def is_heading(self, line: Line) -> bool:
        letters = sum(character.isalpha() for character in line.text)
        if line.cells or letters < 2 or len(line.text) > _LONGEST_LINE or _CONTENTS.search(line.text):
            return False
        if line.size >= _LARGER * self.body:
            return True
        numbered = _NUMBERED_HEADING.match(line.text)
        stands_out = line.bold and not self.bold and line.size >= _SMALLER * self.body
        return stands_out and line.text[-1] not in ".,;:" and bool(numbered or not _ITEM.match(line.text))


def _pieces(flow: Sequence[Line], page: int, style: _Style) -> Iterator[_Piece]:
    """The paragraphs of one column."""
    prose = [line for line in flow if not line.cells] or flow
    right = max(line.x1 for line in prose)
    pitches = [lower.top - upper.top for upper, lower in pairwise(flow) if 0 < lower.top - upper.top < 3 * upper.size]
    usual = 1.3 * style.body
    pitch = median(pitches) if len(pitches) >= _FEW_LINES else min([*pitches, usual])
    margin = right if len(prose) >= _FEW_LINES else inf
    group: list[Line] = []
    for line in flow:
        if group and _begins(group, line, style, right, pitch):
            yield _piece(group, page, style, margin)
            group = []
        group.append(line)
    if group:
        yield _piece(group, page, style, margin)


def _begins(group: Sequence[Line], line: Line, style: _Style, right: float, pitch: float) -> bool:
    """Whether `line` begins a paragraph of its own after the lines of `group`."""
    last = group[-1]
    gap = line.top - last.top
    if line.cells or last.cells or _CONTENTS.search(last.text) or not 0 < gap < 1.35 * max(pitch, 1.1 * last.size):
        return True
    if not 1 / _OTHER < line.size / last.size < _OTHER and (
        _ends(last, line, right) or line.size > _LARGER * last.size
    ):
        return True
    if style.is_heading(line) != style.is_heading(last) and (style.is_heading(last) or _ends(last, line, right)):
        return True
    if style.is_heading(line):
        return _NUMBERED_HEADING.match(line.text) is not None or line.bold != last.bold
    if _ITEM.match(line.text):
        return True
    fits = _would_have_fitted(line.text, right - last.x1, line.size)
    if fits and _ITEM.match(group[0].text) and line.x0 < group[0].x0 - 0.5 * line.size:
        return True
    if _FINISHED.search(last.text) is None:
        return False
    indented = line.x0 > last.x0 + 0.7 * line.size and not _ITEM.match(group[0].text)
    dedented = bool(_ITEM.match(group[0].text)) and line.x0 < max(one.x0 for one in group) - 0.7 * line.size
    return indented or dedented or fits


def _ends(last: Line, line: Line, right: float) -> bool:
    """Whether a paragraph may end before `line`: a sentence does, or the line above had room for another word."""
    return _FINISHED.search(last.text) is not None or _would_have_fitted(line.text, right - last.x1, line.size)


def _would_have_fitted(text: str, room: float, size: float) -> bool:
    """Whether the first word of `text` and a space fit into `room` points."""
    return room > _LETTER * size * (len(text.split(maxsplit=1)[0]) + 1)


def _piece(group: Sequence[Line], page: int, style: _Style, margin: float) -> _Piece:
    first, last = group[0], group[-1]
    lines = [line.text for line in group]
    piece = _Piece("text", page, lines, first.size, all(line.bold for line in group), margin - last.x1)
    headed = all(style.is_heading(line) for line in group) or (len(group) == 1 and _is_capitals(first.text))
    if _CONTENTS.search(last.text):
        piece.kind, piece.reason = "left out", "table of contents"
    elif first.cells:
        piece.kind = "row"
    elif headed and len(lines) <= _MOST_LINES and sum(map(len, lines)) <= _LONGEST_HEADING:
        piece.kind = "heading"
    elif first.size < _SMALLER * style.body:
        piece.kind = "note"
    elif _ITEM.match(first.text):
        piece.kind = "item"
    return piece


def _is_capitals(text: str) -> bool:
    return text.isupper() and sum(character.isalpha() for character in text) > 3 and text[-1] not in ".,;:"


def _append(pieces: list[_Piece], more: list[_Piece]) -> None:
    """Adds the pieces of a column; the first one goes on with an unfinished paragraph, notes and footers aside."""
    at = next((at for at in reversed(range(len(pieces))) if pieces[at].kind not in ("note", "left out")), None)
    if at is not None and more and _goes_on(pieces[at], more[0]):
        last, between, first = pieces[at], pieces[at + 1 :], more.pop(0)
        page = max([last.page, *last.turns.values()])
        if first.page != page:
            last.turns[len(last.lines)] = first.page
        last.lines += first.lines
        last.room = first.room
        pieces[at:] = [
            *(piece for piece in between if piece.page <= page),
            last,
            *(piece for piece in between if piece.page > page),
        ]
    notes = [piece for piece in more if piece.kind == "note"]
    if notes and notes == more[-len(notes) :] and not _MARKED.match(notes[0].lines[0]):
        before = next((piece for piece in reversed(pieces) if piece.kind != "left out"), notes[0])
        if before.kind == "note" and before.page == notes[0].page and not before.finished:
            before.lines += notes[0].lines
            more.remove(notes[0])
    pieces += more


def _goes_on(last: _Piece, first: _Piece) -> bool:
    alike = 1 / _OTHER < first.size / last.size < _OTHER and first.bold == last.bold
    if last.kind == first.kind == "heading":
        return alike and first.page == last.page and first.lines[0][0].islower()
    if last.kind not in ("text", "item") or first.kind != "text" or last.finished:
        return False
    page = max([last.page, *last.turns.values()])
    text = first.lines[0]
    had_to_break = not _would_have_fitted(text, last.room, first.size)
    return alike and first.page - page <= 1 and (had_to_break or text[0].islower())


def _text(title: str, pieces: Sequence[_Piece]) -> Parsed:
    levels = _levels(pieces)
    joined = _joiner(pieces)
    parts: list[str] = []
    left_out: list[LeftOut] = []
    at, page = 0, 1

    def write(text: str) -> None:
        nonlocal at
        parts.append(text)
        at += len(text)

    for piece in pieces:
        if piece.page > page:
            write(PAGE_BREAK * (piece.page - page))
            page = piece.page
        start = at
        if piece.kind == "heading":
            write("#" * levels[_rank(piece)] + " ")
        write(joined(piece))
        page = max([page, *piece.turns.values()])
        if piece.lines:
            write("\n\n")
        if piece.reason:
            left_out.append(LeftOut(Span(start, at), piece.reason))
    return Parsed(title, "".join(parts), tuple(left_out))


def _rank(piece: _Piece) -> tuple[int, bool]:
    return round(piece.size), piece.bold


def _levels(pieces: Iterable[_Piece]) -> dict[tuple[int, bool], int]:
    """The level of each style of heading: the largest is 1, none is beyond 6."""
    styles = sorted({_rank(piece) for piece in pieces if piece.kind == "heading"}, reverse=True)
    return {style: min(at, 6) for at, style in enumerate(styles, start=1)}


def _joiner(pieces: Sequence[_Piece]) -> Callable[[_Piece], str]:
    """Joins the lines of a piece with the words of the whole document at hand."""
    words: set[str] = set()
    compounds: set[str] = set()
    for piece in pieces:
        for line in piece.lines:
            words |= {word.casefold() for word in re.findall(r"[^\W\d_]+", line)}
            compounds |= {word.casefold() for word in re.findall(r"[^\W\d_]+-[^\W\d_]+", line)}

    def is_one_word(left: str, right: str) -> bool:
        if f"{left}-{right}" in compounds:
            return False
        return left + right in words or _is_broken_word(left, right)

    def joined(piece: _Piece) -> str:
        if not piece.lines:
            return ""
        text = piece.lines[0]
        page = piece.page
        for at, line in enumerate(piece.lines[1:], start=1):
            text, space = _seam(text, line, is_one_word)
            turned = piece.turns.get(at, page) - page
            page += turned
            text += _turned(line, PAGE_BREAK * turned, space) if turned else space + line
        return text

    return joined


def _seam(text: str, line: str, is_one_word: Callable[[str, str], bool]) -> tuple[str, str]:
    """(text without a hyphen that only broke a word, what stands between it and the next line)."""
    broken, first = _BROKEN.search(text), _FIRST_WORD.match(line)
    if broken and first:
        left, right = broken.group(1).casefold(), first.group()
        if text[-1] == "\u00ad" or (right.islower() and is_one_word(left, right)):
            return text[:-1], ""
        return text, " " if right in _SUSPENDED else ""
    return text, "" if _TIGHT.search(text) and line[:1].isalnum() else " "


def _turned(line: str, page_break: str, space: str) -> str:
    """A line that begins a page. What belongs to the word before it stays with that one: "keta-" and "mine is" are one word still."""
    if space:
        return page_break + line
    rest_of_word, _, others = line.partition(" ")
    return rest_of_word + page_break + others


def _is_broken_word(left: str, right: str) -> bool:
    """Whether the pieces make one English word: a common one, or one of which a piece alone is hardly a word.

    "long-term" and "follow-up" stay in doubt, and so keep their hyphens.
    """
    from wordfreq import zipf_frequency

    whole = zipf_frequency(left + right, "en", wordlist="large")
    rarer = min(zipf_frequency(piece, "en", wordlist="large") for piece in (left, right))
    return whole >= _COMMON or (whole >= _KNOWN and rarer < _SELDOM)
