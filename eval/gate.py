"""The gate: whether a run may pass. Each reason that it may not is a `Failure` that names its cases.

A run fails when
- a figure of the test split is below its threshold (`threshold`) or was not measured (`missing`);
- a figure is below the baseline's by more than a paired test puts down to chance (`baseline`);
- a case is answered worse than in the baseline (`worse`): the program is deterministic, so that no such case is chance. Whoever means it
  accepts a new baseline and says why;
- a case crashed (`crashed`), or takes much longer than it did (`slower`), measured again to be sure;
- there is no baseline, or it was made with other documents or cases (`stale`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.figures import MEANS, Figures, Mean
from eval.record import Change, ClaimRecord, Comparison, Failure, QuestionRecord, Run
from eval.statistics import mcnemar, paired_auroc_bootstrap, paired_bootstrap

THRESHOLDS = Path(__file__).with_name("thresholds.toml")
GATED = "test"
"""The split whose figures have thresholds."""
SIGNIFICANT = 0.05
HIGHER_IS_WORSE = frozenset({"answerable_declined", "errors"})
NEITHER = frozenset({"sentences", "words"})
"""Figures that may go either way."""
JUDGED = ("abstention_right", "facts", "exact", "citation_recall", "cited_on_gold", "verbatim", "carried")
"""Scores of which none may fall in any case."""
SLOWER_OVERALL = 1.6
"""Of the baseline's median, both as multiples of the machine's speed unit."""
SLOWER_CASE = 3.0
"""Of what a case took in the baseline, both as multiples of their run's median."""
RETIMED = 25
"""The most cases that are timed again to be sure: the slowest first."""

Retime = Callable[[Sequence[str]], Mapping[str, float]]
"""Case ids -> the least milliseconds of several tries."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Bounds of the figures of split `GATED`, by name."""

    at_least: Mapping[str, float]
    at_most: Mapping[str, float]

    @classmethod
    def read(cls, path: Path = THRESHOLDS) -> Thresholds:
        """From TOML. Raises OSError, ValueError."""
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(tables.get("at_least", {}), tables.get("at_most", {}))


def compare(run: Run, figures: Figures, baseline: Run | None, thresholds: Thresholds, retime: Retime) -> Comparison:
    """Judges a run of the full suite."""
    failures = [*_crashes(run), *_bounds(figures.get(GATED, {}), thresholds)]
    if baseline is None:
        failures.append(Failure(kind="stale", name="baseline", message="there is none; accept this run with a reason"))
        return Comparison(changes=(), p_values={}, failures=tuple(failures))
    changes, p_values = changed(run, baseline), _p_values(run, baseline)
    failures += [*_stale(run, baseline), *_left_out(run, baseline), *_fallen(p_values), *_worse(changes)]
    failures += slower(run, baseline, retime)
    return Comparison(changes=tuple(changes), p_values=p_values, failures=tuple(failures))


def compare_cases(run: Run, baseline: Run | None) -> Comparison:
    """Judges a run of some cases only: no figure is compared, a case that got worse or crashed fails."""
    changes = changed(run, baseline) if baseline else []
    return Comparison(changes=tuple(changes), p_values={}, failures=(*_crashes(run), *_worse(changes)))


def changed(run: Run, baseline: Run) -> list[Change]:
    """Every case of both runs whose answer or verdict is another, in the run's order."""
    asked = {record.id: record for record in baseline.questions}
    claimed = {record.id: record for record in baseline.claims}
    found = [_question_change(asked[record.id], record) for record in run.questions if record.id in asked]
    found += [_claim_change(claimed[record.id], record) for record in run.claims if record.id in claimed]
    return [change for change in found if change]


def slower(run: Run, baseline: Run, retime: Retime) -> list[Failure]:
    """The median, and single cases, that take much longer than in the baseline also when they are timed again."""
    before = {record.id: record.timings_ms["all"] for record in baseline.questions if not record.error}
    now = {r.id: r.timings_ms["all"] for r in run.questions if not r.error and r.id in before}
    if not now:
        return []
    usual, median = float(np.median([before[name] for name in now])), float(np.median(list(now.values())))
    units = (baseline.environment.speed_unit_ms, run.environment.speed_unit_ms)
    bound = SLOWER_OVERALL * usual / units[0] * units[1]
    if median > bound:
        again = retime(_middle(now))
        median = float(np.median(list(again.values())))
        if median > bound:
            message = (
                f"half of the questions take {median:.0f} ms and more; {bound:.0f} ms is the bound on this machine"
            )
            return [Failure(kind="slower", name="latency_p50_ms", message=message, cases=tuple(again))]
    suspects = sorted((n for n in now if now[n] / median > SLOWER_CASE * before[n] / usual), key=lambda n: -now[n])
    again = retime(suspects[:RETIMED]) if suspects else {}
    slow = [name for name, took in again.items() if took / median > SLOWER_CASE * before[name] / usual]
    return [
        Failure(
            kind="slower",
            name=name,
            message=f"takes {again[name]:.0f} ms, {again[name] / median:.1f} times the median; it was {before[name] / usual:.1f} times",
            cases=(name,),
        )
        for name in slow
    ]


