"""Who asked when: a file of JSON lines that is only ever appended to, off unless the operator names it.

A line has `time`, `who`, `route`, `event`, `fingerprint`, `abstained` and `seconds`; the question and the answer only where the
operator switched that on too. At the first line of a new day (UTC) the file is renamed, `audit.jsonl` to
`audit-2026-11-25.jsonl`, and what is older than the retention is deleted. Writers, also of other processes, wait for each
other, so that no line goes between two files or into half of another. A file that cannot be written stops nobody from
being answered: the lines are counted and the log says so, once. Not here: what the page and the routes record.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from ketarag.errors import SettingsError
from ketarag.web.appending import append_all, ends_whole

logger = logging.getLogger(__name__)

_BEGINS = re.compile(rb'\{"time": "(\d{4}-\d\d-\d\d)T')


def _now() -> datetime:
    return datetime.now(UTC)


class AuditLog:
    """Records to one file. Safe to share between threads and processes."""

    def __init__(self, path: Path, days: int, text: bool = False, clock: Callable[[], datetime] = _now) -> None:
        """`days` that a rotated file is kept; `text`: questions and answers are recorded too; `clock` gives UTC.

        Raises SettingsError when the file cannot be written, so that a service that must record does not start unheard.
        """
        self._path = path.resolve()
        self._days = days
        self._text = text
        self._clock = clock
        self._lock = threading.Lock()
        self._tidied: date | None = None
        self._rotated = re.compile(rf"{re.escape(path.stem)}-(\d{{4}}-\d\d-\d\d)(?:\.\d+)?{re.escape(path.suffix)}")
        self._failing = False
        self.lost = 0
        """Lines that could not be written since the start."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(b"", self._clock())
        except OSError as error:
            raise SettingsError(
                f"{path}: the audit cannot be written: {error.strerror}; set KETARAG_AUDIT_FILE to a file that the service may write"
            ) from error
        self.tidy()

    def record(
        self,
        who: str,
        route: str,
        event: str,
        *,
        fingerprint: str | None = None,
        abstained: bool | None = None,
        seconds: float | None = None,
        question: str | None = None,
        answer: str | None = None,
    ) -> None:
        """Append one line; never raises for what the disk does.

        `who` as `str(Principal)`, `event` in one or two words ("asked", "signed in"), `seconds` that it took. `question` and
        `answer` are dropped unless text is recorded.
        """
        self.tidy()
        now = self._clock()
        line: dict[str, object] = {
            "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "who": who,
            "route": route,
            "event": event,
            "fingerprint": fingerprint,
            "abstained": abstained,
            "seconds": None if seconds is None else round(seconds, 3),
        }
        if self._text:
            line |= {"question": question, "answer": answer}
        try:
            self._write(f"{json.dumps(line)}\n".encode(), now)
        except OSError as error:
            self._fail(error)
        else:
            self._recover()

    def tidy(self) -> None:
        """Turn over and delete what is older than the retention, once a day however often it is called.

        `record` does it too; a service that nobody asks for weeks needs somebody else to.
        """
        now = self._clock()
        if self._tidied == now.date():
            return
        self._tidied = now.date()
        try:
            self._write(b"", now)
            self._delete_old(now.date())
        except OSError as error:
            logger.error("%s: what is older than %d days is kept: %s", self._path, self._days, error.strerror)

    def _write(self, line: bytes, now: datetime) -> None:
        """Append `line`, turning over to a new file first when the day is another."""
        with self._lock, self._opened(now.date()) as file:
            torn = line and not ends_whole(file)
            append_all(file, b"\n" + line if torn else line)  # what a crash left half of stays, by itself

    @contextmanager
    def _opened(self, today: date) -> Iterator[int]:
        """Today's file, which nobody else writes or renames until it is closed."""
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not self._is_current(os.fstat(file)):
                    continue
                day = _day(file)
                if day is not None and day < today:
                    self._path.rename(self._free_name(day))
                    continue
                yield file
                return
            finally:
                os.close(file)

    def _is_current(self, seen: os.stat_result) -> bool:
        """Whether the file that was opened still has its name: another process may have turned it over meanwhile."""
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False
        return (now.st_ino, now.st_dev) == (seen.st_ino, seen.st_dev)

    def _free_name(self, day: date) -> Path:
        """The name of a day's file; with a number where there is one already, after the clock was set back."""
        number, name = 1, self._path.with_name(f"{self._path.stem}-{day}{self._path.suffix}")
        while name.exists():
            number += 1
            name = self._path.with_name(f"{self._path.stem}-{day}.{number}{self._path.suffix}")
        return name

    def _delete_old(self, today: date) -> None:
        """Delete the files of days that are more than `days` ago; nothing whose name is not ours."""
        for path in self._path.parent.iterdir():
            named = self._rotated.fullmatch(path.name)
            day = _date(named[1]) if named else None
            if day is not None and (today - day).days > self._days:
                path.unlink(missing_ok=True)

    def _fail(self, error: OSError) -> None:
        with self._lock:
            self.lost += 1
            first, self._failing = not self._failing, True
        if first:
            logger.error("%s: the audit cannot be written: %s; answers go on unrecorded", self._path, error.strerror)

    def _recover(self) -> None:
        with self._lock:
            recovered, self._failing = self._failing, False
        if recovered:
            logger.error("%s: the audit is written again; %d lines were lost since the start", self._path, self.lost)


def _day(file: int) -> date | None:
    """The day of a file's first line; of its last change where that cannot be read; None where it is empty."""
    begins = _BEGINS.match(os.pread(file, 64, 0))
    seen = os.fstat(file)
    if not seen.st_size:
        return None
    return (_date(begins[1].decode()) if begins else None) or datetime.fromtimestamp(seen.st_mtime, UTC).date()


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
