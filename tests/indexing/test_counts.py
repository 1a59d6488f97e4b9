from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.counts import Counting, Counts, Totals

Rows = list[dict[str, int]]
ROWS = st.lists(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 9), max_size=4), max_size=6)


def counted(rows: Rows) -> Counts:
    counting = Counting()
    for row in rows:
        counting.add(row)
    return counting.done()


@given(ROWS, ROWS)
def test_totals_are_the_sums_of_the_rows_that_count(first: Rows, second: Rows) -> None:
    weights = [[at % 3 for at in range(len(rows))] for rows in (first, second)]
    parts = [
        (counted(rows), np.array(each, dtype=np.int64)) for rows, each in zip((first, second), weights, strict=True)
    ]
    sums: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for row, weight in zip([*first, *second], [*weights[0], *weights[1]], strict=True):
        for word, times in row.items():
            sums[word] += weight * times
            held[word] += weight
    assert dict(Totals.of(parts)) == {word: number for word, number in sums.items() if number}
    assert dict(Totals.of(parts, rows=True)) == {word: number for word, number in held.items() if number}


def test_what_is_saved_is_opened(tmp_path: Path) -> None:
    counted([{"b": 2, "a": 1}, {}, {"b": 3}]).save(tmp_path, "words")
    opened = Counts.open(tmp_path, "words")
    totals = Totals.of([(opened, np.ones(3, dtype=np.int64))])
    totals.save(tmp_path, "totals")
    again = Totals.open(tmp_path, "totals")
    assert dict(again) == {"a": 1, "b": 5}
    assert (again.get("c", 0), len(again), "a" in again) == (0, 2, True)
    assert again.items_above(2) == ["b"]
    assert again.items_above(1) == ["a", "b"]
    with pytest.raises(KeyError, match="c"):
        again["c"]


def test_a_number_that_is_too_large_is_cut() -> None:
    counts = counted([{"a": 70_000}])
    assert counts.times.tolist() == [65_535]
