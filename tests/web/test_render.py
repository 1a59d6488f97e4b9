"""What the chat and the panel show, and that nothing of a document or a user becomes markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from fake_assistant import DOCUMENT, build_answer, citation
from hypothesis import example, given
from hypothesis import strategies as st

from ketarag.presentation import printable
from ketarag.types import Answer, Citation, Claim, Verdict
from ketarag.web import cards, render
from ketarag.web.escaping import escape

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "</div></article><script>alert(1)</script>",
    '"><svg/onload=alert(1)>',
    "[click](javascript:alert(1)) ![x](http://evil.example/b.png) <http://evil.example>",
    "**bold** _em_ `code` # head\n\n- item\n    code block\n| a | b |",
    "&lt;b&gt; &#60;script&#62;",
    "https://evil.example/x www.evil.example a@evil.example",
    "$$x$$ \\(y\\) \x1b[31m\u202e",
]
DOCUMENTS = {DOCUMENT.id: DOCUMENT}


class Parsed(HTMLParser):
    """The tags with their attributes, and the text, of an HTML fragment; `<br>` reads as a line break."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.text += "\n"
        else:
            self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(text: str) -> str:
    """How `text` must read in the page."""
    return printable(text)


def hostile(text: str) -> Answer:
    """An answer that says `text` wherever it can."""
    cited = Citation(1, DOCUMENT.id, text, text, text, 0, len(text), 0.5)
    claim = Claim(text, (1,), Verdict(True, 1.0))
    return replace(
        build_answer("dose"), question=text, text=text, claims=(claim,), citations=(cited,), warnings=(text,)
    )


@given(st.text())
@example(PAYLOADS[0])
@example(PAYLOADS[3])
@example(PAYLOADS[4])
@example("\r\n\x00\ud800\u2028")
def test_escaped_text_has_no_tag_and_reads_as_typed(text: str) -> None:
    parsed = Parsed(escape(text))
    assert parsed.tags == []
    assert parsed.text == shown(text)


@given(st.text())
@example("*a* [b](c) `d` www.e.f")
def test_escaped_text_has_nothing_that_markdown_reads(text: str) -> None:
    bare = escape(text).replace("<br>", "").replace("&#", "").replace(";", "")
    assert not set(bare) & set('<>&*_`[]()!#|~\\$@:/.+-="{}^\n')


@given(st.one_of(st.text(), st.sampled_from(PAYLOADS)))
def test_the_markup_does_not_depend_on_what_is_said(text: str) -> None:
    quiet, loud = hostile("word"), hostile(text.replace("•", ""))
    for draw in (
        lambda answer: render.answer_html(answer, 1, DOCUMENTS),
        lambda answer: cards.panel_html([(1, answer)], DOCUMENTS),
        lambda answer: render.question_html(answer.question),
        lambda answer: render.error_html(answer.question),
        lambda answer: render.header_html({"x": replace(DOCUMENT, title=answer.text, publisher=answer.text)}),
    ):
        said, expected = Parsed(draw(loud)).tags, Parsed(draw(quiet)).tags
        assert set(said) <= set(expected) | {("span", ("class",)), ("p", ("class",))}


@pytest.mark.parametrize("text", PAYLOADS)
def test_rendered_blocks_have_no_line_break(text: str) -> None:
    """A blank line would end the HTML block, and Markdown would read on."""
    answer = hostile(text)
    for html in (render.answer_html(answer, 1, DOCUMENTS), cards.panel_html([(1, answer)], DOCUMENTS)):
        assert "\n" not in html


def test_answer_links_each_marker_to_its_card() -> None:
    answer = build_answer("How is it eliminated?")
    html, panel = render.answer_html(answer, 3, DOCUMENTS), cards.panel_html([(3, answer)], DOCUMENTS)
    for marker in (1, 2):
        assert f'href="#cite-3-{marker}"' in html
        assert f'id="cite-3-{marker}"' in panel
    assert "Evidence: strong" in Parsed(html).text


def test_card_shows_the_verbatim_quote_with_its_source_and_place() -> None:
    cited = citation("However, the duration of benefit is generally less than one week.")
    text = Parsed(cards.card_html(cited, 1, DOCUMENT)).text
    assert cited.quote in text
    assert "Ketamine Pharmacology and Cancer Pain · 4 April 2020" in text
    assert "Miscellaneous Ketamine Facts" in text
    assert f"characters {cited.start:,}–{cited.end:,}" in text


def test_card_names_the_page_where_there_is_one() -> None:
    cited = citation("Topical ketamine")
    assert f"page 12, characters {cited.start:,}" in Parsed(cards.card_html(replace(cited, page=12), 1, DOCUMENT)).text
    assert "page" not in Parsed(cards.card_html(cited, 1, DOCUMENT)).text


def test_card_links_to_its_place_in_the_source() -> None:
    cited = citation("Topical ketamine")
    place = cards.place_id(DOCUMENT.id, cited.start, cited.end)
    assert place.endswith(f"-{cited.start}-{cited.end}")
    assert f'href="#{place}" title="Show in the source: Source 1"' in cards.card_html(cited, 1, DOCUMENT)


def test_markers_say_what_they_do_and_only_an_answer_can_be_copied() -> None:
    answer, declined = (
        render.answer_html(build_answer("dose"), 1, DOCUMENTS),
        render.answer_html(build_answer("pregnancy"), 1, DOCUMENTS),
    )
    assert 'title="Citation 1: show in the source"' in answer
    assert 'title="Closest passage 1: show in the source"' in declined
    assert ("kr-copy" in answer, "kr-copy" in declined) == (True, False)