def _middle(times: Mapping[str, float]) -> list[str]:
    """The cases around the median: what is timed again in its stead."""
    order = sorted(times, key=lambda name: times[name])
    start = max(0, (len(order) - RETIMED) // 2)
    return order[start : start + RETIMED]


def _crashes(run: Run) -> list[Failure]:
    records: list[QuestionRecord | ClaimRecord] = [*run.questions, *run.claims]
    return [Failure(kind="crashed", name=r.id, message=r.error, cases=(r.id,)) for r in records if r.error]


def _bounds(figures: Mapping[str, object], thresholds: Thresholds) -> list[Failure]:
    found = []
    for words, bounds, sign in (("at least", thresholds.at_least, 1), ("at most", thresholds.at_most, -1)):
        for name, bound in bounds.items():
            value = getattr(figures.get(name), "value", None)
            if value is None:
                found.append(Failure(kind="missing", name=name, message=f"not measured; {words} {bound} is asked for"))
            elif sign * value < sign * bound:
                found.append(Failure(kind="threshold", name=name, message=f"{value:.3f}; {words} {bound} is asked for"))
    return found


def _stale(run: Run, baseline: Run) -> list[Failure]:
    now, then = run.environment.hashes, baseline.environment.hashes
    return [
        Failure(
            kind="stale", name=name, message=f"the {name} changed since the baseline; accept a new one with a reason"
        )
        for name in ("corpus", "cases")
        if now.get(name) != then.get(name)
    ]


def _left_out(run: Run, baseline: Run) -> list[Failure]:
    now, then = _ids(run), _ids(baseline)
    gone = tuple(name for name in then if name not in now)
    return (
        [Failure(kind="missing", name="cases", message=f"{len(gone)} of the baseline's were not run", cases=gone)]
        if gone
        else []
    )


def _ids(run: Run) -> dict[str, None]:
    return dict.fromkeys([*(record.id for record in run.questions), *(record.id for record in run.claims)])


def _p_values(run: Run, baseline: Run) -> dict[str, float]:
    """For each mean of split `GATED`: the chance of so great a fall, over the cases scored in both runs."""
    before = {record.id: record for record in baseline.questions if record.split == GATED}
    pairs = [(before[r.id], r) for r in run.questions if r.split == GATED and r.id in before]
    found = {mean.name: _chance(mean, pairs) for mean in MEANS if mean.name not in NEITHER}
    near = [(a, b) for a, b in pairs if a.answer and b.answer and a.category != "unanswerable_far"]
    if near:
        found["near_auroc"] = paired_auroc_bootstrap(
            [a.answer.confidence for a, _ in near if a.answer],
            [b.answer.confidence for _, b in near if b.answer],
            [b.answerable for _, b in near],
            [b.cluster for _, b in near],
        )
    return {name: p for name, p in found.items() if p is not None}


def _chance(mean: Mean, pairs: Sequence[tuple[QuestionRecord, QuestionRecord]]) -> float | None:
    sign = -1 if mean.name in HIGHER_IS_WORSE else 1
    scored = [(mean.value(a), mean.value(b), b.cluster) for a, b in pairs]
    both = [(a, b, cluster) for a, b, cluster in scored if a is not None and b is not None]
    if not both:
        return None
    before, after = [a for a, _, _ in both], [b for _, b, _ in both]
    if sign > 0 and {*before, *after} <= {0.0, 1.0}:
        return mcnemar(before, after)
    return paired_bootstrap([sign * a for a in before], [sign * b for b in after], [cluster for _, _, cluster in both])


def _fallen(p_values: Mapping[str, float]) -> list[Failure]:
    return [
        Failure(kind="baseline", name=name, message=f"worse than the baseline by more than chance (p = {p:.4f})")
        for name, p in p_values.items()
        if p < SIGNIFICANT
    ]


def _worse(changes: Sequence[Change]) -> list[Failure]:
    return [
        Failure(kind="worse", name=change.id, message="; ".join(change.why), cases=(change.id,))
        for change in changes
        if change.verdict == "worse"
    ]


def _question_change(before: QuestionRecord, now: QuestionRecord) -> Change | None:
    falls: list[str] = []
    rises: list[str] = []
    for name in JUDGED:
        old, new = before.scores.get(name), now.scores.get(name)
        if old is None or new is None or abs(old - new) < 1e-9:
            continue
        (falls if new < old else rises).append(f"{name.replace('_', ' ')} {old:.2f} -> {new:.2f}")
    if falls or rises:
        return Change(id=now.id, verdict="worse" if falls else "better", why=(*falls, *rises))
    if before.answer == now.answer:
        return None
    return Change(id=now.id, verdict="changed", why=(_difference(before, now),))


def _difference(before: QuestionRecord, now: QuestionRecord) -> str:
    """What is another in an answer that is as good."""
    old, new = before.answer, now.answer
    if old is None or new is None or old.text != new.text:
        return "another text, as good by every score"
    if old.citations != new.citations:
        return "other citations, as good by every score"
    if old.confidence != new.confidence:
        return f"confidence {old.confidence:.3f} -> {new.confidence:.3f}"
    return "another reason, nearest place or warning"


def _claim_change(before: ClaimRecord, now: ClaimRecord) -> Change | None:
    if before.right != now.right:
        said = "accepted" if now.accepted else f"rejected ({'; '.join(now.problems)})"
        return Change(id=now.id, verdict="better" if now.right else "worse", why=(f"the claim is now {said}",))
    if (before.accepted, before.problems) == (now.accepted, now.problems):
        return None
    return Change(id=now.id, verdict="changed", why=("the same verdict with other problems",))
