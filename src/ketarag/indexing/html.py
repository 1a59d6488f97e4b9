"""HTML -> the text a reader of the page sees, as Markdown blocks, and which of them are furniture of the page.

The parser is BeautifulSoup; here is only what it does not know: which elements break lines, which tables hold data, and
which blocks are not the text. For the last, trafilatura gives its opinion on pages that are long enough for one: what it
takes for main text is kept; of the rest, rows of tables and long paragraphs outside the page's furniture are kept too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from ketarag.indexing.parsed import Parsed, UnreadableError
from ketarag.types import LeftOut, Span

_FURNITURE = {"nav", "header", "footer", "aside", "form", "button", "menu", "dialog"}
_INVISIBLE = {"script", "style", "noscript", "template", "svg", "head", "title", "iframe", "object"}
_BLOCKS = {
    "p",
    "div",
    "section",
    "article",
    "main",
    "ul",
    "ol",
    "table",
    "tr",
    "blockquote",
    "pre",
    "figure",
    "figcaption",
}
_BLOCKS |= {"body", "html", "dl", "dt", "dd", "hr", "br", "address", "details", "summary", "thead", "tbody", "caption"}
_NUMBER = re.compile(r"\s*\[?\d")
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_PREFIXES = _HEADINGS | {"li": "- "}
"""What a block of this element begins with."""
_BREAKING = {*_BLOCKS, *_PREFIXES, "td", "th"}
_LAYOUT = ["table", *_HEADINGS]
"""What a cell of a table of data does not hold; with it, the table only lays out the page."""
_LONG_CELL = 1500
"""Characters; a cell with more is no cell of data."""
_LONG_ENOUGH = 1000
"""Characters of a page on which an opinion about its main text is asked for."""
_PARAGRAPH = 20
"""Words of a block that is kept whatever the opinion, unless an element of furniture holds it."""
_PHRASE = 25
"""Letters and digits of a block that may be looked for within a line of the main text; a shorter one must be a line."""
_NOT_MAIN = "outside the main text of the page"


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    furniture: str

    @property
    def kind(self) -> str:
        """ "#" of a heading, "|" of a row, "-" of a list item, "" of other text."""
        return self.text[0] if self.text.startswith(("#", "| ", "- ")) else ""


def read_html(source: str, depth: int = sys.maxsize) -> Parsed:
    """The visible text of a page, with "# " before headings, "- " before list items and "| " around cells.

    Malformed markup is read as browsers do. Raises UnreadableError when elements stand more than `depth` deep within each other.
    """
    soup = BeautifulSoup(source, "html.parser")
    if _is_deeper(soup, depth):
        raise UnreadableError(f"nests its elements more than {depth:,} deep; save it anew")
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    blocks = list(_blocks(soup))
    if sum(len(block.text) for block in blocks) >= _LONG_ENOUGH:
        blocks = _judged(blocks, source)
    pieces: list[str] = []
    left_out: list[LeftOut] = []
    at = 0
    for block in blocks:
        start, at = at, at + len(block.text) + 2
        pieces.append(block.text + "\n\n")
        if not block.furniture:
            continue
        if left_out and left_out[-1].reason == block.furniture and left_out[-1].span.end == start:
            start = left_out.pop().span.start
        left_out.append(LeftOut(Span(start, at), block.furniture))
    return Parsed(title, "".join(pieces), tuple(left_out))


def visible_text(source: str) -> str:
    """The same text of HTML that is all main text, such as a converter makes."""
    return "".join(block.text + "\n\n" for block in _blocks(BeautifulSoup(source, "html.parser")))


def _is_deeper(soup: BeautifulSoup, depth: int) -> bool:
    stack: list[tuple[Tag, int]] = [(soup, 0)]
    while stack:
        node, at = stack.pop()
        if at > depth:
            return True
        stack.extend((child, at + 1) for child in node.children if isinstance(child, Tag))
    return False


def _judged(blocks: Sequence[_Block], source: str) -> list[_Block]:
    """The blocks with trafilatura's opinion taken in; as they are when it finds no main text."""
    from trafilatura import extract

    main = extract(source, include_comments=False, include_tables=True, include_formatting=False, fast=True)
    if not main:
        return list(blocks)
    whole = _letters(main)
    lines = {_letters(part) for line in main.split("\n") for part in (line, *line.split("|"))}
    judged: list[_Block] = []
    for block in reversed(blocks):
        letters = _letters(block.text)
        if letters in lines or (len(letters) >= _PHRASE and letters in whole):
            reason = ""
        elif block.furniture:
            reason = block.furniture
        elif block.kind == "|" or len(block.text.split()) >= _PARAGRAPH:
            reason = ""
        else:
            leads = block.kind == "#" and judged and not judged[-1].furniture and judged[-1].kind != "#"
            reason = "" if leads else _NOT_MAIN
        judged.append(_Block(block.text, reason))
    judged.reverse()
    for at in range(1, len(judged) - 1):
        alone = judged[at].furniture == _NOT_MAIN and not judged[at - 1].furniture and not judged[at + 1].furniture
        if alone:
            judged[at] = _Block(judged[at].text, "")
    return judged


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _blocks(soup: BeautifulSoup) -> Iterator[_Block]:
    """Blocks in page order: runs of inline text between elements that break lines."""
    prefix, furniture = "", ""
    words: list[str] = []
    for kind, value in _events(soup):
        if kind == "text":
            words.append(value)
            continue
        text = " ".join("".join(words).split())
        if text.strip("| "):
            yield _Block(prefix + text, furniture)
        words = []
        prefix, furniture = (value, furniture) if kind == "break" else (prefix, value)
    text = " ".join("".join(words).split())
    if text.strip("| "):
        yield _Block(prefix + text, furniture)


