from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ketarag.config import shipped_corpus
from ketarag.errors import CorpusError
from ketarag.indexing.load import HtmlLoader, TextLoader, corpus_sha256, decode, document_files, load_corpus

GERMAN = "Übelkeit: 5 µg – „später“ 50 €. " * 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("Ketamine is given PO.")
    return tmp_path


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", GERMAN),
        ("utf-8-sig", GERMAN),
        ("cp1252", GERMAN),
        ("utf-16", GERMAN),
        ("utf-16-le", "\ufeff" + GERMAN),
        ("utf-16-be", "\ufeff" + GERMAN),
        ("utf-32", GERMAN),
        ("utf-8", "日本語の文書です。"),
        ("utf-8", "A\r\nB\rC\nD"),
    ],
)
def test_text_is_decoded_whatever_its_encoding(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert TextLoader().load(path).text == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b" \n\t ", "white space"),
        (b"\xef\xbb\xbf", "not text|white space"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "not text"),
        (bytes(range(256)) * 40, "not text"),
        (b"some text\0with a hole", "not text"),
        (hashlib.sha512(b"noise").digest() * 50, "not text"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj <</Type/Catalog>>\nstream\n" + os.urandom(400) + b"\0", "not text"),
    ],
)
def test_a_file_that_holds_no_text_is_named_with_the_cause(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(data)
    with pytest.raises(CorpusError, match=rf"bad\.txt: .*(?:{why})"):
        TextLoader().load(path)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketarag.indexing.load.MAX_BYTES", 10)
    path = tmp_path / "long.txt"
    path.write_text("longer than ten")
    with pytest.raises(CorpusError, match="15 bytes, more than 10"):
        TextLoader().load(path)


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=tmp_path.name):
        TextLoader().load(tmp_path)


def test_what_is_visible_on_a_page_is_its_text(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<title>Routes</title><script>x()</script><p>Given <i>PO</i>.</p>")
    document = HtmlLoader().load(path)
    assert (document.title, document.text.strip()) == ("Routes", "Given PO.")


def test_a_page_without_visible_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<script>x()</script>")
    with pytest.raises(CorpusError, match="no visible text"):
        HtmlLoader().load(path)


def test_without_a_sidecar_the_title_is_the_name(tmp_path: Path) -> None:
    path = tmp_path / "oral_dose-table.md"
    path.write_text("Text.")
    assert TextLoader().load(path).title == "oral dose table"


def test_the_sidecar_describes_the_document(folder: Path) -> None:
    (folder / "a.toml").write_text('title = "Routes"\npublished = 2020-04-04\npublisher = "P"\nauthor = "A"\n')
    document = TextLoader().load(folder / "a.txt")
    assert (document.title, str(document.published), document.publisher) == ("Routes", "2020-04-04", "P")
    assert document.metadata == {"author": "A"}


def test_a_sidecar_for_another_version_is_an_error(folder: Path) -> None:
    (folder / "a.toml").write_text(f'sha256 = "{"0" * 64}"')
    with pytest.raises(CorpusError, match="written for another version"):
        TextLoader().load(folder / "a.txt")


def test_documents_come_by_name_from_subfolders_too(folder: Path) -> None:
    (folder / "z").mkdir()
    (folder / "z" / "b.md").write_text("# B\n\nText.")
    (folder / "A.HTM").write_text("<p>Text.")
    assert [document.id for document in load_corpus(folder).documents] == ["A.HTM", "a.txt", "z/b.md"]


def test_what_lies_beside_documents_is_none(folder: Path) -> None:
    for name in ("README.md", "readme.txt", "glossary.toml", "a.toml", ".hidden.txt"):
        (folder / name).write_text("")
    (folder / ".git").mkdir()
    (folder / ".git" / "b.txt").write_text("x")
    assert [path.name for path in document_files(folder)] == ["a.txt"]


def test_files_that_cannot_be_read_are_named_and_the_others_are_read(folder: Path) -> None:
    (folder / "empty.txt").touch()
    (folder / "image.png").write_bytes(b"\x89PNG\0")
    (folder / "binary.txt").write_bytes(b"\0\1\2")
    (folder / "bad.txt").write_text("Text.")
    (folder / "bad.toml").write_text("title =")
    (folder / "no_ending").write_text("Text.")
    corpus = load_corpus(folder)
    assert [document.id for document in corpus.documents] == ["a.txt"]
    names = {path.name: why for path, why in corpus.unreadable}
    assert set(names) == {"empty.txt", "image.png", "binary.txt", "bad.txt", "no_ending"}
    assert "bad.toml: not a sidecar" in names["bad.txt"]
    assert ".png ending; readable are .txt" in names["image.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_named(folder: Path) -> None:
    (folder / "secret.txt").write_text("Text.")
    (folder / "secret.txt").chmod(0)
    ((path, why),) = load_corpus(folder).unreadable
    assert path.name == "secret.txt"
    assert "cannot be opened" in why


def test_a_file_that_cannot_be_opened_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "b.txt").write_text("Text.")
    whole = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "b.txt":
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    ((path, why),) = load_corpus(folder).unreadable
    assert path.name == "b.txt"
    assert "cannot be opened (Permission denied)" in why


def test_a_dangling_link_and_a_loop_of_links_do_not_stop_the_others(folder: Path) -> None:
    (folder / "gone.txt").symlink_to(folder / "nowhere.txt")
    (folder / "loop").symlink_to(folder)
    assert [document.id for document in load_corpus(folder).documents] == ["a.txt"]


@pytest.mark.parametrize("name", ["missing", "a.txt"])
def test_a_folder_that_is_none_is_an_error(folder: Path, name: str) -> None:
    with pytest.raises(CorpusError, match=f"{name}: no such folder"):
        load_corpus(folder / name)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no document could be read"):
        load_corpus(tmp_path)


def test_a_folder_without_a_readable_file_names_each(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    with pytest.raises(CorpusError, match=r"no document could be read.*\n.*empty\.txt"):
        load_corpus(tmp_path)


def test_the_hash_of_a_corpus_changes_with_what_is_indexed(folder: Path) -> None:
    seen = {corpus_sha256(folder)}
    (folder / "a.toml").write_text('title = "A"')
    seen.add(corpus_sha256(folder))
    (folder / "a.txt").write_text("Other words.")
    seen.add(corpus_sha256(folder))
    (folder / "a.txt").rename(folder / "b.txt")
    seen.add(corpus_sha256(folder))
    (folder / "c.txt").write_text("More.")
    seen.add(corpus_sha256(folder))
    assert len(seen) == 5
    (folder / "README.md").write_text("No document.")
    assert corpus_sha256(folder) in seen


def test_an_odd_but_valid_text_is_kept_as_it_is() -> None:
    text = "\x1b[31mred\u202e 😀 \U0001f468\u200d\U0001f469"
    assert decode(text.encode(), Path("a.txt")) == text


def test_the_shipped_document_is_the_seed_byte_for_byte() -> None:
    (document,) = load_corpus(shipped_corpus()).documents
    assert document.sha256 == "c5da11fd6b1b2228860f6ea40e10edf6bfbfd1de77c6d9bf06ccc8395390372b"
    assert str(document.published) == "2020-04-04"
