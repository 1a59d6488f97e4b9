"""What a run leaves behind: what was run on what, and each case's full answer with its scores. JSON in, JSON out.

Everything but `timings` fields and `Environment.started`, `duration_s`, `machine` and `peak_memory_mb` is the same for the same program,
corpus and cases: `Run.digest` is over exactly that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

Scores = Mapping[str, float | None]
"""Score name -> value; None: not scored, which is never 0."""


class Record(BaseModel):
    """What is written down: nothing is added to it, and no unknown field is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Quote(Record):
    """A cited or nearest stretch of the source: `text[start:end] == quote`."""

    document_id: str
    start: int
    end: int
    quote: str
    heading: str = ""


class GivenAnswer(Record):
    """An answer as it was given. `claims` are its sentences without markers; `nearest` where an abstention points."""

    text: str
    claims: tuple[str, ...]
    citations: tuple[Quote, ...]
    nearest: tuple[Quote, ...]
    abstained: bool
    reason: str
    confidence: float
    standalone_question: str
    warnings: tuple[str, ...]


class QuestionRecord(Record):
    """One question case as it ran. `cluster` is its conversation: cases of one cluster are right or wrong together.

    `error` is "" unless the case crashed; then `answer` is None and every score that the case is scored by is 0. `wanted` and `gold` are
    the case's facts (first alternatives) and evidence places, for the reader of a report. `timings_ms`: step to milliseconds, with "all".
    """

    id: str
    split: str
    category: str
    cluster: str
    history: tuple[str, ...]
    question: str
    answerable: bool
    wanted: tuple[str, ...]
    gold: tuple[Quote, ...]
    answer: GivenAnswer | None
    error: str
    scores: Scores
    timings_ms: Mapping[str, float]


class ClaimRecord(Record):
    """One claim case as it was judged. `right`: accepted exactly when it is supported."""

    id: str
    split: str
    kind: str
    claim: str
    supported: bool
    accepted: bool
    score: float
    problems: tuple[str, ...]
    error: str = ""

    @property
    def right(self) -> bool:
        """Whether the verdict is the case's."""
        return not self.error and self.accepted == self.supported


class Environment(Record):
    """What was run, on what. `hashes`: corpus, index, models, cases by name. `speed_unit_ms`: a fixed piece of arithmetic on this machine
    at the time, so that timings of two runs can be compared as multiples of it.
    """

    commit: str
    dirty: bool
    suite: str
    versions: Mapping[str, str]
    settings: Mapping[str, str]
    hashes: Mapping[str, str]
    fingerprint: str
    machine: str
    started: str
    duration_s: float
    speed_unit_ms: float
    peak_memory_mb: float


class Run(Record):
    """A whole run."""

    environment: Environment
    questions: tuple[QuestionRecord, ...]
    claims: tuple[ClaimRecord, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over all that does not depend on the clock or the machine."""
        timed = {"started", "duration_s", "speed_unit_ms", "peak_memory_mb", "machine"}
        table = self.model_dump(exclude={"environment": timed, "questions": {"__all__": {"timings_ms"}}})
        return hashlib.sha256(json.dumps(table, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Figure(Record):
    """A mean over cases with its interval. `low`, `high`: 95 % by bootstrap over clusters; both the value where there is one case only."""

    value: float
    count: int = Field(gt=0)
    low: float
    high: float


class Failure(Record):
    """Why a run does not pass. `kind`: threshold, missing, baseline, worse, slower, stale or crashed; `cases` names who is to blame."""

    kind: str
    name: str
    message: str
    cases: tuple[str, ...] = ()


class Change(Record):
    """A case whose answer is another than in the baseline. `verdict`: worse, better or changed; `why` in words ("facts 1 -> 0")."""

    id: str
    verdict: str
    why: tuple[str, ...]


class Comparison(Record):
    """A run against the baseline. `p_values`: figure name -> one-sided probability of so great a fall by chance."""

    changes: tuple[Change, ...]
    p_values: Mapping[str, float]
    failures: tuple[Failure, ...]


def write_run(path: Path, run: Run) -> None:
    """As JSON, one case a line, so that two runs can be compared with `diff`."""
    head = json.dumps(run.environment.model_dump(), ensure_ascii=False, sort_keys=True)
    lines = [f'{{"environment": {head},', '"questions": [']
    lines += [",\n".join(_line(record) for record in run.questions), '],\n"claims": [']
    lines += [",\n".join(_line(record) for record in run.claims), "]}"]
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    part.replace(path)


def read_run(path: Path) -> Run:
    """The run that `write_run` wrote. Raises OSError, ValueError (pydantic's, naming the field)."""
    return Run.model_validate_json(path.read_text(encoding="utf-8"))


def _line(record: Record) -> str:
    return json.dumps(record.model_dump(), ensure_ascii=False, sort_keys=True)
