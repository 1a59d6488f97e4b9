from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.columns import usual_gutters
from ketarag.indexing.layout import flows
from ketarag.indexing.lines import Rule, Run

WORD = 30.0
HEIGHT = 11.0


def run(text: str, x: float, y: float) -> Run:
    return Run(text, x, x + WORD * len(text.split()), y, y + HEIGHT, y + 9, HEIGHT, False)


def texts(runs: list[Run], rules: list[Rule] | None = None) -> list[list[str]]:
    return [[line.text for line in flow] for flow in flows(runs, rules or [])]


def column(letter: str, x: float, lines: int = 6, top: float = 100) -> list[Run]:
    return [run(f"{letter}{at} is a line", x, top + 14 * at) for at in range(lines)]


def test_columns_are_read_one_after_the_other() -> None:
    left, right = column("a", 50), column("b", 250)
    assert texts([*right, *left]) == [[line.text for line in left], [line.text for line in right]]


def test_a_line_longer_than_its_column_is_no_heading_across() -> None:
    left, right = column("a", 50), column("b", 250, lines=5)
    left[2] = left[2]._replace(x1=190.0)
    assert texts([*left, *right]) == [[line.text for line in left], [line.text for line in right]]


@pytest.mark.parametrize("ending", ["b0 is the end", "end."])
def test_a_line_alone_in_a_column_of_the_other_pages_ends_the_text_before_it(ending: str) -> None:
    full, last = [*column("a", 50), *column("b", 250)], [*column("a", 50), run(ending, 250, 100)]
    usual = usual_gutters([full, last])
    assert usual == [pytest.approx(210)]
    said = [[line.text for line in flow] for flow in flows(last, [], usual)]
    assert said == [[line.text for line in column("a", 50)], [ending]]


def test_a_cell_beside_a_line_further_down_is_no_column() -> None:
    page = [*column("a", 50), run("5 mg", 250, 128)]
    assert len(flows(page, [], [210.0])) == 1


def test_a_heading_across_comes_before_the_columns_under_it() -> None:
    title = run("a title over both of the columns", 50, 60)
    first, second = column("a", 50), column("b", 250)
    between = run("a heading over both of the columns", 50, 200)
    third, fourth = column("c", 50, top=230), column("d", 250, top=230)
    said = texts([*first, *second, *third, *fourth, between, title])
    assert [flow[0].split()[0] for flow in said if flow] == ["a", "a0", "b0", "a", "c0", "d0"]


@pytest.mark.parametrize("words", ["PO", "10 mg"])
def test_short_cells_are_no_columns_of_text(words: str) -> None:
    cells = [run(f"{words}{at}", x, 100 + 14 * at) for at in range(8) for x in (50, 250)]
    assert texts(cells) == [[f"| {words}{at} | {words}{at} |" for at in range(8)]]


def test_a_bullet_with_a_wide_gap_is_no_cell() -> None:
    items = [
        one for at in range(3) for one in (run("•", 50, 100 + 14 * at), run(f"item {at} of them", 100, 100 + 14 * at))
    ]
    assert texts(items) == [["• item 0 of them", "• item 1 of them", "• item 2 of them"]]


_PLACES = st.tuples(st.integers(0, 600), st.integers(0, 60), st.integers(1, 8))
_RULES = st.builds(
    lambda x, y, wide, length: Rule(x, x + length, y, y) if wide else Rule(x, x, y, y + length),
    st.integers(0, 300),
    st.integers(0, 800),
    st.booleans(),
    st.sampled_from([100.0, 300.0]),
)


@given(st.lists(_PLACES, max_size=40), st.lists(_RULES, max_size=10))
def test_every_word_is_read_once(places: list[tuple[int, int, int]], rules: list[Rule]) -> None:
    runs = [
        run(" ".join(f"w{at}.{word}" for word in range(words)), x, 14.0 * y) for at, (x, y, words) in enumerate(places)
    ]
    read = Counter(word for flow in flows(runs, rules) for line in flow for word in line.text.split() if word != "|")
    assert read == Counter(word for one in runs for word in one.text.split())


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), min_size=1, max_size=30))
def test_lines_of_one_column_keep_their_order(lines: list[tuple[int, int]]) -> None:
    runs = [run(" ".join([f"w{at}"] * words), indent, 14.0 * at) for at, (indent, words) in enumerate(lines)]
    assert [text.split()[0] for flow in texts(runs) for text in flow] == [f"w{at}" for at in range(len(lines))]
