from __future__ import annotations

import pytest

from ketarag.indexing.pace import Pace, duration


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_not_read_is_reckoned_from_what_is() -> None:
    clock = Clock()
    pace = Pace(3, 4000, clock)
    pace.read(1000, 100)
    clock.now = 2
    assert pace.embedded(50) == "Embedding passages: 50/about 400, 25 a second, about 14 s left"
    clock.now = 4
    assert pace.embedded(50) == "Embedding passages: 100/about 400, 25 a second, about 12 s left"
    pace.read(1000, 0)  # nothing to be indexed in it: the rest is expected to hold less
    pace.read(2000, 20)
    clock.now = 5
    assert pace.embedded(10) == "Embedding passages: 110/120, 22 a second, about 1 s left"
    assert pace.embedded(10) == "Embedding passages: 120/120"
    assert pace.done == 120


def test_the_pace_follows_the_machine() -> None:
    clock = Clock()
    pace = Pace(1, 10, clock)
    pace.read(10, 100_000)
    for _ in range(30):
        clock.now += 1
        pace.embedded(100)
    for _ in range(30):
        clock.now += 10
        said = pace.embedded(100)
    assert "10 a second" in said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "1 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (6000, "1 h 40 min"), (7260, "2 h 01 min")],
)
def test_durations_are_for_people(seconds: float, said: str) -> None:
    assert duration(seconds) == said
