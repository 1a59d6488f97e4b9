"""Sessions: long random ids, an end after idleness and after a shift, and a bound for each user."""

from __future__ import annotations

import base64

from ketarag.web.sessions import EACH, WHOLE_SECONDS, Sessions


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_id_has_256_random_bits_and_is_not_kept() -> None:
    sessions = Sessions(60.0)
    ids = {sessions.open("anna", "h") for _ in range(10)}
    assert len(ids) == 10
    for id in ids:
        assert len(base64.urlsafe_b64decode(id + "=")) == 32
        assert id not in repr(sessions._held)


def test_a_session_is_found_by_its_id_only() -> None:
    sessions = Sessions(60.0)
    id = sessions.open("anna", "h")
    found = sessions.find(id)
    assert found is not None
    assert (found.user, found.hash) == ("anna", "h")
    for wrong in ("", id[:-1], id + "x", id.swapcase(), "\udcff", "x" * 10_000):
        assert sessions.find(wrong) is None


def test_it_ends_after_idleness_and_use_keeps_it() -> None:
    clock = Clock()
    sessions = Sessions(60.0, clock)
    id = sessions.open("anna", "h")
    for _ in range(10):
        clock.now += 59.0
        assert sessions.find(id) is not None
    clock.now += 60.0
    assert sessions.find(id) is None
    assert len(sessions) == 0


def test_it_ends_after_a_shift_however_busy() -> None:
    clock = Clock()
    sessions = Sessions(3600.0, clock)
    id = sessions.open("anna", "h")
    while clock.now + 1800.0 < WHOLE_SECONDS:
        clock.now += 1800.0
        assert sessions.find(id) is not None
    clock.now = WHOLE_SECONDS
    assert sessions.find(id) is None


def test_a_closed_one_is_gone_and_closing_twice_is_nothing() -> None:
    sessions = Sessions(60.0)
    id, other = sessions.open("anna", "h"), sessions.open("anna", "h")
    sessions.close(id)
    sessions.close(id)
    assert sessions.find(id) is None
    assert sessions.find(other) is not None


def test_a_user_has_a_bounded_number_and_others_keep_theirs() -> None:
    sessions = Sessions(60.0)
    kept = sessions.open("berta", "h")
    ids = [sessions.open("anna", "h") for _ in range(EACH + 5)]
    assert len(sessions) == EACH + 1
    assert [sessions.find(id) is not None for id in ids] == [False] * 5 + [True] * EACH
    assert sessions.find(kept) is not None


def test_ended_sessions_of_all_are_forgotten_when_one_begins() -> None:
    clock = Clock()
    sessions = Sessions(60.0, clock)
    for number in range(50):
        sessions.open(f"user {number}", "h")
    clock.now += 61.0
    sessions.open("anna", "h")
    assert len(sessions) == 1
