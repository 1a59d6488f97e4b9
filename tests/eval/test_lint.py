"""The shipped cases are clean; each fault, planted in clean cases, is found, and told of the case that has it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import lint as module
from eval.cases import SPLITS, CaseError, ClaimCase, Gold, QuestionCase
from eval.lint import Finding, Split, add_arguments, lint, load_split, run
from ketarag import Document, LeftOut, Span

TEXT = "Menu. Ketamine relieves pain. Up to 70% of patients respond. It raises the blood pressure.3 Menu."
DOCUMENT = Document("a.txt", "A", TEXT, "", left_out=(LeftOut(Span(0, 5), "menu"), LeftOut(Span(92, 97), "menu")))
SHIPPED = [load_split(name) for name in SPLITS]


def place(quote: str) -> Gold:
    return Gold(quote, TEXT.index(quote), TEXT.index(quote) + len(quote))


PAIN, RESPOND, PRESSURE = map(
    place, ["Ketamine relieves pain.", "Up to 70% of patients respond.", "It raises the blood pressure.3"]
)


def question(name: str = "q", asked: str = "What does it relieve?", **changes: object) -> QuestionCase:
    one = QuestionCase(name, "fact", asked, (), True, (("pain",),), ((PAIN,),))
    return replace(one, **changes)  # type: ignore[arg-type]


def claim(
    text: str = "Pain is eased.", kind: str = "paraphrase", evidence: Sequence[Gold] = (PAIN,), name: str = "c"
) -> ClaimCase:
    return ClaimCase(name, text, kind in ("verbatim", "paraphrase"), kind, tuple(evidence))  # type: ignore[arg-type]


def found(*cases: QuestionCase | ClaimCase, apart: bool = False) -> list[tuple[str, str]]:
    """(case, message) of what is found in the cases, each in a split of its own when `apart`."""
    groups = [[one] for one in cases] if apart else [list(cases)]
    splits = [
        Split(
            f"split{at}",
            [one for one in group if isinstance(one, QuestionCase)],
            [one for one in group if isinstance(one, ClaimCase)],
        )
        for at, group in enumerate(groups)
    ]
    return [(finding.case, finding.message) for finding in lint([DOCUMENT], splits)]


def test_the_shipped_cases_are_clean(article: Document) -> None:
    assert [str(finding) for finding in lint([article], SHIPPED)] == []


def test_good_cases_give_nothing() -> None:
    others = [question("2", "How many respond?", facts=(("70 %", "seventy"),), evidence=((RESPOND,),))]
    claims = [
        claim(),
        claim("Up to 70% of patients respond.", "verbatim", [RESPOND], "c2"),
        claim(
            "It raises the blood pressure.", "verbatim", [PRESSURE], "c3"
        ),  # the marker of the source is no word of it
        claim("Up to 90% of patients respond.", "number", [RESPOND], "c4"),
        claim("Ketamine cures colds.", "invented", [], "c5"),
    ]
    assert found(question(), *others, *claims) == []
    assert lint([], []) == []


@pytest.mark.parametrize("apart", [True, False])
def test_an_id_used_twice(apart: bool) -> None:
    home = "split0"
    assert found(question("x"), claim(name="x"), apart=apart) == [("x", f"its id is that of another case in {home}")]


SAME = "asks the same as first in split0 (100 of 100): a leak between splits"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("What does it relieve?", SAME),
        ("  WHAT does it  relieve ", SAME),
        ("What does it relief?", "asks nearly the same as first in split0 (92 of 100): a leak between splits"),
    ],
)
def test_a_question_that_is_in_another_split_is_a_leak(asked: str, says: str) -> None:
    assert found(question("first"), question("second", asked), apart=True) == [("second", says)]


def test_a_question_that_is_twice_in_its_split() -> None:
    assert found(question("first"), question("second")) == [("second", "asks the same as first in split0 (100 of 100)")]


def test_the_same_question_after_other_questions_is_another() -> None:
    def follow_up(name: str, *history: str) -> QuestionCase:
        return question(name, "And why?", category="follow_up", history=history)

    assert found(question("alone", "And why?"), follow_up("one", "Does it relieve pain?"), apart=True) == []
    assert found(follow_up("one", "Does it relieve pain?"), follow_up("two", "Who responds?"), apart=True) == []
    same = found(follow_up("one", "Does it relieve pain?"), follow_up("two", "Does it relieve pain"), apart=True)
    assert [name for name, _ in same] == ["two"]


def test_another_question_after_the_same_long_history_is_another() -> None:
    history = ("Does ketamine relieve pain, and how well does it do so?", "How many patients respond to a single dose?")
    asked = [
        question(name, text, category="follow_up", history=history)
        for name, text in [("one", "Is it safe?"), ("two", "Since when?")]
    ]
    assert found(*asked, apart=True) == []


@given(data=st.data())
def test_a_shipped_question_that_is_copied_with_a_slip_is_found(data: st.DataObject) -> None:
    long = [one for split in SHIPPED for one in split.questions if len(one.question) >= 25]
    one = data.draw(st.sampled_from(long))
    at = data.draw(st.integers(0, len(one.question) - 1))
    slip = (
        one.question[:at]
        + data.draw(st.sampled_from(["", "x", " ", one.question[at].upper()]))
        + one.question[at + 1 :]
    )
    copies = [Split("one", [one], []), Split("two", [replace(one, id="copy", question=slip)], [])]
    pairs = [finding for finding in lint([], copies) if "the same as" in finding.message]
    assert [(finding.split, finding.case) for finding in pairs] == [("two", "copy")]


def test_claims_of_one_kind_that_are_nearly_the_same() -> None:
    one = claim("Up to 80% of patients respond.", "number", [RESPOND], "first")
    other = claim("Up to 90% of patients respond.", "number", [RESPOND], "second")
    says = "claims nearly the same as first in split0 (97 of 100): a leak between splits"
    assert found(one, other, apart=True) == [("second", says)]
    assert found(claim(name="first"), claim("pain is eased", name="second")) == [
        ("second", "claims the same as first in split0 (100 of 100)")
    ]


def test_claims_of_two_kinds_may_differ_by_a_word_but_not_be_the_same() -> None:
    text = "Up to 90% of patients respond."
    altered = claim(text, "number", [RESPOND], "first")
    assert found(altered, claim("Up to 70% of patients respond.", "verbatim", [RESPOND], "second"), apart=True) == []
    ((name, message),) = found(altered, claim(text, "comparator", [RESPOND], "second"), apart=True)
    assert (name, message.split(" (")[0]) == ("second", "claims the same as first in split0")


def test_a_draft_among_the_cases() -> None:
    ((name, message),) = found(question("draft-1"))
    assert name == "draft-1"
    assert message.startswith("is still a draft")


MOVED = Gold(PAIN.quote, PAIN.start + 1, PAIN.end + 1)


@pytest.mark.parametrize(
    "gold", [MOVED, Gold("Ketamine relieves PAIN.", PAIN.start, PAIN.end), Gold("x" * 9, 5000, 5009)]
)
def test_gold_that_does_not_stand_there(gold: Gold) -> None:
    wrong = [question(evidence=((PAIN, gold),)), claim(evidence=(PAIN, gold))]
    says = [(name, message.split(" but ")[0]) for name, message in found(*wrong)]
    assert says == [(name, f"gold [{gold.start}:{gold.end}] is not {gold.quote!r}") for name in ("q", "c")]


def test_it_is_told_what_stands_there_and_where_the_quote_does() -> None:
    ((_, message),) = found(question(evidence=((MOVED,),)))
    assert message.endswith("but 'etamine relieves pain. ' in a.txt, its quote at 6 in a.txt")


def test_gold_may_stand_in_any_of_the_documents() -> None:
    other = Document("b.txt", "B", "Something else.", "")
    assert lint([other, DOCUMENT], [Split("one", [question()], [claim()])]) == []


def test_gold_that_is_not_indexed() -> None:
    menu = Gold("Menu.", 0, 5)
    says = "gold [0:5] is not indexed (menu): nothing can cite it"
    assert found(question(evidence=((PAIN, menu),))) == [("q", says)]
    indexed_elsewhere = Document("b.txt", "B", "Menu.", "")
    assert lint([DOCUMENT, indexed_elsewhere], [Split("one", [question(evidence=((PAIN, menu),))], [])]) == []


@pytest.mark.parametrize(
    ("fact", "where"),
    [
        (("relieves pains", "relief"), "stands in the source: no answer can hold it"),
        (("ain",), "stands in the source: no answer can hold it"),  # a part of a word
        (("Menu",), "stands in the source: no answer can hold it"),  # not indexed
        (("blood pressure",), "stands in its gold evidence, though elsewhere in the source"),
    ],
)
def test_a_fact_that_no_answer_can_hold(fact: tuple[str, ...], where: str) -> None:
    assert found(question(facts=(("pain",), fact))) == [("q", f"none of {list(fact)} {where}")]


def test_an_alternative_is_enough_and_is_normalised() -> None:
    assert found(question(facts=(("relief", "RELIEVES  pain"),))) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (claim(evidence=()), "has no evidence: where is it taken from?"),
        (claim("Up to 90% respond.", "number", ()), "has no evidence: where is it altered from?"),
        (claim("Ketamine relieves pain.", "verbatim", (RESPOND,)), "is called verbatim, but no evidence of it holds"),
        (claim("Ketamine relieves pain.", "negation"), "is called not supported, but these very words stand"),
    ],
)
def test_a_claim_that_its_evidence_belies(wrong: ClaimCase, says: str) -> None:
    ((name, message),) = found(wrong)
    assert name == "c"
    assert message.startswith(says)


def test_a_finding_reads_as_a_line() -> None:
    assert str(Finding("dev", "fact-1", "is wrong")) == "dev/fact-1: is wrong"


class Assistant:
    """Knows its documents and no more."""

    documents = (DOCUMENT,)

    @classmethod
    def load(cls, progress: object) -> Assistant:
        return cls()


def ran(monkeypatch: pytest.MonkeyPatch, split: Split, *arguments: str) -> int:
    monkeypatch.setattr(module, "Assistant", Assistant)
    monkeypatch.setattr(module, "SPLITS", ("dev",))
    monkeypatch.setattr(module, "load_split", lambda _: split)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def test_the_command_exits_0_on_clean_cases(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(monkeypatch, Split("dev", [question()], [claim()])) == 0
    assert capsys.readouterr().out == "No findings in 2 cases.\n"


def test_the_command_prints_what_it_finds_and_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(monkeypatch, Split("dev", [question(), question("again")], [])) == 1
    assert capsys.readouterr().out == ("dev/again: asks the same as q in dev (100 of 100)\n1 finding in 2 cases.\n")


def test_the_command_checks_a_file_with_the_splits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    row = {
        "id": "draft-1", "category": "fact", "question": "What does it relieve?", "history": [], "answerable": True,
        "facts": [["pain"]], "evidence": [[{"quote": PAIN.quote, "start": PAIN.start, "end": PAIN.end}]],
    }  # fmt: skip
    path = tmp_path / "drafts.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert ran(monkeypatch, Split("dev", [question()], []), str(path)) == 1
    out = capsys.readouterr().out
    assert f"{path}/draft-1: asks the same as q in dev (100 of 100): a leak between splits\n" in out
    assert f"{path}/draft-1: is still a draft" in out
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(CaseError, match=r"drafts\.jsonl:1: id is missing"):
        ran(monkeypatch, Split("dev", [], []), str(path))
