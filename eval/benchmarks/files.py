"""The files of the bench, read into checked records. Formats: BEIR (JSON lines and qrels), SQuAD 2.0, and lines of labelled claims."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Qrels = dict[str, dict[str, int]]
"""Query id -> document id -> relevance; 0 is not relevant."""


class BenchmarkError(Exception):
    """A file that cannot be used; the message names it, and the line where there is one."""


class Row(BaseModel):
    """One object of a file; keys that no benchmark needs are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Document(Row):
    """A line of `corpus.jsonl`."""

    id: str = Field(alias="_id")
    title: str = ""
    text: str


class Utterance(Row):
    """Something said in a conversation, by "user" or another."""

    role: str
    text: str


class Query(Row):
    """A line of `queries.jsonl`; `history` is what was said before, oldest first."""

    id: str = Field(alias="_id")
    text: str
    history: tuple[Utterance, ...] = ()


class LabelledClaim(Row):
    """A claim, the sentences it is held against (at least one), and what they do: SUPPORT, or another label."""

    id: str
    claim: str
    evidence: tuple[str, ...] = Field(min_length=1)
    label: str


class SquadAnswer(Row):
    """Where an answer starts, in characters of the context."""

    answer_start: int


class SquadQuestion(Row):
    """A question; it has no answers exactly when `is_impossible`."""

    question: str
    is_impossible: bool = False
    answers: tuple[SquadAnswer, ...] = ()


class SquadParagraph(Row):
    """A passage with its questions."""

    context: str
    qas: tuple[SquadQuestion, ...]


class SquadArticle(Row):
    """The passages of one article."""

    title: str
    paragraphs: tuple[SquadParagraph, ...]


class Squad(Row):
    """A file of SQuAD 2.0."""

    data: tuple[SquadArticle, ...]


R = TypeVar("R", bound=Row)


def read_lines(path: Path, kind: type[R]) -> list[R]:
    """The objects of a JSON-lines file, in order. Raises BenchmarkError."""
    found = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            try:
                found.append(kind.model_validate_json(line))
            except ValidationError as error:
                raise BenchmarkError(f"{path}:{number}: {_said(error)}") from error
    return found


def read_squad(path: Path) -> Squad:
    """A file of SQuAD 2.0. Raises BenchmarkError."""
    try:
        return Squad.model_validate_json(_text(path))
    except ValidationError as error:
        raise BenchmarkError(f"{path}: {_said(error)}") from error


def read_qrels(path: Path) -> Qrels:
    """Tab-separated query, document and relevance after a heading line; without queries that nothing is relevant to. Raises BenchmarkError.

    Such a query cannot be scored, whatever is found for it.
    """
    found: Qrels = {}
    for number, line in enumerate(_text(path).splitlines()[1:], start=2):
        try:
            query, document, relevance = line.split("\t")
            found.setdefault(query, {})[document] = int(relevance)
        except ValueError as error:
            raise BenchmarkError(f"{path}:{number}: not query, document and relevance with tabs between") from error
    return {query: judged for query, judged in found.items() if max(judged.values()) > 0}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: cannot be read ({error})") from error


def _said(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]
