"""Every case gives a record: none is dropped, a case that breaks is one with its error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from made import answer, case, citation, gold

from eval.cases import ClaimCase
from eval.record import ClaimRecord, QuestionRecord
from eval.runner import milliseconds, run_claims, run_questions
from ketarag import Answer, Document, Hit, Passage, QuestionError, Verdict

TEXT = "ab de"
GOOD = answer("The dose is 5 mg.", citations=[citation(0, 2, "ab"), citation(3, 5, "xx", 2)])


class Conversation:
    def __init__(self, heard: list[str], replies: Callable[[str], Answer]) -> None:
        self._heard, self._replies = heard, replies

    def ask(self, question: str) -> Answer:
        self._heard.append(question)
        return self._replies(question)


class Assistant:
    """Replies by the question; remembers what each conversation was asked, and what was searched."""

    documents = (Document("a.txt", "A", TEXT, ""),)

    def __init__(self, replies: Callable[[str], Answer] = lambda _: GOOD) -> None:
        self.conversations: list[list[str]] = []
        self.searched: list[tuple[str, int]] = []
        self._replies = replies

    def conversation(self) -> Conversation:
        self.conversations.append([])
        return Conversation(self.conversations[-1], self._replies)

    def retrieve(self, question: str, k: int) -> list[Hit]:
        self.searched.append((question, k))
        places = [(30, 40), (0, 10)]
        passages = [Passage(f"p{start}", "a.txt", start, end, "", "", "", ()) for start, end in places]
        return [Hit(passage, 0.5, rank, "dense") for rank, passage in enumerate(passages, start=1)]

    def verify(self, claim: str) -> Verdict:
        if "fault" in claim:
            raise QuestionError("too long")
        return Verdict("good" in claim, 0.5, problems=() if "good" in claim else ("wrong",))


def run(assistant: Assistant, *cases) -> list[QuestionRecord]:
    return list(run_questions(assistant, [("test", one) for one in cases]))  # type: ignore[arg-type]


def judge(*claims: ClaimCase) -> list[ClaimRecord]:
    return list(run_claims(Assistant(), [("dev", one) for one in claims]))  # type: ignore[arg-type]


def test_an_answer_is_scored_on_all_counts_and_kept_whole() -> None:
    one = case(facts=[["5 mg"], ["weekly"]], evidence=[[gold(1, 9)], [gold(20, 30)]])
    (record,) = run(Assistant(), one)
    assert (record.id, record.split, record.error) == ("case", "test", "")
    assert record.wanted == ("5 mg", "weekly")
    assert [(place.start, place.end) for place in record.gold] == [(1, 9), (20, 30)]
    assert record.answer is not None
    assert (record.answer.claims, [c.quote for c in record.answer.citations]) == (("The dose is 5 mg.",), ["ab", "xx"])
    assert record.scores["facts"] == record.scores["citation_recall"] == 0.5
    assert record.scores["citation_precision"] == 1.0
    assert (record.scores["cited_on_gold"], record.scores["exact"], record.scores["abstention_right"]) == (1, 0, 1)
    assert record.scores["verbatim"] == 0.5
    assert record.timings_ms["all"] > 0


def test_what_was_retrieved_is_scored_by_the_question_that_stands_alone() -> None:
    assistant = Assistant()
    (record,) = run(assistant, case(evidence=[[gold(1, 9)]]))
    assert assistant.searched == [("q", 10)]
    assert (record.scores["recall_at_5"], record.scores["reciprocal_rank"]) == (1.0, 0.5)


def test_an_abstention_has_no_precision_and_nothing_to_quote() -> None:
    (record,) = run(Assistant(lambda _: answer()), case())
    assert (record.scores["facts"], record.scores["citation_recall"], record.scores["abstention_right"]) == (0, 0, 0)
    assert record.scores["citation_precision"] is None
    assert record.scores["verbatim"] is None
    assert record.scores["carried"] is None


def test_an_unanswerable_case_has_no_facts_to_score() -> None:
    for said, right in ((answer(), 1.0), (GOOD, 0.0)):
        (record,) = run(Assistant(lambda _, said=said: said), case("unanswerable_near"))
        assert "facts" not in record.scores
        assert (record.scores["abstention_right"], record.scores["exact"]) == (right, right)


def test_earlier_questions_are_asked_first_and_name_the_cluster() -> None:
    assistant = Assistant()
    (record,) = run(assistant, case("follow_up", history=["One?", "two?"], question="three?"))
    assert assistant.conversations == [["One?", "two?", "three?"]]
    assert record.cluster == run(Assistant(), case(question="one?"))[0].cluster


@pytest.mark.parametrize("breaks_at", ["before", "q?"])
def test_a_case_that_breaks_is_a_record_and_the_next_one_runs(breaks_at: str) -> None:
    def reply(question: str) -> Answer:
        if question == breaks_at:
            raise QuestionError("cannot be read")
        return GOOD

    first, second = run(
        Assistant(reply), case(history=["before"], name="a", category="follow_up"), case(question="x", name="b")
    )
    assert (first.error, first.answer, first.scores["facts"], first.scores["exact"]) == ("cannot be read", None, 0, 0)
    assert (second.id, second.error) == ("b", "")


def test_claims_are_judged_in_their_order() -> None:
    right, wrong, broken = judge(
        ClaimCase("1", "good", True, "verbatim"),
        ClaimCase("2", "good too", False, "number"),
        ClaimCase("3", "fault", True, "paraphrase"),
    )
    assert (right.right, wrong.right, broken.right) == (True, False, False)
    assert (broken.error, broken.accepted, right.split) == ("too long", False, "dev")


def test_the_least_time_of_several_tries_counts() -> None:
    assistant = Assistant()
    assert milliseconds(assistant, case(), 3) > 0  # type: ignore[arg-type]
    assert len(assistant.conversations) == 3
