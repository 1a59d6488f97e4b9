"""An exported conversation as Markdown, JSON or a page to print: pure functions of what was checked and the time.

A text of a document, a question or a model stays text: in Markdown nothing of it becomes a link, a picture, HTML or a list, in HTML
nothing becomes a tag, and the page loads and runs nothing. Only JSON holds quotes character by character.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ketarag import __version__
from ketarag.dates import human_date
from ketarag.pages import page_name
from ketarag.presentation import printable, strength, to_json

if TYPE_CHECKING:
    from ketarag.web.export import Item, Source

NOTICE = (
    "Shows what the documents say; it is no medical advice. Check the source before you act. A document may be out of date: "
    "look for newer guidance."
)

_MARKS = re.compile(r"[\\`*_\[\]<>&!#|~^$={}]|(?<=\w)\.(?=[^\W\d])|:(?=\S)")
"""What Markdown, or an extension of it, gives a meaning; dots and colons where they would make an address."""

_BEGINS = re.compile(r"(?=[-+])|\d{1,9}(?=[.)](?:\s|$))")
"""What begins a list, or underlines a heading, at the start of a line."""

_STYLE = (
    "body{font:11pt/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem;border-top:1px solid #999;padding-top:1rem;overflow-wrap:anywhere}"
    "blockquote{margin:.3rem 0 .3rem 1rem;padding-left:.8rem;border-left:3px solid #0f766e;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".small{font-size:9pt;color:#444;overflow-wrap:anywhere}.notice{border:1px solid #999;padding:.5rem .8rem}"
    "section{break-inside:auto}.source{break-inside:avoid}"
    "@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}@page{margin:2cm}}"
)


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write it: the suffix of the file's name, its media type, and how."""

    suffix: str
    type: str
    write: Callable[[Sequence[Item], datetime], str]


def to_markdown(items: Sequence[Item], now: datetime) -> str:
    """Readable as it is, and in anything that shows CommonMark or GitHub's Markdown."""
    parts = ["# KetaRAG: a conversation", f"Exported {_time(now)} by KetaRAG {__version__}.", f"**{NOTICE}**"]
    for number, item in enumerate(items, 1):
        parts += [f"## {number}. {markdown_text(item.question)}", *_markdown_answer(item)]
        parts += [_markdown_source(source) for source in item.sources]
        parts += [markdown_text(note) for note in _notes(item)]
    return "\n\n".join(parts) + "\n"


def to_html(items: Sequence[Item], now: datetime) -> str:
    """One page that needs nothing else, and may load and run nothing."""
    body = "".join(_html_item(number, item) for number, item in enumerate(items, 1))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>KetaRAG, {_time(now)}</title><style>{_STYLE}</style></head><body><h1>KetaRAG: a conversation</h1>"
        f'<p class="small">Exported {_time(now)} by KetaRAG {__version__}.</p><p class="notice">{NOTICE}</p>{body}</body></html>\n'
    )


def to_json_file(items: Sequence[Item], now: datetime) -> str:
    """Everything, quotes character by character, with times in ISO 8601."""
    return (
        to_json(
            {
                "exported": now.isoformat(timespec="seconds"),
                "by": f"KetaRAG {__version__}",
                "notice": NOTICE,
                "turns": items,
            }
        )
        + "\n"
    )


FORMATS = {
    "markdown": Form("md", "text/markdown; charset=utf-8", to_markdown),
    "json": Form("json", "application/json", to_json_file),
    "html": Form("html", "text/html; charset=utf-8", to_html),
}


def markdown_text(text: str) -> str:
    """`text` on one line that Markdown shows as it is. An empty comment parts what GitHub would make an address of mail."""
    line = _MARKS.sub(lambda found: f"\\{found[0]}", printable(" ".join(text.split())))
    begins = _BEGINS.match(line)
    line = f"{begins[0]}\\{line[begins.end() :]}" if begins else line
    return line.replace("@", "@<!-- -->")


def _markdown_answer(item: Item) -> list[str]:
    told = [markdown_text(one.text) + "".join(f" \\[{marker}\\]" for marker in one.markers) for one in item.told]
    return [*told, *([markdown_text(item.reason)] if item.reason else [])]


def _markdown_source(source: Source) -> str:
    lines = [markdown_text(line) for line in source.quote.split("\n")]
    quoted = "\n".join(f"> {line}\\" if line and after else f"> {line}".rstrip() for line, after in _with_next(lines))
    return f"**\\[{source.marker}\\]** {markdown_text(_place(source))}\n\n{quoted}"


def _with_next(lines: Sequence[str]) -> Iterable[tuple[str, str]]:
    return zip(lines, [*lines[1:], ""], strict=True)


def _html_item(number: int, item: Item) -> str:
    told = "".join(f"<p>{_shown(one.text)}{''.join(f' [{marker}]' for marker in one.markers)}</p>" for one in item.told)
    reason = f"<p>{_shown(item.reason)}</p>" if item.reason else ""
    sources = "".join(
        f'<div class="source"><p class="small"><strong>[{source.marker}]</strong> {_shown(_place(source))}</p>'
        f"<blockquote>{_shown(source.quote)}</blockquote></div>"
        for source in item.sources
    )
    notes = "".join(f'<p class="small">{_shown(note)}</p>' for note in _notes(item))
    return f"<section><h2>{number}. {_shown(item.question)}</h2>{told}{reason}{sources}{notes}</section>"


def _place(source: Source) -> str:
    """Title, date, heading, page, offsets and the document's hash, on one line."""
    known = [source.title, human_date(source.published), source.heading, page_name(source.page)]
    place = f"{source.document_id}, characters {source.start}-{source.end}, SHA-256 {source.sha256}"
    return f"{', '.join(part for part in known if part)}; {place}"


def _notes(item: Item) -> list[str]:
    """What else is to be said of an answer, one sentence each."""
    notes = [] if item.abstained else [f"Evidence: {strength(item.confidence)}."]
    if item.abstained and item.sources:
        notes.append("The quotes are where the documents come closest; they are no answer.")
    notes += [f"Written by {item.written_by} from these quotes."] if item.written_by else []
    notes += [f"Note: {warning}" for warning in item.warnings]
    notes += [f"Left out: {one}" for one in item.left_out]
    return [*notes, *([f"Fingerprint {item.fingerprint}."] if item.fingerprint else [])]


def _shown(text: str) -> str:
    return html.escape(printable(text))


def _time(now: datetime) -> str:
    return f"{human_date(now.date())}, {now:%H:%M} {now.tzname() or ''}".strip()
