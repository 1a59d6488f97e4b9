"""The night: the workflows, the systemd units, the cron line, and the scripts that they run, really run with a fake evaluation."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
NIGHTLY = ROOT / "eval" / "nightly"
WORKFLOWS = ROOT / ".github" / "workflows"
EVALUATION = """#!/usr/bin/env bash
# Takes the place of .venv/bin/python: writes what `python -m eval --out FOLDER` writes, and exits as the test wants.
set -eu
printf '%s\\n' "$*" >> "$PWD/calls"
out=${@: -1}
code=$(cat "$PWD/wanted")
if [ "$code" = sleep ]; then touch "$PWD/started"; sleep 60; fi
if [ "$code" -lt 2 ]; then
    for name in report.html summary.md run.json; do echo "$name, exit $code" > "$out/$name"; done
    echo '{}' >> "$out/history.jsonl"
fi
git rev-parse HEAD > "$PWD/commit" 2>&1 || true
exit "$code"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the scripts in a place with spaces, with a fake evaluation that passes."""
    root = tmp_path / "the checkout"
    shutil.copytree(NIGHTLY, root / "eval" / "nightly")
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(EVALUATION)
    python.chmod(0o755)
    (root / "wanted").write_text("0")
    return root


def night(checkout: Path, *arguments: str | Path, code: int | None = None) -> subprocess.CompletedProcess[str]:
    """Runs run.sh from elsewhere, as cron and systemd do."""
    if code is not None:
        (checkout / "wanted").write_text(str(code))
    return subprocess.run(
        [checkout / "eval" / "nightly" / "run.sh", *(arguments or [checkout.parent / "the reports"])],
        capture_output=True,
        text=True,
        cwd="/",
        timeout=240,
    )


@pytest.fixture
def reports(checkout: Path) -> Path:
    return checkout.parent / "the reports"


def kept(reports: Path) -> list[Path]:
    return sorted((reports / "kept").iterdir())


def test_a_passing_night_leaves_its_report_its_history_and_a_kept_copy(checkout: Path, reports: Path) -> None:
    done = night(checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"ketarag-eval: passes; {reports}/report.html\n"
    assert (checkout / "calls").read_text() == f"-m eval --suite full --out {reports}\n"
    (copy,) = kept(reports)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z", copy.name)
    assert sorted(path.name for path in copy.iterdir()) == ["report.html", "run.json", "summary.md"]
    assert (copy / "report.html").read_text() == (reports / "report.html").read_text() == "report.html, exit 0\n"


@pytest.mark.parametrize("code", [0, 1, 2, 3, 137])
def test_the_exit_code_is_passed_on(checkout: Path, code: int) -> None:
    assert night(checkout, code=code).returncode == code


def test_a_worse_night_is_kept_and_says_where_to_read(checkout: Path, reports: Path) -> None:
    done = night(checkout, code=1)
    assert done.stderr == f"ketarag-eval: an answer or a figure got worse; {reports}/report.html\n"
    assert (kept(reports)[0] / "summary.md").read_text() == "summary.md, exit 1\n"


def test_a_night_that_could_not_be_run_leaves_no_report_of_the_night_before_and_loses_no_history(
    checkout: Path, reports: Path
) -> None:
    night(checkout)
    done = night(checkout, code=2)
    assert "could not be run (exit code 2)" in done.stderr
    assert not (reports / "report.html").exists()
    assert (reports / "history.jsonl").read_text() == "{}\n"
    assert [(night_kept / "report.html").read_text() for night_kept in kept(reports)] == ["report.html, exit 0\n"]


def test_the_history_grows_by_a_line_a_night(checkout: Path, reports: Path) -> None:
    for code in (0, 1, 0):
        night(checkout, code=code)
    assert (reports / "history.jsonl").read_text() == "{}\n" * 3
    assert len(kept(reports)) == 3


def test_the_last_30_reports_are_kept_and_nothing_else_is_touched(checkout: Path, reports: Path) -> None:
    for day in range(40):
        (reports / "kept" / f"2020-01-{day:02}T023700.000Z").mkdir(parents=True)
    (reports / "kept" / "the one about ketorolac").mkdir()
    night(checkout)
    names = [path.name for path in kept(reports)]
    assert names[:-2] == [f"2020-01-{day:02}T023700.000Z" for day in range(11, 40)]
    assert names[-2] > "2025"
    assert names[-1] == "the one about ketorolac"


def test_a_half_copied_night_of_a_killed_run_is_cleared(checkout: Path, reports: Path) -> None:
    (reports / "kept" / "part").mkdir(parents=True)
    (reports / "kept" / "part" / "of another night").write_text("{")
    night(checkout)
    (copy,) = kept(reports)
    assert sorted(path.name for path in copy.iterdir()) == ["report.html", "run.json", "summary.md"]


def test_a_second_run_does_not_start_while_the_first_one_runs_even_when_its_script_was_killed(
    checkout: Path, reports: Path
) -> None:
    (checkout / "wanted").write_text("sleep")
    first = subprocess.Popen([checkout / "eval" / "nightly" / "run.sh", reports], start_new_session=True)
    try:
        while not (checkout / "started").exists():
            time.sleep(0.05)
        (reports / "report.html").write_text("of the first run")
        for _ in range(2):
            done = night(checkout, code=0)
            assert (done.returncode, done.stderr) == (2, f"ketarag-eval: already running in {reports}\n")
            first.kill()
            first.wait()
        assert (reports / "report.html").read_text() == "of the first run"
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    subprocess.run(["flock", "--timeout", "60", reports / ".lock", "true"], check=True)  # until the killed are gone
    assert night(checkout, code=0).returncode == 0


def test_what_is_not_set_up_could_not_be_run_and_leaves_no_old_report(checkout: Path, reports: Path) -> None:
    night(checkout)
    (checkout / ".venv" / "bin" / "python").unlink()
    done = night(checkout)
    assert done.returncode == 2
    assert done.stderr.endswith(f"python is missing; run 'make eval ARGS=--help' in {checkout}, which installs it\n")
    assert not (reports / "report.html").exists()


def test_a_crash_of_python_is_no_worse_answer(checkout: Path, reports: Path) -> None:
    """Python exits with 1 when a package is missing."""
    python = checkout / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\necho ModuleNotFoundError >&2\nexit 1\n")
    done = night(checkout)
    assert (done.returncode, done.stderr) == (2, "ModuleNotFoundError\nketarag-eval: could not be run (exit code 2)\n")
    assert kept(reports) == []


@pytest.mark.parametrize("arguments", [("",), ("a", "b")], ids=["empty", "two"])
def test_a_wrong_argument_could_not_be_run(checkout: Path, arguments: tuple[str, ...]) -> None:
    assert night(checkout, *arguments).returncode == 2
    assert not (checkout / "calls").exists()


@pytest.mark.parametrize("blocked", ["folder", ".lock", "kept"])
def test_files_that_cannot_be_written_are_no_worse_answer(checkout: Path, reports: Path, blocked: str) -> None:
    """Most commands fail with 1, which would say that an answer got worse."""
    if blocked == "folder":
        reports.write_text("")
    else:
        reports.mkdir()
        (reports / ".lock").mkdir() if blocked == ".lock" else (reports / "kept").write_text("")
    assert night(checkout, code=0).returncode == 2


def test_git_tells_the_commit_of_a_checkout_of_another_user(checkout: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    git = ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "x"], check=True)
    for path in (checkout, checkout / ".git"):
        os.chown(path, 12345, 12345)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_CONFIG_")}
    assert subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, env=plain).returncode != 0
    night(checkout)
    assert re.fullmatch(r"[0-9a-f]{40}\n", (checkout / "commit").read_text())


# tell.sh: what OnFailure= starts


def tell(tmp_path: Path, mail: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    if mail is not None:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "mail").write_text(f"#!/bin/sh\n{mail}\n")
        (tmp_path / "bin" / "mail").chmod(0o755)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        [NIGHTLY / "tell.sh", "ketarag-eval.service", tmp_path],
        capture_output=True,
        text=True,
        env={"PATH": path, **environment},
        timeout=240,
    )


def test_a_worse_answer_is_told_with_the_summary(tmp_path: Path) -> None:
    (tmp_path / "summary.md").write_text("# facts 0.93 -> 0.90\n")
    done = tell(tmp_path, MONITOR_EXIT_STATUS="1")
    assert done.returncode == 0
    assert "an answer or a figure got worse. Log: journalctl -u ketarag-eval.service." in done.stdout
    assert done.stdout.endswith("\n\n# facts 0.93 -> 0.90\n")


def test_another_failure_is_told_as_what_it_is(tmp_path: Path) -> None:
    done = tell(tmp_path, MONITOR_EXIT_STATUS="TERM", MONITOR_SERVICE_RESULT="timeout")
    assert "the evaluation could not be run (timeout TERM)" in done.stdout


def test_it_is_mailed_where_an_address_is_set(tmp_path: Path) -> None:
    (tmp_path / "summary.md").write_text("the summary")
    done = tell(tmp_path, mail='{ echo "$@"; cat; } > "$0.sent"', MAILTO="oncall@example.org", MONITOR_EXIT_STATUS="1")
    sent = (tmp_path / "bin" / "mail.sent").read_text()
    assert done.returncode == 0
    assert re.match(r"-s KetaRAG on \S+: an answer or a figure got worse oncall@example\.org\n", sent)
    assert sent.endswith(done.stdout)


def test_a_mail_that_cannot_be_sent_is_logged(tmp_path: Path) -> None:
    done = tell(tmp_path, mail="cat > /dev/null; exit 75", MAILTO="oncall@example.org", MONITOR_EXIT_STATUS="1")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "No mail could be sent to oncall@example.org.")


# systemd and cron


def units(tmp_path: Path) -> list[Path]:
    """Copies that name the scripts of this checkout, for systemd looks whether they are there."""
    made = []
    for path in [*NIGHTLY.glob("*.service"), *NIGHTLY.glob("*.timer")]:
        copy = tmp_path / path.name.replace("@.", "@ketarag-eval.service.")
        copy.write_text(path.read_text().replace("/opt/ketarag/eval", str(ROOT / "eval")))
        made.append(copy)
    shutil.copy(
        tmp_path / "ketarag-eval-failed@ketarag-eval.service.service", tmp_path / "ketarag-eval-failed@.service"
    )
    return made


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    found = units(tmp_path)
    assert len(found) == 3
    done = subprocess.run(["systemd-analyze", "verify", *found], capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_service_is_closed_off(tmp_path: Path) -> None:
    units(tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", tmp_path / "ketarag-eval.service"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd cannot tell it of a file")
    assert done.returncode == 0, done.stdout


def setting(unit: str, name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", (NIGHTLY / unit).read_text(), re.MULTILINE)
    return value


@pytest.mark.parametrize("unit", ["ketarag-eval.service", "ketarag-eval-failed@.service"])
def test_the_units_start_scripts_that_are_there(unit: str) -> None:
    script = setting(unit, "ExecStart").split()[0].removeprefix("/opt/ketarag/")
    assert os.access(ROOT / script, os.X_OK)


def test_everything_writes_to_the_same_folder() -> None:
    folder = f"/var/lib/{setting('ketarag-eval.service', 'StateDirectory')}"
    assert setting("ketarag-eval.service", "ExecStart").endswith(f"run.sh {folder}")
    assert setting("ketarag-eval-failed@.service", "ExecStart").endswith(f" {folder}")
    assert folder in setting("ketarag-eval.service", "ReadWritePaths").split()
    assert f"run.sh {folder} " in cron_line()


def cron_line() -> str:
    (line,) = (
        line
        for line in (NIGHTLY / "ketarag-eval.cron").read_text().splitlines()
        if not line.startswith(("#", "MAILTO="))
    )
    return line


@pytest.mark.parametrize(("code", "said"), [(0, ""), (1, "got worse"), (2, "could not be run (exit code 2)")])
def test_the_cron_line_is_silent_unless_a_night_failed(checkout: Path, reports: Path, code: int, said: str) -> None:
    minute, hour, *_, command = cron_line().split(maxsplit=6)
    assert (minute.isdigit(), hour.isdigit(), "%" in command) == (True, True, False)  # cron takes % for a line's end
    command = command.replace("/opt/ketarag/eval/nightly/run.sh", shlex.quote(str(checkout / "eval/nightly/run.sh")))
    command = command.replace("/var/lib/ketarag-eval", shlex.quote(str(reports)))
    (checkout / "wanted").write_text(str(code))
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, cwd="/", timeout=240)
    assert done.stderr == ""
    assert (said in done.stdout) if said else done.stdout == ""


@pytest.mark.parametrize("script", sorted(NIGHTLY.glob("*.sh")), ids=lambda path: path.name)
def test_the_scripts_are_bash(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    assert "\nset -euo pipefail\n" in script.read_text()


# GitHub


def workflow(name: str) -> dict[Any, Any]:
    """`on` is a boolean in YAML 1.1, which PyYAML reads: the key True."""
    return yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def step(title: str) -> dict[str, Any]:
    (found,) = (one for one in steps("nightly.yml") if one.get("name") == title)
    return found


BOTH = pytest.mark.parametrize("name", ["nightly.yml", "ci.yml"])


@BOTH
def test_every_action_is_pinned_by_a_commit_with_its_release_beside_it(name: str) -> None:
    uses = re.findall(r"uses: (.*)", (WORKFLOWS / name).read_text())
    assert len(uses) == sum("uses" in one for one in steps(name)) > 0
    assert [line for line in uses if not re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


@BOTH
def test_every_job_ends_some_time_and_no_script_takes_text_that_others_write(name: str) -> None:
    assert all(job["timeout-minutes"] <= 120 for job in workflow(name)["jobs"].values())
    assert "concurrency" in workflow(name)
    assert [one["run"] for one in steps(name) if "${{" in one.get("run", "")] == []


@BOTH
def test_the_scripts_of_the_steps_are_bash(name: str) -> None:
    for one in steps(name):
        subprocess.run(["bash", "-n"], input=one.get("run", ""), text=True, check=True)


def test_it_runs_at_night_off_the_full_hour_and_by_hand() -> None:
    triggers = workflow("nightly.yml")[True]
    (schedule,) = triggers["schedule"]
    minute, hour, *rest = schedule["cron"].split()
    assert 0 < int(minute) < 60
    assert int(hour) in range(6)
    assert rest == ["*", "*", "*"]
    assert "workflow_dispatch" in triggers


def test_what_runs_the_code_cannot_write_and_what_writes_runs_no_code() -> None:
    made = workflow("nightly.yml")
    assert made["permissions"] == {}
    assert made["jobs"]["evaluate"]["permissions"] == {"contents": "read"}
    assert made["jobs"]["tell"]["permissions"] == {"issues": "write"}
    assert not any("checkout" in one.get("uses", "") for one in made["jobs"]["tell"]["steps"])
    assert workflow("ci.yml")["permissions"] == {"contents": "read"}


def test_the_evaluation_is_out_of_time_before_its_job_is() -> None:
    assert step("Evaluate")["timeout-minutes"] < workflow("nightly.yml")["jobs"]["evaluate"]["timeout-minutes"]


def test_after_a_failure_history_summary_and_report_are_kept_all_the_same() -> None:
    for title in ("Keep the history", "Keep the index", "Summary", "Upload the run", "Upload the report page"):
        assert "!cancelled()" in step(title)["if"]


def test_every_night_has_a_history_of_its_own_name_and_finds_the_last_one() -> None:
    found, saved = step("The history of earlier nights")["with"], step("Keep the history")["with"]
    assert "github.run_id" in found["key"]
    assert "github.run_attempt" in found["key"]
    assert found["key"].startswith(found["restore-keys"])
    assert (saved["path"], saved["key"]) == (found["path"], "${{ steps.history.outputs.cache-primary-key }}")
    assert found["path"] in step("Upload the run")["with"]["path"].splitlines()


def bash(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As GitHub runs a step."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        timeout=240,
    )


def test_make_is_asked_for_the_full_suite(tmp_path: Path) -> None:
    """The Makefile's own `eval`, with a fake python: a path with a space must arrive whole."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".venv" / ".installed").touch()
    (tmp_path / ".venv" / ".installed-eval").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\nfor one; do echo "[$one]"; done\nexit 1\n')
    python.chmod(0o755)
    done = bash(step("Evaluate")["run"], tmp_path, OUT="/some where/nightly")
    assert done.returncode != 0
    given = [line for line in done.stdout.splitlines() if line.startswith("[")]  # make inside make says where it is
    assert given[-6:] == [
        "[-m]",
        "[eval]",
        "[--suite]",
        "[full]",
        "[--out]",
        "[/some where/nightly]",
    ]


