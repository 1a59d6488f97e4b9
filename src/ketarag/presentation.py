"""What people read in a terminal: plain text for answers, hits, verdicts and index summaries, and JSON for scripts.

Every string of a document or a user goes through `printable` (text) or is escaped by `json` (JSON), so no control
character reaches a terminal raw. Not here: HTML for the browser (`ketarag.web.render`), arguments (`ketarag.cli`).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ketarag.dates import human_date
from ketarag.pages import PAGE_BREAK, page_name

if TYPE_CHECKING:
    from ketarag.indexing.build import IndexSummary
    from ketarag.types import Answer, Citation, Document, Hit, Verdict

_KEPT = frozenset("\n\t")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that move the cursor, reorder or hide text: controls, formats, surrogates, separators."""

_JOINERS = frozenset("\u00ad\u200c\u200d\ufe0f")
"""Format characters of ordinary text: soft hyphen, the joiners of emoji and of Indic scripts."""

EXCERPT_LENGTH = 72
"""Characters of a left-out stretch that a summary shows: with its offsets it fits a line of 120."""


def printable(text: str) -> str:
    """`text` with every control, format and surrogate character written as `\\x1b` or `\\u202e`; line breaks stay.

    A page break is a space: a sentence goes on behind it.
    """
    return "".join(_escaped(char) if _is_hidden(char) else char for char in text.replace(PAGE_BREAK, " "))


def strength(confidence: float) -> str:
    """The reader's calibrated probability in [0, 1] in words: "strong", "moderate" or "limited"."""
    if confidence >= 0.8:
        return "strong"
    return "moderate" if confidence >= 0.5 else "limited"


def authorship(answer: Answer) -> str:
    """Who wrote the sentences of an answer that a chat model wrote, and which of them are the source's own."""
    own = [str(number) for number, claim in enumerate(answer.claims, 1) if claim.repaired]
    said = f"Written by {answer.written_by}; every sentence was checked against what it cites"
    if not own:
        return f"{said}."
    noun, verb = ("Sentence", "is") if len(own) == 1 else ("Sentences", "are")
    return f"{said}. {noun} {' and '.join(own)} {verb} the source's own."


def to_json(value: object) -> str:
    """Dataclasses, mappings, sequences, dates and paths as indented ASCII JSON; floats keep their digits."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=True)


def format_answer(answer: Answer) -> str:
    """The answer, then its numbered quotes; an abstention is followed by where the source comes closest."""
    blocks = [printable(answer.text)]
    notes = [f"Note: {printable(warning)}" for warning in answer.warnings]
    if answer.abstained:
        blocks += [f"Why: {printable(answer.reason)}"] if answer.reason else []
        blocks += notes
        blocks += ["Closest in the document (not an answer):"] if answer.nearest else []
        blocks += format_citations(answer.nearest)
        asks = "".join(f"\n  - {_one_line(question)}" for question in answer.suggestions)
        return "\n\n".join([*blocks, *([f"What it does answer:{asks}"] if asks else [])])
    blocks.append(f"Evidence: {strength(answer.confidence)} (confidence {answer.confidence:.2f})")
    blocks += [printable(authorship(answer))] if answer.written_by else []
    return "\n\n".join([*blocks, *notes, *format_citations(answer.citations)])


def format_citations(citations: Iterable[Citation]) -> list[str]:
    """One block for each citation, in order."""
    return [format_citation(citation) for citation in citations]


def format_citation(citation: Citation) -> str:
    """Marker, title, date, heading, page and offsets on one line; the verbatim quote, indented, on the next ones."""
    date = human_date(citation.published) if citation.published else ""
    parts = (citation.title, date, citation.heading, page_name(citation.page))
    where = " | ".join(dict.fromkeys(part for part in parts if part))
    head = f"[{citation.marker}] {_one_line(where)} | characters {citation.start}-{citation.end}"
    return f"{head}\n{_indented(citation.quote)}"


def format_hits(hits: Sequence[Hit]) -> str:
    """One block for each passage found, best first; "No passage found." for none."""
    return "\n\n".join(_hit(hit) for hit in hits) or "No passage found."


def _hit(hit: Hit) -> str:
    page = f"{page_name(hit.page)} | " if hit.page else ""
    return (
        f"{hit.rank}. score {hit.score:.4f} ({hit.retriever}) | {_one_line(hit.passage.document_id)} | "
        f"{_one_line(hit.passage.heading)} | {page}characters {hit.passage.start}-{hit.passage.end}\n"
        f"{_indented(hit.passage.text)}"
    )


def format_verdict(verdict: Verdict) -> str:
    """ "Supported" or "Not supported" with every problem, then the passages that were compared."""
    head = f"{'Supported' if verdict.supported else 'Not supported'} (coverage {verdict.score:.2f})"
    lines = [head, *(f"  - {printable(problem)}" for problem in verdict.problems)]
    return "\n\n".join(["\n".join(lines), *format_citations(verdict.evidence)])


def format_summary(summary: IndexSummary) -> str:
    """What an index holds: documents, passages, every stretch that was left out and why, files that were not read."""
    state = "written" if summary.rebuilt else "was up to date"
    documents, passages = _count(len(summary.documents), "document"), _count(summary.passages, "passage")
    lines = [f"{documents}, {passages}: index {state} in {summary.seconds:.1f} s at {_one_line(str(summary.index))}"]
    for document in summary.documents:
        lines += ["", *_document_lines(document)]
    if summary.unreadable:
        lines += ["", f"{_count(len(summary.unreadable), 'file')} could not be read:"]
        named = (reason if str(path) in reason else f"{path}: {reason}" for path, reason in summary.unreadable)
        lines += [f"  {_one_line(reason)}" for reason in named]
    return "\n".join(lines)


def _document_lines(document: Document) -> list[str]:
    """A document's title line, then a line for each stretch that was left out."""
    left_out = sum(part.span.end - part.span.start for part in document.left_out)
    kept = len(document.text) - left_out
    title = f"{_one_line(document.id)}: {_one_line(document.title)} ({human_date(document.published)})"
    lines = [title, f"  indexed {kept:,} of {len(document.text):,} characters; left out:"]
    if not document.left_out:
        return [title, f"  indexed all {len(document.text):,} characters"]
    for part in document.left_out:
        start, end = part.span.start, part.span.end
        lines.append(f"  {start:>7}-{end:<7} {_one_line(part.reason)}")
        lines.append(f'                  "{_excerpt(document.text[start:end])}"')
    return lines


def _excerpt(text: str) -> str:
    """The first characters of a stretch on one line, with the sign that there is more."""
    line = _one_line(text)
    return line if len(line) <= EXCERPT_LENGTH else f"{line[: EXCERPT_LENGTH - 1].rstrip()}…"


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in printable(text).split("\n"))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _is_hidden(char: str) -> bool:
    return char not in _KEPT and char not in _JOINERS and unicodedata.category(char) in _HIDDEN


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _plain(value: object) -> object:
    """`value` in the types that `json` knows; anything it does not know as its `str`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (date, Path)):
        return str(value)
    if isinstance(value, float) and type(value) is not float:
        return float(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
