"""An answer as one text, and the quotes that are read back from it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest
from fake_assistant import DOCUMENT, QUOTES, TEXT, FakeConversation, build_answer, citation
from hypothesis import given
from hypothesis import strategies as st

from ketarag.types import Answer, Document, Final, VerifiedClaim
from ketarag.web.openai_text import Telling, quotes_of, tokens

DOCUMENTS = {DOCUMENT.id: DOCUMENT}


def told(answer: Answer, documents: dict[str, Document] = DOCUMENTS) -> str:
    return Telling(documents).piece(Final(answer))


def test_the_text_is_the_answer_then_each_quote_with_its_place() -> None:
    answer = build_answer("What dose?")
    quote, start = QUOTES["dose"][0], TEXT.index(QUOTES["dose"][0])
    assert told(answer) == (
        f'{quote} [1]\n\n[1] "{quote}" (Ketamine Pharmacology and Cancer Pain, 4 April 2020, Miscellaneous Ketamine Facts; '
        f"ketamine-pharmacology-and-cancer-pain.txt, characters {start}-{start + len(quote)})"
    )


@pytest.mark.parametrize("question", ["What dose?", "eliminated?", "routes?", "pregnancy?"])
def test_streamed_pieces_add_up_to_the_whole(question: str) -> None:
    telling = Telling(DOCUMENTS)
    events = list(FakeConversation().stream(question))
    assert any(isinstance(event, VerifiedClaim) for event in events) is (question != "pregnancy?")
    assert "".join(map(telling.piece, events)) == told(build_answer(question))


@pytest.mark.parametrize("question", ["What dose?", "eliminated?", "routes?"])
def test_quotes_are_read_back_with_their_places(question: str) -> None:
    answer = build_answer(question)
    read = quotes_of(told(answer), DOCUMENTS)
    assert [(one.start, one.end, one.quote) for one in read] == [
        (one.start, one.end, one.quote) for one in answer.citations
    ]


def test_the_page_is_told_and_its_line_is_read_back() -> None:
    quote = replace(build_answer("What dose?").citations[0], page=12)
    text = told(build_answer("What dose?", citations=(quote,)))
    assert f"Miscellaneous Ketamine Facts, page 12; {DOCUMENT.id}, characters" in text
    assert [one.quote for one in quotes_of(text, DOCUMENTS)] == [quote.quote]


def test_an_abstention_says_why_and_what_is_closest_which_is_not_read_back() -> None:
    text = told(build_answer("pregnancy?"))
    assert text.startswith(
        "The document does not answer this. No passage speaks of: pregnancy.\n\nClosest, but not an answer: "
    )
    assert quotes_of(text, DOCUMENTS) == []


def test_warnings_are_said() -> None:
    assert "\n\nNote: Read as: dose\n\n[1] " in told(build_answer("dose", warnings=("Read as: dose",)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("500 microgram", "500 mg"),
        ("characters ", "characters 1"),
        (DOCUMENT.id, "another.txt"),
        ('[1] "', '1. "'),
    ],
)
def test_a_line_that_was_changed_is_not_believed(old: str, new: str) -> None:
    text = told(build_answer("What dose?"))
    assert old in text
    assert quotes_of(text.replace(old, new), DOCUMENTS) == []


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a <script>alert(1)</script> b", r"a \<script>alert(1)\</script> b"),
        ("![x](http://evil.example/?q=1)", r"![x]\(http://evil.example/?q=1)"),
        ("see [a][b] and [c]: d", r"see [a]\[b] and [c]: d"),
        ("<!-- x --> <img src=x>", r"\<!-- x --> \<img src=x>"),
        ("under <1 week, p<0.05, a < b", "under <1 week, p<0.05, a < b"),
        ("\x1b[31mred\u202e", "\\x1b[31mred\\u202e"),
        ("one\n\n[2] two", "one [2] two"),
    ],
)
def test_a_document_is_shown_as_text(words: str, shown: str) -> None:
    document = Document("x.txt", "Title", words, "", date(2020, 1, 2))
    cited = replace(
        citation(QUOTES["long"][0]), document_id="x.txt", quote=words, start=0, end=len(words), title="Title"
    )
    answer = build_answer("dose", citations=(cited,))
    text = told(answer, {"x.txt": document})
    assert f'[1] "{shown}" (Title, 2 January 2020' in text
    (read,) = quotes_of(text, {"x.txt": document})
    assert read.quote == words


@given(st.text(max_size=300))
def test_no_text_makes_a_quote_that_the_document_does_not_have(text: str) -> None:
    for quote in quotes_of(text, DOCUMENTS):
        assert TEXT[quote.start : quote.end] == quote.quote


@pytest.mark.parametrize(
    "text",
    [
        '[1] "' + '" (; , characters 1' * 50_000,
        '[1] "x" (T; long.txt, characters 0-9000000)\n' * 20_000,
    ],
)
def test_a_text_that_is_made_to_take_long_does_not(text: str) -> None:
    document = Document("long.txt", "Long", "x" * 1_000_000, "")
    began = time.monotonic()
    assert quotes_of(text, {"long.txt": document}) == []
    assert time.monotonic() - began < 3


def test_tokens_are_words_and_marks() -> None:
    assert tokens(["What dose (IV)?", "", "500 mg/kg"]) == 6 + 4
