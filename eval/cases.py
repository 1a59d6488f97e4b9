"""Cases: one JSON object a line, checked as they are read. The format is described in `eval/cases/README.md`.

Not here: whether a case fits the document and the other cases (`lint`), cases made from feedback (`draft`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

CASES = Path(__file__).with_name("cases")
SPLITS = ("dev", "test", "blind")

Category = Literal[
    "fact", "number", "mechanism", "list", "comparison", "lay", "abbreviation", "misspelling", "follow_up", "false_premise",
    "unanswerable_near", "unanswerable_far",
]  # fmt: skip
ClaimKind = Literal[
    "verbatim", "paraphrase", "number", "unit", "comparator", "route", "negation", "entity", "population", "direction",
    "invented",
]  # fmt: skip
CATEGORIES: frozenset[str] = frozenset(get_args(Category))
CLAIM_KINDS: frozenset[str] = frozenset(get_args(ClaimKind))

STRICT = ConfigDict(extra="forbid", strict=True)
"""No unknown field, and no value of another type: "true" is no truth value, 7 is no text."""

T = TypeVar("T")

_SHOWN = 60  # characters of a wrong value that an error shows


class CaseError(Exception):
    """A case or feedback file that cannot be used; the message names file and line."""


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]
"""Not blank."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Gold:
    """A verbatim stretch of the source: `quote == text[start:end]`, not blank."""

    quote: Text
    start: Annotated[int, Field(ge=0)]
    end: int

    @model_validator(mode="after")
    def _as_long_as_its_quote(self) -> Gold:
        if self.end - self.start != len(self.quote):
            raise ValueError(
                f"[{self.start}:{self.end}] is {self.end - self.start} characters, its quote {len(self.quote)}"
            )
        return self


@dataclass(frozen=True, slots=True, config=STRICT)
class QuestionCase:
    """A question, after the earlier ones of its conversation, and what a right answer holds.

    `facts`: each a tuple of alternatives, one of which the answer must contain. `evidence`: each a tuple of
    alternative places, one of which must be cited. Both are empty exactly when not `answerable`. `note` is for people.
    Raises ValueError (pydantic's) when the parts do not fit.
    """

    id: Text
    category: Category
    question: Text
    history: tuple[Text, ...]
    answerable: bool
    facts: tuple[tuple[Text, ...], ...]
    evidence: tuple[tuple[Gold, ...], ...]
    note: str = ""

    @model_validator(mode="after")
    def _parts_fit(self) -> QuestionCase:
        if self.answerable != bool(self.facts) or self.answerable != bool(self.evidence):
            raise ValueError("answerable cases have facts and evidence, others have neither")
        if not all(self.facts) or not all(self.evidence):
            raise ValueError("a fact or an evidence group has no alternative")
        if self.category != "follow_up" and self.answerable == self.category.startswith("unanswerable"):
            raise ValueError(
                f"answerable is {str(self.answerable).lower()}, which does not fit category {self.category!r}"
            )
        if self.category == "follow_up" and not self.history:
            raise ValueError("category 'follow_up' needs a history")
        return self


@dataclass(frozen=True, slots=True, config=STRICT)
class ClaimCase:
    """A claim that the document supports, or one altered in one place from something that it says.

    `evidence`: the places that it is taken or altered from, each of them. Raises ValueError (pydantic's) when the parts do not fit.
    """

    id: Text
    claim: Text
    supported: bool
    kind: ClaimKind
    evidence: tuple[Gold, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _parts_fit(self) -> ClaimCase:
        if self.supported != (self.kind in ("verbatim", "paraphrase")):
            raise ValueError(f"supported is {str(self.supported).lower()}, which does not fit kind {self.kind!r}")
        return self


def load_questions(split: str) -> list[QuestionCase]:
    """Every question case of a split, in file and line order. Raises CaseError."""
    files = [path for path in sorted((CASES / split).glob("*.jsonl")) if path.stem != "claims"]
    return [case for path in files for case in read_lines(path, QuestionCase)]


def load_claims(split: str) -> list[ClaimCase]:
    """Every claim case of a split. Raises CaseError."""
    return read_lines(CASES / split / "claims.jsonl", ClaimCase)


def read_lines(path: Path, form: type[T]) -> list[T]:
    """One `form`, a pydantic type, for each line that is not blank. Raises CaseError, with every fault of the first bad line."""
    adapter, found = TypeAdapter(form), []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise CaseError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise CaseError(f"{path}: is not UTF-8 (byte {error.start})") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(adapter.validate_json(line))
        except ValidationError as error:
            raise CaseError(f"{path}:{number}: {'; '.join(map(_in_words, error.errors()))}") from error
    return found


def _in_words(fault: ErrorDetails) -> str:
    """One of pydantic's errors as "where what"."""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"]).lstrip(".")
    given, context = json.dumps(fault["input"], ensure_ascii=False), fault.get("ctx", {})
    given = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    match fault["type"]:
        case "json_invalid":
            return f"is not JSON: {context['error']}"
        case "missing":
            return f"{name} is missing"
        case "unexpected_keyword_argument":
            return f"{name} is not a field"
        case "literal_error":
            return f"{name} {given} is not one of {context['expected']}"
        case "value_error":
            return f"{name} {context['error']}".lstrip()
        case _:
            return f"{name or 'the line'} is {given}; {fault['msg'].replace('Input should', 'it should')}"
