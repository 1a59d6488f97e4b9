"""Which documents a filter leaves; that only they are searched is in tests/integration/test_filters.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.errors import QuestionError
from ketarag.types import Document, Filter
from ketarag.within import Catalogue, Choices, described


def document(name: str, published: date | None = None, publisher: str = "", *tags: str) -> Document:
    return Document(name, name, "Text.", "0" * 64, published, publisher, metadata={"tags": "\n".join(tags)})


class Shelf:
    """Documents whose only passage is called like them."""

    def __init__(self, *documents: Document) -> None:
        self.read = 0
        self._documents = documents

    @property
    def documents(self) -> Sequence[Document]:
        self.read += 1
        return self._documents

    @property
    def passages(self) -> Shelf:
        return self

    def of(self, documents: Collection[str]) -> Collection[str]:
        return documents


DOCUMENTS = (
    document("old", date(2015, 3, 1), "Society A", "Dose", "adults"),
    document("new", date(2020, 6, 1), "Society  B", "dose"),
    document("undated", None, "Society A", "adults"),
    document("bare"),
)


def left(**bounds: object) -> set[str]:
    return set(Catalogue(Shelf(*DOCUMENTS)).scope(Filter(**bounds)).passages or ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"published_from": date(2015, 3, 1)}, {"old", "new"}),
        ({"published_from": date(2015, 3, 2)}, {"new"}),
        ({"published_to": date(2015, 3, 1)}, {"old"}),
        ({"published_from": datetime(2015, 3, 1, 12, 0)}, {"old", "new"}),
        ({"publishers": ("society a",)}, {"old", "undated"}),
        ({"publishers": ["SOCIETY B", "Society A"]}, {"old", "new", "undated"}),
        ({"tags": ("DOSE",)}, {"old", "new"}),
        ({"tags": ("dose", "Adults")}, {"old"}),
        ({"tags": ("adults",), "published_to": date(2030, 1, 1)}, {"old"}),
    ],
)
def test_what_a_filter_leaves(bounds: dict[str, object], expected: set[str]) -> None:
    assert left(**bounds) == expected


@pytest.mark.parametrize("within", [None, Filter()])
def test_without_a_filter_everything_is_searched_and_nothing_read_or_said(within: Filter | None) -> None:
    shelf = Shelf(*DOCUMENTS)
    scope = Catalogue(shelf).scope(within)
    assert (scope.passages, scope.documents, scope.fingerprint, scope.told) == (None, 4, "", "")
    assert shelf.read == 1


def test_a_filter_that_leaves_nothing_says_so_with_what_it_is() -> None:
    within = Filter(date(2030, 1, 1), publishers=("WHO",), tags=("x" * 500,))
    with pytest.raises(
        QuestionError, match=r"none of the 4 documents is published from 2030-01-01, by WHO, tagged x+…:"
    ):
        Catalogue(Shelf(*DOCUMENTS)).scope(within)


def test_bounds_the_wrong_way_round_leave_nothing() -> None:
    with pytest.raises(QuestionError, match="from 2020-01-01 to 2010-01-01"):
        left(published_from=date(2020, 1, 1), published_to=date(2010, 1, 1))


def test_one_text_in_the_place_of_several_is_refused() -> None:
    with pytest.raises(TypeError, match="publishers is the text 'WHO'"):
        Filter(publishers="WHO")  # type: ignore[arg-type]


def test_what_was_searched_is_said_and_named() -> None:
    catalogue = Catalogue(Shelf(*DOCUMENTS))
    scope = catalogue.scope(Filter(published_to=date(2019, 12, 31), publishers=("Society A", "WHO")))
    assert scope.told == "Searched only what is published to 2019-12-31, by Society A or WHO: 1 of 4 documents."
    same = catalogue.scope(Filter(published_to=date(2019, 12, 31), publishers=("who", "society a")))
    assert scope.fingerprint == same.fingerprint != catalogue.scope(Filter(tags=("dose",))).fingerprint


def test_shared_documents_are_not_read_again() -> None:
    shared = Shelf(*DOCUMENTS)
    first = Catalogue(shared)
    first.scope(Filter(tags=("dose",)))
    read = shared.read
    second = Catalogue(Shelf(*DOCUMENTS, document("mine", date(2024, 1, 1))), first)
    assert set(second.scope(Filter(date(2019, 1, 1))).passages or ()) == {"new", "mine"}
    assert shared.read == read


def test_what_can_be_chosen_by_is_listed_once_as_it_is_first_written() -> None:
    shelf = Shelf(*DOCUMENTS)
    catalogue = Catalogue(shelf)
    expected = Choices(4, {"Society A": 2, "Society B": 1}, {"adults": 2, "Dose": 2}, {2015: 1, 2020: 1})
    assert catalogue.choices() == expected
    for publisher, documents in catalogue.choices().publishers.items():
        assert catalogue.scope(Filter(publishers=(publisher,))).documents == documents
    for tag, documents in catalogue.choices().tags.items():
        assert catalogue.scope(Filter(tags=(tag,))).documents == documents
    assert shelf.read == 1
    mine = Catalogue(Shelf(*DOCUMENTS, document("mine", None, "Me", "dose")), catalogue).choices()
    assert (list(mine.publishers), mine.tags["Dose"]) == (["Me", "Society A", "Society B"], 3)


def test_of_very_many_tags_the_most_frequent_are_offered() -> None:
    rare = [document(str(at), None, "", f"rare {at:03}") for at in range(300)]
    tags = Catalogue(Shelf(*rare, document("a", None, "", "z"), document("b", None, "", "z"))).choices().tags
    assert (len(tags), list(tags)[-1], tags["z"]) == (200, "z", 2)


def test_many_filters_are_not_all_remembered() -> None:
    catalogue = Catalogue(Shelf(*DOCUMENTS))
    for day in range(1, 100):
        catalogue.scope(Filter(date.fromordinal(700_000 + day)))
    assert len(catalogue._scopes) <= 32


DAYS = st.none() | st.dates(date(2019, 1, 1), date(2019, 1, 9))
NAMES = st.sampled_from(["a", "B", "c d"])


@given(
    st.lists(st.tuples(DAYS, NAMES | st.just(""), st.lists(NAMES)), min_size=1, max_size=6),
    DAYS,
    DAYS,
    st.lists(NAMES, max_size=2),
    st.lists(NAMES, max_size=2),
)
def test_any_filter_leaves_just_what_it_describes(
    rows: list[tuple[date | None, str, list[str]]],
    first: date | None,
    last: date | None,
    publishers: list[str],
    tags: list[str],
) -> None:
    documents = [document(str(at), day, name, *words) for at, (day, name, words) in enumerate(rows)]
    within = Filter(first, last, tuple(publishers), tuple(tags))
    expected = {
        one.id
        for one, (day, name, words) in zip(documents, rows, strict=True)
        if (first is None or (day is not None and day >= first))
        and (last is None or (day is not None and day <= last))
        and (not publishers or name in publishers)
        and set(tags) <= set(words)
    }
    catalogue = Catalogue(Shelf(*documents))
    if not expected:
        with pytest.raises(QuestionError, match="none of the"):
            catalogue.scope(within)
    else:
        passages = catalogue.scope(within).passages
        assert set(map(str, range(len(rows))) if passages is None else passages) == expected
    assert bool(described(within)) == (within != Filter())
