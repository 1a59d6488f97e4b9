"""A draft says what the feedback says and no more; a finished one is a case, an unfinished one is not; no file is overwritten."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.cases import CaseError, QuestionCase, read_lines
from eval.draft import Cited, Feedback, add_arguments, append_draft, draft_case, run

CITED = Cited("Relief lasts 4–6 weeks.", 10, 33, "a.txt")
PLACE = {"quote": "Relief lasts 4–6 weeks.", "start": 10, "end": 33}
FEEDBACK = Feedback(
    question=" How long does relief last? ",
    history=(),
    answer="Relief lasts 4–6 weeks. [1]",
    rating="up",
    citations=(CITED,),
    time=datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
)
LINE: dict[str, Any] = {
    "question": "How long?", "history": ["Does it help?"], "answer": "Some weeks. [1]", "rating": "down",
    "citations": [PLACE | {"document_id": "a.txt"}], "time": "2026-03-02T08:30:00+00:00", "reason": "vague",
    "right_answer": "4–6 weeks",
}  # fmt: skip

said = st.text(min_size=1).filter(str.strip)
quotes = st.builds(
    lambda text, start, name: Cited(text, start, start + len(text), name), said, st.integers(0, 10**6), said
)
feedbacks = st.builds(
    Feedback,
    question=said,
    history=st.lists(said, max_size=3).map(tuple),
    answer=said,
    rating=st.sampled_from(["up", "down"]),
    citations=st.lists(quotes, max_size=3).map(tuple),
    time=st.datetimes(timezones=st.just(UTC)),
    reason=st.text(),
    right_answer=st.text(),
)


def test_an_answer_rated_up_gives_its_citations_as_evidence() -> None:
    draft = draft_case(FEEDBACK)
    note, name = str(draft.pop("note")), str(draft.pop("id"))
    assert name.startswith("draft-")
    assert draft == {
        "category": "fact",
        "question": "How long does relief last?",
        "history": [],
        "answerable": True,
        "facts": [],
        "evidence": [[PLACE]],
    }
    assert note.startswith(
        "Feedback of 2026-03-02: rated up. The answer was: Relief lasts 4–6 weeks. [1] It cited: a.txt."
    )
    assert "facts are missing" in note
    assert "evidence is what was cited" in note


def test_each_citation_is_a_place_of_its_own() -> None:
    other = Cited("More.", 50, 55, "b.txt")
    draft = draft_case(replace(FEEDBACK, citations=(CITED, other)))
    assert draft["evidence"] == [[PLACE], [{"quote": "More.", "start": 50, "end": 55}]]
    assert "It cited: a.txt, b.txt." in str(draft["note"])


def test_an_answer_rated_down_gives_no_evidence_but_the_right_answer_as_a_fact() -> None:
    draft = draft_case(
        replace(FEEDBACK, rating="down", reason="too short ", right_answer="4–6 weeks. ", history=("And?",))
    )
    assert draft["category"] == "follow_up"
    assert draft["history"] == ["And?"]
    assert draft["answerable"]
    assert draft["facts"] == [["4–6 weeks"]]
    assert draft["evidence"] == []
    note = str(draft["note"])
    assert "rated down, because: too short. " in note
    assert "whether a document answers it at all" in note
    assert "the facts are a user's words" in note
    assert "evidence is missing" in note


def test_an_abstention_rated_up_is_not_answerable() -> None:
    draft = draft_case(replace(FEEDBACK, citations=()))
    assert (draft["answerable"], draft["facts"], draft["evidence"]) == (False, [], [])
    assert "unanswerable_near or unanswerable_far" in str(draft["note"])
    assert "missing" not in str(draft["note"])


@pytest.mark.parametrize("change", [{"rating": "down"}, {"right_answer": "4–6 weeks"}])
def test_an_abstention_that_nobody_agreed_to_is_not_called_unanswerable(change: dict[str, str]) -> None:
    assert draft_case(replace(FEEDBACK, citations=(), **change))["answerable"]  # type: ignore[arg-type]


@given(feedbacks)
def test_a_draft_has_the_fields_of_a_case_and_is_the_same_each_time(feedback: Feedback) -> None:
    draft = draft_case(feedback)
    assert list(draft) == [field.name for field in fields(QuestionCase)]
    assert draft == draft_case(replace(feedback)) == json.loads(json.dumps(draft))
    assert draft["id"] != draft_case(replace(feedback, reason=f"{feedback.reason}!"))["id"]


@given(feedbacks)
def test_a_draft_is_a_case_exactly_when_nothing_is_missing(
    tmp_path_factory: pytest.TempPathFactory, feedback: Feedback
) -> None:
    draft = draft_case(feedback)
    path = tmp_path_factory.mktemp("drafts") / "drafts.jsonl"
    append_draft(path, draft)
    whole = bool(draft["facts"] and draft["evidence"]) or (not draft["answerable"] and draft["category"] == "follow_up")
    try:
        (case,) = read_lines(path, QuestionCase)
    except CaseError:
        assert not whole
    else:
        assert whole
        assert [case.id, case.question, list(case.history)] == [draft["id"], draft["question"], draft["history"]]
    finished = {
        **draft, "answerable": True, "category": "follow_up" if draft["history"] else "fact",
        "facts": draft["facts"] or [["a"]], "evidence": draft["evidence"] or [[PLACE]],
    }  # fmt: skip
    path.write_text(json.dumps(finished), encoding="utf-8")
    assert len(read_lines(path, QuestionCase)) == 1


@given(
    before=st.lists(st.sampled_from(["", "# by hand", '{"id": "draft-', "{}"])), ids=st.lists(st.uuids(), unique=True)
)
def test_what_stands_in_the_file_stays_and_a_line_is_added_for_each(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], ids: list[object]
) -> None:
    path = tmp_path_factory.mktemp("drafts") / "new" / "drafts.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(before), encoding="utf-8")
    drafts = [{"id": f"draft-{one}", "note": "a\u2028b\n"} for one in ids]
    assert all(append_draft(path, draft) for draft in drafts)
    held = path.read_text(encoding="utf-8")
    assert held.startswith("\n".join(before))
    lines = held.split("\n")[: -1 if drafts else None]
    assert [json.loads(line) for line in lines[len(lines) - len(drafts) :]] == drafts
    assert not any(append_draft(path, draft) for draft in drafts)
    assert path.read_text(encoding="utf-8") == held


def test_a_folder_is_made_and_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    assert append_draft(tmp_path / "new" / "drafts.jsonl", {"id": "draft-1"})
    with pytest.raises(CaseError, match=r"new: cannot be written \(Is a directory\)"):
        append_draft(tmp_path / "new", {"id": "draft-1"})


def ran(tmp_path: Path, *lines: dict[str, Any]) -> tuple[int, Path]:
    source, target = tmp_path / "feedback.jsonl", tmp_path / "drafts.jsonl"
    source.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(source), "--to", str(target)])), target


def test_the_command_adds_each_piece_of_feedback_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, target = ran(tmp_path, LINE)
    assert code == 0
    (draft,) = map(json.loads, target.read_text(encoding="utf-8").splitlines())
    assert (draft["category"], draft["facts"], draft["evidence"]) == ("follow_up", [["4–6 weeks"]], [])
    assert capsys.readouterr().out == f"1 draft added to {target}, 0 were there already.\n"
    ran(tmp_path, LINE, LINE | {"reason": "wrong"}, LINE | {"rating": "up"})
    assert capsys.readouterr().out == f"2 drafts added to {target}, 1 were there already.\n"
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rating": "good"}, "rating \"good\" is not one of 'up' or 'down'"),
        ({"question": ""}, "question is blank"),
        ({"right_anwser": "4–6 weeks"}, "right_anwser is not a field"),
        ({"time": "yesterday"}, 'time is "yesterday"; it should be a valid datetime'),
        ({"citations": [PLACE]}, "citations[0].document_id is missing"),
        (
            {"citations": [PLACE | {"document_id": "a.txt", "end": 34}]},
            "citations[0] [10:34] is 24 characters, its quote 23",
        ),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_added(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(CaseError, match=r"feedback\.jsonl:2: ") as refused:
        ran(tmp_path, LINE, LINE | change)
    assert says in str(refused.value)
    assert not (tmp_path / "drafts.jsonl").exists()
