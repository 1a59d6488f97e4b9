"""One evaluation from end to end: cases -> run -> figures -> gate -> report, run file and history."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from eval import baseline, environment, history
from eval.cases import CaseError, ClaimCase, QuestionCase, load_claims, load_questions
from eval.figures import Figures, figures
from eval.gate import Thresholds, compare, compare_cases
from eval.judge import chat_model, judge_run
from eval.record import Comparison, Environment, Run, write_run
from eval.report import Material, html, markdown
from eval.runner import milliseconds, run_claims, run_questions
from ketarag import Assistant

T = TypeVar("T")
FULL = ("dev", "test")
"""`blind` is run by hand when a version is done: what is looked at every night is soon tuned on."""
_SMOKE_SHARE = 10  # one case in so many
_TRIES = 4  # when a case is timed again
_WARM_UP = 3  # questions asked before the first that counts: models and caches


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be run: a suite, or some splits of it, some categories, some cases. Empty means all."""

    suite: str
    splits: tuple[str, ...] = ()
    categories: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """ "full" only where nothing is left out."""
        return "part" if self.splits or self.categories or self.cases else self.suite

    def questions(self) -> list[tuple[str, QuestionCase]]:
        """(split, case). Raises CaseError, also for a case that is not there."""
        found = [(split, case) for split in self._splits() for case in load_questions(split) if self._wants(case.id)]
        return [(s, c) for s, c in found if not self.categories or c.category in self.categories]

    def claims(self) -> list[tuple[str, ClaimCase]]:
        """(split, case); none where categories are asked for, which are of questions. Raises CaseError."""
        if self.categories:
            return []
        return [(split, case) for split in self._splits() for case in load_claims(split) if self._wants(case.id)]

    def _splits(self) -> Sequence[str]:
        return self.splits or (("test",) if self.suite == "smoke" else FULL)

    def _wants(self, name: str) -> bool:
        if self.cases:
            return name in self.cases
        return self.suite != "smoke" or int(hashlib.sha256(name.encode()).hexdigest(), 16) % _SMOKE_SHARE == 0


def night(selection: Selection, out: Path, judge: str | None = None) -> bool:
    """Whether it passes. Raises CaseError, BaselineError, KetaRAGError, OSError.

    Writes `report.html`, `summary.md` and `run.json` to `out`; a full run appends to `history.jsonl` there.
    """
    questions, claims = selection.questions(), selection.claims()
    if not questions and not claims:
        raise CaseError(f"no case fits {selection}; see eval/cases/ for ids and categories")
    thresholds, before = Thresholds.read(), baseline.read()
    judging = chat_model(judge) if judge else None  # a name that gives no model is known before an hour has passed
    assistant = Assistant.load(progress=_say, llm="")  # what gates is extractive, whatever the environment asks for
    run = _record(selection, assistant, questions, claims)
    write_run(out / "run.json", run)
    found = figures(run)
    comparison = _judged(selection, assistant, questions, run, found, before, thresholds)
    passed = not comparison.failures
    full = selection.name == "full"
    if full:
        history.append(out / history.FILE, history.point(run, found, passed))
    material = Material(
        run=run,
        figures=found,
        baseline=before,
        baseline_figures=figures(baseline.shared(before, run)) if before else {},
        comparison=comparison,
        history=history.read(out / history.FILE) if full else (),
        documents={document.id: document.text for document in assistant.documents},
        at_least=thresholds.at_least if full else {},
        at_most=thresholds.at_most if full else {},
    )
    (out / "report.html").write_text(html(material), encoding="utf-8")
    summary = markdown(material)
    if judging:
        summary += f"\n{judge_run(run, judging).as_markdown()}"
    (out / "summary.md").write_text(summary, encoding="utf-8")
    print(summary)
    print(f"Report: {out / 'report.html'}")
    return passed


def _record(
    selection: Selection,
    assistant: Assistant,
    questions: Sequence[tuple[str, QuestionCase]],
    claims: Sequence[tuple[str, ClaimCase]],
) -> Run:
    started, clock = datetime.now(UTC), time.perf_counter()
    for _, case in questions[:_WARM_UP]:
        milliseconds(assistant, case, 1)
    unit = environment.speed_unit_ms()
    asked = tuple(_progress(run_questions(assistant, questions), len(questions), "questions"))
    unit = min(unit, environment.speed_unit_ms())
    judged = tuple(_progress(run_claims(assistant, claims), len(claims), "claims"))
    return Run(
        environment=Environment.model_validate(
            {
                **environment.as_table(assistant),
                "suite": selection.name,
                "started": started.isoformat(timespec="seconds"),
                "duration_s": round(time.perf_counter() - clock, 1),
                "speed_unit_ms": unit,
                "peak_memory_mb": environment.peak_memory_mb(),
            }
        ),
        questions=asked,
        claims=judged,
    )


def _judged(
    selection: Selection,
    assistant: Assistant,
    questions: Sequence[tuple[str, QuestionCase]],
    run: Run,
    found: Figures,
    before: Run | None,
    thresholds: Thresholds,
) -> Comparison:
    if selection.name != "full":
        return compare_cases(run, before)
    by_id = {case.id: case for _, case in questions}

    def retime(names: Sequence[str]) -> Mapping[str, float]:
        _say(f"Timing {len(names)} questions again")
        return {name: milliseconds(assistant, by_id[name], _TRIES) for name in names}

    return compare(run, found, before, thresholds, retime)


def _progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """A bar on a terminal, else a line every 50 items."""
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=what, file=sys.stderr)
        return
    for at, item in enumerate(items, start=1):
        yield item
        if at % 50 == 0 or at == total:
            _say(f"{what}: {at}/{total}")


def _say(line: str) -> None:
    print(line, file=sys.stderr)
