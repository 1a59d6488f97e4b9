"""segment: a `Document` -> its sections and sentences, with exact offsets.

A list belongs to its lead-in: "interactions with, e.g.:" and its bullets are one sentence, unless together they are too
long to be read at once; then each item is a sentence of its own and repeats the lead-in in `clean`.
Not here: what counts as a reference marker (`markers`), packing into passages (`chunk`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ketarag.indexing.markers import disjoint, markdown_signs, reference_markers
from ketarag.types import Document, Section, Sentence, Span

Fits = Callable[[str], bool]
"""Whether a text is short enough to be embedded whole."""

LONGEST_LIST = 600
"""Characters of a lead-in with its list that still count as one sentence: about 100 words, what an answer can quote."""

_BULLET = re.compile(r"[ \t]*(?:[•‣◦▪]|(?:[*+–-]|\(?\d{1,2}[.)]|\(?[a-z]\))[ \t])[ \t]*(?=\S)")
_ATX = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_DATE = re.compile(r"\w+ \d{1,2},? \d{4}|\d{1,2}\.? \w+ \d{4}|\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_LONGEST_HEADING = 100
_END = re.compile(r"(?:[.!?…]+[\"'”’)\]\0]*(?=\s+[\"'“‘(\[]*[^\W_a-z]|\s*$)|[。！？]+[”’」』)\0]*)")
_NEVER_LAST = re.compile(
    r"(?:\b(?:vs|e\.g|i\.e|cf|ca|approx|incl|Dr|Mr|Mrs|Ms|Prof|St|Fig|Figs|Eq|Ref|Refs|Vol|Ch|Sec|al)"
    r"|(?<![\w.])[A-Z]|\b[A-Z]\.[A-Z])$"
)
_NUMBERED = re.compile(r"\bNos?\.\s+\d")
_HOLE = "\0"


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Sections cover the document without a gap, in order; sentences ascend and never overlap."""

    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph or list item: consecutive lines without a blank one. `kind` is "text", "item", "heading" or "row"."""

    span: Span
    kind: str
    heading: str = ""
    level: int = 0


def segment(document: Document, fits: Fits = lambda _: True) -> Segmentation:
    """Sections and sentences of everything that is not left out; a sentence that does not fit is cut at white space."""
    text = document.text
    holes = disjoint(
        [*reference_markers(text), *(markdown_signs(text) if "#" in text or "*" in text or "](" in text else [])]
    )
    kept = _kept(document)
    blocks = _with_headings(text, [block for span in kept for block in _blocks(text, span)])
    masked = _mask(text, holes)
    sections = _sections(text, blocks)
    starts = [block.span.start for block in blocks]
    sentences: list[Sentence] = []
    for section in sections:
        first, last = (bisect_left(starts, at) for at in (section.span.start, section.span.end))
        inside = [block for block in blocks[first:last] if block.kind != "heading"]
        for paragraph, group in _groups(text, inside):
            for spans, lead_in in _sentence_spans(masked, group):
                maker = _Maker(document, section.heading, holes, paragraph, lead_in)
                sentences += [maker.sentence(part) for part in maker.fitting(spans, fits)]
    return Segmentation(sections, tuple(sentences))


def clean_text(text: str, items: tuple[Span, ...], holes: list[Span]) -> str:
    """The words of `items` without holes and line breaks; list items joined by "; ", the first after its lead-in."""
    cleaned = [" ".join(_without(text, _strip_bullet(text, item), holes).split()) for item in items]
    head, *rest = [piece for piece in cleaned if piece] or [""]
    joiner = " " if head.endswith(":") else "; "
    return head + joiner + "; ".join(piece.rstrip(";,") for piece in rest) if rest else head


@dataclass(frozen=True, slots=True)
class _Maker:
    document: Document
    heading: str
    holes: list[Span]
    paragraph: int
    lead_in: str

    def sentence(self, items: tuple[Span, ...]) -> Sentence:
        text = self.document.text
        start, end = items[0].start, items[-1].end
        clean = f"{self.lead_in} {self._clean(items)}".strip()
        return Sentence(self.document.id, start, end, self.heading, text[start:end], clean, self.paragraph)

    def fitting(self, items: tuple[Span, ...], fits: Fits) -> Iterator[tuple[Span, ...]]:
        if fits(f"{self.heading}\n{self.lead_in} {self._clean(items)}") or items[-1].end - items[0].start < 2:
            yield items
            return
        span = Span(items[0].start, items[-1].end)
        middle = _cut(self.document.text, span)
        for half in (Span(span.start, middle), Span(middle, span.end)):
            stripped = _strip(self.document.text, half)
            if stripped.start < stripped.end:
                yield from self.fitting((stripped,), fits)

    def _clean(self, items: tuple[Span, ...]) -> str:
        return clean_text(self.document.text, items, self.holes)


def _kept(document: Document) -> list[Span]:
    kept, at = [], 0
    for left_out in document.left_out:
        kept.append(Span(at, left_out.span.start))
        at = left_out.span.end
    return [*kept, Span(at, len(document.text))]


def _blocks(text: str, span: Span) -> Iterator[_Block]:
    lines: list[Span] = []
    at = span.start
    for line in text[span.start : span.end].splitlines(keepends=True):
        stripped = _strip(text, Span(at, at + len(line)))
        at += len(line)
        body = text[stripped.start : stripped.end]
        heading = _ATX.match(body)
        starts_new = not body or heading or _BULLET.match(body) or body.startswith("|")
        if starts_new and lines:
            yield _block(text, lines)
            lines = []
        if heading:
            yield _Block(stripped, "heading", _plain(heading.group(2)), len(heading.group(1)))
        elif body:
            lines.append(stripped)
    if lines:
        yield _block(text, lines)


def _block(text: str, lines: list[Span]) -> _Block:
    span = Span(lines[0].start, lines[-1].end)
    body = text[span.start : span.end]
    if len(lines) == 2 and set(text[lines[1].start : lines[1].end]) in ({"="}, {"-"}):
        level = 1 if body.endswith("=") else 2
        return _Block(span, "heading", _plain(text[lines[0].start : lines[0].end]), level)
    if body.startswith("|"):
        return _Block(span, "row")
    return _Block(span, "item" if _BULLET.match(body) else "text")


def _with_headings(text: str, blocks: list[_Block]) -> list[_Block]:
    """Plain text has no sign for a heading: a short line without a full stop, alone, with text after it, is one."""
    if not blocks or any(block.kind == "heading" for block in blocks):
        return blocks
    followed = [*(block.kind == "text" for block in blocks[1:]), False]
    return [
        _Block(block.span, "heading", text[block.span.start : block.span.end], 1)
        if block.kind == "text" and has_text_after and _looks_like_heading(text[block.span.start : block.span.end])
        else block
        for block, has_text_after in zip(blocks, followed, strict=True)
    ]


def _looks_like_heading(line: str) -> bool:
    if len(line) > _LONGEST_HEADING or "\n" in line or _DATE.fullmatch(line):
        return False
    first = line[0]
    return (first.isupper() or first.isdigit()) and line[-1] not in ".!?:;,…" and any(c.isalpha() for c in line)


def _sections(text: str, blocks: list[_Block]) -> tuple[Section, ...]:
    marks = [block for block in blocks if block.kind == "heading"]
    starts = [0, *(mark.span.start for mark in marks)]
    ends = [*starts[1:], len(text)]
    path: list[tuple[int, str]] = []
    headings = [""]
    for mark in marks:
        path = [*((level, name) for level, name in path if level < mark.level), (mark.level, mark.heading)]
        headings.append(" › ".join(name for _, name in path))
    found = [Section(name, Span(start, end)) for name, start, end in zip(headings, starts, ends, strict=True)]
    return tuple(section for section in found if section.span.start < section.span.end)


def _groups(text: str, blocks: list[_Block]) -> Iterator[tuple[int, list[_Block]]]:
    """A paragraph with the list that it leads in, or one block alone; numbered by where it starts in the text."""
    at = 0
    while at < len(blocks):
        end = at + 1
        if blocks[at].kind == "text" and text[blocks[at].span.end - 1] == ":":
            while end < len(blocks) and blocks[end].kind == "item":
                end += 1
        yield blocks[at].span.start, blocks[at:end]
        at = end


def _sentence_spans(masked: str, group: list[_Block]) -> Iterator[tuple[tuple[Span, ...], str]]:
    """(spans that form one sentence, lead-in to repeat before it)."""
    first, *items = group
    sentences = [first.span] if first.kind == "row" else list(_split(masked, first.span))
    if not items:
        yield from (((span,), "") for span in sentences)
        return
    yield from (((span,), "") for span in sentences[:-1])
    lead_in = sentences[-1]
    if items[-1].span.end - lead_in.start <= LONGEST_LIST:
        yield (lead_in, *(item.span for item in items)), ""
        return
    yield (lead_in,), ""
    repeated = " ".join(masked[lead_in.start : lead_in.end].replace(_HOLE, "").split())
    for item in items:
        yield from (((span,), repeated) for span in _split(masked, item.span))


def _split(masked: str, span: Span) -> Iterator[Span]:
    start = span.start
    for match in _END.finditer(masked, _strip_bullet(masked, span).start, span.end):
        if match.end() < span.end and _is_abbreviation(masked, start, match):
            continue
        yield Span(start, match.end())
        start = match.end()
        while start < span.end and masked[start].isspace():
            start += 1
    if start < span.end:
        yield Span(start, span.end)


def _is_abbreviation(masked: str, start: int, end: re.Match[str]) -> bool:
    """Whether the full stop `end` belongs to the word before it; `start` is where the sentence began."""
    before = max(start, end.start() - 8)
    return bool(
        _NEVER_LAST.search(masked, before, end.start())
        or _NUMBERED.search(masked, max(start, end.start() - 3), end.end() + 4)
    )


def _mask(text: str, holes: list[Span]) -> str:
    pieces, at = [], 0
    for hole in holes:
        pieces += [text[at : hole.start], _HOLE * (hole.end - hole.start)]
        at = hole.end
    return "".join([*pieces, text[at:]])


def _without(text: str, span: Span, holes: list[Span]) -> str:
    pieces, at = [], span.start
    for hole in holes[bisect_left(holes, span.start, key=_start) : bisect_left(holes, span.end, key=_start)]:
        if span.contains(hole):
            pieces.append(text[at : hole.start])
            at = hole.end
    return "".join([*pieces, text[at : span.end]])


def _start(span: Span) -> int:
    return span.start


def _strip_bullet(text: str, span: Span) -> Span:
    match = _BULLET.match(text, span.start, span.end)
    return Span(match.end(), span.end) if match else span


def _strip(text: str, span: Span) -> Span:
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _cut(text: str, span: Span) -> int:
    """A place near the middle: after a white space where there is one in the second quarter, else the middle."""
    middle = (span.start + span.end) // 2
    at = max(text.rfind(space, (span.start + middle) // 2, middle) for space in " \n\t")
    return at + 1 if at > span.start else max(middle, span.start + 1)


def _plain(heading: str) -> str:
    return re.sub(r"[*_`]", "", heading).strip()