def test_card_of_an_unknown_document_has_no_date() -> None:
    assert "date" not in Parsed(cards.card_html(citation("Topical ketamine"), 1, None)).text


def test_abstention_looks_different_and_shows_the_closest_passage() -> None:
    answer = build_answer("Is it safe in pregnancy?")
    html, panel = render.answer_html(answer, 1, DOCUMENTS), cards.panel_html([(1, answer)], DOCUMENTS)
    assert "kr-abstained" in html
    assert "Evidence" not in html
    assert "Closest in the document (not an answer)" in Parsed(panel).text
    assert "A toxicity monitoring form is available." in Parsed(panel).text


def test_abstention_without_anything_near_says_so() -> None:
    panel = cards.panel_html([(1, build_answer("pregnancy", nearest=()))], DOCUMENTS)
    assert "Nothing in the document comes close." in Parsed(panel).text


def test_bullets_become_a_list() -> None:
    claim = Claim("These include: •sodium channels •descending pathways.", (1,), Verdict(True, 1.0))
    parsed = Parsed(render.claim_html(claim, 1))
    assert [tag for tag, _ in parsed.tags] == ["p", "ul", "li", "li", "a"]
    assert parsed.text == "These include:sodium channelsdescending pathways.\N{NO-BREAK SPACE}[1]"


def test_bullets_with_equal_items_carry_their_marker_once() -> None:
    claim = Claim("These: •a •a", (1,), Verdict(True, 1.0))
    assert render.claim_html(claim, 1).count("[1]") == 1


def test_a_follow_up_shows_what_was_searched() -> None:
    text = Parsed(render.answer_html(build_answer("And the dose?", "dose for depression"), 1, DOCUMENTS)).text
    assert "searched as “dose for depression”" in text


def test_a_long_question_is_cut_with_its_length() -> None:
    text = Parsed(render.question_html("x" * 100_000)).text
    assert len(text) < 700
    assert text.endswith("(100,000 characters)")


def test_warnings_are_shown() -> None:
    answer = build_answer("dose", warnings=("The document is from 2020.",))
    assert "Note: The document is from 2020." in Parsed(render.answer_html(answer, 1, DOCUMENTS)).text


def test_an_answer_names_each_document_that_it_quotes_with_its_date_and_age() -> None:
    other = replace(DOCUMENT, id="b.txt", title="Another", published=None)
    quotes = (citation("Topical ketamine"), replace(citation("Topical ketamine"), marker=2, document_id=other.id))
    answer = build_answer("dose", citations=quotes)
    text = Parsed(render.answer_html(answer, 1, DOCUMENTS | {other.id: other})).text
    assert (
        "Evidence: strong · Ketamine Pharmacology and Cancer Pain, 4 April 2020 2020: check for newer guidance"
        " · Another date not known: check that it is current"
    ) in text


@pytest.mark.parametrize(
    ("published", "note"),
    [
        (None, "date not known: check that it is current"),
        (date(2020, 4, 4), "2020: check for newer guidance"),
        (date(2024, 11, 1), "2024: check for newer guidance"),
        (date(2025, 1, 1), ""),
        (date(2027, 1, 1), ""),
    ],
)
def test_a_document_is_said_to_be_old_after_two_years(published: date | None, note: str) -> None:
    assert render.age_note(published, date(2026, 11, 26)) == note


def test_who_wrote_an_answer_and_what_was_repaired_is_said_in_words() -> None:
    answer = build_answer("eliminated", written_by="openai:<b>")
    first, second = answer.claims
    text = Parsed(
        render.answer_html(replace(answer, claims=(first, replace(second, repaired=True))), 1, DOCUMENTS)
    ).text
    assert "[2] the source’s own sentence" in text
    assert "Written by openai:<b>, checked sentence by sentence against the source. Where a sentence did not" in text
    assert "took its place" not in Parsed(render.answer_html(answer, 1, DOCUMENTS)).text
    assert "Written by" not in render.answer_html(build_answer("dose"), 1, DOCUMENTS)


def test_an_abstention_offers_questions_as_buttons() -> None:
    html = render.answer_html(build_answer("pregnancy", suggestions=("What dose?", "<b>Which</b>?")), 1, DOCUMENTS)
    assert [tag for tag, _ in Parsed(html).tags].count("button") == 4
    assert "<b>Which</b>?" in Parsed(html).text
    assert "What it does answer" not in render.answer_html(build_answer("pregnancy"), 1, DOCUMENTS)


def test_an_answer_of_which_nothing_is_left_has_nothing_to_copy() -> None:
    html = render.answer_html(build_answer("dose", claims=(), citations=()), 1, DOCUMENTS)
    assert "kr-copy" not in html


def test_working_says_the_step_after_the_claims_so_far() -> None:
    claim = build_answer("dose").claims[0]
    text = Parsed(render.working_html("compose", [claim], 1)).text
    assert text.startswith(claim.text)
    assert text.endswith("Checking every statement against its source …")


def test_panel_has_the_latest_answer_first() -> None:
    panel = cards.panel_html([(1, build_answer("dose")), (2, build_answer("how long"))], DOCUMENTS)
    assert panel.index("cite-2-1") < panel.index("cite-1-1")


def test_empty_panel_says_what_will_be_there() -> None:
    assert "word for word" in cards.panel_html((), DOCUMENTS)


def test_header_counts_documents_that_it_does_not_name() -> None:
    assert "and 2 more" in Parsed(render.header_html(dict.fromkeys("abcde", DOCUMENT))).text
