"""The same run in a few lines of Markdown: for a terminal, a job's summary, an issue that is opened."""

from __future__ import annotations

import re

from eval.record import ClaimRecord, QuestionRecord
from eval.report.cases import NAMED, Card, QuestionCard, changed
from eval.report.headline import Reason, headline, lasted, plural, when
from eval.report.material import Material, shown
from eval.report.tables import FigureRow, chance, figure_rows

MOST_CASES = 10
"""Cases that got worse and are shown with both answers, and failures of a kind that are named; the page shows all."""

MOST_TEXT = 300
"""Characters of an answer."""


def markdown(material: Material) -> str:
    """Verdict and reasons, what got worse with both answers, the figures of the split that decides. Ends with a line feed."""
    head, groups = headline(material), changed(material)
    run = material.run.environment
    lines = [f"# {_plain(head.sentence)}", ""]
    for reason in head.reasons:
        lines += _reason(reason)
    lines += [""] if head.reasons else []
    dirty = " with changes that are not committed" if run.dirty else ""
    lines += [*map(_plain, head.beside), ""] if head.beside else []
    lines.append(
        f"Commit {_code(run.commit[:10])}{dirty}, {_plain(when(run.started))}, took {lasted(run.duration_s)} on {_plain(run.machine)}."
    )
    for verdict, title in (
        ("worse", "Worse"),
        (NAMED, "Named by a failure"),
        ("better", "Better"),
        ("changed", "Changed otherwise"),
    ):
        lines += _group(title, groups.get(verdict, ()), full=verdict == "worse")
    rows = figure_rows(material, material.gated)
    lines += _table(material.gated, rows) if rows else []
    return "\n".join(lines).rstrip() + "\n"


def _reason(reason: Reason) -> list[str]:
    lines = [f"- **{_plain(reason.title[0].upper() + reason.title[1:])}**"]
    for failure in reason.failures[:MOST_CASES]:
        other = failure.cases if failure.cases != (failure.name,) else ()
        cases = f" Cases: {', '.join(map(_code, other))}." if other else ""
        lines.append(f"  - {_code(failure.name)}: {_plain(failure.message.rstrip('.'))}.{cases}")
    if len(reason.failures) > MOST_CASES:
        lines.append(f"  - and {len(reason.failures) - MOST_CASES} more")
    return lines


def _group(title: str, cards: tuple[Card, ...], full: bool) -> list[str]:
    if not cards:
        return []
    lines = ["", f"## {title}: {plural(len(cards), 'case')}", ""]
    if not full:
        return [*lines, f"{', '.join(_code(card.record.id) for card in cards)}"]
    for card in cards[:MOST_CASES]:
        lines += _case(card)
    if len(cards) > MOST_CASES:
        rest = ", ".join(_code(card.record.id) for card in cards[MOST_CASES:])
        lines.append(f"- and {len(cards) - MOST_CASES} more: {rest}")
    return lines


def _case(card: Card) -> list[str]:
    why = f": {_plain('; '.join(card.why))}" if card.why else ""
    if not isinstance(card, QuestionCard):
        return [
            f"- {_code(card.record.id)} {_plain(card.record.claim)}{why}",
            f"  - wanted: {'accepted' if card.record.supported else 'rejected'}",
            f"  - baseline: {_verdict(card.before)}",
            f"  - now: {_verdict(card.record)}",
        ]
    asked = " › ".join((*card.record.history, card.record.question))
    wanted = "; ".join(card.record.wanted) if card.record.answerable else "to decline"
    return [
        f"- {_code(card.record.id)} {_plain(asked)}{why}",
        f"  - wanted: {_plain(wanted)}",
        f"  - baseline: {_said(card.before)}{_cites(card.before, card)}",
        f"  - now: {_said(card.record)}{_cites(card.record, card)}",
    ]


def _cites(record: QuestionRecord | None, card: QuestionCard) -> str:
    """Where both answers read alike, what tells them apart: what they point to."""
    if record is None or not card.moved:
        return ""
    return f" It points to: {_plain('; '.join(f'“{place.quote}”' for place in shown(record)) or 'nothing')}"


def _said(record: QuestionRecord | None) -> str:
    if record is None:
        return "not among its cases"
    if record.answer is None:
        return f"crashed: {_plain(record.error)}"
    return _plain(record.answer.text)


def _verdict(claim: ClaimRecord | None) -> str:
    if claim is None:
        return "not among its cases"
    return f"crashed: {_plain(claim.error)}" if claim.error else "accepted" if claim.accepted else "rejected"


def _table(split: str, rows: tuple[FigureRow, ...]) -> list[str]:
    lines = ["", f"## Figures, split {_plain(split)}", ""]
    lines += [
        "| figure | value | 95 % interval | baseline | difference | p | threshold | n |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    return [*lines, *map(_row, rows)]


def _row(row: FigureRow) -> str:
    write, figure = row.meaning.written, row.figure
    cells = [
        f"**{_code(row.name)}**" if row.trouble else _code(row.name),
        write(figure.value) if figure else "not measured",
        f"{write(figure.low)} to {write(figure.high)}" if figure else "",
        write(row.baseline.value) if row.baseline else "",
        "" if row.difference is None else row.meaning.difference(row.difference),
        "" if row.p_value is None else chance(row.p_value),
        row.bound,
        str(figure.count) if figure else "",
    ]
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """As code; a name that holds a backtick or a bar is shown without."""
    return "`" + re.sub(r"[`|\s]", " ", text) + "`"


def _plain(text: str) -> str:
    """On one line and at most `MOST_TEXT` long, so that nothing in it is read as markup, as HTML, or as somebody's name to be called."""
    line = " ".join(text.split())
    line = line if len(line) <= MOST_TEXT else line[: MOST_TEXT - 1].rstrip() + "…"
    line = line.replace("&", "&amp;").replace("<", "&lt;")
    line = re.sub(r"([\\`*|~]|(?<!\w)_|_(?!\w)|\](?=\())", r"\\\1", line)
    return re.sub(r"@(?=\w)", "@\u2060", line)
