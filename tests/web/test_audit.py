"""The audit: who asked when, never a line lost, nothing typed unless switched on, and never in anybody's way."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_accounts import PASSWORD, Service, sign_in, write_accounts

from ketarag.config import Settings
from ketarag.errors import SettingsError
from ketarag.web.audit import AuditLog

SRC = Path(__file__).parents[2] / "src"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Clock:
    """A time that passes when told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log" / "audit.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def ask(audit: AuditLog, who: str = "user:anna") -> None:
    audit.record(
        who,
        "/v1/ask",
        "asked",
        fingerprint="f00d",
        abstained=False,
        seconds=0.12345,
        question="Which dose?",
        answer="500",
    )


def test_a_line_says_who_when_and_what_came_of_it(path: Path) -> None:
    ask(AuditLog(path, 90, clock=Clock()))
    assert lines(path) == [
        {
            "time": "2026-11-25T12:00:00.000Z",
            "who": "user:anna",
            "route": "/v1/ask",
            "event": "asked",
            "fingerprint": "f00d",
            "abstained": False,
            "seconds": 0.123,
        }
    ]


def test_what_was_typed_is_kept_only_when_that_is_switched_on(path: Path) -> None:
    ask(AuditLog(path, 90))
    assert "dose" not in path.read_text()
    ask(AuditLog(path, 90, text=True))
    last = lines(path)[-1]
    assert (last["question"], last["answer"]) == ("Which dose?", "500")


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        ask(AuditLog(path, 90))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@given(st.text(), st.text())
def test_no_text_makes_a_second_line(tmp_path_factory: pytest.TempPathFactory, who: str, question: str) -> None:
    path = tmp_path_factory.mktemp("audit") / "audit.jsonl"
    AuditLog(path, 90, text=True).record(who, "/v1/ask", "asked", question=question)
    (line,) = path.read_bytes().splitlines()
    assert line.isascii()
    assert json.loads(line)["question"] == question


def test_a_new_day_begins_a_new_file(path: Path) -> None:
    clock = Clock()
    audit = AuditLog(path, 90, clock=clock)
    ask(audit, "one")
    clock.now = datetime(2026, 11, 25, 23, 59, 59, 999_999, tzinfo=UTC)
    ask(audit, "two")
    clock.now = datetime(2026, 11, 26, tzinfo=UTC)
    ask(audit, "three")
    clock.now = datetime(2026, 11, 30, tzinfo=UTC)
    ask(audit, "four")
    assert [line["who"] for line in lines(path.with_name("audit-2026-11-25.jsonl"))] == ["one", "two"]
    assert [line["who"] for line in lines(path.with_name("audit-2026-11-26.jsonl"))] == ["three"]
    assert [line["who"] for line in lines(path)] == ["four"]
    assert stat.S_IMODE(path.with_name("audit-2026-11-25.jsonl").stat().st_mode) == 0o600


def test_a_restart_goes_on_or_turns_over(path: Path) -> None:
    ask(AuditLog(path, 90, clock=Clock()), "one")
    ask(AuditLog(path, 90, clock=Clock()), "two")
    assert [line["who"] for line in lines(path)] == ["one", "two"]
    AuditLog(path, 90, clock=Clock(NOON + timedelta(days=1)))
    assert path.read_text() == ""
    assert len(lines(path.with_name("audit-2026-11-25.jsonl"))) == 2


@given(st.lists(st.integers(-30, 40), max_size=30))
def test_whatever_the_clock_does_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, hours: list[int]) -> None:
    path = tmp_path_factory.mktemp("audit") / "audit.jsonl"
    clock = Clock()
    audit = AuditLog(path, 10_000, clock=clock)
    for number, step in enumerate(hours):
        clock.now += timedelta(hours=step)
        ask(audit, str(number))
    found = [line["who"] for file in path.parent.iterdir() for line in lines(file)]
    assert sorted(found, key=int) == [str(number) for number in range(len(hours))]
    assert audit.lost == 0


def test_a_day_that_comes_twice_gets_a_file_of_its_own(path: Path) -> None:
    clock = Clock()
    audit = AuditLog(path, 90, clock=clock)
    for days in (0, 1, -1, 1, 0, 1):
        clock.now += timedelta(days=days)
        ask(audit)
    found = {file.name: len(lines(file)) for file in path.parent.iterdir()}
    assert sum(found.values()) == 6
    assert {"audit.jsonl", "audit-2026-11-25.jsonl", "audit-2026-11-26.jsonl"} <= set(found)


def test_a_clock_set_back_turns_nothing_over(path: Path) -> None:
    clock = Clock()
    audit = AuditLog(path, 90, clock=clock)
    ask(audit, "one")
    clock.now -= timedelta(days=1)
    ask(audit, "two")
    assert [line["who"] for line in lines(path)] == ["one", "two"]
    assert [file.name for file in path.parent.iterdir()] == ["audit.jsonl"]


def test_a_line_waits_for_who_is_writing(path: Path) -> None:
    audit = AuditLog(path, 90)
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        writing = threading.Thread(target=ask, args=(audit,))
        writing.start()
        writing.join(0.2)
        assert writing.is_alive()
        assert lines(path) == []
    writing.join()
    assert len(lines(path)) == 1


