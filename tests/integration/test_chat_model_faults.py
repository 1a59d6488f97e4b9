"""The whole assistant with a chat model behind a server that fails in every way: the extractive answer comes in time, and says so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from faulty_server import FAULTS, TEXT, FaultyServer, free_port_url, says

from ketarag.answering.generate import Budget
from ketarag.answering.quantities import quantities
from ketarag.assistant import Assistant
from ketarag.config import Settings
from ketarag.integrations.langchain.models import load_chat_model
from ketarag.loading import Parts, load_parts
from ketarag.types import Answer, Document, Final, VerifiedClaim

ASKED = "How is ketamine eliminated?"
FOLLOW_UP = "And how much of it is unchanged?"
UNANSWERED = "What is the weather in Paris?"
SECONDS = 1.5
SLACK = 6.0
"""Seconds for all but the model: two questions read by the real network on a busy machine."""


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return load_parts(Settings(index=tmp_path_factory.mktemp("index")), lambda _: None)


@pytest.fixture(scope="module")
def extracted(parts: Parts) -> list[Answer]:
    conversation = Assistant(parts).conversation()
    return [conversation.ask(ASKED), conversation.ask(FOLLOW_UP)]


def writing(parts: Parts, url: str, seconds: float = SECONDS) -> Assistant:
    return Assistant(parts, load_chat_model("some-model", url), Budget(seconds, 200))


def check(answer: Answer, document: Document) -> None:
    assert not answer.abstained
    cited = {citation.marker: citation for citation in answer.citations}
    for citation in answer.citations:
        assert document.text[citation.start : citation.end] == citation.quote
    for claim in answer.claims:
        assert claim.verdict.supported
        assert claim.markers
        assert set(claim.markers) <= set(cited)
        held = {(q.value, q.dimension) for marker in claim.markers for q in quantities(cited[marker].quote)}
        assert {(q.value, q.dimension) for q in quantities(claim.text)} <= held


@pytest.mark.parametrize("fault", [*FAULTS, "down"])
def test_the_extractive_answer_comes_within_the_limit_and_the_conversation_goes_on(
    fault: str, parts: Parts, extracted: list[Answer], article: Document
) -> None:
    with FaultyServer(*([FAULTS[fault]] if fault in FAULTS else [])) as server:
        conversation = writing(parts, server.url if fault in FAULTS else free_port_url()).conversation()
        for expected, question in zip(extracted, (ASKED, FOLLOW_UP), strict=True):
            started = time.monotonic()
            answer = conversation.ask(question)
            assert time.monotonic() - started < SECONDS + SLACK
            check(answer, article)
            assert any("chat model" in warning for warning in answer.warnings)
            if not answer.written_by:
                assert [claim.text for claim in answer.claims] == [claim.text for claim in expected.claims]
                assert answer.citations == expected.citations
    assert [turn.question for turn in conversation.turns] == [ASKED, FOLLOW_UP]
    assert [turn.answer.question for turn in conversation.turns] == [ASKED, FOLLOW_UP]


def test_the_events_of_a_failing_model_are_those_of_an_answer(parts: Parts) -> None:
    with FaultyServer(FAULTS["cut mid-stream"]) as server:
        events = list(writing(parts, server.url).stream(ASKED))
    final = events[-1]
    assert isinstance(final, Final)
    claims = [event.claim for event in events if isinstance(event, VerifiedClaim)]
    assert tuple(claims) == final.answer.claims


def test_a_model_that_recovers_writes_the_next_answer(parts: Parts) -> None:
    with FaultyServer(FAULTS["401"], says(TEXT)) as server:
        assistant = writing(parts, server.url, seconds=10)
        assert assistant.ask(ASKED).written_by == ""
        answer = assistant.ask(ASKED)
    assert answer.written_by.startswith("openai:some-model at http://127.0.0.1:")
    assert answer.claims[0].text == TEXT.replace(" [1]", "").strip()


def test_no_model_is_called_where_nothing_answers(parts: Parts) -> None:
    with FaultyServer() as server:
        assert writing(parts, server.url).ask(UNANSWERED).abstained
    assert server.requests == []


def test_the_assistant_loads_a_model_by_its_name(tmp_path: Path) -> None:
    with FaultyServer(says(TEXT)) as server:
        assistant = Assistant.load(index=tmp_path, llm="some-model", llm_url=server.url)
        answer = assistant.ask(ASKED)
    assert answer.written_by
    assert "some-model" in assistant.fingerprints["writer"]