def _events(soup: BeautifulSoup) -> Iterator[tuple[str, str]]:
    """("text", string), ("break", prefix of the block that follows) and ("furniture", reason or "") in page order.

    A stack, not recursion: a page may nest deeper than Python calls may.
    """
    stack: list[tuple[str, str] | Tag | NavigableString] = [soup]
    inside: list[str] = []
    cells, in_row = 0, False
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            if node[0] == "leave":
                inside.pop()
                node = ("furniture", inside[-1] if inside else "")
            elif node[0] == "end of cell":
                cells -= 1
                node = ("text", " |")
            in_row = in_row and node[0] != "break"
            yield node
        elif isinstance(node, Tag):
            if node.name in _INVISIBLE:
                continue
            after: list[tuple[str, str]] = []
            if node.name in ("td", "th") and not cells and _is_cell(node):
                yield "text", " " if in_row else "| "
                cells, in_row = 1, True
                after = [("end of cell", "")]
            elif cells and node.name in ("td", "th", "tr"):  # </td> and </tr> may be missing
                yield ("break", "") if node.name == "tr" else ("text", " | " if in_row else "| ")
                in_row = node.name != "tr"
            elif cells and node.name in _BREAKING:
                yield "text", " "
                after = [("text", " ")]
            elif node.name in _BREAKING:
                in_row = False
                yield "break", _PREFIXES.get(node.name, "")
                after = [("break", "")]
            elif node.name == "sup" and _NUMBER.match(node.get_text()):
                yield "text", "^"  # 10<sup>6</sup> is not 106
            if node.name in _FURNITURE:
                inside.append(f"page furniture (<{node.name}>)")
                yield "furniture", inside[-1]
                after = [("leave", ""), *after]
            stack.extend(reversed(after))
            stack.extend(reversed(list(node.children)))  # type: ignore[arg-type]
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):  # comments and the like
            yield "text", str(node)


def _is_cell(cell: Tag) -> bool:
    """Whether a cell is one of a row of data; one that holds a heading, a table or an essay lays out the page."""
    length = 0
    for node in cell.descendants:
        if isinstance(node, Tag):
            if node.name in _LAYOUT:
                return False
        else:
            length += len(node)  # type: ignore[arg-type]
            if length > _LONG_CELL:
                return False
    return True
