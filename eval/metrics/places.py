"""What passages, citations and gold evidence have in common: a place in the source."""

from __future__ import annotations

from typing import Protocol


class Place(Protocol):
    """A half-open stretch `[start, end)` of characters of the one document that the cases are about."""

    @property
    def start(self) -> int:
        """Its first character."""

    @property
    def end(self) -> int:
        """The character after its last."""


def overlap(one: Place, other: Place) -> bool:
    """Whether the two share at least one character."""
    return max(one.start, other.start) < min(one.end, other.end)
