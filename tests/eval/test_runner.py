"""Every case gives a result: none is dropped, a case that breaks is one with its error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from made import answer, case, citation, gold

from eval.cases import ClaimCase
from eval.runner import run_claims, run_questions
from ketarag import Answer, Document, QuestionError, Verdict

GOOD = answer("The dose is 5 mg.", citations=[citation(0, 2, "ab"), citation(3, 5, "xx", 2)])


class Conversation:
    def __init__(self, heard: list[str], replies: Callable[[str], Answer]) -> None:
        self._heard, self._replies = heard, replies

    def ask(self, question: str) -> Answer:
        self._heard.append(question)
        return self._replies(question)


class Assistant:
    """Replies by the question; remembers what each conversation was asked."""

    documents = (Document("a.txt", "A", "ab de", ""),)

    def __init__(self, replies: Callable[[str], Answer] = lambda _: GOOD) -> None:
        self.conversations: list[list[str]] = []
        self._replies = replies

    def conversation(self) -> Conversation:
        self.conversations.append([])
        return Conversation(self.conversations[-1], self._replies)

    def verify(self, claim: str) -> Verdict:
        return Verdict("good" in claim, 0.5)


def run(assistant: Assistant, *cases):
    return list(run_questions(assistant, cases))  # type: ignore[arg-type]


def test_an_answer_is_scored_on_all_counts() -> None:
    one = case(facts=[["5 mg"], ["weekly"]], evidence=[[gold(1, 9)], [gold(20, 30)]])
    (result,) = run(Assistant(), one)
    assert (result.case, result.answer, result.error) == (one, GOOD, "")
    assert (result.facts, result.citation_recall, result.citation_precision, result.verbatim) == (0.5, 0.5, 1.0, 0.5)
    assert result.seconds > 0


def test_an_abstention_has_no_precision_and_nothing_to_quote() -> None:
    (result,) = run(Assistant(lambda _: answer()), case())
    assert (result.facts, result.citation_recall, result.citation_precision, result.verbatim) == (0.0, 0.0, None, None)


def test_an_unanswerable_case_has_no_facts_to_score() -> None:
    declined, answered = (
        run(Assistant(lambda _, said=said: said), case("unanswerable_near"))[0] for said in (answer(), GOOD)
    )
    assert (declined.facts, declined.citation_recall, declined.citation_precision, declined.verbatim) == (None,) * 4
    assert (answered.facts, answered.citation_recall, answered.citation_precision) == (None,) * 3
    assert answered.verbatim == 0.5


def test_the_history_is_asked_first_in_a_conversation_of_its_own() -> None:
    assistant = Assistant()
    run(assistant, case(history=["one", "two"], question="three"), case(question="four"))
    assert assistant.conversations == [["one", "two", "three"], ["four"]]


@pytest.mark.parametrize("broken", ["one", "three"])
def test_a_case_that_breaks_is_a_result_and_the_next_is_asked(broken: str) -> None:
    def replies(question: str) -> Answer:
        if question == broken:
            raise QuestionError("too long")
        return GOOD

    first, second = run(Assistant(replies), case(history=["one"], question="three"), case(question="four"))
    assert (first.answer, first.error, first.facts, first.verbatim) == (None, "too long", 0.0, None)
    assert (first.citation_recall, first.citation_precision) == (0.0, None)
    assert second.answer == GOOD


def test_a_broken_unanswerable_case_scores_nothing() -> None:
    def replies(question: str) -> Answer:
        raise QuestionError("too long")

    (result,) = run(Assistant(replies), case("unanswerable_far"))
    assert (result.facts, result.citation_recall, result.citation_precision, result.error) == (
        None,
        None,
        None,
        "too long",
    )


def test_claims_are_right_when_the_verdict_is_what_the_case_says() -> None:
    cases = [
        ClaimCase("1", "good", True, "verbatim"),
        ClaimCase("2", "bad", True, "paraphrase"),
        ClaimCase("3", "good", False, "number"),
        ClaimCase("4", "bad", False, "unit"),
    ]
    results = list(run_claims(Assistant(), cases))  # type: ignore[arg-type]
    assert [(result.case, result.right) for result in results] == list(
        zip(cases, [True, False, False, True], strict=True)
    )
