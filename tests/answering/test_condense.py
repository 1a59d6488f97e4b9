"""Follow-ups without a language model: what a question takes along from the conversation, and when it takes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering.condense import LONGEST_CHAIN, Condensed, condense, continues
from ketarag.types import Answer, Citation, Claim, Turn, Verdict

SUBJECT = "What IV dose is used for depression?"


def turn(question: str) -> Turn:
    answer = Answer(question, question, "", (), (), True, "", 0.0, (), (), {}, "")
    return Turn(question, question, answer)


@pytest.mark.parametrize(
    "question",
    [
        "How long does it last?",
        "Is that one weaker?",
        "Are they common?",
        "Does this affect its metabolism?",
        "and by mouth?",
        "And what about its metabolite norketamine?",
        "What about cancer pain?",
        "How about children?",
        "why?",
        "How come?",
        "Over what time?",
        "How much?",
        "which ones?",
        "For how long?",
        "really?",
        "?",
    ],
)
def test_a_follow_up_takes_the_subject_along_from_the_first_one_on(question: str) -> None:
    assert condense(question, [turn(SUBJECT)]) == Condensed(
        question, f"{SUBJECT} {question}", SUBJECT, (question, f"{SUBJECT} {question}"), history=SUBJECT
    )


@pytest.mark.parametrize(
    "question",
    [
        "What is norketamine converted to in the liver?",
        "How many RCTs did the review of chronic pain identify?",
        "Why is the S-enantiomer preferred as a parenteral analgesic?",
        "What is norketamine?",
        "Define allodynia",
        "Is it known whether ketamine helps in status epilepticus?",
        "Is it safe to give ketamine in raised intracranial pressure?",
        "New topic: does it cause tachycardia?",
        "Okay, different question. What is its half-life?",
        "Changing the subject, who wrote this?",
    ],
)
def test_a_question_with_its_own_subject_lets_go_of_the_old_one(question: str) -> None:
    assert condense(question, [turn(SUBJECT)]) == Condensed(question, question, "", (question,), history=SUBJECT)


@given(st.text())
def test_the_first_question_has_no_context(question: str) -> None:
    assert condense(question, []) == Condensed(question, question, "", (question,))


def test_a_chain_leads_back_to_the_question_that_named_the_subject() -> None:
    turns = [turn("Who wrote the article on ketamine?"), turn(SUBJECT), turn("Over how long?")]
    assert condense("And how many respond?", turns).context == f"{SUBJECT} Over how long?"


def test_a_new_subject_starts_a_new_chain() -> None:
    newer = "Which channel does magnesium block at rest?"
    turns = [turn(SUBJECT), turn("How long does it last?"), turn(newer)]
    assert condense("why?", turns).context == newer


def test_a_long_chain_keeps_the_subject_and_the_latest_question() -> None:
    turns = [turn(SUBJECT), turn("over how long?"), turn("and in children?"), turn("why?")]
    assert condense("and by mouth?", turns).context == f"{SUBJECT} why?"


FOLLOW_UPS = st.sampled_from(["why?", "and by mouth?", "how long does it last?", "what about it?"])


@given(st.lists(FOLLOW_UPS, min_size=1, max_size=30), FOLLOW_UPS)
def test_what_is_searched_does_not_grow_with_the_conversation(earlier: list[str], question: str) -> None:
    longest = max(map(len, [SUBJECT, *earlier, question]))
    condensed = condense(question, [turn(SUBJECT), *map(turn, earlier)])
    assert len(condensed.standalone) <= LONGEST_CHAIN * (longest + 1)
    assert condensed.context.startswith(SUBJECT)
    assert condensed.standalone.endswith(question)


def test_a_conversation_that_begins_with_a_follow_up_is_searched_from_its_start() -> None:
    assert condense("why?", [turn("and by mouth?")]).context == "and by mouth?"


@given(st.text(), st.lists(st.text(max_size=40), max_size=4))
def test_the_question_as_it_is_is_always_searched_first(question: str, earlier: list[str]) -> None:
    condensed = condense(question, list(map(turn, earlier)))
    assert condensed.queries[0] == condensed.question == question
    assert (condensed.context != "") <= (len(condensed.queries) == 2)


@given(st.text())
def test_letter_case_and_spacing_decide_nothing(question: str) -> None:
    assert continues(f"  {question} ") == continues(question)


def test_upper_case_follow_ups_are_follow_ups() -> None:
    assert continues("AND BY MOUTH?")
    assert continues("HOW LONG DOES IT LAST?")


def test_the_history_is_what_was_said_latest_first_and_no_abstention() -> None:
    answered = replace(
        turn("Who may give it?"), answer=replace(turn("").answer, text="Specialists. [1]", abstained=False)
    )
    assert condense("Why?", [turn(SUBJECT), answered]).history == f"Specialists. [1] Who may give it? {SUBJECT}"


def test_the_history_goes_back_a_few_turns_only() -> None:
    turns = [turn(f"question {number}") for number in range(20)]
    assert condense("why?", turns).history.split("question ")[1:] == ["19 ", "18 ", "17 ", "16 ", "15 ", "14"]


def test_the_history_does_not_depend_on_the_order_in_which_sentences_were_shown() -> None:
    quotes = [
        Citation(at, "a.txt", "", "", text, 10 * at, 10 * at + 5, 1.0) for at, text in enumerate(("First.", "Then."), 1)
    ]
    claims = [Claim(one.quote, (one.marker,), Verdict(True, 1.0)) for one in quotes]
    shown = [replace(turn("").answer, abstained=False, citations=tuple(some)) for some in (quotes, quotes[::-1])]
    said = [replace(shown[0], claims=tuple(some)) for some in (claims, claims[::-1])]
    histories = {condense("And then?", [replace(turn("Why?"), answer=one)]).history for one in (*shown, *said)}
    assert histories == {"First. [1] Then. [2] Why?"}
