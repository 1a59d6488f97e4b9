"""Passed or failed, and why, in words: what both the page and the summary begin with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from eval.record import Failure, Run
from eval.report.material import HistoryPoint, Material

TITLES = {
    "crashed": "crashed",
    "worse": "worse",
    "baseline": "below the baseline",
    "threshold": "out of bounds",
    "missing": "not measured",
    "slower": "slower",
    "stale": "a new baseline is needed",
}
"""Kind of a failure -> in words; the gravest first, which is the order in which they are told."""

NIGHTS = 30
"""Runs of the history that are shown."""

MOST_NAMES = 4
"""Figures of a kind of failure that the first sentence names; the list below it names all."""


@dataclass(frozen=True, slots=True)
class Reason:
    """All failures of one kind: its words, with how many there are, and each of them."""

    title: str
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """`sentence` ends with a full stop. `beside`: what else is worth a line at the top, each a sentence."""

    state: Literal["passed", "failed", "not judged"]
    sentence: str
    reasons: tuple[Reason, ...]
    beside: tuple[str, ...]


def headline(material: Material) -> Headline:
    """Of a run: the sentence, the reasons, and how it stands to the baseline and the nights before."""
    return Headline(
        state=_state(material),
        sentence=_sentence(material),
        reasons=_reasons(material.failures),
        beside=tuple(filter(None, (_changes(material), _inputs(material), _streak(material)))),
    )


def nights(material: Material) -> tuple[HistoryPoint, ...]:
    """The last runs before this one, oldest first."""
    return material.earlier[-NIGHTS:]


def when(started: str) -> str:
    """An ISO date and time as people write it: "25 November 2025, 02:14 UTC". What is no date stays as it is."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or ''}".rstrip()


def lasted(seconds: float) -> str:
    """ "42 s", "14 min 3 s", "2 h 5 min"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 case", "3 cases"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def _state(material: Material) -> Literal["passed", "failed", "not judged"]:
    if material.comparison is None:
        return "not judged"
    return "failed" if material.failures else "passed"


def _sentence(material: Material) -> str:
    if material.comparison is None:
        return "Not judged: this run was compared with nothing."
    if not material.failures:
        held = "every threshold holds" if material.at_least or material.at_most else "no threshold applies"
        if material.baseline is None:
            return f"Passed: {held}; there is no baseline to compare with."
        return f"Passed: {held}, and nothing got worse than the baseline beyond chance."
    return f"Failed: {'; '.join(map(_named, _reasons(material.failures)))}."


def _reasons(failures: Sequence[Failure]) -> tuple[Reason, ...]:
    kinds = dict.fromkeys([*TITLES, *(failure.kind for failure in failures)])
    groups = {kind: tuple(failure for failure in failures if failure.kind == kind) for kind in kinds}
    return tuple(Reason(TITLES.get(kind, kind), group) for kind, group in groups.items() if group)


def _named(reason: Reason) -> str:
    """ "3 cases worse", "facts and exact below the baseline": cases are counted, figures named."""
    if reason.title == TITLES["stale"]:
        return reason.title
    cases = [failure for failure in reason.failures if failure.cases == (failure.name,)]
    names = list(dict.fromkeys(failure.name for failure in reason.failures if failure not in cases))
    rest = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    *told, last = [*([plural(len(cases), "case")] if cases else []), *names[:MOST_NAMES], *rest]
    return f"{', '.join(told)}{' and ' if told else ''}{last} {reason.title}"


def _changes(material: Material) -> str:
    if material.comparison is None or material.baseline is None:
        return ""
    found = Counter(change.verdict for change in material.comparison.changes)
    asked = f"{plural(len(material.run.questions), 'question')} and {plural(len(material.run.claims), 'claim')}"
    if not found:
        return f"All {asked} came out as in the baseline."
    told = ", ".join(f"{found[verdict]} {word}" for verdict, word in _VERDICTS.items() if found[verdict])
    return f"Of {asked}: {told}."


_VERDICTS = {"worse": "got worse", "better": "got better", "changed": "changed otherwise"}


def _inputs(material: Material) -> str:
    """Which inputs are others than the baseline's: most often what explains a change."""
    if material.baseline is None:
        return ""
    changed = differing(material.run, material.baseline)
    return f"Changed since the baseline: {', '.join(changed)}." if changed else ""


def differing(run: Run, baseline: Run) -> tuple[str, ...]:
    """Names of what was hashed, of the versions and of the settings that differ, sorted within each."""
    now, before = run.environment, baseline.environment
    pairs = (
        (now.hashes, before.hashes, ""),
        (now.versions, before.versions, " (version)"),
        (now.settings, before.settings, " (setting)"),
    )
    return tuple(
        f"{name}{kind}" for new, old, kind in pairs for name in sorted({*new, *old}) if new.get(name) != old.get(name)
    )


def _streak(material: Material) -> str:
    """How long it has been like this."""
    if material.comparison is None or not material.earlier:
        return ""
    passed = not material.failures
    same = 0
    for point in reversed(material.earlier):
        if point.passed != passed:
            break
        same += 1
    before = material.earlier[len(material.earlier) - same :]
    if passed:
        return f"It also passed the {plural(same, 'run')} before." if same else "The run before had failed."
    return (
        f"It has failed {same + 1} times in a row, since {when(before[0].started)}."
        if same
        else "The run before had passed."
    )
