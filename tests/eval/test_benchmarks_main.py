"""python -m eval.benchmarks: every kind from files to figures, and errors without a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_files import beir, claim_file, squad_file

from eval.benchmarks import __main__ as command
from eval.record import Figure
from ketarag.answering.cross_encoder import CrossEncoder
from ketarag.testing import FakePairModel, HashEmbedder


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load_embedder", lambda _model, _report: HashEmbedder())
    monkeypatch.setattr(CrossEncoder, "load", lambda _folder: FakePairModel())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {"a": "Cats purr.", "b": "Dogs bark."}
    queries = [{"_id": "c_1", "text": "Who barks?"}, {"_id": "c_2", "text": "Who purrs?"}]
    return beir(tmp_path / "pets", texts, queries, [("c_1", "b", 1), ("c_2", "a", 1)])


def test_squad_with_the_programs_own_reader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = squad_file(tmp_path / "squad.json")
    assert command.main(["squad", str(file), "--article", "Pets"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "squad: squad.json, Pets"
    assert shown[1].startswith("models hash:256:256, fake-pair-model; ")
    assert shown[2].startswith("answerability AUROC: as shipped")
    assert shown[-1] == "gold sentence first: cosine                1.000  [1.000, 1.000]  n=1"


@pytest.mark.parametrize("kind", ["conversations", "retrieval"])
def test_folders(folder: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([kind, str(folder), "--split", "dev"]) == 0
    shown = capsys.readouterr().out
    assert f"{kind}: pets (dev), 2 queries, 2 passages" in shown
    assert "as shipped" in shown
    assert "n=2" in shown


def test_claims(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["claims", str(claim_file(tmp_path / "claims.jsonl"))]) == 0
    shown = capsys.readouterr().out
    assert "claims: claims.jsonl, 3 pairs" in shown
    assert "SUPPORT against the rest: cosine" in shown


def test_only_what_was_held_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ids a, b and c have the buckets 10, 66 and 3 of a hundred, and those below 20 were held out."""
    assert command.main(["claims", str(claim_file(tmp_path / "wice.jsonl")), "--held-out"]) == 0
    assert "wice.jsonl, 2 pairs" in capsys.readouterr().out


def test_of_queries_only_those_held_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries = [{"_id": "1", "text": "a"}, {"_id": "2", "text": "b"}]  # buckets as above
    path = beir(tmp_path / "scifact", {"d": "a b"}, queries, [("1", "d", 1), ("2", "d", 1)])
    assert command.main(["retrieval", str(path), "--held-out"]) == 0
    assert "1 queries" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["squad", "none.json"], "none.json: cannot be read"),
        (["conversations", "none"], "no .tsv file"),
        (["retrieval", "none"], "no .tsv file"),
        (["claims", "none.jsonl"], "none.jsonl: cannot be read"),
    ],
)
def test_what_is_not_there_is_said(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([arguments[0], str(tmp_path / arguments[1])]) == 2
    assert said in capsys.readouterr().err


def test_a_kind_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main([])
    assert stop.value.code == 2
    assert "squad" in capsys.readouterr().err


def test_a_figure_that_could_not_be_scored_says_so() -> None:
    shown = command.table({"a": None, "long name": Figure(value=0.5, count=3, low=0.25, high=0.75)})
    assert shown == "a          not scored\nlong name  0.500  [0.250, 0.750]  n=3"
