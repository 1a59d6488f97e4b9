"""The real assistant over a small shelf: only what a filter leaves is searched and quoted; what differs stands side by side."""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import product

import pytest

from ketarag.assistant import Assistant
from ketarag.errors import QuestionError
from ketarag.presentation import format_answer
from ketarag.types import Document, Filter, Turn

SHELF = {
    "first": (
        "Zorbitol is a long-acting sedative. In adults, zorbitol is given orally at up to 10 mg a day.\n\n"
        "Nausea is common. Zorbitol is excreted in the urine.",
        'title = "Zorbitol, first edition"\npublished = 2015-03-01\npublisher = "Society A"\ntags = ["sedation", "adults"]\n'
        'questions = ["How is zorbitol excreted?"]',
    ),
    "second": (
        "Zorbitol is a sedative. In adults, zorbitol is given orally at up to 20 mg a day.\n\n"
        "Headache is common. It must not be given in glaucoma.",
        'title = "Zorbitol, second edition"\npublished = 2020-06-01\npublisher = "Society B"\ntags = ["sedation"]\n'
        'questions = ["When must zorbitol not be given?"]',
    ),
    "ward": (
        "The ward round begins at nine. Zorbitol tablets are kept in the locked cupboard of the ward.",
        'title = "Ward notes"',
    ),
}
ADDED = "In adults, zorbitol is given orally at up to 30 mg a day. It is kept from children."
DOSE = "What is the maximum daily dose of zorbitol in adults?"
QUESTIONS = (DOSE, "Where are zorbitol tablets kept?", "Is zorbitol safe in pregnancy?")
FILTERS = {
    Filter(published_to=date(2016, 1, 1)): {"first.txt"},
    Filter(published_from=date(2016, 1, 1)): {"second.txt", "mine.txt"},
    Filter(publishers=("society b",)): {"second.txt"},
    Filter(publishers=("Society A", "Society B")): {"first.txt", "second.txt"},
    Filter(tags=("sedation",)): {"first.txt", "second.txt"},
    Filter(tags=("Adults", "sedation")): {"first.txt"},
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    corpus = tmp_path_factory.mktemp("corpus")
    for name, (text, sidecar) in SHELF.items():
        (corpus / f"{name}.txt").write_text(text)
        (corpus / f"{name}.toml").write_text(sidecar)
    return Assistant.load(corpus=corpus, index=tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def extended(shelf: Assistant) -> Assistant:
    mine = Document("mine.txt", "Mine", ADDED, hashlib.sha256(ADDED.encode()).hexdigest(), date(2024, 1, 1))
    return shelf.extended([mine])


@pytest.mark.parametrize(("within", "allowed"), [pytest.param(*pair, id=str(pair[0])) for pair in FILTERS.items()])
@pytest.mark.parametrize("name", ["shelf", "extended"])
def test_nothing_comes_from_a_document_that_is_left_out(
    name: str, within: Filter, allowed: set[str], request: pytest.FixtureRequest
) -> None:
    assistant: Assistant = request.getfixturevalue(name)
    listed = {
        question: f"{one}.txt"
        for one, question in (("first", "How is zorbitol excreted?"), ("second", "When must zorbitol not be given?"))
    }
    for question, turns in product(QUESTIONS, ((), assistant_turns(assistant))):
        answer = assistant.conversation(turns, within).ask(question)
        quoted = [
            *answer.citations,
            *answer.nearest,
            *(one for claim in answer.claims for one in claim.verdict.evidence),
        ]
        assert {one.document_id for one in quoted} <= allowed
        assert {listed[one] for one in answer.suggestions if one in listed} <= allowed
    hits = assistant.retrieve("zorbitol", 50, within)
    assert {hit.passage.document_id for hit in hits} == allowed & {one.id for one in assistant.documents}


def assistant_turns(assistant: Assistant) -> tuple[Turn, ...]:
    """What was asked of all documents before."""
    chat = assistant.conversation()
    chat.ask(DOSE)
    return chat.turns


def test_without_a_filter_the_answer_is_as_ever_and_with_one_it_is_its_own(shelf: Assistant) -> None:
    plain, empty = shelf.ask(DOSE), shelf.ask(DOSE, Filter())
    assert (plain.text, plain.fingerprint, plain.warnings) == (empty.text, shelf.fingerprint, empty.warnings)
    within = Filter(tags=("sedation",))
    first, second = shelf.ask(DOSE, within), shelf.ask(DOSE, within)
    assert (first.text, first.confidence, first.fingerprint) == (second.text, second.confidence, second.fingerprint)
    assert first.fingerprint != plain.fingerprint
    assert "Searched only what is tagged sedation: 2 of 3 documents." in first.warnings


def test_a_filter_that_leaves_nothing_is_no_answer(shelf: Assistant) -> None:
    with pytest.raises(QuestionError, match="none of the 3 documents is by WHO"):
        shelf.ask(DOSE, Filter(publishers=("WHO",)))
    with pytest.raises(QuestionError, match="by WHO"):
        shelf.retrieve(DOSE, within=Filter(publishers=("WHO",)))


def test_documents_that_differ_stand_side_by_side_the_newest_first(shelf: Assistant) -> None:
    answer = shelf.ask(DOSE)
    assert [one.document_id for one in answer.citations] == ["second.txt", "first.txt"]
    assert all(len(claim.markers) == 1 for claim in answer.claims)
    (warning,) = answer.warnings
    assert warning == (
        "The documents differ. 1 June 2020, “Zorbitol, second edition”: up to 20 mg a day; "
        "1 March 2015, “Zorbitol, first edition”: up to 10 mg a day."
    )
    shown = format_answer(answer)
    assert "[1] Zorbitol, second edition | 1 June 2020" in shown
    assert "[2] Zorbitol, first edition | 1 March 2015" in shown


def test_what_a_filter_leaves_out_is_not_held_against_the_rest(shelf: Assistant) -> None:
    answer = shelf.ask(DOSE, Filter(published_from=date(2016, 1, 1)))
    assert "20 mg" in answer.text
    assert not any("differ" in warning for warning in answer.warnings)
