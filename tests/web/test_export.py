"""A conversation as a file: only what stands in the documents, and every text stays text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
import served
from fake_assistant import DOCUMENT, QUOTES, TEXT, FakeAssistant, build_answer
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ketarag.presentation import printable
from ketarag.types import Document
from ketarag.web import schemas
from ketarag.web.export import Export, Exported, GivenTurn, exported, items_of
from ketarag.web.export_text import FORMATS, NOTICE, markdown_text

NOON = datetime(2026, 11, 26, 12, 5, tzinfo=UTC)
DOCUMENTS = {DOCUMENT.id: DOCUMENT}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![beacon](http://evil.example/a.png)",
    "[click](javascript:alert(1))",
    "[ref]: http://evil.example",
    "<http://evil.example>",
    "http://evil.example https://evil.example www.evil.example",
    "# heading\n- item\n+ item\n1. item\n2) item\n> quote\n---\n===\n    code\n\tcode",
    "```\ncode\n```\n~~~\n`a`",
    "| a | b |\n|---|---|\n| c | d |",
    "*a* _b_ **c** __d__ ~~e~~ \\ & &lt; &#60;script&#62; $x$ [^1] :smile:",
    "</blockquote></section><h1>x",
    "<!-- x --> <?php ?> <![CDATA[x]]>",
    "a\u202eb\x1b[31m\x00",
]


def asked(question: str, standalone: str | None = None, **changes: object) -> dict[str, Any]:
    """A turn as a client has it."""
    answer = schemas.Answer.model_validate(build_answer(question, standalone, **changes))
    return {"question": question, "answer": answer.model_dump(mode="json")}


def file_of(form: str, *turns: dict[str, Any], documents: dict[str, Document] | None = None) -> Exported:
    return exported(
        Export.model_validate({"format": form, "turns": turns}), DOCUMENTS if documents is None else documents, NOON
    )


def plain(text: str) -> str:
    """The words that a page or a Markdown file shows, without our own notation."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


async def test_the_service_gives_a_file_of_each_kind() -> None:
    async with served.client() as client:
        answer = (await client.post("/v1/ask", json={"question": "What dose?"})).json()
        for form, suffix, kind in (
            ("markdown", "md", "text/markdown"),
            ("json", "json", "application/json"),
            ("html", "html", "text/html"),
        ):
            body = {"format": form, "turns": [{"question": "What dose?", "answer": answer}]}
            got = (await client.post("/v1/export", json=body)).json()
            assert re.fullmatch(rf"ketarag-\d{{4}}-\d\d-\d\d-\d{{4}}\.{suffix}", got["name"])
            assert got["type"].startswith(kind)
            assert "up to 70" in got["text"]


@pytest.mark.parametrize(
    "body",
    [
        {"format": "docx", "turns": [asked("dose")]},
        {"format": "json", "turns": []},
        {"format": "json"},
        {"format": "json", "turns": [{"question": "x", "answer": {}}]},
    ],
)
async def test_what_is_no_conversation_is_refused(body: dict[str, Any]) -> None:
    async with served.client() as client:
        response = await client.post("/v1/export", json=body)
    assert response.status_code == 422


async def test_documents_of_ones_own_count_for_whom_they_are() -> None:
    class Own(FakeAssistant):
        documents = (DOCUMENT, Document("own.txt", "Mine", "My own words.", "0"))  # type: ignore[assignment]

    service = served.new_service()
    service.assistant_for = lambda scope: Own()  # type: ignore[assignment, return-value]
    own = {"marker": 1, "document_id": "own.txt", "start": 0, "end": 13, "quote": "My own words."}
    answer = {"text": "", "abstained": False, "citations": [own], "claims": [{"text": "My own words.", "markers": [1]}]}
    body = {"format": "markdown", "turns": [{"question": "Mine?", "answer": answer}]}
    async with served.client(service) as client:
        assert "> My own words." in (await client.post("/v1/export", json=body)).json()["text"]
    async with served.client() as client:
        other = (await client.post("/v1/export", json=body)).json()["text"]
    assert "My own words" not in other
    assert "1 quote was left out" in other


def test_json_holds_all_of_it_character_by_character() -> None:
    got = json.loads(file_of("json", asked("Which routes?"), asked("Is it safe in pregnancy?")).text)
    assert (got["exported"], got["notice"]) == ("2026-11-26T12:05:00+00:00", NOTICE)
    answered, declined = got["turns"]
    assert [source["quote"] for source in answered["sources"]] == QUOTES["routes"]
    for source in (*answered["sources"], *declined["sources"]):
        assert TEXT[source["start"] : source["end"]] == source["quote"]
        assert (source["title"], source["published"], source["sha256"]) == (
            DOCUMENT.title,
            "2020-04-04",
            DOCUMENT.sha256,
        )
    assert [one["markers"] for one in answered["told"]] == [[1], [2]]
    assert declined["abstained"]
    assert declined["reason"] == "No passage speaks of: pregnancy."


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_person_finds_what_is_needed_to_look_it_up(form: str) -> None:
    warned = asked("What dose?", warnings=("Read as: What dose?",), fingerprint="9f2c")
    text = plain(file_of(form, warned, asked("Is it safe in pregnancy?")).text.replace("\\", ""))
    start = TEXT.index(QUOTES["dose"][0])
    for said in (
        NOTICE,
        "26 November 2026, 12:05 UTC",
        "1. What dose?",
        "[1]",
        "Ketamine Pharmacology and Cancer Pain, 4 April 2020, Miscellaneous Ketamine Facts",
        f"characters {start}-{start + len(QUOTES['dose'][0])}",
        f"SHA-256 {DOCUMENT.sha256}",
        "Evidence: strong",
        "Note: Read as: What dose?",
        "Fingerprint 9f2c",
        "The document does not answer this.",
        "they are no answer",
    ):
        assert said in text, said


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_the_page_is_the_documents_and_not_the_clients(form: str) -> None:
    paged = replace(DOCUMENT, text=f"\f{TEXT[1:]}")  # the same words in the same places, on the second page
    turn = asked("What dose?")
    turn["answer"]["citations"][0]["page"] = 77
    text = file_of(form, turn, documents={DOCUMENT.id: paged}).text
    assert ("page 2" if form != "json" else '"page": 2') in text
    assert "page 77" not in text.replace('"page": 77', "page 77")


