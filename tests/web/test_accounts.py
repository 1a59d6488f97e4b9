"""The file of users and keys: atomic, private, clear about damage, and noticed when it changes."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
import tempfile
import threading
import unicodedata
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from made_accounts import PASSWORD, cheap_hash, line, write_accounts

from ketarag.errors import SettingsError
from ketarag.web import accounts, passwords
from ketarag.web.accounts import (
    AccountsFile,
    add_account,
    change_hash,
    checked_name,
    read_accounts,
    remove_account,
    same_name,
)
from ketarag.web.api_keys import hash_key

SRC = Path(__file__).parents[2] / "src"
HASH = cheap_hash(PASSWORD)
NAMES = st.text(min_size=1, max_size=70).filter(lambda name: not {"\ud800"} & set(name))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ketarag" / "users.jsonl"


def names(path: Path) -> list[tuple[str, str]]:
    return [(account.kind, account.name) for account in read_accounts(path).values()]


def test_the_first_user_makes_the_file_for_its_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        add_account(path, "user", "anna", HASH)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert names(path) == [("user", "anna")]


def test_every_change_keeps_the_others_and_the_order(path: Path) -> None:
    for name in ("anna", "berta", "carla"):
        add_account(path, "user", name, HASH)
    add_account(path, "key", "anna", hash_key("x"))
    change_hash(path, "user", "BERTA", cheap_hash("another"))
    remove_account(path, "user", "anna")
    known = read_accounts(path)
    assert names(path) == [("user", "berta"), ("user", "carla"), ("key", "anna")]
    assert passwords.matches(known["user", "berta"].hash, "another")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["users.jsonl"]


def test_a_name_is_taken_in_any_spelling(path: Path) -> None:
    add_account(path, "user", "Zoë", HASH)
    for again in ("Zoë", "zoë", "ZOË", unicodedata.normalize("NFD", "Zoë"), "Ｚoë"):
        with pytest.raises(SettingsError, match="already a user"):
            add_account(path, "user", again, HASH)
    assert names(path) == [("user", "Zoë")]


def test_what_is_not_there_cannot_be_changed(path: Path) -> None:
    add_account(path, "user", "anna", HASH)
    before = path.read_bytes()
    with pytest.raises(SettingsError, match=r"no user 'berta'.*ketarag users list"):
        remove_account(path, "user", "berta")
    with pytest.raises(SettingsError, match=r"no key 'anna'.*ketarag keys list"):
        remove_account(path, "key", "anna")
    with pytest.raises(SettingsError, match="no user 'berta'"):
        change_hash(path, "user", "berta", HASH)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["anna", "Anna Berg", "anna.berg@hospital.example", "O'Brien", "李雷", "-", "_", "x" * 64, '"<b>&']
)
def test_names_that_will_do(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        " anna",
        "anna ",
        "x" * 65,
        "a\nb",
        "a\r\nset-cookie: x",
        "a\x00b",
        "a\x1b[2Jb",
        "\u202egro",
        "a\u200bb",
        "a\tb",
        "\udcff",
        "\u00a0",
    ],
)
def test_names_that_will_not(name: str) -> None:
    with pytest.raises(SettingsError, match="name"):
        checked_name(name)


@given(st.text(max_size=80))
def test_a_name_that_will_do_can_be_shown_and_stays(name: str) -> None:
    try:
        kept = checked_name(name)
    except SettingsError:
        return
    assert kept.isprintable()
    assert 1 <= len(kept) <= 64
    assert checked_name(kept) == kept
    assert same_name(kept) == same_name(name) == same_name(same_name(name))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "line 2: is not JSON"),
        ("[" * 100_000, "line 2: is not JSON"),
        ("[]", "line 2: must have just the fields"),
        ('"anna"', "line 2: must have just the fields"),
        ('{"kind": "user", "name": "b", "hash": "x"}', "line 2: must have just the fields"),
        (line("user", "b", HASH).replace("added", "when"), "line 2: must have just the fields"),
        (line("admin", "b", HASH), 'line 2: kind must be "user" or "key"'),
        (json.dumps({"kind": "user", "name": 7, "hash": HASH, "added": ""}), "line 2: kind must be"),
        (json.dumps({"kind": [], "name": "b", "hash": HASH, "added": ""}), "line 2: kind must be"),
        (line("user", "b", "secret password"), "line 2: the hash of user 'b' is damaged"),
        (line("user", "b", hash_key("x")), "line 2: the hash of user 'b' is damaged"),
        (line("key", "b", HASH), "line 2: the hash of key 'b' is damaged"),
        (line("user", "b\x1b", HASH), "line 2: the name"),
        (line("user", "ANNA", HASH), "line 2: a second user 'ANNA'"),
    ],
)
def test_damage_is_named_by_its_line_and_nothing_is_changed(path: Path, text: str, told: str) -> None:
    path.parent.mkdir()
    path.write_text(line("user", "anna", HASH) + text)
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(SettingsError) as refused:
        read_accounts(path)
    assert f"{path}, {told}" in str(refused.value)
    assert "argon2" not in str(refused.value)
    assert "secret" not in str(refused.value)
    with pytest.raises(SettingsError):
        add_account(path, "user", "carla", HASH)
    assert path.read_bytes() == before


def test_a_file_that_is_no_text_or_no_file_is_an_error(path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no such file.*ketarag users add"):
        read_accounts(path)
    path.mkdir(parents=True)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_accounts(path)
    path.rmdir()
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_accounts(path)


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_content_is_read_or_is_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "users.jsonl"
    path.write_bytes(content)
    path.chmod(0o600)
    with suppress(SettingsError):
        assert read_accounts(path) == {}


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(path: Path, mode: int) -> None:
    add_account(path, "user", "anna", HASH)
    path.chmod(mode)
    with pytest.raises(SettingsError, match=f"chmod 600 {path}"):
        read_accounts(path)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    add_account(path, "user", "anna", HASH)
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    add_account(link, "user", "berta", HASH)
    assert link.is_symlink()
    assert names(path) == [("user", "anna"), ("user", "berta")]


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        add_account(tmp_path / "file" / "users.jsonl", "user", "anna", HASH)


def test_a_write_that_fails_leaves_the_file_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_account(path, "user", "anna", HASH)
    before = path.read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match="No space left"):
        add_account(path, "user", "berta", HASH)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["users.jsonl"]


def test_commands_at_the_same_time_lose_nobody(path: Path) -> None:
    add = "import sys; from pathlib import Path; from ketarag.web.accounts import add_account\n"
    add += "for i in range(5): add_account(Path(sys.argv[1]), 'user', f'{sys.argv[2]}{i}', sys.argv[3])"
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    running = [
        subprocess.Popen([sys.executable, "-c", add, str(path), who, HASH], env=environment) for who in ("a", "b", "c")
    ]
    threads = [threading.Thread(target=add_account, args=(path, "user", f"t{i}", HASH)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.wait() for one in running] == [0, 0, 0]
    expected = {f"{who}{i}" for who in "abc" for i in range(5)} | {f"t{i}" for i in range(8)}
    assert {name for _, name in names(path)} == expected


class Book(RuleBasedStateMachine):
    """Adding, changing and removing against a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "users.jsonl"
        self.expected: dict[tuple[str, str], tuple[str, str]] = {}

    @rule(name=NAMES, kind=st.sampled_from(["user", "key"]))
    def add(self, name: str, kind: accounts.Kind) -> None:
        hash = cheap_hash("x") if kind == "user" else hash_key("x")
        try:
            add_account(self.path, kind, name, hash)
        except SettingsError:
            try:
                checked_name(name)
            except SettingsError:
                return
            assert (kind, same_name(name)) in self.expected
        else:
            assert (kind, same_name(name)) not in self.expected
            self.expected[kind, same_name(name)] = (checked_name(name), hash)

    @rule(number=st.integers(0, 5))
    def remove(self, number: int) -> None:
        for kind, key in list(self.expected)[number : number + 1]:
            remove_account(self.path, kind, key)  # type: ignore[arg-type]
            del self.expected[kind, key]

    @invariant()
    def the_file_says_the_same(self) -> None:
        if self.path.exists():
            found = {key: (account.name, account.hash) for key, account in read_accounts(self.path).items()}
            assert list(found.items()) == list(self.expected.items())

    def teardown(self) -> None:
        self.folder.cleanup()


