"""The rows of the page's tables: figures, confusion by category, claims by kind, times, environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from eval.record import ClaimRecord, Figure, QuestionRecord, Run
from eval.report.headline import TITLES, nights
from eval.report.material import OUTCOMES, Material, outcome
from eval.report.meanings import Meaning, meaning
from eval.report.plots import sparkline, stacked_bar

SLOWEST = 10
"""Cases that the table of the slowest names."""

FIRST_CLAIM = "first_claim"
"""Of a record's timings: no step, but the time to the first claim."""


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of one split. `figure` is None where it was asked for or is in the baseline, and was not measured.

    `bound` is the threshold as it is read ("≥ 0.90"), `trouble` what is wrong with the figure in words; both "" for none.
    """

    name: str
    meaning: Meaning
    figure: Figure | None
    baseline: Figure | None
    p_value: float | None
    bound: str
    trouble: str
    history: Markup

    @property
    def difference(self) -> float | None:
        """Now less baseline; None where one of them is missing."""
        return self.figure.value - self.baseline.value if self.figure and self.baseline else None


def figure_rows(material: Material, split: str) -> tuple[FigureRow, ...]:
    """Every figure of a split that was measured, asked for or in the baseline: those in trouble first, then those with a threshold."""
    now, before = material.figures.get(split, {}), material.baseline_figures.get(split, {})
    decides = split == material.gated
    bounds = _bounds(material) if decides else {}
    p_values = material.comparison.p_values if decides and material.comparison else {}
    trouble = {
        failure.name: TITLES.get(failure.kind, failure.kind) for failure in reversed(material.failures) if decides
    }
    rows = [
        FigureRow(
            name=name,
            meaning=meaning(name),
            figure=now.get(name),
            baseline=before.get(name),
            p_value=p_values.get(name),
            bound=bounds.get(name, ""),
            trouble=trouble.get(name, ""),
            history=_history(material, split, name),
        )
        for name in dict.fromkeys([*now, *bounds, *before])
    ]
    return tuple(sorted(rows, key=lambda row: (not row.trouble, not row.bound)))


def _bounds(material: Material) -> Mapping[str, str]:
    lists = ((material.at_least, "≥"), (material.at_most, "≤"))
    return {name: f"{sign} {bound:g}" for bounds, sign in lists for name, bound in bounds.items()}


def _history(material: Material, split: str, name: str) -> Markup:
    points = [point.figures.get(split, {}).get(name) for point in nights(material)]
    figure = material.figures.get(split, {}).get(name)
    values = [value for value in (*points, figure.value if figure else None) if value is not None]
    if len(values) < 2:
        return Markup("")
    baseline = material.baseline_figures.get(split, {}).get(name)
    write = meaning(name).written
    title = f"{name}, {len(values)} runs: from {write(min(values))} to {write(max(values))}, last {write(values[-1])}"
    return sparkline(values, baseline.value if baseline else None, title)


def chance(p_value: float) -> str:
    """A probability as it is written; one below a thousandth as that."""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """How the questions of a category came out. `counts` and `before` in the order of `OUTCOMES`; `before` is () without a baseline."""

    category: str
    counts: tuple[int, ...]
    before: tuple[int, ...]
    bar: Markup


def confusion(run: Run, baseline: Run | None, split: str) -> tuple[ConfusionRow, ...]:
    """A row for each category, sorted, and one for all."""
    now = [record for record in run.questions if record.split == split]
    before = [record for record in baseline.questions if record.split == split] if baseline else None
    names = sorted({record.category for record in now})
    chosen = [(name, _of(now, name), None if before is None else _of(before, name)) for name in names]
    return tuple(_confusion(*row) for row in (*chosen, ("all", now, before)) if row[1])


def _of(records: Sequence[QuestionRecord], category: str) -> list[QuestionRecord]:
    return [record for record in records if record.category == category]


def _confusion(name: str, now: Sequence[QuestionRecord], before: Sequence[QuestionRecord] | None) -> ConfusionRow:
    counts = _counts(now)
    parts = [(what.replace(" ", "-"), count) for what, count in zip(OUTCOMES, counts, strict=True)]
    return ConfusionRow(name, counts, () if before is None else _counts(before), stacked_bar(parts))


def _counts(records: Iterable[QuestionRecord]) -> tuple[int, ...]:
    found = [outcome(record) for record in records]
    return tuple(found.count(what) for what in OUTCOMES)


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """Claims of one kind: how many, how many were judged wrong, and how many of the baseline's (None without one)."""

    kind: str
    supported: bool
    count: int
    wrong: int
    wrong_before: int | None


