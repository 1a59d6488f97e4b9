from __future__ import annotations

import re
from itertools import pairwise

import pytest
from documents import document, documents
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing.segment import LONGEST_LIST, segment
from ketarag.types import Document


def sentences(text: str) -> list[str]:
    return [sentence.text for sentence in segment(document(text)).sentences]


def cleaned(text: str) -> list[str]:
    return [sentence.clean for sentence in segment(document(text)).sentences]


def headings(text: str) -> list[str]:
    return [section.heading for section in segment(document(text)).sections]


@given(documents())
def test_a_sentence_is_the_text_at_its_offsets(source: Document) -> None:
    for sentence in segment(source).sentences:
        assert source.text[sentence.start : sentence.end] == sentence.text
        assert sentence.text == sentence.text.strip()
        assert sentence.text


@given(documents())
def test_sentences_ascend_and_never_overlap(source: Document) -> None:
    assert all(left.end <= right.start for left, right in pairwise(segment(source).sentences))


@given(documents())
def test_sections_cover_the_document_without_a_gap(source: Document) -> None:
    sections = segment(source).sections
    assert "".join(source.text[section.span.start : section.span.end] for section in sections) == source.text


@given(documents(), st.integers(1, 60))
def test_no_text_is_lost(source: Document, limit: int) -> None:
    """Every character but white space is in a sentence, a heading or a stretch that is left out."""
    found = segment(source, lambda text: len(text) <= limit)
    hidden = [*(left_out.span for left_out in source.left_out), *(sentence.span for sentence in found.sentences)]
    rest = list(source.text)
    for span in hidden:
        rest[span.start : span.end] = " " * (span.end - span.start)
    for section in found.sections:
        uncovered = "".join(rest[section.span.start : section.span.end])
        assert bare(section.heading).endswith(bare(uncovered))


def bare(text: str) -> str:
    """Without white space and the signs that make a line a heading."""
    return re.sub(r"[\s#=*_`-]", "", text)


@given(documents(), st.integers(20, 80))
def test_no_sentence_crosses_what_is_left_out(source: Document, limit: int) -> None:
    for sentence in segment(source, lambda text: len(text) <= limit).sentences:
        assert not any(left_out.span.overlaps(sentence.span) for left_out in source.left_out)


@given(documents())
def test_clean_has_no_line_breaks(source: Document) -> None:
    assert all(sentence.clean == " ".join(sentence.clean.split()) for sentence in segment(source).sentences)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It opens.4 At rest it is shut.3 Then", ["It opens.4", "At rest it is shut.3", "Then"]),
        ("Given PO or SC/CSCI.7. It can be IM.", ["Given PO or SC/CSCI.7.", "It can be IM."]),
        ("Given PO.12 It is\nwell tolerated.", ["Given PO.12", "It is\nwell tolerated."]),
        ("In the end?! “It works.” Then it stops…", ["In the end?!", "“It works.”", "Then it stops…"]),
        ("これは文。次の文。", ["これは文。", "次の文。"]),
        ("No end", ["No end"]),
        ("One. two", ["One. two"]),
        ("It cost 3.5 mg. 4 patients left.", ["It cost 3.5 mg.", "4 patients left."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "There were fewer failures (25 vs. 50%) and withdrawals, 19 vs. 2%, too.",
        "Several channels, e.g. HCN and AMPA, are blocked.",
        "As a last resort, i.e. Dr. Smith and Prof. Jones agree.",
        "Pain (neuropathic, post-whiplash, etc.) was common.",
        "As shown by Smith et al. Ketamine helps.",
        "See Fig. 3 and No. 4 of J. Smith.",
        "In the U.S. Ketamine is racemic.",
    ],
)
def test_an_abbreviation_ends_no_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_a_list_belongs_to_its_lead_in() -> None:
    text = "Before. These include effects,5 and interactions with, e.g.:\n\n•calcium channels;\n•AMPA.\n\nAfter it."
    assert cleaned(text) == [
        "Before.",
        "These include effects, and interactions with, e.g.: calcium channels; AMPA.",
        "After it.",
    ]


