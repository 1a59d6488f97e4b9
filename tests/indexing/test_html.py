from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.html import read_html

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
        "Route | Dose |",
        "PO | 10 mg |",
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