def test_who_wrote_it_is_said() -> None:
    turn = asked("What dose?")
    turn["answer"]["written_by"] = "openai:gpt at http://127.0.0.1:8080"
    assert "Written by openai:gpt at http://127.0.0.1:8080 from these quotes" in file_of("html", turn).text


@pytest.mark.parametrize("change", [{"quote": "Give 5 g."}, {"start": 5}, {"document_id": "another.txt"}])
def test_what_does_not_stand_is_left_out_with_what_rests_on_it_and_said(change: dict[str, object]) -> None:
    turn = asked("Which routes?")
    turn["answer"]["citations"][0] |= change
    turn["answer"]["claims"][0]["text"] = "Give 5 g."
    (item,) = items_of([GivenTurn.model_validate(turn)], DOCUMENTS)
    assert [source.marker for source in item.sources] == [2]
    assert [one.markers for one in item.told] == [(2,)]
    assert [one.partition(":")[0] for one in item.left_out] == ["1 quote was left out", "1 sentence was left out"]
    for form in FORMATS:
        text = file_of(form, turn).text
        assert "5 g" not in text
        assert "1 sentence was left out" in text


def test_a_sentence_without_a_quote_is_left_out() -> None:
    turn = asked("What dose?")
    turn["answer"]["claims"].append({"text": "Give 5 g.", "markers": []})
    turn["answer"]["claims"].append({"text": "Give 6 g.", "markers": [1, 7]})
    text = file_of("markdown", turn).text
    assert "5 g" not in text
    assert "6 g" not in text
    assert "2 sentences were left out" in text


class _Page(HTMLParser):
    """Everything that a page has but text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def hostile(text: str) -> tuple[dict[str, Any], dict[str, Document]]:
    """A turn in which every text is hostile, over a document of it."""
    document = Document(f"{text}.txt", text, f"Before. {text} After.", text, DOCUMENT.published)
    quote = {"marker": 1, "document_id": document.id, "heading": text, "start": 8, "end": 8 + len(text), "quote": text}
    answer = {
        "text": text,
        "claims": [{"text": text, "markers": [1]}],
        "citations": [quote],
        "abstained": False,
        "warnings": [text],
        "fingerprint": text,
        "written_by": text,
    }
    return {"question": text, "answer": answer}, {document.id: document}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_part_of_the_page(text: str) -> None:
    turn, documents = hostile(text)
    usual = _Page(file_of("html", *[hostile("harmless")[0]], documents=hostile("harmless")[1]).text)
    made = _Page(file_of("html", turn, documents=documents).text)
    assert made.tags == usual.tags
    assert made.attributes == usual.attributes
    assert "script" not in made.tags
    assert not [name for name, _ in made.attributes if name.startswith("on") or name in ("src", "href")]


def kinds(markdown: str) -> list[str]:
    """What a Markdown file consists of, text aside."""
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    tokens = [*parsed, *(child for token in parsed for child in token.children or ())]
    return [token.type for token in tokens if token.type not in ("text", "text_special", "hardbreak", "softbreak")]


def blank(kind: str) -> bool:
    return kind in ("paragraph_open", "paragraph_close", "inline")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markdown(text: str) -> None:
    turn, documents = hostile(text)
    usual = kinds(file_of("markdown", hostile("harmless")[0], documents=hostile("harmless")[1]).text)
    made = kinds(file_of("markdown", turn, documents=documents).text)
    assert [kind for kind in made if not blank(kind)] == [kind for kind in usual if not blank(kind)]


@given(st.text(st.sampled_from("<>[]()!*_`~#&;:/\\.|-+=\"'@ \n\t1aw") | st.characters(), max_size=60))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    """What Markdown makes of it is the text itself, with white space as one blank."""
    line = markdown_text(text)
    assert "\n" not in line
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(line)
    shown = "".join(
        child.content for token in parsed for child in token.children or () if child.type in ("text", "text_special")
    )
    found = {token.type for token in parsed} | {child.type for token in parsed for child in token.children or ()}
    assert found <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "html_inline"}
    assert shown == printable(" ".join(text.split()))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.5 mg/kg at 10:30, e.g. 90% (n=4)", "0.5 mg/kg at 10\\:30, e\\.g. 90% (n\\=4)"),
        ("http://evil.example", "http\\://evil\\.example"),
        ("www.evil.example", "www\\.evil\\.example"),
        ("a@evil.example", "a@<!-- -->evil\\.example"),
        ("- 5 mg", "\\- 5 mg"),
        ("12) mg", "12\\) mg"),
    ],
)
def test_addresses_and_lists_are_taken_apart_and_the_rest_stays_readable(text: str, written: str) -> None:
    assert markdown_text(text) == written


def test_a_quote_of_several_lines_keeps_them() -> None:
    text = file_of("markdown", asked("Which routes?")).text
    assert "> These include opioid\\-like" not in text
    assert "> •other calcium, potassium, and sodium channels, e\\.g. HCN, AMPA\n>\n> •cholinergic" in text


def test_the_page_needs_nothing_and_may_run_nothing() -> None:
    text = file_of("html", asked("What dose?")).text
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
    assert "@media print" in text
    assert "http:" not in text
    assert "https:" not in text
