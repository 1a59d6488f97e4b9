"""The frozen baseline: a full run that someone accepted, and why. It is part of the repository."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from eval.record import Run, read_run, write_run

FOLDER = Path(__file__).with_name("baseline")
RUN, REASONS = "run.json", "reasons.jsonl"


class BaselineError(Exception):
    """A baseline or a run that cannot be read or accepted; the message says why and what to do."""


def read(folder: Path = FOLDER) -> Run | None:
    """The accepted run; None where none was ever accepted. Raises BaselineError."""
    path = folder / RUN
    return load(path) if path.exists() else None


def load(path: Path) -> Run:
    """A run from a file. Raises BaselineError, naming the file, when it is not one."""
    try:
        return read_run(path)
    except (OSError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise BaselineError(f"{path}: is no run of this evaluation ({first}); run `python -m eval` again") from error


def accept(run: Run, reason: str, folder: Path = FOLDER) -> None:
    """Puts the run in the baseline's place and notes the reason. Raises BaselineError for a blank reason or a partial run."""
    if not reason.strip():
        raise BaselineError("a baseline needs a reason: what got better, and why what got worse may; --reason TEXT")
    if run.environment.suite != "full":
        raise BaselineError(f"this run is of suite {run.environment.suite!r}; only a full one can be the baseline")
    write_run(folder / RUN, run)
    line = {
        "accepted": datetime.now(UTC).date().isoformat(),
        "commit": run.environment.commit,
        "dirty": run.environment.dirty,
        "digest": run.digest,
        "reason": reason.strip(),
    }
    with (folder / REASONS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def shared(before: Run, run: Run) -> Run:
    """Of a baseline, the records of the cases that `run` ran: what its counts, figures and times can be compared with."""
    asked, judged = {record.id for record in run.questions}, {record.id for record in run.claims}
    return Run(
        environment=before.environment,
        questions=tuple(record for record in before.questions if record.id in asked),
        claims=tuple(record for record in before.claims if record.id in judged),
    )
