"""Passwords: what is accepted as one, its argon2id hash, and the check that takes as long for a name that is not known.

Not here: where hashes are kept (`ketarag.web.accounts`), how often one may try (`ketarag.web.throttle`).
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from ketarag.errors import SettingsError

SHORTEST = 12
"""Characters of a password, at least."""
LONGEST = 1024
"""Characters of a password, at most: longer input is no password, and is refused before it is hashed."""
FEWEST_DIFFERENT = 5
"""Different characters of a password, at least: "aaaaaaaaaaaa" is long and worth nothing."""

_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, salt_len=16, type=Type.ID)
"""RFC 9106, second recommended option: 64 MiB (memory_cost in KiB) and three passes."""

_MOST_MEMORY = 1 << 20
"""KiB that a stored hash may ask for (1 GiB): more is a damaged line, and one login would bring the machine down."""


def check_acceptable(password: str, name: str) -> None:
    """Raises SettingsError, which never repeats it, for a password that `name` must not have."""
    password = _same(password)
    if any("\ud800" <= char <= "\udfff" for char in password):
        raise SettingsError("the password has bytes that are no UTF-8 text; check the terminal's encoding")
    if len(password) < SHORTEST:
        raise SettingsError(f"the password has {len(password)} characters; choose one of at least {SHORTEST}")
    if len(password) > LONGEST:
        raise SettingsError(f"the password has {len(password):,} characters; choose one of at most {LONGEST:,}")
    if len(set(password)) < FEWEST_DIFFERENT:
        raise SettingsError(
            f"the password repeats itself; choose one with {FEWEST_DIFFERENT} different characters or more"
        )
    if password.casefold() == name.casefold():
        raise SettingsError("the password is the user's name; choose another")


def hash_password(password: str) -> str:
    """The argon2id hash to store, in PHC format (`$argon2id$v=19$...`), salted anew each time."""
    return _HASHER.hash(_same(password))


def is_password_hash(text: str) -> bool:
    """Whether `text` is an argon2id hash that can be checked here."""
    try:
        parameters = extract_parameters(text)
    except InvalidHashError:
        return False
    return parameters.type is Type.ID and parameters.memory_cost <= _MOST_MEMORY


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` has the hash `stored`; None, for a name that is not known, costs the same and is False.

    Takes about 0.1 s and 64 MiB: call it outside the event loop, a few at a time.
    """
    if len(password) > LONGEST:
        return False
    try:
        right = _HASHER.verify(stored if stored is not None else nobodys_hash(), _same(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and stored is not None


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """The hash that names that are not known are checked against; its password was thrown away."""
    return _HASHER.hash(secrets.token_urlsafe(32))


def _same(password: str) -> str:
    """What two keyboards type for the same letters is the same password (NFC, as RFC 8265 asks)."""
    return unicodedata.normalize("NFC", password)
