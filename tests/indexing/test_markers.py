from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.markers import disjoint, markdown_signs, reference_markers
from ketarag.types import Document, Span

ARTICLE_MARKERS = [
    "signals.|4",
    "inactive.|3",
    "hyperalgesia.|3",
    "effect.|2",
    "effects,|5",
    "SC/CSCI.|7.",
    "neurotoxicity.|17",
    "injection.|25",
    "trial.|35",
    "quality|13, 40",
    "harms.|41",
    "mucositis,|59",
    "necessary.|53",
]

REAL_NUMBERS = [
    "A review identified 29 RCTs.",
    "Relief persisted 4–6 weeks beyond the infusion.",
    "Withdraw ketamine over 2–3 weeks.",
    "There were fewer failures (25 vs. 50%).",
    "Withdrawals due to toxicity (19 vs. 2%).",
    "It is metabolised by CYP3A4 and CYP2B6.",
    "Give 0.5 mg, then 1.5 mg.",
    "Vitamin B12, folate and 5-HT2A, 5-HT3.",
    "Ketamine 100mg/24h by CIVI for 2 days.",
    "A single 4h infusion of 600 microgram/kg.",
    "In 2020, 40 patients were seen.",
    "About 90% is excreted. Less than 5% is unchanged.",
    "See Fig. 3 and e.g. 4 others, vs. 5 controls.",
    "Aged 12. 14 others were younger.",
    "A 7-fold increase after 2 months.",
    "Affinity for GABA-A, 5-HT2 and NR2B.",
]


def marked(text: str) -> list[str]:
    return [text[span.start : span.end] for span in reference_markers(text)]


def in_context(document: Document, span: Span) -> str:
    word = re.search(r"\S+$", document.text[: span.start])
    assert word is not None
    return f"{word.group()}|{document.text[span.start : span.end]}"


def test_the_article_has_exactly_its_thirteen_markers(article: Document) -> None:
    assert [in_context(article, span) for span in reference_markers(article.text)] == ARTICLE_MARKERS


@pytest.mark.parametrize("sentence", REAL_NUMBERS)
@pytest.mark.parametrize("beside", ["", "Pain signals.4 At rest it is inactive.3 Then it opens. "])
def test_a_number_of_the_text_is_no_marker(sentence: str, beside: str) -> None:
    assert [span for span in reference_markers(beside + sentence) if span.start >= len(beside)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works.[4] It does.", ["[4]"]),
        ("It works [4, 7] and [8–10].", [" [4, 7]", " [8–10]"]),
        ("It works.^4 It does^5,6^.", ["^4", "^5,6^"]),
        ("It works.^[4] It does.", ["^[4]"]),
        ("It works.<sup>12</sup> Well.", ["<sup>12</sup>"]),
        ("It works.¹² It does³⁴.", ["¹²", "³⁴"]),
        ("The effect.12,14–16 Then.", ["12,14–16"]),
    ],
)
def test_other_ways_to_write_a_reference_are_markers(text: str, expected: list[str]) -> None:
    assert marked(text) == expected


def test_digits_glued_to_words_stay_words_where_no_marker_follows_punctuation() -> None:
    assert marked("Take omega3 with interleukin6, daily.") == []
    assert marked("Take it.4 The quality13, 40, and so on.") == ["4", "13, 40"]


def test_a_link_is_no_reference_and_its_address_is_hidden() -> None:
    text = "See [4](https://example.org) and **bold** and `code`."
    assert marked(text) == []
    hidden = [text[span.start : span.end] for span in markdown_signs(text)]
    assert hidden == ["[", "](https://example.org)", "**", "**", "`", "`"]


@pytest.mark.parametrize(
    "text",
    [
        "Give 30 mg/m² daily.",
        "Give 30 mg/m^2 daily.",
        "A 5 cm³ wound.",
        "eGFR below 60 ml/min/1.73m².",
        "10^6 cells and 10⁶ cells",
        "10<sup>6</sup> cells",
        "Blocked by Mg²⁺ and Ca²⁺.",
    ],
)
def test_a_power_or_a_charge_is_no_marker(text: str) -> None:
    assert marked(text) == []


@given(st.text(alphabet=st.sampled_from("ab. ,;:)[]^<sup>/0123456789–-%mgkh\n²"), max_size=120))
def test_markers_ascend_are_disjoint_and_hold_a_digit(text: str) -> None:
    spans = reference_markers(text)
    assert all(left.end <= right.start for left, right in pairwise(spans))
    assert all(any(char.isdigit() for char in text[span.start : span.end]) for span in spans)


def test_of_overlapping_spans_the_first_and_longest_stays() -> None:
    assert disjoint([Span(3, 5), Span(0, 2), Span(0, 4), Span(4, 6)]) == [Span(0, 4), Span(4, 6)]
