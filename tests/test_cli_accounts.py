"""`ketarag users` and `ketarag keys`, and `serve` that asks for them."""

from __future__ import annotations

import getpass
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ketarag.cli import main
from ketarag.web import passwords
from ketarag.web.accounts import read_accounts
from ketarag.web.api_keys import hash_key

PASSWORD = "correct horse battery"
SRC = Path(__file__).parents[1] / "src"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the commands use by default."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "ketarag" / "users.jsonl"


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says what comes in by a pipe."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


class Terminal(io.StringIO):
    """A stdin that is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says what is typed, question after question, without echo; the list of questions."""

    def types(*answers: str) -> list[str]:
        asked: list[str] = []
        left = list(answers)

        def ask(prompt: str) -> str:
            asked.append(prompt)
            if not left:
                raise EOFError
            return left.pop(0)

        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr(getpass, "getpass", ask)
        return asked

    return types


def test_a_user_is_added_from_a_pipe(path: Path, stdin: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stdin(f"{PASSWORD}\nsecond line\n")
    assert main(["users", "add", "anna"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"Added user anna to {path}. The service now asks everybody who they are.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert passwords.matches(read_accounts(path)["user", "anna"].hash, PASSWORD)
    assert PASSWORD not in path.read_text()


def test_a_password_from_windows_is_the_same(path: Path, stdin: Any) -> None:
    stdin(f"{PASSWORD}\r\n")
    main(["users", "add", "anna"])
    assert passwords.matches(read_accounts(path)["user", "anna"].hash, PASSWORD)


def test_on_a_terminal_it_is_asked_twice_and_never_shown(
    path: Path, typing: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = typing(PASSWORD, PASSWORD)
    assert main(["users", "add", "anna"]) == 0
    assert asked == ["Password for anna (at least 12 characters): ", "The same again: "]
    assert PASSWORD not in "".join(capsys.readouterr())
    assert passwords.matches(read_accounts(path)["user", "anna"].hash, PASSWORD)


@pytest.mark.parametrize(
    ("answers", "told", "questions"),
    [
        ((PASSWORD, PASSWORD + "x"), "the two passwords differ; nothing was changed", 2),
        (("short",), "the password has 5 characters; choose one of at least 12", 1),
        ((), "no password was typed; nothing was changed", 1),
        (("a" * 20,), "the password repeats itself; choose one with 5 different characters or more", 1),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(
    path: Path, typing: Any, capsys: pytest.CaptureFixture[str], answers: tuple[str, ...], told: str, questions: int
) -> None:
    asked = typing(*answers)
    assert main(["users", "add", "anna"]) == 2
    assert capsys.readouterr().err == f"ketarag: {told}\n"
    assert len(asked) == questions
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "\n", "short\n", "x" * 5000 + "\n"])
def test_neither_does_one_from_a_pipe(path: Path, stdin: Any, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    stdin(text)
    assert main(["users", "add", "anna"]) == 2
    assert capsys.readouterr().err.startswith("ketarag: the password has ")
    assert not path.exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "a\x1b[2Jb", "\u202egro"])
@pytest.mark.parametrize("kind", ["users", "keys"])
def test_a_name_that_will_not_do_is_said_before_a_password_is_asked(
    path: Path, typing: Any, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = typing(PASSWORD, PASSWORD)
    assert main([kind, "add", name]) == 2
    out, err = capsys.readouterr()
    assert (out, asked) == ("", [])
    assert err.startswith("ketarag: the name ")
    assert err.count("\n") == 1
    assert not set("\x1b\u202e") & set(err)
    assert not path.exists()


def test_a_name_that_is_taken_is_said_before_a_password_is_asked(
    path: Path, stdin: Any, typing: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(PASSWORD)
    main(["users", "add", "anna"])
    asked = typing(PASSWORD, PASSWORD)
    capsys.readouterr()
    assert main(["users", "add", "ANNA"]) == 2
    assert capsys.readouterr().err == (
        f"ketarag: {path}: there is already a user 'ANNA'; to change the password: ketarag users passwd ANNA\n"
    )
    assert asked == []


def test_a_password_is_changed(path: Path, stdin: Any, typing: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stdin(PASSWORD)
    main(["users", "add", "anna"])
    stdin("another good password")
    assert main(["users", "passwd", "Anna"]) == 0
    assert passwords.matches(read_accounts(path)["user", "anna"].hash, "another good password")
    asked = typing()
    capsys.readouterr()
    assert main(["users", "passwd", "berta"]) == 2
    assert capsys.readouterr().err == f"ketarag: {path}: there is no user 'berta'; see: ketarag users list\n"
    assert asked == []


def test_names_are_listed_and_nothing_else_of_them(path: Path, stdin: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["users", "list"]) == 0
    assert capsys.readouterr().out == ""
    for name in ("zoë", "anna"):
        stdin(PASSWORD)
        main(["users", "add", name])
    main(["keys", "add", "robot"])
    capsys.readouterr()
    assert main(["users", "list"]) == 0
    out = capsys.readouterr().out
    assert [line.partition("\tadded 20")[0] for line in out.splitlines()] == ["zoë", "anna"]
    assert "argon2" not in out
    main(["keys", "list"])
    assert capsys.readouterr().out.startswith("robot\tadded 20")


def test_a_key_is_shown_once_alone_on_stdout_and_only_its_hash_is_kept(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "add", "open-webui"]) == 0
    out, err = capsys.readouterr()
    key = out.removesuffix("\n")
    assert key.startswith("ketarag_")
    assert key not in err + path.read_text()
    assert json.loads(path.read_text())["hash"] == hash_key(key)
    assert "Authorization: Bearer KEY" in err
    main(["keys", "list"])
    assert key not in capsys.readouterr().out


def test_a_second_key_of_a_name_is_refused_and_none_is_shown(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["keys", "add", "robot"])
    before = path.read_text()
    capsys.readouterr()
    assert main(["keys", "add", "robot"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "there is already a key 'robot'" in err
    assert path.read_text() == before


def test_who_is_removed_is_gone(path: Path, stdin: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stdin(PASSWORD)
    main(["users", "add", "anna"])
    main(["keys", "add", "anna"])
    assert main(["users", "remove", "ANNA"]) == 0
    assert list(read_accounts(path)) == [("key", "anna")]
    assert main(["users", "remove", "anna"]) == 2
    assert main(["keys", "remove", "anna"]) == 0
    assert list(read_accounts(path)) == []


def test_another_file_can_be_named(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["keys", "add", "robot", "--users-file", str(tmp_path / "mine.jsonl")]) == 0
    monkeypatch.setenv("KETARAG_USERS_FILE", str(tmp_path / "theirs.jsonl"))
    assert main(["keys", "add", "robot"]) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"mine.jsonl", "theirs.jsonl"}
    assert not path.exists()


@pytest.mark.parametrize(
    "argv", [["users", "list"], ["users", "add", "berta"], ["users", "passwd", "anna"], ["keys", "add", "robot"]]
)
def test_a_damaged_file_is_one_clear_line_and_stays_as_it_is(
    path: Path, argv: list[str], stdin: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path.parent.mkdir()
    path.write_text('{"kind": "user", "name": "an')
    path.chmod(0o600)
    stdin(PASSWORD)
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ketarag: {path}, line 1: is not JSON; correct the line")
    assert err.count("\n") == 1
    assert path.read_text() == '{"kind": "user", "name": "an'


@pytest.mark.parametrize(
    "argv", [["users"], ["keys"], ["users", "add"], ["keys", "passwd", "x"], ["users", "list", "x"]]
)
def test_wrong_arguments_exit_2_with_one_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_serve_refuses_a_public_address_before_it_loads_anything(
    path: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(settings: Any, progress: Any) -> Any:
        pytest.fail("loaded")

    assert main(["serve", "--host", host], load=load) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"ketarag: {host} can be reached from other machines")
    assert "ketarag users add NAME" in err


def test_the_commands_load_nothing_heavy(path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    command = [sys.executable, "-X", "importtime", "-m", "ketarag.cli", "keys", "add", "robot"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    for name in ("torch", "gradio", "numpy", "fastapi", "starlette", "uvicorn", "transformers"):
        assert f"| {name}\n" not in done.stderr
    help_ = subprocess.run([*command[:-3], "--help"], capture_output=True, text=True, env=environment)
    assert "users" in help_.stdout
    assert "argon2\n" not in help_.stderr
