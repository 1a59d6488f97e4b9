"""`python -m eval`: its exit codes and what it prints, with a handful of cases over a fake assistant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from made import answer, citation

from eval import __main__ as main_module
from eval import cases as cases_module
from eval import report as report_module
from ketarag import Assistant, Document, KetaRAGError, Verdict

ROOT = Path(__file__).parents[2]
TEXT = "The dose is 5 mg. It lasts a week."
RIGHT = answer("The dose is 5 mg.", citations=[citation(0, 17, TEXT[:17])])
QUESTION = {
    "id": "number-1", "category": "number", "question": "What dose?", "history": [], "answerable": True, "facts": [["5 mg"]],
    "evidence": [[{"quote": TEXT[:17], "start": 0, "end": 17}]],
}  # fmt: skip
FAR = QUESTION | {
    "id": "far-1",
    "category": "unanswerable_far",
    "question": "Weather?",
    "answerable": False,
    "facts": [],
    "evidence": [],
}
CLAIM = {"id": "claim-1", "claim": "The dose is 50 mg.", "supported": False, "kind": "number"}


class FakeAssistant:
    """Knows the dose; takes every claim that has 5 mg in it."""

    fingerprint = "fake"
    documents = (Document("a.txt", "A", TEXT, ""),)

    def conversation(self) -> FakeAssistant:
        return self

    def ask(self, question: str):
        return RIGHT if "dose" in question else answer()

    def verify(self, claim: str) -> Verdict:
        return Verdict("5 mg" in claim, 0.5)


@pytest.fixture
def evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `main` over these cases and thresholds; what is asserted, exit code and output, is the real one's."""

    def run(
        *arguments: str, thresholds: str = "", questions: tuple[object, ...] = (QUESTION, FAR), load=FakeAssistant
    ) -> int:
        for split in ("dev", "test"):
            (tmp_path / split).mkdir(exist_ok=True)
            lines = [row if isinstance(row, str) else json.dumps(row) for row in questions]
            (tmp_path / split / "questions.jsonl").write_text("\n".join(lines))
            (tmp_path / split / "claims.jsonl").write_text(json.dumps(CLAIM))
        (tmp_path / "thresholds.toml").write_text(thresholds)
        monkeypatch.setattr(cases_module, "CASES", tmp_path)
        monkeypatch.setattr(report_module.failures, "__defaults__", (tmp_path / "thresholds.toml",))
        monkeypatch.setattr(Assistant, "load", lambda **_: load())
        return main_module.main(list(arguments))

    return run


def test_0_when_every_threshold_holds(evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation(thresholds="[at_least]\nfacts = 1.0\nfar_declined = 1.0\nclaims_number = 1.0") == 0
    out = capsys.readouterr().out
    assert "Split test: 2 questions, 1 claims; assistant fake" in out
    assert "facts                         1.000  (n = 1)" in out
    assert "Every threshold holds." in out


def test_1_when_one_does_not_and_it_is_named(evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation(thresholds="[at_least]\nfacts = 1.0\n[at_most]\nverbatim = 0.5") == 1
    assert "BELOW THRESHOLD  verbatim: 1.000; at most 0.5 is asked for" in capsys.readouterr().out


def test_1_when_one_was_not_measured(evaluation) -> None:
    assert evaluation(thresholds="[at_least]\nnear_declined = 0.0") == 1


def test_2_when_a_case_cannot_be_used_and_it_is_named(evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation(questions=(QUESTION, "{")) == 2
    said = capsys.readouterr()
    assert "questions.jsonl:2:" in said.err
    assert said.out == ""


def test_2_when_the_assistant_cannot_be_loaded(evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> FakeAssistant:
        raise KetaRAGError("no model here")

    assert evaluation(load=broken) == 2
    assert capsys.readouterr().err == "eval: no model here\n"


def test_one_category_is_run_without_thresholds(evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation("--category", "number", "--split", "dev", thresholds="[at_least]\nfar_declined = 1.0") == 0
    assert "Split dev: 1 questions, 0 claims" in capsys.readouterr().out


def test_show_prints_what_was_not_answered_as_it_should_be(evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    missed = QUESTION | {"id": "number-2", "question": "How long?", "facts": [["a week"]]}
    answered = FAR | {"id": "far-2", "question": "Which dose of sun?"}
    evaluation("--show", questions=(QUESTION, FAR, missed, answered))
    out = capsys.readouterr().out
    assert "number-2 [number] How long?\n  wanted ['a week']\n  got    The document does not answer" in out
    assert "far-2 [unanswerable_far] Which dose of sun?\n  wanted an abstention" in out
    assert "number-1" not in out
    assert "far-1" not in out


@pytest.mark.parametrize("arguments", [["--split", "train"], ["--nonsense"]])
def test_2_on_a_wrong_argument(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "eval", *arguments], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m eval" in done.stderr
