"""The memory benchmark: what is asked, when memory is looked at, and the verdict."""

from __future__ import annotations

from itertools import islice

import pytest
from fake_assistant import FakeAssistant

from eval.benchmarks import memory
from eval.benchmarks.memory import Point, made_chats, measured, verdict

CHATS = [("What IV dose of ketamine is used?", "how long does it last?"), ("Is ketamine safe in pregnancy?",)]


def test_questions_vary_and_are_the_same_in_every_run() -> None:
    chats = list(islice(made_chats(CHATS), 300))
    assert chats == list(islice(made_chats(CHATS), 300))
    assert len({question for chat in chats for question in chat}) > 60


def test_memory_is_looked_at_as_often_as_was_said() -> None:
    levels = iter(range(100, 200))
    points = list(measured(FakeAssistant(), made_chats(CHATS), 50, 10, lambda: float(next(levels))))  # type: ignore[arg-type]
    assert points == [Point(number * 10, 99.0 + number) for number in range(1, 6)]


@pytest.mark.parametrize(
    ("levels", "flat"),
    [
        ([100, 300, 300, 301, 300, 299, 300, 300, 301, 300], True),
        ([100, 110, 120, 130, 140, 150, 160, 170, 180, 190], False),
        ([300, 300, 290, 280, 280, 280, 270, 270, 270, 270], True),
        ([300, 300], False),
        ([], False),
    ],
)
def test_the_verdict(levels: list[int], flat: bool) -> None:
    found, told = verdict([Point(250 * at, level) for at, level in enumerate(levels, start=1)])
    assert found is flat
    assert told.startswith("flat" if flat else ("GROWING", "too few points"))


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(memory.Assistant, "load", lambda progress: FakeAssistant())
    memory.main(["--questions", "100", "--every", "10"])
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 11
    assert shown[0].endswith("MB")
    assert "in a thousand questions" in shown[-1]
