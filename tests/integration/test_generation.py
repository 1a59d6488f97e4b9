"""Chat models over the shipped document, with the real reader and verifier: a scripted model says what models say, good and bad."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketarag.answering.gate import number_faults
from ketarag.answering.generate import Budget
from ketarag.answering.quantities import quantities
from ketarag.assistant import Assistant
from ketarag.config import shipped_corpus
from ketarag.testing import Reply, ScriptedChatModel
from ketarag.types import Answer, Document, Final, Progress, Turn, VerifiedClaim

CASES = [json.loads(line) for line in (Path(__file__).parent / "drafts.jsonl").read_text("utf-8").splitlines()]
GOOD = [case for case in CASES if case["good"]]
ALTERED = [case for case in CASES if not case["good"]]
UNSUPPORTED = [
    json.loads(line) for line in (Path(__file__).parent / "unsupported.jsonl").read_text("utf-8").splitlines()
]
"""What small models write without a wrong figure: details that they add, causes turned round, two facts made one, no claim at all."""
INJECTIONS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "answering" / "injections.jsonl").read_text("utf-8").splitlines()
]
DOSE = "What IV dose is used for depression?"
UNANSWERED = "What is the capital of France?"
RESPONSE = "Up to 70% of patients respond following a single IV dose, typically 500 microgram/kg over 40 min [1]."


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from ketarag.config import Settings
    from ketarag.loading import load_parts

    index = tmp_path_factory.mktemp("generation") / "index"
    return load_parts(Settings(corpus=shipped_corpus(), index=index), lambda _: None)


def writes(parts: Any, *replies: str | Reply, budget: Budget | None = None) -> tuple[Assistant, ScriptedChatModel]:
    model = ScriptedChatModel(*replies)
    return Assistant(parts, model, budget or Budget(20.0, 600)), model


def check(answer: Answer, document: Document) -> None:
    """The invariants of every answer, whatever was written."""
    cited = {citation.marker: citation for citation in answer.citations}
    assert list(cited) == list(range(1, len(cited) + 1))
    for citation in answer.citations:
        assert document.text[citation.start : citation.end] == citation.quote
        assert not any(left.span.start < citation.end and citation.start < left.span.end for left in document.left_out)
    if answer.abstained:
        assert answer.claims == () == answer.citations
        assert answer.written_by == ""
        return
    assert 1 <= len(answer.claims) <= 3
    assert list(dict.fromkeys(marker for claim in answer.claims for marker in claim.markers)) == list(cited)
    said = " ".join(claim.text + "".join(f" [{marker}]" for marker in claim.markers) for claim in answer.claims)
    assert answer.text == said
    assert {int(number) for number in re.findall(r"\[(\d+)\]", answer.text)} <= set(cited)
    for claim in answer.claims:
        assert claim.markers
        assert claim.verdict.supported
        if answer.written_by or claim.repaired:
            assert number_faults(claim.text, [cited[marker].quote for marker in claim.markers]) == []


def test_most_good_paraphrases_are_shown_as_they_were_written(parts: Any, article: Document) -> None:
    shown = 0
    for case in GOOD:
        assistant, _ = writes(parts, f"{case['claim']} [1]")
        answer = assistant.ask(case["question"])
        check(answer, article)
        shown += any(claim.text == case["claim"] and not claim.repaired for claim in answer.claims)
    assert shown >= 23, (
        f"{shown} of {len(GOOD)}"
    )  # one that is not costs style only: the source's own sentence is shown


def test_no_altered_and_no_unsupported_sentence_is_shown(parts: Any, article: Document) -> None:
    for case in (*ALTERED, *UNSUPPORTED):
        assistant, _ = writes(parts, f"{case['claim']} [1]")
        answer = assistant.ask(case["question"])
        check(answer, article)
        assert case["claim"] not in [claim.text for claim in answer.claims], case


def test_an_answer_streams_claim_by_claim_with_its_times(parts: Any) -> None:
    assistant, model = writes(parts, Reply([f"{RESPONSE} ", "The improvements", " are seen within hours [1]."]))
    events = list(assistant.stream(DOSE))
    assert [event.step for event in events if isinstance(event, Progress)] == ["condense", "retrieve", "read", "write"]
    final = events[-1]
    assert isinstance(final, Final)
    answer = final.answer
    claims = [event for event in events if isinstance(event, VerifiedClaim)]
    assert tuple(event.claim for event in claims) == answer.claims
    assert tuple(citation for event in claims for citation in event.citations) == answer.citations
    assert answer.written_by == model.name
    assert answer.timings_ms["first_claim"] > 0
    assert answer.timings_ms["write"] > 0
    assert "scripted" in assistant.fingerprints["writer"]
    assert len(model.calls) == 1


def test_where_the_reader_abstains_no_model_is_called(parts: Any, article: Document) -> None:
    assistant, model = writes(parts, "Paris is the capital of France [1].")
    answer = assistant.ask(UNANSWERED)
    check(answer, article)
    assert answer.abstained
    assert model.calls == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply([], error="down"),
        Reply(["The dose"], error="cut off"),
        Reply([]),
        Reply(["I'm sorry, but I cannot give medical advice."]),
        Reply(["NOT ANSWERED"]),
        Reply(["lorem ipsum "] * 300),
        Reply(["Die Dosis beträgt fünfhundert Mikrogramm. ", "Sie wirkt schnell."]),
        Reply(["The half-life is about 1 hour. "] * 100),
    ],
)
def test_what_fails_gives_the_extractive_answer_and_says_so(parts: Any, article: Document, reply: Reply) -> None:
    assistant, model = writes(parts, reply)
    plain = Assistant(parts).ask(DOSE)
    conversation = assistant.conversation()
    answer = conversation.ask(DOSE)
    check(answer, article)
    assert not plain.abstained
    assert (answer.text, answer.citations, answer.written_by) == (plain.text, plain.citations, "")
    assert "own sentences" in answer.warnings[-1]
    assert plain.warnings == ()
    assert model.ended == 1
    assert [turn.answer for turn in conversation.turns] == [answer]


def test_a_slow_model_is_left_within_its_seconds(parts: Any) -> None:
    Assistant(parts).ask(DOSE)
    assistant, model = writes(parts, Reply(["word "] * 200, delay=0.2), budget=Budget(1.0, 600))
    began = time.monotonic()
    answer = assistant.ask(DOSE)
    assert time.monotonic() - began < 6  # a busy machine reads, too
    assert not answer.abstained
    assert model.ended == 1


def test_who_leaves_in_the_middle_ends_the_model(parts: Any) -> None:
    assistant, model = writes(parts, Reply([f"{RESPONSE} ", "The ", "improvements ", "are seen within hours [1]."]))
    conversation = assistant.conversation()
    events = conversation.stream(DOSE)
    while not isinstance(next(events), VerifiedClaim):
        pass
    assert model.ended == 0
    events.close()  # type: ignore[attr-defined]
    assert model.ended == 1
    assert conversation.turns == ()


def test_a_follow_up_is_also_searched_as_the_model_has_it(parts: Any, article: Document) -> None:
    assistant, model = writes(
        parts,
        RESPONSE,
        "How long does the benefit of the IV dose for depression last?",
        "The duration of benefit is generally less than one week [1].",
    )
    conversation = assistant.conversation()
    conversation.ask(DOSE)
    answer = conversation.ask("And how long does it last?")
    check(answer, article)
    assert "less than one week" in answer.text
    assert answer.standalone_question == "How long does the benefit of the IV dose for depression last?"
    assert len(model.calls) == 3


def test_the_model_and_the_prompts_are_in_the_fingerprint(parts: Any) -> None:
    assistant, _ = writes(parts, RESPONSE)
    plain = Assistant(parts)
    assert "writer" not in plain.fingerprints
    assert assistant.fingerprint != plain.fingerprint
    assert plain.ask(DOSE).written_by == ""
    other = ScriptedChatModel(RESPONSE)
    other.name = "another"
    assert Assistant(parts, other).fingerprint != assistant.fingerprint


@pytest.mark.parametrize(
    "case", [case for case in INJECTIONS if case["where"] != "passage"], ids=lambda case: case["forbidden"]
)
def test_what_an_injection_made_a_model_write_is_not_shown(parts: Any, article: Document, case: dict[str, str]) -> None:
    question = case["text"] or DOSE
    assistant, _ = writes(parts, case["output"])
    answer = assistant.ask(question)
    check(answer, article)
    assert case["forbidden"] not in answer.text
    earlier = Turn(DOSE, DOSE, replace(answer, question=DOSE))
    again = assistant.conversation([earlier]).ask(question)
    check(again, article)
    assert case["forbidden"] not in again.text


PIECES = [case["claim"] for case in CASES] + [case["output"] for case in INJECTIONS]
PIECES += [" [1]", "[2] ", " [77]", "(3)", "\n- ", "\n", " not ", "about 1 hour ", "10 mg", "1", ". ", "<think>", "**"]


@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6),
    st.sampled_from([case["question"] for case in CASES[::4]]),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_the_invariants_hold(
    parts: Any, article: Document, pieces: list[str], question: str
) -> None:
    assistant, _ = writes(parts, Reply(pieces))
    answer = assistant.ask(question)
    check(answer, article)
    for case in ALTERED:
        assert case["claim"] not in answer.text
    figures = {(q.value, q.dimension) for citation in answer.citations for q in quantities(citation.quote)}
    if answer.written_by:
        assert {
            (q.value, q.dimension) for claim in answer.claims for q in quantities(claim.text) if q.text != "one"
        } <= figures
