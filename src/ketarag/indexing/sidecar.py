"""The sidecar of a document: `NAME.toml` beside `NAME.txt`, what is known of it and which lines are not the article."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from ketarag.errors import CorpusError
from ketarag.types import LeftOut, Span

_LISTS = ("questions", "tags")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`leave_out` rows are (first line, last line, reason), from 1, both included. `sha256` "" when not pinned.

    `metadata` holds every further key as text; `questions`, which the document answers, and `tags`, one a line.
    """

    title: str = ""
    published: date | None = None
    publisher: str = ""
    sha256: str = ""
    leave_out: tuple[tuple[int, int, str], ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


def sidecar_path(document: Path) -> Path:
    """Where the sidecar of a document is looked for."""
    return document.with_suffix(".toml")


def read_sidecar(path: Path) -> Sidecar:
    """The sidecar at `path`, empty where there is none. Raises CorpusError, naming the file, on a malformed one."""
    if not path.is_file():
        return Sidecar()
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = [_row(row) for row in table.pop("leave_out", [])]
        published = table.pop("published", None)
        if published is not None and not isinstance(published, date):
            raise TypeError(f"published = {published!r} is not a date such as 2020-04-04")
        return Sidecar(
            title=str(table.pop("title", "")),
            published=published.date() if isinstance(published, datetime) else published,
            publisher=str(table.pop("publisher", "")),
            sha256=str(table.pop("sha256", "")),
            leave_out=tuple(rows),
            metadata={key: _lines(key, value) if key in _LISTS else str(value) for key, value in table.items()},
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CorpusError(
            f'{path}: not a sidecar ({error}); it holds title, published, publisher, tags = ["..."], questions = ["..."] and '
            '[[leave_out]] tables with lines = [first, last] and reason = "..."'
        ) from error


def left_out_spans(sidecar: Sidecar, text: str, path: Path) -> tuple[LeftOut, ...]:
    """The line ranges as spans of `text`, in ascending order. Raises CorpusError when one is outside or two overlap."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(min(starts[-1] + len(line) + 1, len(text)))
    found = []
    for first, last, reason in sorted(sidecar.leave_out):
        if not 1 <= first <= last < len(starts):
            raise CorpusError(
                f"{path}: lines [{first}, {last}] are not in the text, which has lines 1 to {len(starts) - 1}"
            )
        found.append(LeftOut(Span(starts[first - 1], starts[last]), reason))
    for left, right in pairwise(found):
        if left.span.overlaps(right.span):
            raise CorpusError(f"{path}: two leave_out ranges overlap ({left.reason!r} and {right.reason!r})")
    return tuple(found)


def _row(row: dict[str, Any]) -> tuple[int, int, str]:
    first, last = map(int, row["lines"])
    return first, last, str(row["reason"])


def _lines(key: str, texts: object) -> str:
    """One text a line; tags may also be one text with commas.

    Raises TypeError for anything but a list of texts, ValueError for a blank one or one of several lines.
    """
    if key == "tags" and isinstance(texts, str):
        texts = [part for part in texts.split(",") if part.strip()]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{key} = {texts!r} is not a list of texts")
    if bad := [text for text in texts if not text.strip() or len(text.splitlines()) > 1]:
        raise ValueError(f"{bad[0]!r} of {key} is blank or has several lines")
    return "\n".join(text.strip() for text in texts)
