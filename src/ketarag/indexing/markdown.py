"""Markdown -> its title and the lines of it that no reader sees. The text itself is the source, never edited.

Most Markdown hides nothing and needs no parser to say so; the rest is parsed with markdown-it, in the parsing process.
Headings, lists, rows and signs in the text are the business of `segment` and `markers`.
"""

from __future__ import annotations

import re
from typing import Any

from ketarag.indexing.parsed import Parsed
from ketarag.types import LeftOut, Span

_FRONT_MATTER = re.compile(
    r"---[ \t]*\r?\n[\w\"'-]+[ \t]*:.*\r?\n(?:(?:[\w\"'-]+[ \t]*:.*|[ \t]+.*|- .*|#.*|)\r?\n)*?(?:---|\.\.\.)[ \t]*(?:\r?\n|$)"
)
_SAID_TITLE = re.compile(r"^title[ \t]*:[ \t]*[\"']?(.*?)[\"']?[ \t]*\r?$", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#[ \t]+(.+?)[ \t]*#*[ \t]*\r?$|^(\S.*?)[ \t]*\r?\n=+[ \t]*\r?$", re.MULTILINE)
_SIGNS = re.compile(r"[*_`]")
_HIDING = re.compile(r"\A---|<!--|\]:")
_COMMENT = re.compile(r"\s*<!--(?:(?!-->).)*-->\s*", re.DOTALL)
_LINE_END = re.compile(r"\r\n?|\n")


def may_hide(source: str) -> bool:
    """Whether it holds a sign of what no reader sees; without one `read_markdown` leaves nothing out."""
    return _HIDING.search(source) is not None


def title_of(source: str) -> str:
    """The words of the first heading of level 1, "" where there is none."""
    heading = _HEADING.search(source)
    return _SIGNS.sub("", heading.group(1) or heading.group(2)).strip() if heading else ""


def read_markdown(source: str) -> Parsed:
    """The source with its front matter, comments and link targets marked; titled by its front matter or heading."""
    from markdown_it import MarkdownIt

    front = _FRONT_MATTER.match(source)
    start = front.end() if front else 0
    body = source[start:]
    environment: dict[str, Any] = {}
    tokens = MarkdownIt("commonmark").parse(body, environment)
    hidden = [
        (token.map, "comment")
        for token in tokens
        if token.type == "html_block" and token.map and _COMMENT.fullmatch(token.content)
    ]
    hidden += [(entry["map"], "target of links") for entry in environment.get("references", {}).values()]
    starts = [start, *(start + end.end() for end in _LINE_END.finditer(body)), len(source)]
    left_out = [LeftOut(Span(0, start), "front matter")] if front else []
    left_out += [LeftOut(Span(starts[first], starts[last]), reason) for (first, last), reason in sorted(hidden)]
    said = _SAID_TITLE.search(front.group()) if front else None
    return Parsed(said.group(1) if said else title_of(body), source, tuple(left_out))
