import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.answering.comparators import Comparator, fits
from ketarag.answering.quantities import Quantity, quantities
from ketarag.text import normalise


def only(text: str) -> Quantity:
    (quantity,) = quantities(text)
    return quantity


def measured(text: str) -> list[tuple[float | None, str]]:
    return [(None if q.value is None else round(q.value, 9), q.dimension) for q in quantities(text)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("500 microgram/kg", "0.5 mg/kg"),
        ("500 mcg/kg", "500 µg/kg"),
        ("600 micrograms per kilogram", "0.6 mg/kg"),
        ("100mg/24h", "100 mg per day"),
        ("100mg/24h", "100 mg daily"),
        ("100mg/24h", "100 mg every 24 hours"),
        ("40 min", "forty minutes"),
        ("4h", "four-hour"),
        ("a 5-day trial", "five days"),
        ("a quarter of patients", "25%"),
        ("one in four patients", "25 per cent"),
        ("nine-tenths", "90 percent"),
        ("half of them", "50%"),
        ("twice", "2 times"),
        ("7-fold", "seven times"),
        ("sevenfold", "7-fold"),
        ("one week", "7 days"),
        ("a week", "one week"),
        ("half an hour", "30 min"),
        ("1,000 mg", "1 g"),
        ("twice daily", "every 12 hours"),
        ("10 mg/kg/h", "10 mg/h/kg"),
        ("twenty-five mg", "25 mg"),
    ],
)
def test_equal_quantities_meet(left: str, right: str) -> None:
    assert measured(left) == measured(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("500 mg", "500 microgram"),
        ("0.5 mg/kg", "0.5 mg"),
        ("0.5 mg/kg", "0.5 mg/kg/h"),
        ("40 min", "40 h"),
        ("4 weeks", "1 month"),
        ("5%", "5 mg"),
        ("twice", "2"),
        ("hours", "days"),
    ],
)
def test_different_quantities_do_not(left: str, right: str) -> None:
    assert measured(left) != measured(right)


@pytest.mark.parametrize(
    "text", ["4–6 weeks", "4 to 6 weeks", "between 4 and 6 weeks", "28-42 days", "4 weeks to 6 weeks"]
)
def test_a_range_shares_its_unit(text: str) -> None:
    low, high = quantities(text)
    assert (low.value, high.value) == (4 * 604800, 6 * 604800)
    assert low.ranged
    assert low.group == high.group


def test_a_list_shares_its_unit_and_is_no_range() -> None:
    found = quantities("fewer failures (25 vs. 50%) but more withdrawals (19 vs. 2%)")
    assert [q.value for q in found] == pytest.approx([0.25, 0.5, 0.19, 0.02])
    assert [q.group for q in found] == [0, 0, 1, 1]
    assert not any(q.ranged for q in found)


def test_units_are_not_shared_over_a_noun() -> None:
    assert [q.dimension for q in quantities("29 RCTs and 2 weeks")] == ["count", "[time]"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("less than 5%", Comparator.BELOW),
        ("fewer than 5 mg", Comparator.BELOW),
        ("under one week", Comparator.BELOW),
        ("< 5 mg", Comparator.BELOW),
        ("up to 70%", Comparator.UP_TO),
        ("as many as 70%", Comparator.UP_TO),
        ("no more than 70%", Comparator.UP_TO),
        ("70% or less", Comparator.UP_TO),
        ("does not usually exceed one week", Comparator.NOT_ABOVE),
        ("more than 5%", Comparator.ABOVE),
        ("over 70%", Comparator.ABOVE),
        ("over 40 min", Comparator.NONE),
        ("over the next 2 weeks", Comparator.NONE),
        ("at least 5 mg", Comparator.AT_LEAST),
        ("no less than 5 mg", Comparator.AT_LEAST),
        ("5 mg or more", Comparator.AT_LEAST),
        ("about 90%", Comparator.ABOUT),
        ("roughly a quarter", Comparator.ABOUT),
        ("exactly 90%", Comparator.EXACTLY),
        ("about a 7-fold increase", Comparator.ABOUT),
        ("less than about 5%", Comparator.BELOW),
        ("90%", Comparator.NONE),
    ],
)
def test_comparators(text: str, expected: Comparator) -> None:
    assert only(text).comparator is expected


def test_only_about_may_be_dropped_or_added() -> None:
    assert fits(Comparator.NONE, Comparator.ABOUT)
    assert fits(Comparator.ABOUT, Comparator.NONE)
    for bound in (Comparator.BELOW, Comparator.UP_TO, Comparator.ABOVE, Comparator.AT_LEAST):
        assert fits(bound, bound)
        assert not any(fits(other, bound) for other in (Comparator.NONE, Comparator.ABOUT, Comparator.EXACTLY))
        assert not fits(bound, Comparator.NONE)
    assert not fits(Comparator.EXACTLY, Comparator.ABOUT)


def test_words_that_are_no_quantities() -> None:
    assert quantities("a second site, the third dose, its half-life, HCN1 channels, short-term") == []


def test_offsets_are_of_the_normalised_text() -> None:
    text = "Up to 70 % of patients,\n 500 µg/kg over 40 min; days–weeks."
    for quantity in quantities(text):
        assert normalise(text)[quantity.start : quantity.end] == quantity.text


@given(st.text())
def test_never_raises(text: str) -> None:
    for quantity in quantities(text):
        assert normalise(text)[quantity.start : quantity.end] == quantity.text


_PIECES = [
    "5",
    "mg",
    "/",
    "kg",
    "a",
    "one",
    "half",
    "%",
    " ",
    "-",
    "to",
    "vs.",
    "weeks",
    "every",
    "1,000",
    ".5",
    "daily",
    "in",
    "of",
]


@given(st.lists(st.sampled_from(_PIECES)).map(" ".join))
def test_never_raises_on_near_quantities(text: str) -> None:
    quantities(text)


@given(st.integers(0, 10**6), st.sampled_from(["mg", "microgram/kg", "%", "h", "weeks", "mg/24h", "mL"]))
def test_every_number_is_read_with_its_value(value: int, unit: str) -> None:
    (one,) = quantities(f"{value + 1} {unit}")
    (other,) = quantities(f"{value + 2} {unit}")
    assert one.value is not None
    assert other.value is not None
    assert one.value < other.value


@pytest.mark.parametrize("piece", ["1", "1 ", "1,", "5 mg/", "weeks-", "one ", "or less ", "every ", " ", "in one in "])
def test_long_texts_take_no_quadratic_time(piece: str) -> None:
    begun = time.perf_counter()
    quantities(piece * (100_000 // len(piece)))
    assert time.perf_counter() - begun < 20