def test_threads_and_processes_lose_no_line_while_files_turn_over(path: Path) -> None:
    """Each writer lives through ten days at its own pace."""
    write = (
        "import sys; from datetime import datetime, timedelta, UTC; from pathlib import Path\n"
        "from ketarag.web.audit import AuditLog\n"
        "now = [datetime(2026, 11, 25, tzinfo=UTC)]\n"
        "audit = AuditLog(Path(sys.argv[1]), 10_000, clock=lambda: now[0])\n"
        "for i in range(200): now[0] += timedelta(hours=1.2); audit.record(sys.argv[2] + str(i), '/', 'asked')\n"
        "assert audit.lost == 0"
    )
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    running = [subprocess.Popen([sys.executable, "-c", write, str(path), who], env=environment) for who in ("a", "b")]
    clock = Clock()
    audit = AuditLog(path, 10_000, clock=clock)

    def run(who: str) -> None:
        for number in range(200):
            clock.now += timedelta(minutes=20)
            ask(audit, f"{who}{number}")

    threads = [threading.Thread(target=run, args=(who,)) for who in ("c", "d", "e")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.wait() for one in running] == [0, 0]
    found = [line["who"] for file in path.parent.iterdir() for line in lines(file)]
    assert len(found) == len(set(found)) == 1000


def test_what_is_older_than_the_retention_is_deleted_and_nothing_else(path: Path) -> None:
    path.parent.mkdir()
    kept = [
        "audit-2026-11-15.jsonl",
        "audit-2026-11-24.2.jsonl",
        "audit-2026-13-99.jsonl",
        "audit-old.jsonl",
        "other-2020-01-01.jsonl",
        "audit-2020-01-01.jsonl.gz",
        "xaudit-2020-01-01.jsonl",
    ]
    gone = ["audit-2026-11-14.jsonl", "audit-2026-11-14.3.jsonl", "audit-2020-01-01.jsonl"]
    for name in kept + gone:
        path.with_name(name).write_text("{}\n")
    AuditLog(path, 10, clock=Clock())
    assert {file.name for file in path.parent.iterdir()} == {*kept, "audit.jsonl"}


def test_retention_is_applied_each_day_also_when_nobody_asks(path: Path) -> None:
    clock = Clock()
    audit = AuditLog(path, 2, clock=clock)
    ask(audit)
    for _ in range(3):
        clock.now += timedelta(days=1)
        audit.tidy()
    assert [file.name for file in path.parent.iterdir()] == ["audit.jsonl"]
    assert path.read_text() == ""


def test_a_half_line_of_a_crash_stays_by_itself(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"time": "2026-11-25T11:00:00.000Z", "who": "us')
    ask(AuditLog(path, 90, clock=Clock()))
    torn, whole = path.read_text().splitlines()
    assert torn.endswith('"us')
    assert json.loads(whole)["who"] == "user:anna"


def test_a_file_that_is_not_ours_is_turned_over_by_its_age(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("something else\n")
    os.utime(path, (0, 0))
    ask(AuditLog(path, 10_000_000 // 365, clock=Clock()))
    assert path.with_name("audit-1970-01-01.jsonl").read_text() == "something else\n"
    assert len(lines(path)) == 1


def test_a_full_disk_stops_nobody_and_is_said_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    audit = AuditLog(path, 90, clock=Clock())
    ask(audit, "before")
    real, full = os.write, True

    def write(file: int, data: bytes) -> int:
        """As a disk that fills up in the middle of a line."""
        if not full:
            return real(file, data)
        if data.startswith(b"{"):
            return real(file, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            ask(audit, "lost")
        assert audit.lost == 3
        assert len(caplog.records) == 1
        assert "No space left" in caplog.text
        full = False
        ask(audit, "after")
        ask(audit, "after")
    assert [line["who"] for line in lines(path)] == ["before", "after", "after"]
    assert len(caplog.records) == 2
    assert "3 lines were lost" in caplog.text
    assert "dose" not in caplog.text


def test_a_folder_that_goes_away_stops_nobody(path: Path) -> None:
    clock = Clock()
    audit = AuditLog(path, 90, clock=clock)
    path.unlink()
    path.parent.rmdir()
    ask(audit)
    clock.now += timedelta(days=1)
    audit.tidy()
    assert audit.lost == 1
    path.parent.mkdir()
    ask(audit)
    assert len(lines(path)) == 1


def test_a_file_taken_away_by_another_program_begins_anew(path: Path) -> None:
    audit = AuditLog(path, 90)
    ask(audit, "one")
    path.rename(path.with_suffix(".taken"))
    ask(audit, "two")
    assert [line["who"] for line in lines(path)] == ["two"]


@pytest.mark.parametrize("where", ["file/audit.jsonl", "."])
def test_a_file_that_cannot_be_written_is_an_error_at_the_start(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"audit cannot be written.*KETARAG_AUDIT_FILE"):
        AuditLog(tmp_path / where, 90)


async def test_signing_in_and_out_is_recorded_without_what_was_typed(path: Path, tmp_path: Path) -> None:
    audit = AuditLog(path, 90)
    service = Service(Settings(users_file=write_accounts(tmp_path / "users.jsonl")), audit=audit)
    async with service.browser() as browser:
        await sign_in(browser, "my password by mistake", "x")
        await sign_in(browser, "ANNA", "wrong")
        await sign_in(browser)
        await browser.post("/logout", headers={"origin": "http://127.0.0.1"})
    service.app._login._recorder.shutdown()
    assert [(line["who"], line["route"], line["event"]) for line in lines(path)] == [
        ("unknown", "/login", "sign-in refused"),
        ("user:anna", "/login", "sign-in refused"),
        ("user:anna", "/login", "signed in"),
        ("user:anna", "/login", "signed out"),
    ]
    assert "mistake" not in path.read_text()
    assert PASSWORD not in path.read_text()


async def test_a_request_of_a_new_day_tidies(path: Path) -> None:
    clock = Clock()
    audit = AuditLog(path, 1, clock=clock)
    ask(audit)
    service = Service(Settings(), audit=audit)
    clock.now += timedelta(days=5)
    await service.get("/healthz")
    assert path.read_text() == ""
    assert not list(path.parent.glob(f"audit-{date(2026, 11, 25)}*"))
