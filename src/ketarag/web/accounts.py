"""Who may use the service: the file of users and API keys, read, written and watched.

One JSON object a line: `{"kind": "user" or "key", "name": ..., "hash": ..., "added": ...}`. No password and no key stands
in it, only their hashes. Every change is written aside and renamed, mode 0600, while other writers wait. Not here: the
hashes themselves (`ketarag.web.passwords`, `ketarag.web.api_keys`), the commands (`ketarag.web.manage`).
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from ketarag.errors import SettingsError
from ketarag.web.api_keys import is_key_hash
from ketarag.web.passwords import is_password_hash

logger = logging.getLogger(__name__)

Kind = Literal["user", "key"]
NAME_LIMIT = 64
"""Characters of a user's or key's name, at most."""

_FIELDS = ("kind", "name", "hash", "added")


@dataclass(frozen=True, slots=True)
class Account:
    """A user or an API key: `hash` is of its password or of the key itself, `added` an ISO time in UTC."""

    kind: Kind
    name: str
    hash: str
    added: str


Known = Mapping[tuple[Kind, str], Account]
"""Accounts by kind and `same_name`, in the order in which they were added."""


def checked_name(text: str) -> str:
    """`text` as the name of a user or key. Raises SettingsError when it is empty, too long or cannot be shown."""
    name = unicodedata.normalize("NFKC", text)
    if len(name) > NAME_LIMIT:
        raise SettingsError(f"the name has {len(name):,} characters; choose one of at most {NAME_LIMIT}")
    if not name or name != name.strip():
        raise SettingsError(f"the name {text!r} is empty or has spaces around it; choose a name such as anna.berg")
    if not name.isprintable():
        raise SettingsError(f"the name {text!r} has characters that cannot be shown; choose a name such as anna.berg")
    return name


def same_name(name: str) -> str:
    """What two spellings of one name share: case and the ways of writing a letter do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def add_account(path: Path, kind: Kind, name: str, hash: str) -> None:
    """Add one, making the file and its folder where needed. Raises SettingsError when the name is taken."""
    account = Account(kind, checked_name(name), hash, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")

    def add(known: dict[tuple[Kind, str], Account]) -> None:
        if known.setdefault((kind, same_name(name)), account) is not account:
            cure = f"give the {kind} another name, or remove it first: ketarag {kind}s remove {account.name}"
            raise SettingsError(f"{path}: there is already a {kind} {account.name!r}; {cure}")

    _change(path, add)


def remove_account(path: Path, kind: Kind, name: str) -> None:
    """Remove one. Raises SettingsError when there is none of that name."""

    def remove(known: dict[tuple[Kind, str], Account]) -> None:
        del known[key_of(path, known, kind, name)]

    _change(path, remove)


def change_hash(path: Path, kind: Kind, name: str, hash: str) -> None:
    """Give one another password. Raises SettingsError when there is none of that name."""

    def change(known: dict[tuple[Kind, str], Account]) -> None:
        key = key_of(path, known, kind, name)
        known[key] = Account(kind, known[key].name, hash, known[key].added)

    _change(path, change)


def read_accounts(path: Path) -> Known:
    """What the file says. Raises SettingsError, naming the line, when it is missing, damaged or open to others to write."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read().decode("utf-8").split("\n")
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: there is no such file; make it with: ketarag users add NAME") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text; restore it from a backup") from error
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read: {error.strerror}; it must belong to whoever runs the service"
        ) from error
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsError(
            f"{path}: others than its owner may write it, and so let themselves in; run: chmod 600 {path}"
        )
    known: dict[tuple[Kind, str], Account] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            account = _parsed(line, f"{path}, line {number}")
            key = account.kind, same_name(account.name)
            if key in known:
                raise SettingsError(
                    f"{path}, line {number}: a second {account.kind} {account.name!r}; remove one of the lines"
                )
            known[key] = account
    return MappingProxyType(known)


def key_of(path: Path, known: Known, kind: Kind, name: str) -> tuple[Kind, str]:
    """The key of one of the accounts that `path` holds. Raises SettingsError when there is none of that name."""
    key = kind, same_name(name)
    if key not in known:
        raise SettingsError(f"{path}: there is no {kind} {name!r}; see: ketarag {kind}s list")
    return key


class AccountsFile:
    """The file as it is now, read again whenever it was changed: who was removed is out at once."""

    def __init__(self, path: Path, required: bool) -> None:
        """Raises SettingsError when the file cannot be used; where it is not `required` it may be missing."""
        self._path = path
        self._stamp = self._stamped()
        self._required = required or self._stamp is not None
        self._known = read_accounts(path) if self._required else None
        self._problem: SettingsError | None = None

    def current(self) -> Known | None:
        """The accounts; None while there is no file and none is required.

        Raises SettingsError while the file cannot be used, and logs that once for each change: nobody is let in on the
        strength of what it said before. A file that has been there once is required.
        """
        stamp = self._stamped()
        if stamp is None and not self._required:
            return None
        if stamp is None or stamp != self._stamp:
            self._read(stamp)
        if self._problem is not None:
            raise self._problem
        return self._known

    def _read(self, stamp: tuple[int, ...] | None) -> None:
        before = str(self._problem)
        self._stamp, self._required = stamp, True
        try:
            self._known, self._problem = read_accounts(self._path), None
        except SettingsError as problem:
            self._known, self._problem = None, problem
            if str(problem) != before:
                logger.error("nobody is let in: %s", problem)

    def _stamped(self) -> tuple[int, ...] | None:
        try:
            seen = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError:
            return ()  # reading it will say why
        return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def _parsed(line: str, where: str) -> Account:
    """One line as an account. Raises SettingsError that names the line and never its hash."""
    cure = "correct the line, remove it, or restore the file from a backup"
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{where}: is not JSON; {cure}") from error
    if not isinstance(said, dict) or sorted(said) != sorted(_FIELDS):
        raise SettingsError(f"{where}: must have just the fields {', '.join(_FIELDS)}; {cure}")
    kind, name, hash, added = (said[field] for field in _FIELDS)
    if kind not in get_args(Kind) or not all(isinstance(value, str) for value in (name, hash, added)):
        raise SettingsError(f'{where}: kind must be "user" or "key", and every other field text; {cure}')
    if not (is_password_hash(hash) if kind == "user" else is_key_hash(hash)):
        raise SettingsError(f"{where}: the hash of {kind} {name!r} is damaged; {cure}")
    try:
        return Account(kind, checked_name(name), hash, added)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def _change(path: Path, change: Callable[[dict[tuple[Kind, str], Account]], None]) -> None:
    """Read, change and replace the file while no other command does."""
    path = path.resolve()  # a link stays a link
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(path.parent):
            known = dict(read_accounts(path)) if path.exists() else {}
            change(known)
            _replace(path, "".join(f"{_line(account)}\n" for account in known.values()))
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be written: {error.strerror}; run the command as whoever runs the service"
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Other commands that change a file of this folder wait; a lock file of our own could belong to another user."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _replace(path: Path, text: str) -> None:
    """The whole new file or the whole old one, whenever it is interrupted; the owner stays the same."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            with suppress(FileNotFoundError, PermissionError):  # root adds a user to a file of the service's
                owner = path.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _line(account: Account) -> str:
    return json.dumps({field: getattr(account, field) for field in _FIELDS}, ensure_ascii=False)