def claim_rows(run: Run, baseline: Run | None, split: str) -> tuple[ClaimRow, ...]:
    """A row for each kind: those that the documents support first."""
    now = [claim for claim in run.claims if claim.split == split]
    before = [claim for claim in baseline.claims if claim.split == split] if baseline else None
    kinds = sorted({(not claim.supported, claim.kind) for claim in now})
    return tuple(
        ClaimRow(
            kind=kind,
            supported=not altered,
            count=sum(claim.kind == kind for claim in now),
            wrong=_wrong(now, kind),
            wrong_before=None if before is None else _wrong(before, kind),
        )
        for altered, kind in kinds
    )


def _wrong(claims: Iterable[ClaimRecord], kind: str) -> int:
    return sum(claim.kind == kind and not claim.right for claim in claims)


@dataclass(frozen=True, slots=True)
class StepRow:
    """Milliseconds of one step over the questions. The baseline's are as they would be at this machine's speed of the night."""

    step: str
    p50: float
    p95: float
    p50_before: float | None
    p95_before: float | None


def step_rows(run: Run, baseline: Run | None) -> tuple[StepRow, ...]:
    """ "all" first, then the steps by what they take at the median."""
    now, before = _laps(run.questions), _laps(baseline.questions) if baseline else {}
    scale = speed_ratio(run, baseline)
    rows = [
        StepRow(
            step,
            _quantile(laps, 0.5),
            _quantile(laps, 0.95),
            _quantile(before[step], 0.5) * scale if step in before else None,
            _quantile(before[step], 0.95) * scale if step in before else None,
        )
        for step, laps in now.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.step != "all", -row.p50, row.step)))


def speed_ratio(run: Run, baseline: Run | None) -> float:
    """By how much a fixed piece of arithmetic took longer than at the baseline's time; 1 where it is not known."""
    if baseline is None or not baseline.environment.speed_unit_ms or not run.environment.speed_unit_ms:
        return 1.0
    return run.environment.speed_unit_ms / baseline.environment.speed_unit_ms


def _quantile(values: Sequence[float], share: float) -> float:
    """As the figures of latency are reckoned."""
    return float(np.quantile(values, share))


def _laps(questions: Iterable[QuestionRecord]) -> dict[str, list[float]]:
    """Step -> milliseconds of the cases that did not crash."""
    laps: dict[str, list[float]] = {}
    for record in (record for record in questions if not record.error):
        for step, milliseconds in record.timings_ms.items():
            if step != FIRST_CLAIM:
                laps.setdefault(step, []).append(milliseconds)
    return laps


@dataclass(frozen=True, slots=True)
class SlowRow:
    """One of the slowest cases: milliseconds, the step that took most of them, and the baseline's at this machine's speed."""

    record: QuestionRecord
    milliseconds: float
    longest: str
    before: float | None


def slowest(run: Run, baseline: Run | None) -> tuple[SlowRow, ...]:
    """At most `SLOWEST`, the slowest first."""
    before = {record.id: record.timings_ms.get("all") for record in baseline.questions} if baseline else {}
    scale = speed_ratio(run, baseline)
    timed = sorted((r for r in run.questions if "all" in r.timings_ms), key=lambda r: (-r.timings_ms["all"], r.id))
    rows = []
    for record in timed[:SLOWEST]:
        steps = {step: laps for step, laps in record.timings_ms.items() if step not in ("all", FIRST_CLAIM)}
        longest = max(sorted(steps), key=lambda step: steps[step], default="")
        was = before.get(record.id)
        rows.append(SlowRow(record, record.timings_ms["all"], longest, None if was is None else was * scale))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """A setting, version or hash; `before` is the baseline's, None where there is no baseline or nothing else in it."""

    name: str
    value: str
    before: str | None


def environment_rows(run: Run, baseline: Run | None, what: str) -> tuple[EnvironmentRow, ...]:
    """Of "versions", "settings" or "hashes", by name; "–" for what one of the runs does not know."""
    now: Mapping[str, str] = getattr(run.environment, what)
    before: Mapping[str, str] = getattr(baseline.environment, what) if baseline else now
    return tuple(
        EnvironmentRow(name, now.get(name, "–"), None if now.get(name) == before.get(name) else before.get(name, "–"))
        for name in sorted({*now, *before})
    )