@pytest.mark.parametrize(
    ("summary", "shown"), [("# Passes\n", "# Passes\n"), (None, "The evaluation could not be run")]
)
def test_the_job_summary_is_the_run_s(tmp_path: Path, summary: str | None, shown: str) -> None:
    if summary:
        (tmp_path / "summary.md").write_text(summary)
    done = bash(step("Summary")["run"], tmp_path, OUT=str(tmp_path), GITHUB_STEP_SUMMARY=str(tmp_path / "page.md"))
    assert done.returncode == 0
    assert (tmp_path / "page.md").read_text().startswith(shown)


GH = """#!/usr/bin/env python3
import json, os, sys
arguments = sys.argv[1:]
body = open(arguments[arguments.index("--body-file") + 1]).read() if "--body-file" in arguments else ""
with open("calls.jsonl", "a") as calls:
    calls.write(json.dumps({"arguments": arguments, "body": body}) + "\\n")
if arguments[:2] == ["issue", "list"]:
    print(os.environ["OPEN"], end="")
"""


def issue(tmp_path: Path, summary: str | None, opened: str) -> list[dict[str, Any]]:
    """Runs the step that opens an issue; returns what `gh` was asked."""
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH)
    gh.chmod(0o755)
    if summary is not None:
        (tmp_path / "nightly").mkdir()
        (tmp_path / "nightly" / "summary.md").write_text(summary, encoding="utf-8")
    script = step("Open an issue, or comment on the open one")["run"]
    path = f"{gh.parent}:{os.environ['PATH']}"
    done = bash(script, tmp_path, PATH=path, OPEN=opened, GITHUB_SHA="abc", RUN_URL="https://example.org/runs/1")
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]


