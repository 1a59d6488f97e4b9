"""Rows survive their file, whatever they say."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from training.examples import CONTRADICTED, NOT_SAID, SUPPORTED, Row, read_rows, write_rows

ROW = Row("read", "Which dose?", ("It is old.", "Give 5 µg."), 1, "squad2", "Force", (1,), "5 µg")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROWS = st.builds(
    Row,
    task=st.sampled_from(["read", "entail", "rank"]),
    first=TEXT,
    sentences=st.lists(TEXT, max_size=3).map(tuple),
    label=st.integers(0, 2),
    source=TEXT,
    group=TEXT,
    gold=st.lists(st.integers(0, 9), max_size=3).map(tuple),
    answer=TEXT,
)


def test_a_row_is_one_json_object_with_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert write_rows(path, [ROW, ROW]) == 2
    first, second, after = path.read_text(encoding="utf-8").split("\n")
    assert (first, after) == (second, "")
    assert "µ" in first
    assert json.loads(first) == {
        "task": "read", "first": "Which dose?", "sentences": ["It is old.", "Give 5 µg."], "label": 1, "source": "squad2",
        "group": "Force", "gold": [1], "answer": "5 µg",
    }  # fmt: skip


def test_a_file_written_by_hand_is_read_field_by_field(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"task": "entail", "first": "A claim.", "sentences": ["A."], "label": 2, "source": "s", "group": "g", '
        '"gold": [], "answer": ""}\n',
        encoding="utf-8",
    )
    assert list(read_rows(path)) == [Row("entail", "A claim.", ("A.",), NOT_SAID, "s", "g")]


def test_no_rows_are_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert write_rows(path, []) == 0
    assert path.read_bytes() == b""
    assert list(read_rows(path)) == []


def test_a_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, [ROW, ROW, ROW])
    write_rows(path, iter([ROW]))
    assert list(read_rows(path)) == [ROW]


@given(st.lists(ROWS, max_size=4))
def test_what_is_written_is_read(tmp_path_factory, rows: list[Row]) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    assert write_rows(path, rows) == len(rows)
    assert list(read_rows(path)) == rows


def test_a_line_separator_inside_a_text_ends_no_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = Row("rank", "a\u2028b\u0085c\nd\r\x0ce", ("x\u2029",), 0, "s", "g")
    write_rows(path, [row])
    assert list(read_rows(path)) == [row]


def test_the_three_labels_of_a_claim_are_in_the_order_of_the_networks_outputs() -> None:
    from training.network import PAIR_OUTPUTS

    assert [PAIR_OUTPUTS[2:][label] for label in (SUPPORTED, CONTRADICTED, NOT_SAID)] == [
        "supported",
        "contradicted",
        "not_said",
    ]
