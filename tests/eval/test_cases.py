"""The shipped cases fit the document and each other; a malformed one is refused with file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval import cases as module
from eval.cases import CASES, CATEGORIES, CLAIM_KINDS, SPLITS, CaseError, QuestionCase, load_claims, load_questions
from eval.metrics import contains
from ketarag import Document
from ketarag.text import normalise

QUESTIONS = {split: load_questions(split) for split in SPLITS}
CLAIMS = {split: load_claims(split) for split in SPLITS}
ALL = [case for cases in QUESTIONS.values() for case in cases]
ANSWERABLE = [case for case in ALL if case.answerable]

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


def test_ids_are_unique_over_all_splits() -> None:
    ids = [case.id for case in ALL] + [case.id for cases in CLAIMS.values() for case in cases]
    assert len(ids) == len(set(ids))


def key(case: QuestionCase) -> tuple[str, ...]:
    return tuple(normalise(text).strip(" ?.!") for text in (*case.history, case.question))


def test_no_question_is_asked_twice_in_a_split() -> None:
    for split in SPLITS:
        keys = [key(case) for case in QUESTIONS[split]]
        assert [one for one in keys if keys.count(one) > 1] == []


def test_no_question_of_test_is_also_in_dev() -> None:
    assert {key(case) for case in QUESTIONS["test"]} & {key(case) for case in QUESTIONS["dev"]} == set()


def test_every_gold_quote_stands_at_its_offsets_in_the_article(article: Document) -> None:
    for case in ANSWERABLE:
        for place in (place for group in case.evidence for place in group):
            assert article.text[place.start : place.end] == place.quote, case.id
            assert place.quote.strip(), case.id
            for left_out in article.left_out:
                apart = place.end <= left_out.span.start or left_out.span.end <= place.start
                assert apart, f"{case.id} in {left_out.reason}"


def test_every_answerable_case_can_be_satisfied(article: Document) -> None:
    for case in ANSWERABLE:
        for fact in case.facts:
            assert any(contains(article.text, phrase) for phrase in fact), f"{case.id}: {fact}"


def test_every_fact_stands_in_the_gold_evidence_or_near_it(article: Document) -> None:
    """Metadata aside: an answer that cites the gold places can hold the facts."""
    lost = []
    for case in ANSWERABLE:
        places = [place for group in case.evidence for place in group]
        near = " ".join(article.text[max(0, place.start - 400) : place.end + 400] for place in places)
        lost += [(case.id, fact) for fact in case.facts if not any(contains(near, phrase) for phrase in fact)]
    assert lost == []


def test_far_cases_name_nothing_of_the_document(article: Document) -> None:
    for case in ALL:
        if case.category == "unanswerable_far":
            assert "ketamin" not in case.question.casefold(), case.id


def test_follow_ups_have_a_history() -> None:
    for case in ALL:
        if case.category == "follow_up":
            assert case.history, case.id
        assert all(text.strip() for text in (*case.history, case.question)), case.id


def test_claims_say_something_and_differ() -> None:
    for split in SPLITS:
        texts = [normalise(case.claim) for case in CLAIMS[split]]
        assert all(texts)
        assert len(set(texts)) == len(texts)


def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *lines: str, name: str = "questions") -> list[Any]:
    folder = tmp_path / "dev"
    folder.mkdir()
    (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(module, "CASES", tmp_path)
    return load_claims("dev") if name == "claims" else load_questions("dev")


def test_a_case_is_read_field_by_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = load(tmp_path, monkeypatch, "", json.dumps(ROW), "")
    assert case == QuestionCase("fact-1", "fact", "Q?", (), True, (("dose",),), ((module.Gold("dose", 0, 4),),))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ("7", "TypeError"),
        (json.dumps({**ROW, "category": "facts"}), "category 'facts' is not one of"),
        (json.dumps({**ROW, "facts": []}), "answerable cases have facts and evidence"),
        (json.dumps({**ROW, "answerable": False}), "answerable cases have facts and evidence"),
        (json.dumps({**ROW, "evidence": []}), "answerable cases have facts and evidence"),
        (json.dumps({**ROW, "facts": [[]]}), "no alternative"),
        (json.dumps({**ROW, "evidence": [[]]}), "no alternative"),
        (json.dumps({**ROW, "evidence": [[{"quote": "dose"}]]}), "start"),
        (json.dumps({name: value for name, value in ROW.items() if name != "question"}), "question"),
    ],
)
def test_a_malformed_question_is_refused_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, says: str
) -> None:
    with pytest.raises(CaseError, match=r"questions\.jsonl:3: ") as refused:
        load(tmp_path, monkeypatch, json.dumps(ROW), "", line)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "typo"}, "kind 'typo' is not one of"),
        ({"kind": "number"}, "supported does not fit"),
        ({"supported": False}, "does not fit"),
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