def test_a_failure_opens_an_issue_with_the_label_and_the_summary(tmp_path: Path) -> None:
    listed, label, created = issue(tmp_path, "# facts 0.93 -> 0.90 `$(reboot)`\n", opened="")
    assert listed["arguments"][:6] == ["issue", "list", "--label", "nightly", "--state", "open"]
    assert label["arguments"][:3] == ["label", "create", "nightly"]
    assert created["arguments"][:2] == ["issue", "create"]
    assert created["arguments"][created["arguments"].index("--label") + 1] == "nightly"
    assert created["body"].startswith(
        "The nightly evaluation failed at commit abc. Report and log: https://example.org/runs/1\n"
    )
    assert created["body"].endswith("\n\n# facts 0.93 -> 0.90 `$(reboot)`\n")


def test_the_next_failure_is_a_comment_on_it(tmp_path: Path) -> None:
    _, commented = issue(tmp_path, "# worse\n", opened="17\n")
    assert commented["arguments"] == ["issue", "comment", "17", "--body-file", "body.md"]
    assert commented["body"].endswith("# worse\n")


def test_a_night_without_a_summary_says_that_it_could_not_be_run(tmp_path: Path) -> None:
    assert "it could not be run" in issue(tmp_path, None, opened="")[-1]["body"]


def test_a_summary_longer_than_an_issue_is_cut_between_lines(tmp_path: Path) -> None:
    body = issue(tmp_path, "größer: 0.93 -> 0.90\n" * 10_000, opened="")[-1]["body"]
    assert 50_000 < len(body) < 65_536
    assert body.endswith("größer: 0.93 -> 0.90\n\n(cut: the rest is in the report)\n")


def test_ci_runs_what_everybody_runs() -> None:
    assert set(workflow("ci.yml")[True]) == {"push", "pull_request"}
    assert [one["run"] for one in steps("ci.yml") if "run" in one] == ["bash .ci/run"]
    assert (ROOT / ".ci" / "run").is_file()
