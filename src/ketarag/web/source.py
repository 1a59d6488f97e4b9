"""A whole document as the HTML of the source panel: headings, lists, reference markers, abbreviations, pages, left-out parts.

Every sentence is a `<span class="kr-s">` with its offsets in its id, so that the page's script can mark what an answer quotes
without the document being sent again. Not here: answers and quote cards (`ketarag.web.render`, `ketarag.web.cards`),
what is a sentence or a reference marker (`ketarag.indexing`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ketarag.dates import human_date
from ketarag.glossary import Entry, Glossary
from ketarag.indexing.markers import disjoint, markdown_signs, reference_markers
from ketarag.indexing.segment import segment
from ketarag.pages import PAGE_BREAK, page_breaks, page_name
from ketarag.sequences import by_id
from ketarag.types import Document, Span
from ketarag.web.cards import document_key, place_id
from ketarag.web.escaping import escape

LONGEST_SHOWN = 400_000
"""Characters of the longest document that is shown whole: about 150 pages, some megabytes of HTML."""

EMPTY = '<p class="kr-empty">The document that an answer quotes appears here, with the quoted sentences marked.</p>'
"""What the panel shows while no document is open."""

_LINE = re.compile(r"[^\r\n]+")
_BULLET = re.compile(r"[ \t]*(?:[•‣◦▪]|[*+–-][ \t])[ \t]*(?=\S)")
_NUMBER = re.compile(r"[ \t]*\(?(?:\d{1,2}|[a-z])[.)][ \t]+(?=\S)")
_HEADING_SIGNS = re.compile(r"[ ]{0,3}#{1,6}[ \t]+")
_UNDERLINE = re.compile(r"\n[ \t]*(?:=+|-+)[ \t]*\Z")
_MOST_NESTED = 6
_CAPITALS = 2
"""From so many capitals on, a form of the glossary is an abbreviation that a reader may have to look up."""


@dataclass(frozen=True)
class Sources:
    """The documents that the panel can show. Each is drawn once, when it is first asked for, and then kept.

    `shared` are those of all sessions, where `documents` has one session's own beside them: what is the session's
    stays with it.
    """

    documents: Mapping[str, Document]
    glossary: Glossary
    shared: Sources | None = None
    _drawn: dict[str, str] = field(default_factory=dict)

    def among(self, documents: Sequence[Document]) -> Sources:
        """These documents, as one session sees them; this very object where they are its own. None of them is read for it."""
        mine = by_id(documents)
        same = mine is self.documents or (isinstance(mine, dict) and mine == self.documents)
        return self if same else Sources(mine, self.glossary, self)

    @property
    def first(self) -> tuple[str, ...]:
        """The ids of what an empty conversation shows: the only document, or none of several."""
        return tuple(self.documents) if len(self.documents) == 1 else ()

    def html(self, ids: Sequence[str]) -> str:
        """The documents of these ids, in their order; ids that are not known are passed over."""
        shown = [self._draw(id) for id in ids if id in self.documents]
        return f'<div class="kr-docs">{"".join(shown) or EMPTY}</div>'

    def _draw(self, id: str) -> str:
        if self.shared and self.shared.documents.get(id) is self.documents[id]:
            return self.shared._draw(id)
        if id not in self._drawn:
            self._drawn[id] = document_html(self.documents[id], self.glossary)
        return self._drawn[id]


def document_html(document: Document, glossary: Glossary) -> str:
    """One document without a line break, so that Markdown passes it through; over `LONGEST_SHOWN` only its name."""
    published = human_date(document.published) if document.published else ""
    about = " · ".join(escape(part) for part in (document.publisher, published) if part)
    line = f'<p class="kr-about">{about}</p>' if about else ""
    long = len(document.text) > LONGEST_SHOWN
    drawing = None if long else _Drawing.of(document, glossary)
    titled = drawing is not None and document.title in drawing.headings.values()
    title = "" if titled else f"<h3>{escape(document.title)}</h3>"
    body = "".join(drawing.stretches()) if drawing else '<p class="kr-empty">Too long to be shown here as a whole.</p>'
    return f'<article class="kr-doc" id="doc-{document_key(document.id)}">{title}{line}{body}</article>'


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that belong together. `kind` is the tag's name: "p", "li" or that of a heading."""

    kind: str
    span: Span
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What is known of one document. `headings` are by where they start; `marks` are (span, HTML), disjoint."""

    document: Document
    headings: Mapping[int, str]
    sentences: Sequence[Span]
    marks: Sequence[tuple[Span, str]]

    @classmethod
    def of(cls, document: Document, glossary: Glossary) -> _Drawing:
        segmentation = segment(document)
        headings = {one.span.start: one.heading for one in segmentation.sections if one.heading}
        return cls(document, headings, [one.span for one in segmentation.sentences], _marks(document.text, glossary))

    def stretches(self) -> Iterator[str]:
        """The document from its beginning to its end; what is left out of the index is folded."""
        at = 0
        pages = _Pages(self.document.text)
        for span, reason in _folds(self.document):
            yield self._blocks_html(Span(at, span.start), pages)
            yield (
                f'<details class="kr-left-out"><summary>Not searched: {escape(reason)}</summary>'
                f"{self._blocks_html(span)}</details>"
            )
            at = span.end
        yield self._blocks_html(Span(at, len(self.document.text)), pages)

    def _blocks_html(self, stretch: Span, pages: _Pages | None = None) -> str:
        """`pages`: where a page begins is said, which a fold would hide."""
        pieces: list[str] = []
        before = ""
        for block in self._blocks(stretch):
            if pages and (label := pages.begun(block.span)):
                pieces.append(f"{'</ul>' if before == 'li' else ''}<p>{label}</p>")
                before = ""
            if "li" in (before, block.kind) and before != block.kind:
                pieces.append("<ul>" if block.kind == "li" else "</ul>")
            numbered = ' class="kr-numbered"' if block.numbered else ""
            pieces.append(f"<{block.kind}{numbered}>{self._sentences_html(block.span)}</{block.kind}>")
            before = block.kind
        return "".join(pieces) + ("</ul>" if before == "li" else "")

    def _blocks(self, stretch: Span) -> Iterator[_Block]:
        """Paragraphs, list items and headings, without bullets and the signs of a heading."""
        text = self.document.text
        held: Span | None = None
        for match in _LINE.finditer(text, stretch.start, stretch.end):
            line = _strip(text, Span(*match.span()))
            bullet = _BULLET.match(text, *match.span()) or _NUMBER.match(text, *match.span())
            heading = line.start in self.headings
            row = text.startswith("|", line.start)
            starts_new = bullet or heading or row or line.start == line.end
            if held and (starts_new or self._ends(held, line)):
                yield self._block(held)
                held = None
            if line.start < line.end:
                held = Span(held.start, line.end) if held else line
        if held:
            yield self._block(held)

    def _ends(self, held: Span, line: Span) -> bool:
        """Whether `line` comes after a blank one, or after a heading that it does not underline."""
        text = self.document.text
        if held.start in self.headings:
            return _UNDERLINE.search(text[held.start : line.end]) is None
        return text.count("\n", held.end, line.start) > 1

    def _block(self, span: Span) -> _Block:
        text = self.document.text
        if span.start in self.headings:
            signs = _HEADING_SIGNS.match(text, span.start, span.end)
            under = _UNDERLINE.search(text[span.start : span.end])
            level = min(4 + self.headings[span.start].count(" › "), _MOST_NESTED)
            end = span.start + under.start() if under else span.end
            return _Block(f"h{level}", Span(signs.end() if signs else span.start, end))
        bullet = _BULLET.match(text, span.start, span.end)
        if bullet:
            return _Block("li", Span(bullet.end(), span.end))
        numbered = _NUMBER.match(text, span.start, span.end) is not None
        return _Block("li" if numbered else "p", span, numbered)

    def _sentences_html(self, span: Span) -> str:
        """The words of a block; each sentence, or the part of one that lies in it, in a span with its offsets."""
        pieces: list[str] = []
        at = span.start
        first = bisect_right(self.sentences, span.start, key=lambda one: one.end)
        for sentence in self.sentences[first:]:
            if sentence.start >= span.end:
                break
            start, end = max(sentence.start, span.start), min(sentence.end, span.end)
            inner = self._words(Span(start, end))
            pieces.append(self._words(Span(at, start)))
            pieces.append(f'<span class="kr-s" id="{place_id(self.document.id, start, end)}">{inner}</span>')
            at = end
        return "".join([*pieces, self._words(Span(at, span.end))])

    def _words(self, span: Span) -> str:
        """The words of a stretch with its marks; line breaks within a paragraph are spaces."""
        pieces: list[str] = []
        at = span.start
        first = bisect_left(self.marks, span.start, key=lambda mark: mark[0].start)
        for mark, html in self.marks[first:]:
            if mark.end > span.end:
                break
            pieces += [self._plain(at, mark.start), html]
            at = mark.end
        return "".join([*pieces, self._plain(at, span.end)])

    def _plain(self, start: int, end: int) -> str:
        return escape(re.sub(r"\r?\n", " ", self.document.text[start:end]))


class _Pages:
    """What is said of the pages of a text, block by block."""

    def __init__(self, text: str) -> None:
        self._breaks = list(page_breaks(text))
        self._said = 0

    def begun(self, block: Span) -> str:
        """The label of the page that a block is the first to stand on, "" for another; within a block the marks say it."""
        page = bisect_left(self._breaks, block.start)
        new = page > self._said
        self._said = bisect_left(self._breaks, block.end)
        return _page_label(page + 1) if new else ""


def _page_label(page: int) -> str:
    return f'<span class="kr-page">{page_name(page).capitalize()}</span>'


def _page_breaks(text: str) -> Iterator[tuple[Span, str]]:
    """(page break, label) of each; a label between two words stands apart from both."""
    for page, at in enumerate(page_breaks(text), start=2):
        yield Span(at, at + len(PAGE_BREAK)), f" {_page_label(page)} "


def _marks(text: str, glossary: Glossary) -> list[tuple[Span, str]]:
    """Reference markers, page breaks, Markdown's own signs and abbreviations, with what is shown instead, ascending and disjoint."""
    drawn: dict[Span, str] = {}
    for match in _abbreviations(text, glossary):
        drawn[Span(*match[1])] = match[0]
    signs = markdown_signs(text) if "#" in text or "*" in text or "](" in text else []
    drawn |= dict.fromkeys(signs, "")
    drawn |= {
        span: f'<sup class="kr-ref">{escape(text[span.start : span.end].strip())}</sup>'
        for span in reference_markers(text)
    }
    drawn |= dict(_page_breaks(text))
    return [(span, drawn[span]) for span in disjoint(list(drawn))]


