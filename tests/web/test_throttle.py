"""Throttling: tries are used up, come back with time, and the table neither grows nor forgets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ketarag.web.throttle import Throttle


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_tries_are_used_up_and_come_back() -> None:
    clock = Clock()
    throttle = Throttle(3, 60.0, clock)
    assert [throttle.take("anna") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert throttle.take("anna") == 60.0
    assert throttle.take("berta") == 0.0
    clock.now += 59.0
    assert throttle.take("anna") == 1.0
    clock.now += 1.0
    assert throttle.take("anna") == 0.0
    assert throttle.take("anna") == 60.0


def test_a_refused_try_makes_nobody_wait_longer() -> None:
    clock = Clock()
    throttle = Throttle(1, 10.0, clock)
    throttle.take("anna")
    assert {throttle.take("anna") for _ in range(100)} == {10.0}


def test_a_try_given_back_is_there_again_and_no_more() -> None:
    throttle = Throttle(2, 60.0, Clock())
    throttle.take("ward")
    throttle.give_back("ward")
    assert [throttle.take("ward") == 0.0 for _ in range(3)] == [True, True, False]


def test_a_surplus_given_back_is_no_credit() -> None:
    throttle = Throttle(2, 60.0, Clock())
    for _ in range(5):
        throttle.give_back("ward")
    assert [throttle.take("ward") == 0.0 for _ in range(3)] == [True, True, False]


def test_forgetting_gives_all_tries_back() -> None:
    throttle = Throttle(2, 60.0, Clock())
    for _ in range(5):
        throttle.take("anna")
    throttle.forget("anna")
    assert [throttle.take("anna") == 0.0 for _ in range(3)] == [True, True, False]


def test_a_flood_of_names_neither_grows_the_table_nor_frees_a_name() -> None:
    throttle = Throttle(1, 3600.0, Clock())
    throttle.take("anna")
    size = throttle._whole_at.itemsize * len(throttle._whole_at)
    for number in range(20_000):
        throttle.take(f"name {number}")
    assert throttle._whole_at.itemsize * len(throttle._whole_at) == size == 512 * 1024
    assert throttle.take("anna") > 0


def test_places_cannot_be_foretold() -> None:
    assert Throttle(1, 1.0)._place("anna") != Throttle(1, 1.0)._place("anna") or Throttle(1, 1.0)._place(
        "anna"
    ) != Throttle(1, 1.0)._place("anna")


@given(st.lists(st.floats(0.0, 30.0), max_size=60), st.integers(1, 5))
def test_never_more_than_the_burst_and_what_came_back(gaps: list[float], burst: int) -> None:
    clock = Clock()
    throttle = Throttle(burst, 10.0, clock)
    passed: list[float] = []
    for gap in gaps:
        clock.now += gap
        if throttle.take("anna") == 0.0:
            passed.append(clock.now)
    for first, began in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - began) / 10.0 + 1e-6


@given(st.text())
def test_any_text_is_a_key(key: str) -> None:
    assert Throttle(1, 1.0).take(key) == 0.0
