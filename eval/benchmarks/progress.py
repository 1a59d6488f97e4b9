"""A sign of life from long runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
_EVERY = 100


def told(items: Sequence[T], what: str) -> Iterator[T]:
    """The items one by one, with a line on stderr for every hundred that were done with."""
    for at, item in enumerate(items, start=1):
        yield item
        if at % _EVERY == 0:
            print(f"{what}: {at}/{len(items)}", file=sys.stderr)
