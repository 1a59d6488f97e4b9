"""What `eval.metrics` gives its users."""

from __future__ import annotations

import eval.metrics


def test_every_public_name_is_there_once_and_in_order() -> None:
    names = eval.metrics.__all__
    assert list(names) == sorted(set(names), key=lambda name: (name.casefold(), name))
    assert all(hasattr(eval.metrics, name) for name in names)
