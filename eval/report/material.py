"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from eval.baseline import shared
from eval.figures import Figures
from eval.record import Comparison, Failure, QuestionRecord, Quote, Run


class HistoryPoint(BaseModel):
    """A run as the history keeps it. `started` is an ISO date with its time; `figures`: split -> figure name -> value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commit: str
    started: str
    figures: Mapping[str, Mapping[str, float]]
    passed: bool


@dataclass(frozen=True, slots=True)
class Material:
    """All that a report is made of.

    `comparison` is None where nothing judged the run (a run of a few cases); one with thresholds but no baseline holds the failures and no
    changes. `baseline_figures` are over the cases that `figures` are over. `history` is of runs of the same suite, oldest first; the run
    itself may be its last point. `documents`: document id -> text. `at_least` and `at_most` are the thresholds, `Comparison.p_values` the
    chances, of the figures of `gated`, the split that decides.
    """

    run: Run
    figures: Figures
    baseline: Run | None = None
    baseline_figures: Figures = field(default_factory=dict)
    comparison: Comparison | None = None
    history: Sequence[HistoryPoint] = ()
    documents: Mapping[str, str] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)
    gated: str = "test"

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why the run does not pass."""
        return self.comparison.failures if self.comparison else ()

    @property
    def splits(self) -> tuple[str, ...]:
        """Every split with a case or a figure, the one that decides first."""
        found = {
            *(record.split for record in self.run.questions),
            *(record.split for record in self.run.claims),
            *self.figures,
        }
        return tuple(sorted(found, key=lambda split: (split != self.gated, split)))

    @property
    def baseline_shared(self) -> Run | None:
        """The baseline's records of the cases that were run: what counts and times of this run can be compared with."""
        return shared(self.baseline, self.run) if self.baseline else None

    @property
    def earlier(self) -> tuple[HistoryPoint, ...]:
        """The history without the run itself."""
        return tuple(point for point in self.history if point.started != self.run.environment.started)


OUTCOMES = ("answered right", "answered wrong", "declined right", "declined wrong", "crashed")


def outcome(record: QuestionRecord) -> str:
    """One of `OUTCOMES`. Answered right: with every fact; declined right: the documents do not answer it."""
    if record.error or record.answer is None:
        return "crashed"
    if record.answer.abstained:
        return "declined wrong" if record.answerable else "declined right"
    return "answered right" if record.answerable and record.scores.get("exact") == 1 else "answered wrong"


def shown(record: QuestionRecord) -> tuple[Quote, ...]:
    """The places that an answer points the reader to: its citations, or where it declined the nearest."""
    return (record.answer.citations or record.answer.nearest) if record.answer else ()
