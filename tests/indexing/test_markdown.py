from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.markdown import may_hide, read_markdown, title_of


def left_out(source: str) -> list[tuple[str, str]]:
    parsed = read_markdown(source)
    return [(source[item.span.start : item.span.end], item.reason) for item in parsed.left_out]


def test_the_text_is_the_source() -> None:
    source = "# Dose *now*\r\n\r\nGive `10 mg`.\r\n"
    parsed = read_markdown(source)
    assert (parsed.title, parsed.text, parsed.left_out) == ("Dose now", source, ())


def test_what_no_reader_sees_is_left_out() -> None:
    source = (
        "---\ntitle: 'The dose'\ntags:\n  - a\n---\n# Dose\n\n<!-- to do:\n\nmore -->\n\nGive [it][1].\n\n"
        "[1]: https://example.org\n  'a title'\n\nEnd.\n"
    )
    assert left_out(source) == [
        ("---\ntitle: 'The dose'\ntags:\n  - a\n---\n", "front matter"),
        ("<!-- to do:\n\nmore -->\n", "comment"),
        ("[1]: https://example.org\n  'a title'\n", "target of links"),
    ]
    assert read_markdown(source).title == "The dose"


@pytest.mark.parametrize(
    "source",
    [
        "---\n\nA rule, then text.\n\n---\n",
        "---\nNote: this is text.\n\nAnd so is this.\n\n---\n",
        "Text <!-- and a comment --> in one line.\n",
        "<!-- a comment --> and text\n",
        "<div>\nA table of the page.\n</div>\n",
        "```\n[1]: https://example.org\n```\n",
        "",
    ],
)
def test_what_a_reader_sees_is_kept(source: str) -> None:
    assert left_out(source) == []


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("Text.\n\n# The `dose` #\n\n# Harm\n", "The dose"),
        ("Dose of *PO*\r\n===\r\nText.", "Dose of PO"),
        ("## Dose\n\nText.", ""),
        ("#Dose\n", ""),
        ("", ""),
    ],
)
def test_the_first_heading_is_the_title(source: str, title: str) -> None:
    assert title_of(source) == read_markdown(source).title == title


_LINES = st.sampled_from(
    [
        "---",
        "title: x",
        "# Dose",
        "<!-- a",
        "-->",
        "[1]: /x",
        "",
        "> [2]: /y",
        "- [3]: /z",
        "text",
        "\r",
        "``` a",
        "  [4]: <b> 'c'",
        "\x0b",
        "\u2028",
    ]
)


@given(st.lists(st.one_of(_LINES, st.text(max_size=12)), max_size=15), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_source_is_kept_and_what_is_left_out_lies_in_it(lines: list[str], end: str) -> None:
    source = end.join(lines)
    parsed = read_markdown(source)
    assert parsed.text == source
    assert may_hide(source) or not parsed.left_out
    assert all(item.span.start < item.span.end <= len(source) for item in parsed.left_out)
    assert all(left.span.end <= right.span.start for left, right in pairwise(parsed.left_out))
