"""What takes the place of a sentence that does not stand."""

from __future__ import annotations

from answering.sentences import evidence_of, make_passage

from ketarag.answering.repair import answering, replacement
from ketarag.types import Evidence, Reading

DOSE = make_passage(["A single IV dose of 5 mg is given.", "It lasts a week.", "Nausea is rare."])
OTHER = make_passage(["An oral dose of 9 mg is given."], document="b.txt")


def reading(*scored: Evidence) -> Reading:
    return Reading(tuple(sorted(scored, key=lambda item: -item.score)), 0.9)


EVIDENCE = evidence_of(DOSE, [0.9, 0.8, 0.2])
READ = reading(*EVIDENCE, *evidence_of(OTHER, [0.85]))


def said(text: str, cited: list[int] | None = None) -> list[str]:
    passages = [DOSE, OTHER]
    found = replacement(text, [passages[at] for at in cited or []], passages, READ, 0.8)
    return [item.sentence.text for item in found]


def test_the_best_evidence_of_the_passage_that_is_cited() -> None:
    assert said("A dose of 50 mg is given.", [0]) == ["A single IV dose of 5 mg is given."]
    assert said("A dose of 50 mg is given.", [1]) == ["An oral dose of 9 mg is given."]


def test_else_of_any_that_was_given() -> None:
    assert said("A single dose of 50 mg is given.") == ["A single IV dose of 5 mg is given."]
    assert said("An oral dose is given to all.", [0]) == ["A single IV dose of 5 mg is given."]
    assert said("An oral 50 mg tablet of 9 mg.", [0]) == ["An oral dose of 9 mg is given."]


def test_a_sentence_that_points_back_comes_with_the_one_before() -> None:
    assert said("It lasts a whole week or two.", [0]) == ["A single IV dose of 5 mg is given.", "It lasts a week."]


def test_nothing_about_another_subject_and_nothing_that_does_not_answer() -> None:
    assert said("The weather is fine.", [0]) == []
    assert said("Nausea is rare indeed.", [0]) == []
    assert said("", [0]) == []


def test_the_evidence_that_answers_is_near_the_best() -> None:
    assert [item.score for item in answering(READ, 0.8)] == [0.9, 0.85, 0.8]
    assert answering(Reading((), 0.0), 0.8) == []
