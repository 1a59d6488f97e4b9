"""Cases: one JSON object a line, checked as they are read. The format is described in `eval/cases/README.md`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

CASES = Path(__file__).with_name("cases")
T = TypeVar("T")

SPLITS = ("dev", "test", "blind")

CATEGORIES = frozenset(
    [
        "fact",
        "number",
        "mechanism",
        "list",
        "comparison",
        "lay",
        "abbreviation",
        "misspelling",
        "follow_up",
        "false_premise",
        "unanswerable_near",
        "unanswerable_far",
    ]
)
CLAIM_KINDS = frozenset(
    [
        "verbatim",
        "paraphrase",
        "number",
        "unit",
        "comparator",
        "route",
        "negation",
        "entity",
        "population",
        "direction",
        "invented",
    ]
)


class CaseError(Exception):
    """A case file that cannot be used; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Gold:
    """A verbatim stretch of the source: `quote == text[start:end]`."""

    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QuestionCase:
    """A question, after the earlier ones of its conversation, and what a right answer holds.

    `facts`: each a tuple of alternatives, one of which the answer must contain. `evidence`: each a tuple of
    alternative places, one of which must be cited. Both are empty exactly when not `answerable`.
    """

    id: str
    category: str
    question: str
    history: tuple[str, ...]
    answerable: bool
    facts: tuple[tuple[str, ...], ...]
    evidence: tuple[tuple[Gold, ...], ...]


@dataclass(frozen=True, slots=True)
class ClaimCase:
    """A claim that the document supports, or one altered in one place from something that it says."""

    id: str
    claim: str
    supported: bool
    kind: str


def load_questions(split: str) -> list[QuestionCase]:
    """Every question case of a split, in file and line order. Raises CaseError."""
    files = [path for path in sorted((CASES / split).glob("*.jsonl")) if path.stem != "claims"]
    return [case for path in files for case in _read(path, _question)]


def load_claims(split: str) -> list[ClaimCase]:
    """Every claim case of a split. Raises CaseError."""
    return _read(CASES / split / "claims.jsonl", _claim)


def _read(path: Path, make: Callable[[dict[str, Any]], T]) -> list[T]:
    cases = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise CaseError(f"{path}: cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cases.append(make(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise CaseError(f"{path}:{number}: {error!r}") from error
    return cases


def _question(row: dict[str, Any]) -> QuestionCase:
    case = QuestionCase(
        id=row["id"],
        category=row["category"],
        question=row["question"],
        history=tuple(row["history"]),
        answerable=row["answerable"],
        facts=tuple(tuple(fact) for fact in row["facts"]),
        evidence=tuple(tuple(Gold(g["quote"], g["start"], g["end"]) for g in group) for group in row["evidence"]),
    )
    if case.category not in CATEGORIES:
        raise ValueError(f"category {case.category!r} is not one of {', '.join(sorted(CATEGORIES))}")
    if case.answerable != bool(case.facts) or case.answerable != bool(case.evidence):
        raise ValueError(f"{case.id}: answerable cases have facts and evidence, others have neither")
    if not all(case.facts) or not all(case.evidence):
        raise ValueError(f"{case.id}: a fact or an evidence group has no alternative")
    return case


def _claim(row: dict[str, Any]) -> ClaimCase:
    if row["kind"] not in CLAIM_KINDS:
        raise ValueError(f"kind {row['kind']!r} is not one of {', '.join(sorted(CLAIM_KINDS))}")
    if row["supported"] != (row["kind"] in ("verbatim", "paraphrase")):
        raise ValueError(f"{row['id']}: supported does not fit kind {row['kind']!r}")
    return ClaimCase(row["id"], row["claim"], row["supported"], row["kind"])
