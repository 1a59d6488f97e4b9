"""How often something may be tried, by key, in a table of fixed size: no flood of keys makes it grow or forget.

Each key has `burst` tries, and one more every `seconds`. Keys are spread over the table by a secret hash; two that share
a place share their tries, which can only refuse more, never less.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from array import array
from collections.abc import Callable

PLACES = 1 << 16
"""Places of the table: half a MiB. With a thousand keys being refused, one in sixty-five of the others is too."""


class Throttle:
    """Tries by key. Not for several threads."""

    def __init__(self, burst: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._ahead = (burst - 1) * seconds
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        self._whole_at = array("d", bytes(8 * PLACES))
        """When all tries of a place are there again, in the clock's seconds."""

    def take(self, key: str) -> float:
        """Use one try: 0.0 when there was one, else the seconds until there is, and nothing is used."""
        place, now = self._place(key), self._clock()
        whole_at = max(self._whole_at[place], now)
        wait = whole_at - now - self._ahead
        if wait > 0:
            return wait
        self._whole_at[place] = whole_at + self._seconds
        return 0.0

    def give_back(self, key: str) -> None:
        """A try that was used is there again."""
        self._whole_at[self._place(key)] -= self._seconds

    def forget(self, key: str) -> None:
        """All tries are there again."""
        self._whole_at[self._place(key)] = 0.0

    def _place(self, key: str) -> int:
        digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=8).digest()
        return int.from_bytes(digest, "big") % PLACES
