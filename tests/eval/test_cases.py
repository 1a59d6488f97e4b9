"""The shipped cases are all read and enough; a malformed one is refused with file, line and what is wrong.

That they fit the document and each other: `test_lint`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval import cases as module
from eval.cases import (
    CASES,
    CATEGORIES,
    CLAIM_KINDS,
    SPLITS,
    CaseError,
    ClaimCase,
    Gold,
    QuestionCase,
    load_claims,
    load_questions,
)

QUESTIONS = {split: load_questions(split) for split in SPLITS}
CLAIMS = {split: load_claims(split) for split in SPLITS}
ALL = [case for cases in QUESTIONS.values() for case in cases]

ROW = {
    "id": "fact-1", "category": "fact", "question": "Q?", "history": [], "answerable": True, "facts": [["dose"]],
    "evidence": [[{"quote": "dose", "start": 0, "end": 4}]], "note": "",
}  # fmt: skip
CLAIM = {"id": "claim-1", "claim": "A claim.", "supported": True, "kind": "verbatim"}


def test_every_file_of_the_cases_is_loaded() -> None:
    files = {path for split in SPLITS for path in (CASES / split).glob("*.jsonl")}
    assert files == set(CASES.rglob("*.jsonl"))
    lines = sum(1 for path in files for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    assert lines == len(ALL) + sum(map(len, CLAIMS.values()))


def test_there_are_as_many_as_the_evaluation_needs() -> None:
    for split in SPLITS:
        count = {name: sum(case.category == name for case in QUESTIONS[split]) for name in CATEGORIES}
        assert sum(count.values()) >= 120
        assert count["unanswerable_near"] >= 30
        assert count["unanswerable_far"] >= 10
        assert all(count[name] for name in CATEGORIES)
        assert {case.kind for case in CLAIMS[split]} <= CLAIM_KINDS
        assert {case.kind for case in CLAIMS[split]} >= {
            "verbatim",
            "paraphrase",
            "number",
            "unit",
            "comparator",
            "route",
        }


def test_far_cases_name_nothing_of_the_document() -> None:
    for case in ALL:
        if case.category == "unanswerable_far":
            assert "ketamin" not in case.question.casefold(), case.id


def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *lines: str, name: str = "questions") -> list[Any]:
    folder = tmp_path / "dev"
    folder.mkdir()
    (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(module, "CASES", tmp_path)
    return load_claims("dev") if name == "claims" else load_questions("dev")


def test_a_case_is_read_field_by_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = load(tmp_path, monkeypatch, "", json.dumps(ROW | {"note": "seen"}), "")
    assert case == QuestionCase("fact-1", "fact", "Q?", (), True, (("dose",),), ((Gold("dose", 0, 4),),), "seen")


def test_a_claim_is_read_field_by_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"evidence": [ROW["evidence"][0][0]], "note": "seen"}
    cases = load(tmp_path, monkeypatch, json.dumps(CLAIM), json.dumps(CLAIM | {"id": "2"} | more), name="claims")
    assert cases == [
        ClaimCase("claim-1", "A claim.", True, "verbatim"),
        ClaimCase("2", "A claim.", True, "verbatim", (Gold("dose", 0, 4),), "seen"),
    ]


def changed(**changes: object) -> str:
    return json.dumps(ROW | changes)


def placed(**changes: object) -> str:
    return changed(evidence=[[ROW["evidence"][0][0] | changes]])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "is not JSON: EOF"),
        ('{"id": "\\ud800"}', "is not JSON"),
        ("[]", "the line is []; it should be an object"),
        ("null", "the line is null; it should be an object"),
        (changed(category="facts"), "category \"facts\" is not one of 'fact', 'number'"),
        (changed(facts=[]), "answerable cases have facts and evidence"),
        (changed(answerable=False), "answerable cases have facts and evidence"),
        (changed(evidence=[]), "answerable cases have facts and evidence"),
        (changed(facts=[[]]), "no alternative"),
        (changed(evidence=[[]]), "no alternative"),
        (changed(facts=[["dose", " "]]), "facts[0][1] is blank"),
        (changed(facts=["dose"]), 'facts[0] is "dose"; it should be a valid array'),
        (changed(question="\t"), "question is blank"),
        (changed(id=7), "id is 7; it should be a valid string"),
        (changed(answerable="true"), 'answerable is "true"; it should be a valid boolean'),
        (changed(history=["Before?", ""]), "history[1] is blank"),
        (changed(category="follow_up"), "category 'follow_up' needs a history"),
        (changed(category="unanswerable_far"), "answerable is true, which does not fit category 'unanswerable_far'"),
        (
            changed(answerable=False, facts=[], evidence=[]),
            "answerable is false, which does not fit category 'fact'",
        ),
        (changed(qustion="Q?", notes=""), "qustion is not a field; notes is not a field"),
        (placed(quote="doses"), "evidence[0][0] [0:4] is 4 characters, its quote 5"),
        (placed(quote="    "), "evidence[0][0].quote is blank"),
        (placed(start="0"), 'evidence[0][0].start is "0"; it should be a valid integer'),
        (placed(start=-4, end=0), "evidence[0][0].start is -4; it should be greater than or equal to 0"),
        (placed(text="dose"), "evidence[0][0].text is not a field"),
        (changed(evidence=[[{"quote": "dose"}]]), "evidence[0][0].start is missing; evidence[0][0].end is missing"),
        (json.dumps({name: value for name, value in ROW.items() if name != "question"}), "question is missing"),
    ],
)
def test_a_malformed_question_is_refused_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, says: str
) -> None:
    with pytest.raises(CaseError, match=r"questions\.jsonl:3: ") as refused:
        load(tmp_path, monkeypatch, json.dumps(ROW), "", line)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_long_wrong_value_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CaseError) as refused:
        load(tmp_path, monkeypatch, changed(note=["long"] * 1000))
    assert len(str(refused.value).partition("questions.jsonl")[2]) < 150


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "typo"}, "kind \"typo\" is not one of 'verbatim'"),
        ({"kind": "number"}, "supported is true, which does not fit kind 'number'"),
        ({"supported": False}, "supported is false, which does not fit kind 'verbatim'"),
        ({"evidence": [[]]}, "evidence[0] is []; it should be an object"),
    ],
)
def test_a_malformed_claim_is_refused_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], says: str
) -> None:
    with pytest.raises(CaseError, match=r"claims\.jsonl:2: ") as refused:
        load(tmp_path, monkeypatch, json.dumps(CLAIM), json.dumps(CLAIM | change), name="claims")
    assert says in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CASES", tmp_path)
    with pytest.raises(CaseError, match=r"claims\.jsonl: cannot be read"):
        load_claims("dev")


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CASES", tmp_path)
    (tmp_path / "claims.jsonl").write_bytes(b'{"id": "\xff"}')
    with pytest.raises(CaseError, match=r"claims\.jsonl: is not UTF-8 \(byte 8\)"):
        load_claims(".")
