"""A real, small model that errs often, over HTTP, on more than 100 questions: what is shown holds, whatever it wrote.

Two passages are put before it in the place of four, and few tokens are read, so that it takes minutes on two cores and no longer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from small_model import OTHER, missing, serving

from eval.cases import QuestionCase, load_questions
from ketarag.answering import generate
from ketarag.answering.generate import Budget
from ketarag.answering.quantities import Quantity, quantities
from ketarag.assistant import Assistant
from ketarag.config import Settings
from ketarag.integrations.langchain.models import LangChainModel, load_chat_model
from ketarag.loading import load_parts
from ketarag.text import normalise
from ketarag.types import Answer, Document, Final, VerifiedClaim

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "a model is there"),
    pytest.mark.timeout(1800),  # of which a machine with two free cores needs a fraction
]

PASSAGES = 2
BUDGET = Budget(seconds=60, tokens=150)
AT_LEAST = 100
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Asked:
    case: QuestionCase
    answer: Answer
    shown: tuple[VerifiedClaim, ...]


def chosen() -> list[QuestionCase]:
    """Every kind of question, spread evenly over those of its kind."""
    cases = load_questions("dev")
    follow_ups = [case for case in cases if case.category == "follow_up"]
    answerable = [case for case in cases if case.answerable and case.category != "follow_up"]
    others = [case for case in cases if not case.answerable and case.category != "follow_up"]
    return [*_spread(answerable, 50), *_spread(follow_ups, 10), *_spread(others, 42)]


def _spread(cases: list[QuestionCase], count: int) -> list[QuestionCase]:
    return [cases[at * len(cases) // count] for at in range(count)]


@pytest.fixture(scope="module")
def model() -> Iterator[LangChainModel]:
    with serving() as (name, url):
        yield load_chat_model(name, url)


@pytest.fixture(scope="module")
def asked(model: LangChainModel, tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    parts = load_parts(Settings(index=tmp_path_factory.mktemp("index")), lambda _: None)
    assistant = Assistant(parts, model, BUDGET)
    with pytest.MonkeyPatch.context() as patch:
        if not OTHER[0]:
            patch.setattr(generate, "MOST_PASSAGES", PASSAGES)
        return [_ask(assistant, case) for case in chosen()]


def _ask(assistant: Assistant, case: QuestionCase) -> Asked:
    conversation = assistant.conversation()
    for question in case.history:
        conversation.ask(question)
    started = time.monotonic()
    *events, final = conversation.stream(case.question)
    assert isinstance(final, Final)
    assert time.monotonic() - started < BUDGET.seconds + 30
    assert [turn.question for turn in conversation.turns] == [*case.history, case.question]
    return Asked(case, final.answer, tuple(event for event in events if isinstance(event, VerifiedClaim)))


def figure(quantity: Quantity) -> tuple[float | None, str]:
    return (None if quantity.value is None else round(quantity.value, 9), quantity.dimension)


def test_there_are_enough_questions_and_the_model_wrote(asked: list[Asked], model: LangChainModel) -> None:
    assert len(asked) >= AT_LEAST
    assert {one.case.category for one in asked} == {case.category for case in load_questions("dev")}
    assert model.usage.calls > 50
    assert model.usage.output_tokens > 500
    answered = [one.answer for one in asked if not one.answer.abstained]
    assert len(answered) > 40
    by_model = [answer for answer in answered if answer.written_by]
    assert by_model, "nothing that the model wrote was shown: the path of its claims was not tested"


def test_every_quote_is_the_documents_own_words(asked: list[Asked], article: Document) -> None:
    for one in asked:
        for citation in (*one.answer.citations, *one.answer.nearest):
            assert article.text[citation.start : citation.end] == citation.quote, one.case.id
            assert citation.quote


def test_every_claim_is_cited_with_markers_that_are_there(asked: list[Asked]) -> None:
    for one in asked:
        markers = [citation.marker for citation in one.answer.citations]
        assert markers == list(range(1, len(markers) + 1)), one.case.id
        assert {marker for claim in one.answer.claims for marker in claim.markers} == set(markers), one.case.id
        for claim in one.answer.claims:
            assert claim.markers, one.case.id
            assert claim.verdict.supported, one.case.id
            assert claim.verdict.problems == (), one.case.id
            assert not re.search(r"\[\s*\d|passage \d", claim.text, re.IGNORECASE), one.case.id
        said = " ".join(c.text + "".join(f" [{marker}]" for marker in c.markers) for c in one.answer.claims)
        assert one.answer.abstained or one.answer.text == said, one.case.id


def test_no_claim_holds_a_quantity_that_its_quotes_do_not(asked: list[Asked]) -> None:
    """Twice: as the program reads quantities, and by the digits alone."""
    for one in asked:
        quotes = {citation.marker: citation.quote for citation in one.answer.citations}
        for claim in one.answer.claims:
            cited = [quotes[marker] for marker in claim.markers]
            held = {figure(quantity) for quote in cited for quantity in quantities(quote)}
            assert {figure(quantity) for quantity in quantities(claim.text)} <= held, (one.case.id, claim.text)
            digits = set(NUMBER.findall(normalise(" ".join(cited))))
            assert set(NUMBER.findall(normalise(claim.text))) <= digits, (one.case.id, claim.text)


def test_an_abstention_shows_nothing_as_support(asked: list[Asked]) -> None:
    abstained = [one for one in asked if one.answer.abstained]
    assert len(abstained) > 15
    for one in abstained:
        assert one.answer.claims == one.answer.citations == one.shown == (), one.case.id
        assert one.answer.reason, one.case.id


def test_what_was_streamed_is_the_answer(asked: list[Asked]) -> None:
    for one in asked:
        assert tuple(event.claim for event in one.shown) == one.answer.claims, one.case.id
        assert tuple(c for event in one.shown for c in event.citations) == one.answer.citations, one.case.id


def test_what_the_model_did_not_write_is_said(asked: list[Asked]) -> None:
    for one in asked:
        if not one.answer.abstained and (not one.answer.written_by or any(c.repaired for c in one.answer.claims)):
            assert one.answer.warnings, one.case.id
