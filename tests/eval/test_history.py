from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from made_records import run

from eval.figures import figures
from eval.history import append, point, read


def test_a_run_is_kept_with_the_values_of_its_figures(tmp_path: Path) -> None:
    new = point(run(), figures(run()), passed=True)
    append(tmp_path / "deep" / "history.jsonl", new)
    (kept,) = read(tmp_path / "deep" / "history.jsonl")
    assert kept == new
    assert kept.figures["test"]["facts"] == 1.0
    assert kept.passed


def test_no_file_is_no_history(tmp_path: Path) -> None:
    assert read(tmp_path / "none.jsonl") == ()


def test_runs_are_kept_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    for night in range(3):
        append(path, point(run(started=f"2026-11-2{night}T02:00:00+00:00"), {}, passed=bool(night)))
    assert [kept.started[:10] for kept in read(path)] == ["2026-11-20", "2026-11-21", "2026-11-22"]


def test_a_line_that_a_kill_cut_off_loses_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    append(path, point(run(), {}, passed=True))
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole + whole[:cut])
        append(path, point(run(commit="1" * 40), {}, passed=False))
        kept = [kept.commit[0] for kept in read(path)]
        assert kept in (["0", "1"], ["0", "0", "1"])  # a line that lacks only its end is whole


def test_a_writer_that_is_killed_leaves_a_history_that_can_be_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    append(path, point(run(), {}, passed=True))
    code = (
        "import sys; sys.path[:0] = ['tests/eval']; from pathlib import Path; from made_records import run; "
        "from eval.history import append, point\n"
        f"while True: append(Path({str(path)!r}), point(run(), {{}}, True))"
    )
    writer = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    try:
        while path.stat().st_size < 20_000:
            assert writer.poll() is None
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    before = len(read(path))
    append(path, point(run(commit="1" * 40), {}, passed=False))
    kept = read(path)
    assert len(kept) == before + 1
    assert kept[-1].commit[0] == "1"
