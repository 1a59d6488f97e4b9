"""`python -m eval` from end to end, with a handful of cases over a fake assistant: what it writes, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made import answer, citation

from eval import baseline as baseline_module
from eval import cases as cases_module
from eval import environment as environment_module
from eval import gate as gate_module
from eval.__main__ import main
from eval.record import read_run
from ketarag import Answer, Assistant, Document, Hit, KetaRAGError, Passage, Verdict

ROOT = Path(__file__).parents[2]
TEXT = "The dose is 5 mg. It lasts a week."
RIGHT = answer("The dose is 5 mg.", citations=[citation(0, 17, TEXT[:17])])
QUESTION = {
    "id": "number-1", "category": "number", "question": "What dose?", "history": [], "answerable": True, "facts": [["5 mg"]],
    "evidence": [[{"quote": TEXT[:17], "start": 0, "end": 17}]],
}  # fmt: skip
FAR = QUESTION | {
    "id": "far-1", "category": "unanswerable_far", "question": "Weather?", "answerable": False, "facts": [], "evidence": [],
}  # fmt: skip
CLAIM = {"id": "claim-1", "claim": "The dose is 50 mg.", "supported": False, "kind": "number"}


class FakeAssistant:
    """Knows the dose; takes every claim that has 5 mg in it. `wrong` are questions that it answers otherwise."""

    fingerprint = "fake"
    documents = (Document("a.txt", "A", TEXT, "0"),)

    def __init__(self, wrong: dict[str, Answer] | None = None) -> None:
        self.fingerprints = {"reader": "fake"}
        self._wrong = wrong or {}

    def conversation(self) -> FakeAssistant:
        return self

    def ask(self, question: str) -> Answer:
        return self._wrong.get(question) or (RIGHT if "dose" in question else answer())

    def retrieve(self, question: str, k: int) -> list[Hit]:
        return [Hit(Passage("p", "a.txt", 0, 34, "", TEXT, TEXT, ()), 0.5, 1, "dense")]

    def verify(self, claim: str) -> Verdict:
        return Verdict("5 mg" in claim, 0.5)


class Evaluation:
    """`python -m eval` in a folder of its own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.out = folder / "out"
        self.cases = folder / "cases"
        self._patch = patch
        self._thresholds = folder / "thresholds.toml"
        patch.setattr(cases_module, "CASES", self.cases)
        patch.setattr(environment_module.cases_hash, "__defaults__", (self.cases,))
        patch.setattr(baseline_module.read, "__defaults__", (folder / "baseline",))
        patch.setattr(baseline_module.accept, "__defaults__", (folder / "baseline",))
        patch.setattr(gate_module.Thresholds.read.__func__, "__defaults__", (self._thresholds,))
        self.write(QUESTION, FAR)
        self.thresholds("")
        self.load(FakeAssistant)

    def write(self, *questions: object) -> None:
        for split in ("dev", "test", "blind"):
            (self.cases / split).mkdir(parents=True, exist_ok=True)
            lines = [json.dumps(one) for one in questions] if split == "test" else []
            (self.cases / split / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
            claims = json.dumps(CLAIM) if split == "test" else ""
            (self.cases / split / "claims.jsonl").write_text(claims, encoding="utf-8")

    def thresholds(self, text: str) -> None:
        self._thresholds.write_text(text, encoding="utf-8")

    def load(self, make: Callable[[], object]) -> None:
        self._patch.setattr(Assistant, "load", lambda **_: make())

    def __call__(self, *arguments: str) -> int:
        return main([*arguments, "--out", str(self.out)])

    def accept(self) -> None:
        self()
        assert main(["accept", "--reason", "the first", "--run", str(self.out / "run.json")]) == 0


@pytest.fixture
def evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluation:
    return Evaluation(tmp_path, monkeypatch)


def test_an_unchanged_program_passes_again_and_again(evaluation: Evaluation) -> None:
    evaluation.accept()
    digests = set()
    for _ in range(5):
        assert evaluation() == 0
        digests.add(read_run(evaluation.out / "run.json").digest)
    assert len(digests) == 1
    assert len((evaluation.out / "history.jsonl").read_text().splitlines()) == 6


def test_report_summary_run_and_history_are_written(evaluation: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation.accept()
    capsys.readouterr()
    assert evaluation("run") == 0
    assert {path.name for path in evaluation.out.iterdir()} >= {
        "report.html",
        "summary.md",
        "run.json",
        "history.jsonl",
    }
    assert "<html" in (evaluation.out / "report.html").read_text()
    assert (evaluation.out / "summary.md").read_text() in capsys.readouterr().out


@pytest.mark.parametrize(
    ("question", "said", "name"),
    [
        ("What dose?", answer("The dose is 50 mg.", citations=[citation(0, 17, TEXT[:17])]), "number-1"),
        ("What dose?", answer("The dose is 5 mg.", citations=[citation(18, 34, TEXT[18:])]), "number-1"),
        ("What dose?", answer(), "number-1"),
        ("Weather?", RIGHT, "far-1"),
    ],
    ids=["wrong answer", "citation moved by one sentence", "answer lost", "abstention lost"],
)
def test_a_planted_fault_fails_and_names_its_case(
    evaluation: Evaluation, question: str, said: Answer, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation.accept()
    evaluation.load(lambda: FakeAssistant({question: said}))
    capsys.readouterr()
    assert evaluation() == 1
    assert name in capsys.readouterr().out
    assert evaluation("--case", name) == 1


def test_without_a_baseline_it_fails_and_says_what_to_do(
    evaluation: Evaluation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluation() == 1
    assert "accept" in capsys.readouterr().out


def test_a_threshold_that_does_not_hold_fails(evaluation: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation.accept()
    evaluation.thresholds("[at_most]\nclaims_number = 0.5\n")
    assert evaluation() == 1
    assert "claims_number" in capsys.readouterr().out


def test_changed_cases_need_a_new_baseline(evaluation: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation.accept()
    evaluation.write(QUESTION, FAR, QUESTION | {"id": "number-2", "question": "Which dose then?"})
    assert evaluation() == 1
    assert "the cases changed since the baseline" in capsys.readouterr().out


def test_a_part_is_neither_gated_by_figures_nor_kept_in_the_history(evaluation: Evaluation) -> None:
    evaluation.thresholds("[at_most]\nclaims_number = 0.5\n")
    assert evaluation("--category", "number") == 0
    assert read_run(evaluation.out / "run.json").environment.suite == "part"
    assert not (evaluation.out / "history.jsonl").exists()


def test_a_case_that_is_not_there_is_a_mistake_of_the_user(
    evaluation: Evaluation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluation("--case", "nobody") == 2
    assert capsys.readouterr().err.startswith("eval: no case fits")


def test_a_case_file_that_cannot_be_used_is_named(evaluation: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation.write(QUESTION | {"category": "nonsense"})
    assert evaluation() == 2
    assert "questions.jsonl:1" in capsys.readouterr().err


def test_documents_that_cannot_be_loaded_are_a_clear_error(
    evaluation: Evaluation, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> object:
        raise KetaRAGError("no corpus")

    evaluation.load(refuse)
    assert evaluation() == 2
    assert capsys.readouterr().err == "eval: no corpus\n"


def test_what_is_no_run_cannot_be_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accept", "--reason", "why", "--run", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err


def test_help_is_light_and_names_the_exit_codes() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "eval", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "accept" in done.stdout
    assert not any(f" {name}\n" in done.stderr for name in ("torch", "gradio", "matplotlib", "sklearn"))
