"""A chat model's draft: what is shown of it, what takes the place of the rest, what is said about it, and what happens when it fails."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from answering.sentences import evidence_of
from answering.written import (
    BENEFIT,
    DOCUMENT,
    PASSAGES,
    QUESTION,
    RESPONSE,
    TEXT,
    URINE,
    check,
    reading,
    run,
    write,
    writer,
)
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering import prompts
from ketarag.answering.condense import Condensed
from ketarag.answering.desk import Desk
from ketarag.answering.generate import MOST_PASSAGES, Budget, Task
from ketarag.answering.marks import Drafted
from ketarag.glossary import Glossary
from ketarag.protocols import Message
from ketarag.testing import FakeVerifier, Reply, ScriptedChatModel
from ketarag.types import Passage, Reading, Verdict

PLAIN = Condensed(QUESTION, QUESTION, "", (QUESTION,))
"""RESPONSE is the best evidence for it, BENEFIT and URINE share too little of it."""


def texts(*replies: str | Reply, question: str = QUESTION) -> list[tuple[str, bool]]:
    return [(claim.text, claim.repaired) for claim in write(*replies, question=question)[1].claims]


def test_what_stands_is_shown_as_it_was_written_with_the_sentence_that_carries_it() -> None:
    events, composed = write(
        "Up to 70% of patients respond following a single IV dose [1]. The benefit lasts less than one week [1]."
    )
    assert [claim.text for claim in composed.claims] == [
        "Up to 70% of patients respond following a single IV dose.",
        "The benefit lasts less than one week.",
    ]
    assert [citation.quote for citation in composed.citations] == [RESPONSE, BENEFIT]
    assert [claim.markers for claim in composed.claims] == [(1,), (2,)]
    assert len(events) == 2
    assert composed.written_by == "scripted"
    assert composed.warnings == ()


def test_two_claims_of_one_sentence_share_its_citation() -> None:
    _, composed = write("Up to 70% of patients respond [1]. They respond: patients following a single IV dose [1].")
    assert composed.claims[0].markers == (1,)
    assert len(composed.citations) == 1


def test_a_wrong_dose_is_replaced_by_the_sources_own_sentence() -> None:
    events, composed = write(
        "Following a single IV dose of 500 mg/kg, up to 70% of patients respond [1]. The benefit lasts less than one week [1]."
    )
    assert [(claim.text, claim.repaired) for claim in composed.claims] == [
        (RESPONSE, True),
        ("The benefit lasts less than one week.", False),
    ]
    assert len(events) == 2
    assert composed.written_by == "scripted"
    assert composed.warnings == (
        "Replaced by the document's own words: 1 sentence of the chat model not found in the document.",
    )


@pytest.mark.parametrize(
    "said",
    [
        "Following a single IV dose of 500 mg/kg, up to 70% of patients respond [1].",
        "500 microgram/kg [1]",
        "dose dose dose IV IV patients patients respond.",
        "The dose is given to patients.",
    ],
)
def test_where_nothing_stands_as_it_was_written_the_extractive_answer_is_to_be_shown(said: str) -> None:
    events, composed = write(said)
    assert events == []
    assert composed.claims == composed.citations == ()
    assert composed.written_by == ""
    assert "these are the document's own sentences" in composed.warnings[0]


def test_what_nothing_can_replace_is_left_out_and_told() -> None:
    _, composed = write(
        "Up to 70% of patients respond following a single IV dose [1]. Its half-life is about 1 hour [1]."
    )
    assert len(composed.claims) == 1
    assert composed.warnings == ("Left out: 1 sentence of the chat model not found in the document.",)
    assert composed.written_by == "scripted"


def test_a_replacement_answers_the_question_and_speaks_of_the_same_thing() -> None:
    assert texts("Ketamine is given into the spine without advice [1].") == []
    assert texts("The benefit of the dose lasts more than one week [1].") == []  # BENEFIT does not answer this question


@pytest.mark.parametrize("mark", ["", " [9]", " [0]", " [2]", " [99, 100]", " (7)", " 【42】"])
def test_a_claim_without_a_known_or_right_marker_gets_the_passage_that_carries_it(mark: str) -> None:
    _, composed = write(f"Up to 70% of patients respond following a single IV dose{mark}.")
    assert [claim.text for claim in composed.claims] == ["Up to 70% of patients respond following a single IV dose."]
    assert composed.citations[0].quote == RESPONSE


def test_a_bare_figure_is_shown_as_the_sentence_that_has_it() -> None:
    benefit = "The benefit lasts less than one week [1]."
    assert texts(f"{benefit} 500 microgram/kg [1]") == [(benefit[:-5] + ".", False), (RESPONSE, True)]
    assert texts("Less than one week [1]") == []  # it stands there, but it is no answer to this question


def test_it_is_what_the_sentence_shown_before_speaks_of_or_nothing() -> None:
    first = "Up to 70% of patients respond following a single IV dose [1]."
    assert texts(f"{first} It has a benefit that lasts less than one week [1].") == [(first[:-5] + ".", False)]
    follows = "They respond: patients following a single IV dose [1]."  # FakeVerifier wants the very words
    assert texts(f"{first} {follows}")[0] == (first[:-5] + ".", False)
    assert texts("Of it up to 70% of patients respond [1].") != [("Of it up to 70% of patients respond.", False)]


@pytest.mark.parametrize("said", ["Yes, ", "No: ", "Yes! ", "Yes. ", "Therefore, ", "Yes, indeed, "])
def test_a_yes_or_no_that_nothing_has_checked_is_not_shown(said: str) -> None:
    assert (
        texts(f"{said}up to 70% of patients respond following a single IV dose [1].")[0][0]
        .casefold()
        .startswith("up to 70%")
    )


def test_a_sentence_is_never_shown_twice() -> None:
    wrong = "Following a single IV dose of 5 mg/kg, up to 70% of patients respond [1]."
    benefit = "The benefit lasts less than one week [1]."
    assert texts(f"{wrong} {wrong.replace('70', '90')} {RESPONSE} {benefit}") == [
        (RESPONSE, True),
        (benefit[:-5] + ".", False),
    ]
    assert texts(f"{RESPONSE} [1] {wrong}") == [(RESPONSE, False)]


def test_the_best_evidence_is_added_where_nothing_shown_answers() -> None:
    _, composed = write("The benefit of the dose lasts less than one week [1].")
    assert [(claim.text, claim.repaired) for claim in composed.claims] == [(BENEFIT, False), (RESPONSE, True)]
    assert composed.warnings == ("Added: 1 sentence of the document that the chat model passed over.",)


class TwoPlaces:
    """Carries every claim by the first and the third sentence of the document."""

    fingerprint = "two places"

    def verify(self, claim: str, passages: Sequence[Passage]) -> Verdict:
        found = [FakeVerifier().verify(sentence, passages) for sentence in (RESPONSE, BENEFIT)]
        evidence = tuple(replace(one.evidence[0], marker=at) for at, one in enumerate(found, 1))
        return Verdict(True, 1.0, evidence)


def test_two_new_places_of_one_claim_have_a_marker_each() -> None:
    said = "Following a single IV dose of 500 microgram/kg, up to 70% of patients respond [1]."
    _, composed = run(writer(ScriptedChatModel(said), verifier=TwoPlaces()))
    assert [claim.markers for claim in composed.claims] == [(1, 2)]
    assert [citation.quote for citation in composed.citations] == [RESPONSE, BENEFIT]


def test_all_that_the_extractive_answer_has_is_there() -> None:
    best, other, third = evidence_of(PASSAGES[0], [0.9, 0.8])[0], *evidence_of(PASSAGES[1], [0.85, 0.8])
    desk = Desk(
        FakeVerifier(), {DOCUMENT.id: DOCUMENT}, Reading((best, other, third), 0.9), 0.8, PASSAGES, Glossary(), "?"
    )
    assert (
        list(desk.take(Drafted("Ketamine is given PO in palliative care.", (3,)))) == []
    )  # what answers needs its place
    shown = list(desk.take(Drafted("Up to 70% of patients respond following a single IV dose.", (1,))))
    shown += desk.complete()
    assert [event.claim.text for event in shown[1:]] == [other.sentence.clean, third.sentence.clean]
    assert (desk.written, desk.added) == (1, 2)


def test_three_sentences_are_shown_and_the_model_is_stopped() -> None:
    model = ScriptedChatModel(
        Reply(
            [
                f"{RESPONSE} [1] ",
                f"{BENEFIT} [1] ",
                f"{URINE} [2] ",
                "Ketamine is not excreted unchanged in the bile. ",
                "No more.",
            ]
        )
    )
    _, composed = run(writer(model))
    assert len(composed.claims) == 3
    assert model.ended == 1


def test_each_claim_comes_before_the_model_is_done() -> None:
    model = ScriptedChatModel(Reply([f"{RESPONSE} [1]", " And", " more", " follows."]))
    generator = writer(model).write(PLAIN, reading(), Task(Budget()))
    assert next(generator).claim.text == RESPONSE
    assert model.ended == 0
    generator.close()
    assert model.ended == 1


def test_a_refusal_an_empty_answer_and_nonsense_leave_the_documents_own_words() -> None:
    for said in (
        "I'm sorry, but I cannot help with that.",
        "asdf qwer zxcv " * 5,
        "根据文献，剂量是五百毫克。",
        "Sure! Here you go:",
        "🙂🙂🙂",
        "<think>forever",
    ):
        events, composed = write(said)
        assert events == []
        assert composed.claims == ()
        assert composed.warnings == (
            "Nothing that the chat model wrote stands in the document; these are the document's own sentences.",
        )


@pytest.mark.parametrize(
    "said", [prompts.NOT_ANSWERED, "Not answered.", "**NOT ANSWERED** [1]", "NOT ANSWERED by the passages."]
)
def test_where_the_model_finds_no_answer_it_is_said(said: str) -> None:
    _, composed = write(said)
    assert composed.claims == ()
    assert "found no answer in these passages" in composed.warnings[0]


@pytest.mark.parametrize(
    "reply",
    [Reply([], error="gone"), Reply([RESPONSE[:20]], error="gone"), Reply(["Nonsense here. ", "And"], error="gone")],
)
def test_a_model_that_fails_before_anything_stands(reply: Reply) -> None:
    _, composed = write(reply)
    assert composed.claims == ()
    assert composed.warnings == ("The chat model did not answer (gone); these are the document's own sentences.",)


def test_a_model_that_fails_later_keeps_what_was_shown() -> None:
    _, composed = write(Reply([f"{RESPONSE} [1] ", "The benefit of the dose lasts"], error="cut off."))
    assert [claim.text for claim in composed.claims] == [RESPONSE]
    assert composed.warnings == (
        "The chat model stopped early (cut off); what is shown was checked, but may not be all.",
    )


def test_a_slow_model_is_left_in_time() -> None:
    budget = Budget(0.3, 600)
    model = ScriptedChatModel(Reply([f"{RESPONSE} [1] ", *["word "] * 100], delay=0.1))
    began = time.monotonic()
    generator = writer(model, budget).write(PLAIN, reading(), Task(budget))
    assert [event.claim.text for event in generator] == [RESPONSE]
    assert time.monotonic() - began < 2
    assert model.ended == 1


def test_a_model_that_goes_in_circles_is_stopped() -> None:
    model = ScriptedChatModel(Reply([f"{RESPONSE} [1] "] * 1000))
    _, composed = run(writer(model))
    assert [claim.text for claim in composed.claims] == [RESPONSE]
    assert "it repeated itself" in composed.warnings[0]
    assert model.ended == 1


class ForeignModel:
    """Breaks the rules: an error of its own, not of ours."""

    name = "foreign"
    leaves_machine = True

    def stream(self, messages: Sequence[Message], *, seconds: float, tokens: int) -> Iterator[str]:
        yield f"{RESPONSE} [1] And"
        raise OSError("secret of the server")


def test_an_error_of_another_kind_is_a_failure_too_and_its_text_is_not_told() -> None:
    _, composed = run(writer(ForeignModel()))
    assert [claim.text for claim in composed.claims] == [RESPONSE]
    assert "foreign failed with OSError" in composed.warnings[0]
    assert "secret" not in composed.warnings[0]


def test_no_model_is_called_without_passages() -> None:
    model = ScriptedChatModel(RESPONSE)
    assert list(writer(model).write(PLAIN, Reading((), 0.9), Task(Budget()))) == []
    assert model.calls == []


def test_no_model_is_called_when_the_time_is_over() -> None:
    model = ScriptedChatModel(RESPONSE)
    assert list(writer(model).write(PLAIN, reading(), Task(Budget(0.0)))) == []
    assert model.calls == []


def test_the_model_is_given_the_passages_of_the_evidence_and_the_question() -> None:
    model = ScriptedChatModel(RESPONSE)
    run(writer(model))
    system, user = model.calls[0]
    assert system.text == prompts.WRITE
    assert user.text.count("<passage number=") == 2 <= MOST_PASSAGES
    assert RESPONSE in user.text
    assert QUESTION in user.text


WORDS = [
    RESPONSE,
    BENEFIT,
    URINE,
    RESPONSE.replace("500", "5000"),
    BENEFIT.replace("less than", "about"),
    "Up to 70% of patients respond",
    "Ketamine is given PO.",
]
WORDS += [
    "[1]",
    "[2]",
    " [3] ",
    "[99]",
    "(1)",
    "【2†a】",
    ". ",
    "\n",
    "- ",
    "1. ",
    "## ",
    "<think>",
    "</think>",
    "```",
    "**",
    ":",
    "70%",
    "about 1 hour",
    "not ",
    "<img src=x>",
]
WORDS += [
    "http://evil.example",
    "You should take 5 mg.",
    "NOT ANSWERED",
    "I cannot",
    "[a](b)",
    "\u202e",
    "\0",
    "é",
    "根据。",
    "¹",
    "microgram",
    "?",
    "according to passage 1, ",
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=25))
def test_whatever_a_model_writes_what_is_shown_stands_in_the_document(pieces: list[str]) -> None:
    events, composed = write(Reply([piece for piece in pieces if piece]))
    check(events, composed)
    shown = " ".join(claim.text for claim in composed.claims)
    assert "5000" not in shown
    assert "hour" not in shown
    assert "take 5 mg" not in shown
    assert "evil" not in shown
    for claim in composed.claims:
        if claim.repaired:
            assert claim.text in TEXT
