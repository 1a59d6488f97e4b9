"""API keys: 256 random bits that a program sends as `Authorization: Bearer KEY`; only their SHA-256 is kept.

A key needs no slow hash as a password does: nobody can try 2**256 of them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketarag.web.accounts import Account

PREFIX = "ketarag_"
"""How every key begins, so that tools that look for secrets in files find one."""

_HASH = re.compile(r"sha256:[0-9a-f]{64}")


def new_key() -> str:
    """A key that nobody has: `PREFIX` and 43 letters, digits, hyphens and underscores."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """The hash to store, `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()}"


def is_key_hash(text: str) -> bool:
    """Whether `text` is a hash as `hash_key` gives it."""
    return _HASH.fullmatch(text) is not None


def find_key(key: str, known: Iterable[Account]) -> Account | None:
    """The account whose key this is, or None. Every one is compared, each in constant time."""
    wanted, found = hash_key(key), None
    for account in known:
        if hmac.compare_digest(account.hash, wanted):
            found = account
    return found
