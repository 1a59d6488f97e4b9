"""A document in the panel: all its words, nothing of it as markup, every sentence with its place."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fake_assistant import CORPUS, DOCUMENT, QUOTES, TEXT
from hypothesis import example, given
from hypothesis import strategies as st

from ketarag.glossary import Glossary
from ketarag.indexing.segment import segment
from ketarag.types import Document, LeftOut, Span
from ketarag.web.cards import document_key
from ketarag.web.source import LONGEST_SHOWN, Sources, document_html

GLOSSARY = Glossary.load(CORPUS / "glossary.toml")
ALLOWED = set("article p h3 h4 h5 h6 ul li span sup abbr details summary br".split())


class Drawn(HTMLParser):
    """What a drawn document is made of: (tag, its attributes, the text in it), and all its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, dict[str, str | None], str]] = []
        self.text = ""
        self._open: list[int] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, dict(attrs), ""))
        if tag != "br":
            self._open.append(len(self.parts) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.parts[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        for at in self._open:
            tag, attributes, text = self.parts[at]
            self.parts[at] = (tag, attributes, text + data)

    def named(self, name: str) -> list[tuple[str, dict[str, str | None], str]]:
        """The parts with this tag or class."""
        return [part for part in self.parts if name in (part[0], part[1].get("class"))]


def drawn(text: str, **changes: object) -> Drawn:
    document = Document("made.txt", "Made", text, "0" * 64)
    return Drawn(document_html(replace(document, **changes), GLOSSARY))  # type: ignore[arg-type]


def words(text: str) -> str:
    return re.sub(r"[\s•+-]+", "", text)


def test_every_word_of_the_document_is_shown_in_its_order() -> None:
    bare = replace(DOCUMENT, left_out=(), publisher="", published=None)
    assert words(Drawn(document_html(bare, GLOSSARY)).text) == words(TEXT)


def test_every_sentence_has_its_place_and_its_words() -> None:
    sentences = Drawn(document_html(DOCUMENT, GLOSSARY)).named("kr-s")
    for _, attributes, text in sentences:
        _, key, start, end = str(attributes["id"]).split("-")
        assert key == document_key(DOCUMENT.id)
        assert " ".join(TEXT[int(start) : int(end)].split()) == " ".join(text.split())
    places = [tuple(map(int, str(attributes["id"]).split("-")[2:])) for _, attributes, _ in sentences]
    assert places == sorted(places)
    for sentence in segment(DOCUMENT).sentences:
        assert any(start < sentence.end and end > sentence.start for start, end in places)


def test_headings_lists_and_reference_markers_are_such() -> None:
    page = Drawn(document_html(DOCUMENT, GLOSSARY))
    assert "Dose and Use of Ketamine" in [text for _, _, text in page.named("h4")]
    assert "descending inhibitory pathways." in [text for _, _, text in page.named("li")]
    assert "4" in [text for _, _, text in page.named("sup")]
    assert QUOTES["long"][0] in [text for _, _, text in page.named("kr-s")]


def test_markdown_has_no_signs_left() -> None:
    page = drawn(
        "# Dose\n\n## Oral\n\nGive **10 mg** by mouth.\n\n- once\n- twice\n\n1. Wait.\n\nUnder\n-----\n\nMore text."
    )
    assert [(tag, text) for tag, _, text in page.parts if tag in ("h4", "h5")] == [
        ("h4", "Dose"),
        ("h5", "Oral"),
        ("h5", "Under"),
    ]
    assert [text for _, _, text in page.named("li")] == ["once", "twice", "1. Wait."]
    assert "Give 10 mg by mouth." in page.text
    assert not set("#*") & set(page.text)


def test_where_a_page_begins_is_said_outside_of_folds_and_within_a_sentence() -> None:
    text = "One.\n\n- two\n\n\f- three\n\n\f\fHead\n\nFive goes\fon here.\n\n\f# Seven\n"
    head = Span(text.index("Head"), text.index("Five"))
    page = drawn(text, left_out=(LeftOut(head, "head"),))
    assert [said for _, _, said in page.named("kr-page")] == ["Page 2", "Page 4", "Page 5", "Page 6"]
    assert page.named("details")[0][2] == "Not searched: headHead"
    assert page.text == "MadeOne.twoPage 2threeNot searched: headHeadPage 4Five goes Page 5 on here.Page 6Seven"


def test_what_is_left_out_is_folded_with_its_reason_and_cannot_be_marked() -> None:
    text = "Keep this. Drop that.\n\nDrop more.\n\nKeep the rest."
    spans = [Span(text.index(one), text.index(one) + len(one)) for one in ("Drop that.", "Drop more.")]
    page = drawn(text, left_out=tuple(LeftOut(span, f"because {at}") for at, span in enumerate(spans)))
    (fold,) = page.named("details")
    assert fold[2] == "Not searched: because 0; because 1Drop that.Drop more."
    assert [text for _, _, text in page.named("kr-s")] == ["Keep this.", "Keep the rest."]


def test_abbreviations_say_what_they_mean_and_the_first_of_a_kind_is_a_tab_stop() -> None:
    page = drawn("It is given SC or IV. Then IV again, orally, for 2 hours.")
    assert [(text, one["title"], one["tabindex"]) for _, one, text in page.named("abbr")] == [
        ("SC", "subcutaneously: Into the tissue under the skin.", "0"),
        ("IV", "intravenously: Into a vein.", "0"),
        ("IV", "intravenously: Into a vein.", "-1"),
    ]


@given(st.text())
@example("<script>alert(1)</script> IV <img src=x onerror=alert(1)>")
@example("</span></article><b>bold</b>\n\n**b** [x](javascript:alert(1))")
@example("• <i>one</i>\n\n| a | b |\n\nx\r\ny\x00\u2028\u202e")
def test_nothing_of_a_document_becomes_markup(text: str) -> None:
    html = document_html(Document(text, text, text, "0" * 64, publisher=text), GLOSSARY)
    assert "\n" not in html
    page = Drawn(html)
    assert {tag for tag, _, _ in page.parts} <= ALLOWED
    assert {name for _, attributes, _ in page.parts for name in attributes} <= {"class", "id", "title", "tabindex"}


def test_a_document_too_long_to_show_says_so() -> None:
    page = drawn("word. " * (LONGEST_SHOWN // 6 + 1))
    assert "Too long" in page.text
    assert page.named("kr-s") == []


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (2, 0)])
def test_only_a_single_document_is_open_from_the_start(count: int, shown: int) -> None:
    documents = {str(at): Document(str(at), f"T{at}", "Some words.", "0" * 64) for at in range(count)}
    sources = Sources(documents, GLOSSARY)
    assert len(sources.first) == shown
    assert sources.html(sources.first).count("<article") == shown
    assert sources.html(["1", "unknown", "0"]).count("<article") == count


def test_a_sessions_own_document_stays_with_the_session() -> None:
    shared = Sources({DOCUMENT.id: DOCUMENT}, GLOSSARY)
    one, two = (Document("mine.txt", "Mine", f"Words of {name}.", "0" * 64) for name in ("anna", "berta"))
    first, second = shared.among([DOCUMENT, one]), shared.among([DOCUMENT, two])
    assert "anna" in first.html([one.id])
    assert "berta" in second.html([two.id])
    assert shared.html([one.id]) == shared.html([])
    assert first.html([DOCUMENT.id]) == shared.html([DOCUMENT.id])
    assert shared.among([DOCUMENT]) is shared


def test_a_sessions_document_may_have_the_name_of_a_shared_one() -> None:
    shared = Sources({DOCUMENT.id: DOCUMENT}, GLOSSARY)
    mine = Document(DOCUMENT.id, "Mine", "Words of mine.", "0" * 64)
    assert "Words of mine" in shared.among([mine]).html([DOCUMENT.id])
    assert "Words of mine" not in shared.html([DOCUMENT.id])
