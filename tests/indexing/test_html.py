from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.html import read_html
from ketarag.indexing.parsed import UnreadableError

PAGE = """<!doctype html><html><head><title> Dose
 table </title><style>p {}</style></head><body>
<header>Practice</header><nav><ul><li>Home</li><li>About</li></ul></nav>
<main><h1>Dose &amp; use</h1><!-- hidden --><p>Give 0.5&nbsp;mg/kg
over <b>40</b> min.</p><h2>Routes</h2><ul><li>PO</li><li>SC<br>slowly</li></ul>
<table><tr><th>Route</th><th>Dose</th></tr><tr><td>PO</td><td>10 mg</td></tr></table></main>
<aside>Buy now</aside><form>Mail</form><footer>© us</footer><script>alert(1)</script></body></html>"""


def kept(source: str) -> str:
    page = read_html(source)
    pieces, at = [], 0
    for item in page.left_out:
        pieces.append(page.text[at : item.span.start])
        at = item.span.end
    return "".join([*pieces, page.text[at:]])


def test_a_page_becomes_markdown_blocks() -> None:
    assert read_html(PAGE).title == "Dose table"
    assert kept(PAGE).split("\n\n") == [
        "# Dose & use",
        "Give 0.5 mg/kg over 40 min.",
        "## Routes",
        "- PO",
        "- SC",
        "slowly",
        "| Route | Dose |",
        "| PO | 10 mg |",
        "",
    ]


def test_furniture_is_left_out_with_its_element_as_the_reason() -> None:
    page = read_html(PAGE)
    said = [(page.text[item.span.start : item.span.end].split(), item.reason) for item in page.left_out]
    assert said == [
        (["Practice"], "page furniture (<header>)"),
        (["-", "Home", "-", "About"], "page furniture (<nav>)"),
        (["Buy", "now"], "page furniture (<aside>)"),
        (["Mail"], "page furniture (<form>)"),
        (["©", "us"], "page furniture (<footer>)"),
    ]


def test_text_after_a_nested_element_of_furniture_is_still_furniture() -> None:
    assert kept("<nav>a<form>b</form>c</nav><p>d") == "d\n\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one<p>two", "one\n\ntwo\n\n"),
        ("<b>un<i>closed", "unclosed\n\n"),
        ("</p></div>text", "text\n\n"),
        ("a < b &lt; c &copy;", "a < b < c ©\n\n"),
        ("<p>signals.<sup>4</sup> At", "signals.^4 At\n\n"),
        ("10<sup>6</sup> cells, 30 mg/m<sup>2</sup>, the 4<sup>th</sup>", "10^6 cells, 30 mg/m^2, the 4th\n\n"),
        ("effects<sup><a href='#5'>[5]</a></sup> and", "effects^[5] and\n\n"),
        ("", ""),
        ("<p> </p>", ""),
        ("<![CDATA[x]]><?php y ?>visible", "visible\n\n"),
        ("plain text", "plain text\n\n"),
    ],
)
def test_malformed_markup_is_read_as_browsers_do(source: str, text: str) -> None:
    assert read_html(source).text == text


ARTICLE = "".join(
    f"<h2>Part {part}</h2><p>{' '.join(f'Sentence {part}{number} says that ketamine was given slowly.' for number in range(6))}</p>"
    for part in "ABCD"
)
LIST = "<ul><li>blood pressure</li><li>heart rate</li></ul>"
DOSES = "<table><tr><th>Route</th><th>Dose</th></tr><tr><td><p>IV</p></td><td><ul><li>10 mg</li><li>slowly</li></ul></td></tr></table>"
LINKS = "".join(f"<li><a href='/{number}'>Read more about topic {number}</a></li>" for number in range(12))


def reasons(source: str) -> dict[str, str]:
    page = read_html(source)
    return {page.text[item.span.start : item.span.end].strip(): item.reason for item in page.left_out}


def test_what_stands_outside_the_main_text_of_a_long_page_is_left_out() -> None:
    source = f"<div class=top><p>Subscribe now</p></div><main>{ARTICLE}{LIST}{DOSES}</main><div id=related><ul>{LINKS}</ul></div>"
    text = kept(source)
    assert "Read more about topic 3" not in text
    assert "outside the main text of the page" in reasons(source).values()
    for words in ("## Part A", "Sentence D5 says", "- blood pressure", "| Route | Dose |", "| IV | 10 mg slowly |"):
        assert words in text


def test_main_text_is_kept_within_an_element_of_furniture() -> None:
    assert "Sentence A0 says" in kept(f"<form action='/'>{ARTICLE}</form>")


def test_rows_and_long_paragraphs_outside_the_main_text_are_kept() -> None:
    source = f"<main>{ARTICLE}</main><div class='footer'>{DOSES}<p>{'A long warning of many words about the dose. ' * 4}</p></div>"
    assert "| IV | 10 mg slowly |" in kept(source)
    assert "A long warning" in kept(source)


def test_a_table_that_lays_out_the_page_is_no_row() -> None:
    source = "<table><tr><td><h1>Dose</h1>Ten</td><td><table><tr><td>1</td><td>2</td></tr></table></td></tr></table>"
    assert read_html(source).text.split("\n\n") == ["# Dose", "Ten", "| 1 | 2 |", ""]


def test_an_empty_cell_keeps_its_place() -> None:
    row = "<tr><td>PO</td><td></td><td>10 mg</td></tr>"
    assert read_html(f"<table>{row}<tr><td></td><td></td></tr></table>").text == "| PO | | 10 mg |\n\n"


def test_cells_and_rows_need_no_end() -> None:
    source = "<table><tr><th>Route<th><th>Dose<tr><td>PO<td><td>10 mg</table>"
    assert read_html(source).text == "| Route | | Dose\n\n| PO | | 10 mg |\n\n"


def test_deeper_than_the_limit_is_refused() -> None:
    assert read_html("<div>" * 100 + "deep", 100).text == "deep\n\n"
    with pytest.raises(UnreadableError, match="more than 100 deep"):
        read_html("<div>" * 101 + "deep", 100)


def test_markup_may_nest_five_thousand_deep() -> None:
    page = read_html("<div>" * 5000 + "<nav>" * 100 + "deep" + "</nav>" * 100 + "after" + "</div>" * 5000)
    assert page.text.split() == ["deep", "after"]
    assert [page.text[item.span.start : item.span.end].strip() for item in page.left_out] == ["deep"]


@given(
    st.lists(st.sampled_from([*"ab <>&;", "<p>", "</p>", "<nav>", "</nav>", "<li>", "<h1>", "<!--", "<sup>", "<td>"]))
)
def test_any_markup_is_read_and_what_is_left_out_lies_in_the_text(pieces: list[str]) -> None:
    page = read_html("".join(pieces))
    assert all(item.span.end <= len(page.text) for item in page.left_out)
    assert all(left.span.end <= right.span.start for left, right in pairwise(page.left_out))
