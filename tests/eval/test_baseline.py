from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_records import run, with_case

from eval.baseline import FOLDER, BaselineError, accept, load, read
from eval.record import read_run, write_run


def test_none_was_ever_accepted(tmp_path: Path) -> None:
    assert read(tmp_path) is None


def test_what_is_accepted_is_read_again(tmp_path: Path) -> None:
    accept(run(), "the first", tmp_path)
    assert read(tmp_path) == run()


def test_every_reason_is_kept_with_the_run_that_it_was_given_for(tmp_path: Path) -> None:
    accept(run(), "the first", tmp_path)
    second = run(commit="1" * 40)
    accept(second, " better reader ", tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "reasons.jsonl").read_text().splitlines()]
    assert [(line["reason"], line["commit"][0], line["digest"]) for line in lines] == [
        ("the first", "0", run().digest),
        ("better reader", "1", second.digest),
    ]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_without_a_reason_nothing_is_accepted(tmp_path: Path, reason: str) -> None:
    with pytest.raises(BaselineError, match="--reason"):
        accept(run(), reason, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suite", ["smoke", "part"])
def test_a_part_is_no_baseline(tmp_path: Path, suite: str) -> None:
    with pytest.raises(BaselineError, match="only a full one"):
        accept(run(suite=suite), "why", tmp_path)
    assert read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"environment": 1, "questions": [], "claims": []}'])
def test_what_is_no_run_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(BaselineError, match=r"run\.json: is no run"):
        load(tmp_path / "run.json")


def test_the_shipped_baseline_is_whole() -> None:
    shipped = read(FOLDER)
    assert shipped is not None
    assert shipped.environment.suite == "full"
    assert not shipped.environment.dirty
    assert len({record.id for record in (*shipped.questions, *shipped.claims)}) == len(shipped.questions) + len(
        shipped.claims
    )


def test_a_run_is_the_same_after_it_was_written(tmp_path: Path) -> None:
    write_run(tmp_path / "a.json", run())
    assert read_run(tmp_path / "a.json") == run()
    assert len((tmp_path / "a.json").read_text().splitlines()) > len(run().questions)  # a line a case


def test_the_digest_is_over_answers_and_not_over_the_clock() -> None:
    same = run(started="2027-01-01T00:00:00+00:00", duration_s=9.0, speed_unit_ms=1.0, peak_memory_mb=1.0, machine="b")
    assert with_case(same, "q1", timings_ms={"all": 9.0}).digest == run().digest
    assert with_case(run(), "q1", scores={"facts": 0.0}).digest != run().digest
    assert run(commit="1" * 40).digest != run().digest