TestBook = Book.TestCase
TestBook.settings = settings(max_examples=15, stateful_step_count=10, deadline=None)


class TestWatching:
    def test_there_need_be_no_file_unless_one_was_named(self, path: Path) -> None:
        assert AccountsFile(path, required=False).current() is None
        with pytest.raises(SettingsError, match="no such file"):
            AccountsFile(path, required=True)

    def test_a_change_is_noticed_at_once(self, path: Path) -> None:
        file = AccountsFile(path, required=False)
        add_account(path, "user", "anna", HASH)
        assert list(file.current() or ()) == [("user", "anna")]
        add_account(path, "user", "berta", HASH)
        remove_account(path, "user", "anna")
        assert list(file.current() or ()) == [("user", "berta")]

    def test_an_unchanged_file_is_not_read_again(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        add_account(path, "user", "anna", HASH)
        file = AccountsFile(path, required=True)
        monkeypatch.setattr(accounts, "read_accounts", lambda path: pytest.fail("read again"))
        assert file.current() is file.current()

    def test_damage_lets_nobody_in_is_logged_once_and_heals(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        write_accounts_at(path)
        file = AccountsFile(path, required=True)
        path.write_text("{damaged")
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                with pytest.raises(SettingsError, match="line 1: is not JSON"):
                    file.current()
        assert len(caplog.records) == 1
        write_accounts_at(path)
        assert file.current()

    def test_a_file_that_goes_away_lets_nobody_in(self, path: Path) -> None:
        write_accounts_at(path)
        file = AccountsFile(path, required=False)
        path.unlink()
        for _ in range(2):
            with pytest.raises(SettingsError, match="no such file"):
                file.current()
        write_accounts_at(path)
        assert file.current()


def write_accounts_at(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    write_accounts(path)