def _abbreviations(text: str, glossary: Glossary) -> Iterator[tuple[str, tuple[int, int]]]:
    """(HTML, place) of each abbreviation of the glossary. The first of a kind is a stop of the Tab key, not every one."""
    seen: set[str] = set()
    for entry, match in glossary.found_in(text):
        form = match[0]
        if sum(char.isupper() for char in form) < _CAPITALS or any(char.isspace() for char in form):
            continue
        stop = -1 if form in seen else 0
        seen.add(form)
        meaning = escape(explained(entry, form))
        yield f'<abbr class="kr-abbr" tabindex="{stop}" title="{meaning}">{escape(form)}</abbr>', match.span()


def explained(entry: Entry, form: str) -> str:
    """What `form` means: another form of it in plain words, where there is one, and the glossary's sentence."""
    plain = (other for other in entry.forms if other.casefold() != form.casefold() and not other.isupper())
    words = next(plain, "")
    return f"{words}: {entry.meaning}" if words else entry.meaning


def _folds(document: Document) -> list[tuple[Span, str]]:
    """(stretch, reasons) of what is left out; stretches with only white space between them are one."""
    folds: list[tuple[Span, str]] = []
    for left_out in document.left_out:
        last = folds[-1] if folds else None
        if last and not document.text[last[0].end : left_out.span.start].strip():
            folds[-1] = (Span(last[0].start, left_out.span.end), f"{last[1]}; {left_out.reason}")
        else:
            folds.append((left_out.span, left_out.reason))
    return folds


def _strip(text: str, span: Span) -> Span:
    """`span` without white space around it."""
    body = text[span.start : span.end]
    start = span.start + len(body) - len(body.lstrip())
    return Span(start, max(start, span.start + len(body.rstrip())))
