"""Browsers that are signed in: random ids of 256 bits, in memory only, with an end. A restart signs everybody out."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

WHOLE_SECONDS = 12 * 3600
"""Seconds that a session lasts at most, however busy: a long shift."""
EACH = 20
"""Sessions of one user; a further one ends the oldest. Bounds the memory by the number of users."""


@dataclass(slots=True)
class Session:
    """One signed-in browser. `hash` is the user's password hash at the time: a new password ends the session."""

    user: str
    hash: str
    began: float
    seen: float


class Sessions:
    """By id, of which only a hash is kept. Not for several threads."""

    def __init__(self, idle_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """A session ends after `idle_seconds` without a request, and in any case after `WHOLE_SECONDS`."""
        self._idle = idle_seconds
        self._clock = clock
        self._held: dict[bytes, Session] = {}

    def open(self, user: str, hash: str) -> str:
        """Begin one, and give its id. What has ended is forgotten, and the user's oldest ones beyond `EACH`."""
        now = self._clock()
        self._held = {key: session for key, session in self._held.items() if not self._ended(session, now)}
        own = [key for key, session in self._held.items() if session.user == user]  # oldest first
        for key in own[: max(0, len(own) - EACH + 1)]:
            del self._held[key]
        id = secrets.token_urlsafe(32)
        self._held[_digest(id)] = Session(user, hash, now, now)
        return id

    def find(self, id: str) -> Session | None:
        """The session, which counts as used now; None when there is none or it has ended."""
        key, now = _digest(id), self._clock()
        session = self._held.get(key)
        if session is None:
            return None
        if self._ended(session, now):
            del self._held[key]
            return None
        session.seen = now
        return session

    def close(self, id: str) -> None:
        """End one; an id that is none is nothing to do."""
        self._held.pop(_digest(id), None)

    def __len__(self) -> int:
        return len(self._held)

    def _ended(self, session: Session, now: float) -> bool:
        return now - session.seen >= self._idle or now - session.began >= WHOLE_SECONDS


def _digest(id: str) -> bytes:
    return hashlib.sha256(id.encode("utf-8", "surrogateescape")).digest()
