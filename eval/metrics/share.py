"""The share that most metrics are."""

from __future__ import annotations

from collections.abc import Iterable


def share(holds: Iterable[bool]) -> float | None:
    """How many of them hold, in [0, 1]; None for none at all."""
    values = list(holds)
    return sum(values) / len(values) if values else None
