"""What a browser kept and sends back: ours as it was, anybody's as far as the documents say it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from fake_assistant import DOCUMENT, QUOTES, FakeAssistant, build_answer
from hypothesis import given
from hypothesis import strategies as st

from ketarag.types import Answer
from ketarag.web.page.kept import GONE, LONGEST_RECORD, MOST_KEPT, READ_AGAIN, Seal, reopened

SEAL = Seal()
ASSISTANT: Any = FakeAssistant()


class Elsewhere(FakeAssistant):
    """The same assistant after its document was changed."""

    documents = (replace(DOCUMENT, text=DOCUMENT.text.replace(QUOTES["eliminat"][1], "Nothing.")),)  # type: ignore[assignment]


def back(*answers: Answer, seal: Seal = SEAL, assistant: Any = ASSISTANT) -> list[Answer]:
    return reopened(json.dumps([SEAL.record(answer) for answer in answers]), assistant, seal)


def changed(answer: Answer, **changes: object) -> str:
    """A record of an answer that somebody changed, with the seal of the real one."""
    body, _, seal = SEAL.record(answer).rpartition(".")
    turn = json.loads(base64.b64decode(body))
    turn["answer"] |= changes
    return f"{base64.b64encode(json.dumps(turn).encode()).decode()}.{seal}"


def test_what_we_made_comes_back_as_it_was() -> None:
    answers = [
        build_answer(
            "How is it eliminated?", "How is ketamine eliminated?", warnings=("A note.",), written_by="a model"
        ),
        build_answer("Is it safe in pregnancy?"),
    ]
    assert back(*answers) == answers


def test_what_the_document_does_not_say_any_more_is_gone_and_said_to_be() -> None:
    (answer,) = back(build_answer("eliminated"), assistant=Elsewhere())
    first = QUOTES["eliminat"][0]
    assert [claim.text for claim in answer.claims] == [first]
    assert [citation.quote for citation in answer.citations] == [first]
    assert answer.text == f"{first} [1]"
    assert answer.warnings == (GONE,)


@pytest.mark.parametrize("seal", [SEAL, Seal()])
@pytest.mark.parametrize("question", ["eliminated", "Is it safe in pregnancy?"])
def test_pages_are_those_of_the_documents(seal: Seal, question: str) -> None:
    class Paged(FakeAssistant):
        documents = (replace(DOCUMENT, text=f"\f{DOCUMENT.text[1:]}"),)  # type: ignore[assignment]

    answer = build_answer(question)
    lied = [tuple(replace(one, page=77) for one in quotes) for quotes in (answer.citations, answer.nearest)]
    (answer,) = back(replace(answer, citations=lied[0], nearest=lied[1]), seal=seal, assistant=Paged())
    assert {one.page for one in (*answer.citations, *answer.nearest)} <= {2}
    assert "77" not in repr([*answer.citations, *answer.nearest])


def test_the_sentences_of_another_process_are_read_from_the_documents() -> None:
    (answer,) = back(build_answer("routes"), seal=Seal())
    assert answer.claims[0].text == QUOTES["routes"][0]
    assert answer.claims[1].text.startswith("These include opioid-like and anti-inflammatory effects, and interactions")
    assert [citation.quote for citation in answer.citations] == QUOTES["routes"]
    assert (answer.warnings, answer.confidence, answer.abstained) == ((READ_AGAIN,), 0.0, False)


def test_of_a_changed_record_only_quotes_count() -> None:
    lie = "Give 500 mg/kg."
    record = changed(
        build_answer("dose"),
        text=lie,
        reason=lie,
        warnings=[lie],
        written_by=lie,
        claims=[{"text": lie, "markers": [1], "verdict": {"supported": True, "score": 1}}],
    )
    (answer,) = reopened(json.dumps([record]), ASSISTANT, SEAL)
    assert [claim.text for claim in answer.claims] == QUOTES["dose"]
    assert lie not in repr(answer)


def test_an_invented_quote_is_gone() -> None:
    quote = {"marker": 1, "document_id": DOCUMENT.id, "title": "", "heading": "", "score": 1.0}
    record = changed(build_answer("dose"), citations=[quote | {"quote": "Give it.", "start": 0, "end": 8}])
    (answer,) = reopened(json.dumps([record]), ASSISTANT, SEAL)
    assert (answer.claims, answer.citations, answer.warnings) == ((), (), (GONE,))


def test_an_abstention_of_another_process_stays_one_without_its_reason() -> None:
    (answer,) = back(build_answer("Is it safe in pregnancy?"), seal=Seal())
    assert (answer.abstained, answer.reason, answer.nearest) == (True, "", ())


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "{",
        "[",
        "7",
        "[7]",
        '["x"]',
        '["e30=."]',
        '["\\ud800"]',
        json.dumps([base64.b64encode(b"[" * 100_000).decode() + "."]),
        json.dumps(["x" * (LONGEST_RECORD + 1)]),
        "[" * 100_000,
    ],
)
def test_what_is_damaged_is_passed_over(kept: str) -> None:
    assert reopened(kept, ASSISTANT, SEAL) == []


@pytest.mark.parametrize("start", [-1, 10**30])
def test_offsets_that_no_document_has_are_gone(start: int) -> None:
    citation = {
        "marker": 1,
        "document_id": DOCUMENT.id,
        "title": "",
        "heading": "",
        "score": 1.0,
        "quote": "a",
        "start": start,
        "end": start + 1,
    }
    (answer,) = reopened(json.dumps([changed(build_answer("dose"), citations=[citation])]), ASSISTANT, SEAL)
    assert answer.citations == ()


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_stands_in_a_record_raises_nothing(content: object) -> None:
    body = base64.b64encode(json.dumps(content).encode()).decode()
    assert reopened(json.dumps([f"{body}.00"]), ASSISTANT, SEAL) == []


def test_no_more_than_are_shown_come_back() -> None:
    answers = [build_answer(f"dose {number}") for number in range(MOST_KEPT + 2)]
    assert [answer.question for answer in back(*answers)] == [answer.question for answer in answers[2:]]
