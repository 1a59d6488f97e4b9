"""Two documents that differ in a figure; sentences by hand, no model."""

from __future__ import annotations

from datetime import date

import pytest
from sentences import make_passage

from ketarag.answering.conflicts import ConflictFinder
from ketarag.answering.verify import ExactVerifier
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary
from ketarag.types import Document, Evidence

FINDER = ConflictFinder(ExactVerifier(Glossary.load(shipped_corpus() / "glossary.toml"), None))
OLD = "In adults, zorbitol is given orally at up to 10 mg a day."
NEW = "In adults, zorbitol is given orally at up to 20 mg a day."


def document(name: str, published: date | None) -> Document:
    return Document(name, f"Guideline {name}", "", "", published)


def told(
    one: str,
    other: str,
    scores: tuple[float, float] = (0.9, 0.8),
    days: tuple[date | None, ...] = (),
    names: str = "ab",
) -> list[str]:
    first, second = days or (date(2015, 3, 1), date(2020, 6, 1))
    documents = {name: document(name, day) for name, day in zip(names, (first, second), strict=True)}
    evidence = [
        Evidence(passage.sentences[0], passage, score)
        for name, text, score in zip(names, (one, other), scores, strict=True)
        for passage in [make_passage([text, "Nausea is common."], document=name)]
    ]
    return [conflict.told(documents) for conflict in FINDER.conflicts(evidence, documents)]


def test_another_figure_for_the_same_thing_is_said_with_both_dates_the_newest_first() -> None:
    expected = "The documents differ. 1 June 2020, “Guideline b”: up to 20 mg a day; 1 March 2015, “Guideline a”: up to 10 mg a day."
    assert told(OLD, NEW) == [expected]
    assert told(NEW, OLD, days=(date(2020, 6, 1), date(2015, 3, 1)), names="ba") == [expected]


def test_a_document_without_a_date_comes_last() -> None:
    (line,) = told(OLD, NEW, days=(None, date(2020, 6, 1)))
    assert line.endswith("; date not known, “Guideline a”: up to 10 mg a day.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The infusion of zorbitol takes 40 minutes.", "The infusion of zorbitol takes 60 minutes."),
        ("About 70% of patients respond to zorbitol.", "About 50% of patients respond to zorbitol."),
        ("Zorbitol is started at 500 microgram/kg.", "Zorbitol is started at 0.25 mg/kg."),
    ],
)
def test_figures_of_any_measured_kind(one: str, other: str) -> None:
    assert len(told(one, other)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (OLD, OLD),
        ("Zorbitol is started at 500 microgram/kg.", "Zorbitol is started at 0.5 mg/kg."),
        (OLD, "In children, zorbitol is given orally at up to 5 mg a day."),
        (OLD, "In adults, zorbitol is given IV at up to 5 mg a day."),
        (OLD, "In adults, zorbitol is given orally at up to 5 mg a day in renal failure."),
        (OLD, "In adults, zorbitol is given orally at least at 20 mg a day."),
        (OLD, "In adults, barbitol is given orally at up to 20 mg a day."),
        (OLD, "In adults, zorbitol is not given orally at up to 20 mg a day."),
        (OLD, "In adults, zorbitol is given orally for up to 20 days."),
        (OLD, "In adults, zorbitol is given orally."),
        ("The first edition of 2015 describes zorbitol.", "The first edition of 2020 describes zorbitol."),
        ("Zorbitol is given at 10 mg or 20 mg.", "Zorbitol is given at 20 mg."),
    ],
)
def test_what_agrees_or_may_be_of_something_else_is_no_conflict(one: str, other: str) -> None:
    assert told(one, other) == []


def test_one_document_never_conflicts_and_nor_does_what_hardly_answers() -> None:
    passage = make_passage([OLD, NEW], document="a")
    evidence = [Evidence(sentence, passage, 0.9) for sentence in passage.sentences]
    assert FINDER.conflicts(evidence, {"a": document("a", None)}) == []
    assert told(OLD, NEW, scores=(0.9, 0.2)) == []
    assert FINDER.conflicts([], {}) == []
