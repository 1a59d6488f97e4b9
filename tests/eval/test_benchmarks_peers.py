"""The comparison with other systems, over a made one: what is asked, measured and scored. The real ones are not installed in the tests."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from eval.benchmarks.files import BenchmarkError
from eval.benchmarks.peers import __main__ as command
from eval.benchmarks.peers import talk
from eval.benchmarks.peers.figures import MEANINGS, figures, table
from eval.benchmarks.peers.talk import Measured, Reply, measured
from eval.cases import Gold, QuestionCase

MADE = """
import sys, time
from protocol import first, serve, texts

def ingest(folder, model):
    print("this library is talkative")
    return texts(folder), 3

def ask(held, question):
    if question == "fail":
        sys.exit(7)
    time.sleep(0.2 if question == "slow" else 0)
    return first([one for one in held if question in one])

def find(held, question):
    return held

serve(ingest, ask, find)
"""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    systems = tmp_path / "systems"
    systems.mkdir()
    shutil.copy(talk.SYSTEMS / "protocol.py", systems)
    (systems / "made_system.py").write_text(MADE)
    monkeypatch.setattr(talk, "SYSTEMS", systems)
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "b.txt").write_text("Norketamine is active.")
    (folder / "a.txt").write_text("Bioavailability is 20%.")
    return folder


def test_a_system_is_asked_and_timed(made: Path) -> None:
    found = measured("made", Path(sys.executable), made, Path("model"), ["Norketamine", "slow", "nothing of it"])
    assert found.passages == 3
    assert [reply.answer for reply in found.replies] == ["Norketamine is active.", "", ""]
    assert [reply.declined for reply in found.replies] == [False, True, True]
    assert found.replies[0].found == ("Bioavailability is 20%.", "Norketamine is active.")
    assert found.each[1] >= 0.2
    assert found.first_answer >= found.ingest
    assert found.peak_bytes > 1_000_000


def test_a_system_that_ends_is_said(made: Path) -> None:
    with pytest.raises(BenchmarkError, match="made ended with code 7"):
        measured("made", Path(sys.executable), made, Path("model"), ["Norketamine", "fail"])


def case(id: str, quote: str = "", fact: str = "") -> QuestionCase:
    place = Gold(quote=quote, start=0, end=len(quote)) if quote else None
    return QuestionCase(
        id=id,
        category="number" if quote else "unanswerable_far",
        question="?",
        history=(),
        answerable=bool(quote),
        facts=((fact,),) if fact else (),
        evidence=((place,),) if place else (),
    )


def run(*replies: Reply) -> Measured:
    return Measured("x", 10, 4.0, 2.0, (1.0, *([0.1] * (len(replies) - 1))), 5_000_000, replies)


def test_what_answers_are_worth() -> None:
    gold = "Oral bioavailability is about 20 percent in most people."
    right = Reply(
        found=("other", f"Before. {gold}\n After."), answer="It is about 20 percent.", declined=False, cited=(gold,)
    )
    wrong = Reply(
        found=("a", "b", "c", "d", "e", gold), answer="It is 30 percent.", declined=False, cited=("Something else.",)
    )
    no = Reply(found=(), answer="", declined=True, cited=())
    cases = [case("1", gold, "20 percent"), case("2", gold, "20 percent"), case("3")]
    scored = figures(run(right, wrong, no), cases)
    assert scored["recall@5"] == 0.5
    assert scored["answer found"] == 0.5
    assert scored["citation right"] == 0.5
    assert scored["unanswerable declined"] == 1
    assert scored["answerable declined"] == 0
    assert scored["passages a second"] == 5
    assert scored["p50, ms"] == pytest.approx(100)
    assert set(scored) == set(MEANINGS)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Bioavailability by mouth is low. It is about twenty", True),
        ("It is about twenty percent in most people and more", True),
        ("by mouth is", True),
        ("about twenty in percent", False),
        ("", False),
        ("seabioavailability by mouth is low. it is aboutX", False),
    ],
)
def test_half_of_a_quote_is_enough(text: str, held: bool) -> None:
    gold = "Bioavailability by mouth is low. It is about twenty percent in most people"
    reply = Reply(found=(text,), answer="", declined=False, cited=())
    assert figures(run(reply), [case("1", gold, "x")])["recall@5"] == float(held)


def test_the_table_has_a_column_for_each_system() -> None:
    reply = Reply(found=(), answer="", declined=True, cited=())
    row = figures(run(reply), [case("1")])
    lines = table({"a": row, "b": row}).splitlines()
    assert lines[0] == "| | a | b |"
    assert "| recall@5 | – | – |" in lines
    assert len(lines) == 2 * len(MEANINGS) + 3


def test_what_is_missing_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(command._pythons(tmp_path, [])) == {"ketarag"}
    assert capsys.readouterr().err.count("is left out") == len(command.PEERS)
