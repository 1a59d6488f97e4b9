from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ketarag.errors import CorpusError
from ketarag.indexing.sidecar import Sidecar, left_out_spans, read_sidecar, sidecar_path
from ketarag.types import Document

TEXT = "one\ntwo\r\nthree\n\nfive"


def left_out(*rows: tuple[int, int]) -> list[str]:
    sidecar = Sidecar(leave_out=tuple((*row, "why") for row in rows))
    return [TEXT[item.span.start : item.span.end] for item in left_out_spans(sidecar, TEXT, Path("a.toml"))]


def test_it_stands_beside_the_document() -> None:
    assert sidecar_path(Path("corpus/a.b.txt")) == Path("corpus/a.b.toml")


def test_without_a_file_nothing_is_known() -> None:
    assert read_sidecar(Path("nowhere.toml")) == Sidecar()


def test_everything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(
        'title = "T"\npublished = 2020-04-04\npublisher = "P"\nsha256 = "ab"\nauthor = "A"\nyear = 2020\n'
        '[[leave_out]]\nlines = [1, 2]\nreason = "menu"\n'
    )
    assert read_sidecar(path) == Sidecar(
        "T", date(2020, 4, 4), "P", "ab", ((1, 2, "menu"),), {"author": "A", "year": "2020"}
    )


def test_questions_are_kept_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('questions = ["What?", " How much? "]')
    assert read_sidecar(path).metadata == {"questions": "What?\nHow much?"}
    path.write_text("questions = []")
    assert read_sidecar(path).metadata == {"questions": ""}


@pytest.mark.parametrize("tags", ['["dose", "adults only"]', '" dose,adults only, "'])
def test_tags_are_kept_one_a_line(tmp_path: Path, tags: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(f"tags = {tags}")
    assert read_sidecar(path).metadata == {"tags": "dose\nadults only"}


def test_of_a_time_the_day_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("published = 2020-04-04T12:00:00Z")
    assert type(read_sidecar(path).published) is date
    assert read_sidecar(path).published == date(2020, 4, 4)


@pytest.mark.parametrize(
    "text",
    [
        "title =",
        "tags = 3",
        "tags = ['a', '']",
        "published = 'April'",
        "published = 12:00:00",
        "[[leave_out]]\nreason = 'no lines'",
        "[[leave_out]]\nlines = [1, 2]",
        "[[leave_out]]\nlines = [1]\nreason = 'x'",
        "[[leave_out]]\nlines = [1, 2, 3]\nreason = 'x'",
        "[[leave_out]]\nlines = 1\nreason = 'x'",
        "[[leave_out]]\nlines = ['a', 'b']\nreason = 'x'",
        "leave_out = 3",
        "leave_out = ['x']",
        "questions = 'What?'",
        "questions = [1]",
        "questions = ['']",
        "questions = ['What?', ' ']",
        'questions = ["""What\nnow?"""]',
        "\udcff",
    ],
)
def test_a_mistake_is_named_with_what_is_expected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(CorpusError, match=r"a\.toml: not a sidecar .*it holds title"):
        read_sidecar(path)


def test_line_ranges_are_stretches_of_whole_lines() -> None:
    assert left_out((1, 1), (3, 5)) == ["one\n", "three\n\nfive"]
    assert left_out((2, 2)) == ["two\r\n"]
    assert left_out((5, 5), (1, 2)) == ["one\ntwo\r\n", "five"]
    assert left_out() == []


@pytest.mark.parametrize("row", [(0, 1), (1, 6), (6, 6), (3, 2), (-1, 1)])
def test_a_range_outside_the_text_is_an_error(row: tuple[int, int]) -> None:
    with pytest.raises(CorpusError, match=r"a\.toml: lines .* lines 1 to 5"):
        left_out(row)


@pytest.mark.parametrize("rows", [((1, 2), (2, 3)), ((1, 5), (2, 2)), ((1, 1), (1, 1))])
def test_ranges_that_overlap_are_an_error(rows: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(CorpusError, match="overlap"):
        left_out(*rows)


def test_the_article_begins_and_ends_where_its_sidecar_says(article: Document) -> None:
    reasons = [item.reason for item in article.left_out]
    assert "footer: copyright, links, site navigation" in reasons
    assert article.text[: article.left_out[0].span.end].split() == ["ketamine", "therapy"]
    assert article.left_out[-1].span.end == len(article.text)
