"""`ketarag users` and `ketarag keys`: who is in the file, asked and told in the terminal.

Passwords are asked without echo, or read from the first line of stdin where that is no terminal; a key is shown once.
Results go to stdout, questions and reports to stderr. Not here: the file (`ketarag.web.accounts`), the arguments
(`ketarag.cli`).
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from ketarag.errors import SettingsError
from ketarag.presentation import printable
from ketarag.web import accounts, api_keys, passwords
from ketarag.web.accounts import Kind


def manage(kind: Kind, action: str, name: str, path: Path) -> None:
    """Run one command: `action` is "add", "list", "remove" or, for users, "passwd"; "list" takes no name.

    Raises SettingsError when the name, the password or the file will not do.
    """
    if action == "list":
        _list(kind, path)
    elif action == "remove":
        accounts.remove_account(path, kind, name)
        _report(f"Removed {kind} {name} from {path}; a running service stops knowing it at once.")
    elif action == "passwd":
        accounts.key_of(path, accounts.read_accounts(path), kind, name)  # said before a password is asked
        accounts.change_hash(path, kind, name, passwords.hash_password(_new_password(name)))
        _report(f"Changed the password of {name} in {path}; their browsers must sign in again.")
    elif kind == "user":
        _require_new(kind, name, path)
        accounts.add_account(path, kind, name, passwords.hash_password(_new_password(name)))
        _report(f"Added user {name} to {path}. The service now asks everybody who they are.")
    else:
        key = api_keys.new_key()
        accounts.add_account(path, kind, name, api_keys.hash_key(key))
        sys.stdout.write(f"{key}\n")
        _report(f"Added key {name} to {path}. It is shown this once: programs send it as Authorization: Bearer KEY")


def _list(kind: Kind, path: Path) -> None:
    known = accounts.read_accounts(path) if path.exists() else {}
    for account in known.values():
        if account.kind == kind:
            sys.stdout.write(f"{printable(account.name)}\tadded {printable(account.added)}\n")


def _require_new(kind: Kind, name: str, path: Path) -> None:
    """Say that a name will not do before a password is asked for it; adding checks again."""
    accounts.checked_name(name)
    if path.exists() and (kind, accounts.same_name(name)) in accounts.read_accounts(path):
        raise SettingsError(
            f"{path}: there is already a {kind} {name!r}; to change the password: ketarag users passwd {name}"
        )


def _new_password(name: str) -> str:
    """What is typed twice on the terminal, or the first line of stdin. Raises SettingsError when it will not do."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        passwords.check_acceptable(password, name)
        return password
    try:
        password = getpass.getpass(f"Password for {printable(name)} (at least {passwords.SHORTEST} characters): ")
        passwords.check_acceptable(password, name)
        again = getpass.getpass("The same again: ")
    except EOFError as error:
        raise SettingsError("no password was typed; nothing was changed") from error
    if password != again:
        raise SettingsError("the two passwords differ; nothing was changed")
    return password


def _report(message: str) -> None:
    sys.stderr.write(f"{printable(message)}\n")
