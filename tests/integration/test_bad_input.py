"""What people really type and put into a folder: a clear answer or a clear error, never a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ketarag import Assistant, build_index
from ketarag.config import shipped_corpus
from ketarag.errors import CorpusError, IndexingError, ModelError, QuestionError, SettingsError

COFFEE = """# Coffee

## Brewing

Filter coffee is brewed with 60 g of ground coffee per litre of water. The water should have between 92 and 96 °C.
Espresso is pressed through the coffee at 9 bar for 25 to 30 seconds.

## Storage

Roasted beans keep their aroma for about four weeks in a closed tin. Ground coffee loses most of it within 15 minutes.
"""
COFFEE_HTML = """<!doctype html><html><head><title>Tea</title></head><body><nav>Buy our teapots today</nav>
<h1>Tea</h1><p>Green tea is steeped at 80 °C for two minutes.</p><p>Black tea is steeped for four minutes in boiling water.</p>
<script>alert("Green tea is steeped at 500 °C")</script></body></html>"""
COCOA = "Cocoa is stirred into 200 ml of hot milk. Two spoons of sugar make it sweet.\n"


@pytest.fixture(scope="module")
def drinks(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """A corpus of another subject, in every kind of file, with files that cannot be read beside them."""
    corpus = tmp_path_factory.mktemp("drinks")
    (corpus / "coffee.md").write_text(COFFEE, encoding="utf-8")
    (corpus / "tea.html").write_text(COFFEE_HTML, encoding="utf-8")
    (corpus / "sub").mkdir()
    (corpus / "sub" / "cocoa.txt").write_text(COCOA, encoding="utf-16")
    (corpus / "empty.txt").write_bytes(b"")
    (corpus / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (corpus / "scan.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    return Assistant.load(corpus=corpus, index=tmp_path_factory.mktemp("drinks-index"))


@pytest.mark.parametrize("question", ["", "   ", "\n\t", "\0\x07", "\u200b"])
def test_an_empty_question_is_refused_with_an_example(assistant: Assistant, question: str) -> None:
    for ask in (assistant.ask, assistant.retrieve, assistant.verify):
        with pytest.raises(QuestionError, match=r"empty.*for example"):
            ask(question)


def test_a_hundred_thousand_characters_are_refused_with_the_limit(assistant: Assistant) -> None:
    for ask in (assistant.ask, assistant.retrieve, assistant.verify):
        with pytest.raises(QuestionError, match="100,000 characters; up to 2,000"):
            ask("ketamine is " * 8333 + "good")


def test_the_longest_question_is_answered_or_declined(assistant: Assistant) -> None:
    assert assistant.ask(("What IV dose is used for depression? " * 60)[:2000]).text


@pytest.mark.parametrize(
    "question", ["What IV\0 dose\x1b is used\nfor depression?", "What IV dose is used for depression? 😀"]
)
def test_control_characters_and_emoji_do_not_hide_the_question(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert "500 microgram/kg" in answer.text
    assert "\0" not in answer.question


@pytest.mark.parametrize(
    "question", ["😀", "ما هي الجرعة؟", "何ですか", "Ποια είναι η δόση;", "𝓴𝓮𝓽𝓪𝓶𝓲𝓷𝓮", "a" * 2000, "%s %d {0}"]
)
def test_other_scripts_get_an_answer_or_a_clear_refusal(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.abstained or answer.citations


def test_half_an_emoji_is_nothing_visible(assistant: Assistant) -> None:
    with pytest.raises(QuestionError, match="empty"):
        assistant.ask("\ud83d")


@pytest.mark.parametrize("k", [0, -1])
def test_no_passages_cannot_be_asked_for(assistant: Assistant, k: int) -> None:
    with pytest.raises(ValueError, match=f"k is {k}"):
        assistant.retrieve("ketamine", k)


def test_more_passages_than_there_are_is_no_error(assistant: Assistant) -> None:
    assert 1 <= len(assistant.retrieve("ketamine", 10_000)) <= 100


def test_a_missing_folder_is_named_with_the_cure(tmp_path: Path) -> None:
    for call in (Assistant.load, build_index):
        with pytest.raises(CorpusError, match=r"nowhere: no such folder.*--corpus"):
            call(corpus=tmp_path / "nowhere", index=tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_an_empty_folder_is_named_with_what_may_lie_there(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    for call in (Assistant.load, build_index):
        with pytest.raises(CorpusError, match=r"corpus: no document could be read; put a \.txt"):
            call(corpus=tmp_path / "corpus", index=tmp_path / "index")


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "corpus").write_text("text")
    with pytest.raises(CorpusError, match="corpus: no such folder"):
        Assistant.load(corpus=tmp_path / "corpus", index=tmp_path / "index")


def test_when_nothing_can_be_read_every_file_is_named(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "empty.txt").write_bytes(b"")
    (corpus / "binary.txt").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(CorpusError, match=r"(?s)binary\.txt: not text.*empty\.txt: is empty"):
        Assistant.load(corpus=corpus, index=tmp_path / "index")


def test_a_model_that_is_not_there_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no-such-model.*KETARAG_MODEL"):
        Assistant.load(model=str(tmp_path / "no-such-model"), index=tmp_path)


def test_an_index_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file")
    with pytest.raises(IndexingError, match=r"index: cannot be written.*--index"):
        Assistant.load(index=tmp_path / "index")


def test_a_port_that_is_no_number_is_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETARAG_PORT", "http")
    with pytest.raises(SettingsError, match="KETARAG_PORT is 'http'"):
        Assistant.load()


def test_files_that_cannot_be_read_are_named_and_the_others_are_indexed(drinks: Assistant, tmp_path: Path) -> None:
    assert [document.id for document in drinks.documents] == ["coffee.md", "sub/cocoa.txt", "tea.html"]
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "coffee.md").write_text(COFFEE, encoding="utf-8")
    (corpus / "binary.txt").write_bytes(bytes(range(256)) * 20)
    summary = build_index(corpus=corpus, index=tmp_path / "index")
    assert [document.id for document in summary.documents] == ["coffee.md"]
    ((path, why),) = summary.unreadable
    assert path == corpus / "binary.txt"
    assert "not text" in why


@pytest.mark.parametrize(
    ("question", "document", "fact"),
    [
        ("How much ground coffee is used per litre of water?", "coffee.md", "60 g"),
        ("How long do roasted beans keep their aroma?", "coffee.md", "four weeks"),
        ("For how long is green tea steeped?", "tea.html", "two minutes"),
        ("How much hot milk is cocoa stirred into?", "sub/cocoa.txt", "200 ml"),
    ],
)
def test_a_corpus_of_another_subject_is_answered_with_its_own_words(
    drinks: Assistant, question: str, document: str, fact: str
) -> None:
    answer = drinks.ask(question)
    assert not answer.abstained
    assert fact in answer.text
    texts = {one.id: one.text for one in drinks.documents}
    assert any(citation.document_id == document and fact in citation.quote for citation in answer.citations)
    assert all(texts[c.document_id][c.start : c.end] == c.quote for c in answer.citations)
    assert "500" not in answer.text
    assert "teapots" not in answer.text


def test_a_corpus_of_another_subject_does_not_answer_for_ketamine(drinks: Assistant) -> None:
    answer = drinks.ask("What IV dose of ketamine is used for depression?")
    assert answer.abstained
    assert answer.text == "The documents do not answer this question."


def test_scripts_of_a_page_are_no_text(drinks: Assistant) -> None:
    assert all("alert" not in hit.passage.text for hit in drinks.retrieve("Green tea is steeped at 500 °C", 10))


@pytest.mark.parametrize("damage", ["truncated", "changed", "removed", "emptied"])
def test_a_damaged_index_is_noticed_and_built_again(tmp_path: Path, damage: str) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    shutil.copy(shipped_corpus() / "glossary.toml", corpus)
    (corpus / "coffee.md").write_text(COFFEE, encoding="utf-8")
    build_index(corpus=corpus, index=index)
    (passages,) = index.glob("segments/*/passages.jsonl")
    data = passages.read_bytes()
    if damage == "removed":
        passages.unlink()
    else:
        changed = {"truncated": data[: len(data) // 2], "changed": data.replace(b"60 g", b"90 g"), "emptied": b""}
        passages.write_bytes(changed[damage])
    said: list[str] = []
    assistant = Assistant.load(corpus=corpus, index=index, progress=said.append)
    assert any("passages.jsonl: damaged or missing" in line for line in said)
    assert "60 g" in assistant.ask("How much ground coffee is used per litre of water?").text
    said.clear()
    Assistant.load(corpus=corpus, index=index, progress=said.append)
    assert not any("Building" in line for line in said)


def test_a_changed_document_is_indexed_anew(tmp_path: Path) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    (corpus / "coffee.md").write_text(COFFEE, encoding="utf-8")
    first = Assistant.load(corpus=corpus, index=index)
    (corpus / "coffee.md").write_text(COFFEE.replace("60 g", "70 g"), encoding="utf-8")
    said: list[str] = []
    second = Assistant.load(corpus=corpus, index=index, progress=said.append)
    assert any("documents changed" in line for line in said)
    assert first.fingerprint != second.fingerprint
    assert "70 g" in second.ask("How much ground coffee is used per litre of water?").text
