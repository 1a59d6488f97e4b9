"""HTML -> the text a reader of the page sees, as Markdown blocks, and which of them are furniture of the page.

The parser is BeautifulSoup; here is only what it does not know: which elements break lines and which are not the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

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
_LEVELS = {f"h{level}": level for level in range(1, 7)}


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The visible text, with "# " before headings and "- " before list items, and the stretches that are furniture."""

    title: str
    text: str
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    furniture: str


def read_html(source: str) -> HtmlText:
    """The visible text of a page; never raises: malformed markup is read as browsers do."""
    soup = BeautifulSoup(source, "html.parser")
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    pieces: list[str] = []
    left_out: list[LeftOut] = []
    at = 0
    for block in _blocks(soup):
        start, at = at, at + len(block.text) + 2
        pieces.append(block.text + "\n\n")
        if not block.furniture:
            continue
        if left_out and left_out[-1].reason == block.furniture and left_out[-1].span.end == start:
            start = left_out.pop().span.start
        left_out.append(LeftOut(Span(start, at), block.furniture))
    return HtmlText(title, "".join(pieces), tuple(left_out))


def _blocks(soup: BeautifulSoup) -> Iterator[_Block]:
    """Blocks in page order: runs of inline text between elements that break lines."""
    prefix, furniture = "", ""
    words: list[str] = []
    for kind, value in _events(soup):
        if kind == "text":
            words.append(value)
            continue
        text = " ".join("".join(words).split())
        if text:
            yield _Block(prefix + text, furniture)
        words = []
        prefix, furniture = (value, furniture) if kind == "break" else (prefix, value)
    text = " ".join("".join(words).split())
    if text:
        yield _Block(prefix + text, furniture)


def _events(soup: BeautifulSoup) -> Iterator[tuple[str, str]]:
    """("text", string), ("break", prefix of the block that follows) and ("furniture", reason or "") in page order.

    A stack, not recursion: a page may nest deeper than Python calls may.
    """
    stack: list[tuple[str, str] | Tag | NavigableString] = [soup]
    inside: list[str] = []
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            if node[0] == "leave":
                inside.pop()
                yield "furniture", inside[-1] if inside else ""
            else:
                yield node
        elif isinstance(node, Tag):
            if node.name in _INVISIBLE:
                continue
            after: list[tuple[str, str]] = []
            if node.name in _LEVELS:
                yield "break", "#" * _LEVELS[node.name] + " "
                after = [("break", "")]
            elif node.name == "li":
                yield "break", "- "
                after = [("break", "")]
            elif node.name in _BLOCKS:
                yield "break", ""
                after = [("break", "")]
            elif node.name == "sup" and _NUMBER.match(node.get_text()):
                yield "text", "^"  # 10<sup>6</sup> is not 106
            elif node.name in ("td", "th"):
                yield "text", " "
                after = [("text", " | ")]
            if node.name in _FURNITURE:
                inside.append(f"page furniture (<{node.name}>)")
                yield "furniture", inside[-1]
                after = [("leave", ""), *after]
            stack.extend(reversed(after))
            stack.extend(reversed(list(node.children)))  # type: ignore[arg-type]
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):  # comments and the like
            yield "text", str(node)