def test_items_of_a_long_list_stand_alone_and_repeat_the_lead_in() -> None:
    items = [f"- item number {number} " + "word " * 20 + "ends." for number in range(10)]
    found = segment(document("It concluded that:\n" + "\n".join(items))).sentences
    assert sum(len(item) for item in items) > LONGEST_LIST
    assert len(found) == 11
    assert found[3].clean.startswith("It concluded that: item number 2 word")
    assert found[3].text == items[2].strip()


def test_a_list_without_a_lead_in_is_sentence_by_sentence() -> None:
    assert cleaned("1. First one. And more.\n2. Second one.") == ["First one.", "And more.", "Second one."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dose and Use\n\nGive it.\n\nRoutes\n\nBy mouth.", ["Dose and Use", "Routes"]),
        ("# Dose\n\n## Oral\n\nGive it.\n\n# Harm #\n\nSome.", ["Dose", "Dose › Oral", "Harm"]),
        ("Dose\n====\n\nGive it.\n\nOral\n----\n\nBy mouth.", ["Dose", "Dose › Oral"]),
        ("Intro first.\n\n# **Dose** of `it`\n\nGive it.", ["", "Dose of it"]),
        ("April 4, 2020\n\nThe text begins here.", [""]),
        ("A short line that ends.\n\nThe text begins here.", [""]),
        ("Last line without text after it", [""]),
        ("#hashtag is no heading\n\nThe text.", [""]),
    ],
)
def test_headings_are_found(text: str, expected: list[str]) -> None:
    assert headings(text) == expected


def test_a_heading_is_not_a_sentence_and_names_those_below_it() -> None:
    found = segment(document("Dose and Use\n\nGive it. Then wait.")).sentences
    assert [(sentence.heading, sentence.text) for sentence in found] == [
        ("Dose and Use", "Give it."),
        ("Dose and Use", "Then wait."),
    ]


def test_rows_of_a_table_are_sentences() -> None:
    assert sentences("| Route | Dose |\n|---|---|\n| PO | 10 mg. Daily |") == [
        "| Route | Dose |",
        "|---|---|",
        "| PO | 10 mg. Daily |",
    ]


def test_markdown_signs_are_not_in_clean() -> None:
    assert cleaned("# A\n\nGive **10 mg** of [ketamine](https://example.org) `PO`.") == ["Give 10 mg of ketamine PO."]


def test_a_sentence_that_does_not_fit_is_cut_at_white_space() -> None:
    text = "word " * 40 + "end."
    found = segment(document(text), lambda part: len(part) <= 60).sentences
    assert len(found) > 3
    assert " ".join(sentence.text for sentence in found) == text
    assert all(len(sentence.text) <= 60 for sentence in found)


def test_the_sections_of_the_article(article: Document) -> None:
    assert [section.heading for section in segment(article).sections] == [
        "",
        "Ketamine Pharmacology and Cancer Pain",
        "Ketamine for Chronic non-cancer pain",
        "Ketamine for Cancer pain",
        "Miscellaneous Ketamine Facts",
        "Dose and Use of Ketamine",
    ]


def test_the_sentences_of_the_article_are_the_article(article: Document) -> None:
    found = segment(article).sentences
    assert found[0].text == "April 4, 2020"
    assert found[-1].text == "JPSM, Journal of Pain and Symptom Management, Published by Elsevier Inc."
    assert not any("Trending" in sentence.text or "Leave a Reply" in sentence.text for sentence in found)
    assert "There were fewer treatment failures at the maximum dose (25 vs. 50%)" in " ".join(s.clean for s in found)
    assert any(sentence.clean.endswith("descending inhibitory pathways.") for sentence in found)


def test_five_thousand_lines_are_segmented_in_a_moment() -> None:
    text = "Ketamine is given by mouth.7 It helps (25 vs. 50%).\n\n" * 5000
    assert len(segment(document(text)).sentences) == 10_000
