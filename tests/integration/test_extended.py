"""The real assistant with further documents: what it answered it answers still, and what they say it says besides."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ketarag.assistant import Assistant
from ketarag.config import Settings
from ketarag.errors import CorpusError
from ketarag.loading import Parts, extend_parts, load_parts, prepared
from ketarag.types import Answer, Document, LeftOut, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

UNRELATED = "\n\n".join(
    f"The ward round on floor {at} begins at {7 + at % 3} o'clock. Bring the list of beds, and report every fall of a patient to the nurse."
    f" Doses of antibiotics for pneumonia are checked on day {at % 5 + 2} of treatment."
    for at in range(40)
)
ASKED = (
    "What IV dose is used for depression?",
    "How is ketamine eliminated?",
    "Which routes can ketamine be given by?",
    "Is ketamine safe in pregnancy?",
    "What is norketamine metabolised to?",
    "Does smoking affect the dose of ketamine?",
    "By what factor is the S-enantiomer stronger?",
    "What is the capital of Australia?",
)
OTHER_DOSE = "For depression a single IV dose of 250 microgram/kg of ketamine over 60 minutes is used on our ward."


def document(text: str, name: str = "added.txt", title: str = "Our ward") -> Document:
    return Document(name, title, text, hashlib.sha256(text.encode()).hexdigest())


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return load_parts(Settings(index=tmp_path_factory.mktemp("index")), lambda line: None)


@pytest.fixture(scope="module")
def shared(parts: Parts) -> Assistant:
    return Assistant(parts)


def extended(parts: Parts, *documents: Document) -> Assistant:
    return Assistant(extend_parts(parts, documents))


def places(answer: Answer) -> Sequence[tuple[str, int, int]]:
    return [(one.document_id, one.start, one.end) for one in answer.citations]


def test_beside_an_unrelated_document_the_answers_keep_their_citations(parts: Parts, shared: Assistant) -> None:
    both = extended(parts, document(UNRELATED))
    for question in ASKED:
        assert places(both.ask(question)) == places(shared.ask(question)), question


def test_the_added_document_is_asked_and_quoted(parts: Parts, shared: Assistant) -> None:
    both = extended(parts, document(UNRELATED))
    question = "What must be reported to the nurse?"
    assert shared.ask(question).abstained
    answer = both.ask(question)
    assert {one.document_id for one in answer.citations} == {"added.txt"}
    assert all(UNRELATED[one.start : one.end] == one.quote for one in answer.citations)


def test_pages_are_those_of_the_document_wherever_a_place_is_given(parts: Parts) -> None:
    text = (
        "Our ward uses zorbitol.\n\n\fZorbitol is started at 25 mg every morning.\n\n\fIts effect lasts for nine hours."
    )
    both = extended(parts, document(text, "ward.pdf"))
    quotes = [
        *both.ask("What is the starting dose of zorbitol?").citations,
        *both.verify("Zorbitol is started at 25 mg.").evidence,
    ]
    quotes += both.ask("What is zorbitol metabolised to?").nearest
    hits = both.retrieve("How long does the effect last?", k=20)
    found = [(one.document_id, one.start, one.page) for one in quotes]
    found += [(one.passage.document_id, one.passage.start, one.page) for one in hits]
    assert {page for _, _, page in found} >= {None, 1, 2}
    for name, start, page in found:
        assert page == (text[:start].count("\f") + 1 if name == "ward.pdf" else None)


def test_where_both_answer_each_is_cited_in_a_sentence_of_its_own(parts: Parts) -> None:
    answer = extended(parts, document(OTHER_DOSE)).ask("What IV dose is used for depression?")
    assert {one.title for one in answer.citations} == {"Ketamine Pharmacology and Cancer Pain", "Our ward"}
    assert all(len(claim.markers) == 1 for claim in answer.claims)
    told = {one.title: one.quote for one in answer.citations if "microgram/kg" in one.quote}
    assert "500 microgram/kg" in told["Ketamine Pharmacology and Cancer Pain"]
    assert "250 microgram/kg" in told["Our ward"]


def test_a_follow_up_stays_with_the_document_that_was_quoted(parts: Parts) -> None:
    text = "Zorbitol is started at 25 mg every morning.\n\nIts effect lasts for nine hours. Nausea is common."
    chat = extended(parts, document(text)).conversation()
    assert "25 mg" in chat.ask("What is the starting dose of zorbitol?").text
    assert "nine hours" in chat.ask("And how long does its effect last?").text


def test_slips_are_mended_towards_the_words_of_all_documents(parts: Parts) -> None:
    both = extended(parts, document("Zorbitol is started at 25 mg every morning."))
    assert "25 mg" in both.ask("What is the starting dose of zorbitul?").text
    assert "Read as: What is the dose of ketamine?" in both.ask("What is the dose of ketmaine?").warnings


def test_the_shared_assistant_stays_as_it_is(parts: Parts, shared: Assistant) -> None:
    before = shared.fingerprint, [one.id for one in shared.documents]
    extended(parts, document(UNRELATED))
    assert (shared.fingerprint, [one.id for one in shared.documents]) == before
    assert shared.ask("What must be reported to the nurse?").abstained


def test_the_fingerprint_names_the_added_documents(parts: Parts, shared: Assistant) -> None:
    one, two = document("Elbows are restless."), document("Knees are not.", "b.txt")
    prints = [extended(parts, *some).fingerprint for some in ((one, two), (two, one), (one,))]
    assert prints[0] == prints[1]
    assert len({shared.fingerprint, *prints}) == 3
    assert extended(parts).fingerprint == shared.fingerprint
    assert [one.id for one in extended(parts, two, one).documents][-2:] == ["added.txt", "b.txt"]


def test_nothing_is_written(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    extended(parts, document("Elbows are restless.")).ask("Which elbows?")
    assert list(tmp_path.iterdir()) == []


def test_a_document_of_which_nothing_is_left_is_an_error(parts: Parts) -> None:
    empty = document("All of it.")
    with pytest.raises(CorpusError, match=r"added\.txt: nothing to search"):
        prepared(parts, Document(empty.id, "t", empty.text, "0" * 64, left_out=(LeftOut(Span(0, 10), "whole"),)))


def test_one_id_twice_and_a_second_extension_are_mistakes(parts: Parts) -> None:
    one = document("Elbows are restless.")
    with pytest.raises(ValueError, match="one id"):
        extend_parts(parts, [one, document("Other words.")])
    with pytest.raises(ValueError, match="one id"):
        extend_parts(parts, [document("Other words.", parts.index.documents[0].id)])
    with pytest.raises(ValueError, match="all documents at once"):
        extend_parts(extend_parts(parts, [one]), [document("More.", "b.txt")])
