from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ketarag.config import shipped_corpus
from ketarag.errors import CorpusError
from ketarag.indexing import sandbox as sandbox_module
from ketarag.indexing.build import ensure_index, rebuild_index
from ketarag.indexing.chunk import chunk
from ketarag.indexing.load import (
    HtmlLoader,
    MarkdownLoader,
    TextLoader,
    decode,
    document_files,
    load_bytes,
    load_corpus,
    plain_name,
)
from ketarag.indexing.sandbox import Limits
from ketarag.indexing.segment import segment
from ketarag.testing import HashEmbedder
from tests.indexing.files import bomb, docx_of, encrypted, guideline, pdf_of, scanned

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
    assert TextLoader().load(path).title == MarkdownLoader().load(path).title == "oral dose table"


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


def test_an_odd_but_valid_text_is_kept_as_it_is() -> None:
    text = "\x1b[31mred\u202e 😀 \U0001f468\u200d\U0001f469"
    assert decode(text.encode(), Path("a.txt")) == text


def test_the_shipped_document_is_the_seed_byte_for_byte() -> None:
    (document,) = load_corpus(shipped_corpus()).documents
    assert document.sha256 == "c5da11fd6b1b2228860f6ea40e10edf6bfbfd1de77c6d9bf06ccc8395390372b"
    assert str(document.published) == "2020-04-04"


PDF, DOCX = pdf_of(["Ketamine is given PO."]), docx_of("Ketamine is given PO.")
PAGE = "<!doctype html><p>Ketamine is given PO."
"""What a good file of each kind holds."""


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", PDF),
        ("a.PDF", PDF),
        ("a.docx", DOCX),
        ("a.html", PAGE.encode()),
        ("a.htm", PAGE.encode("utf-16")),
        ("a.md", b"Ketamine is given PO."),
        ("a.txt", b"Ketamine is given PO."),
        ("a.txt", "Ketamine is given PO.".encode("utf-16")),
        ("a.txt", ("Übelkeit. Ketamine is given PO. " * 9).encode("latin-1")),
        ("a.md", ("Übelkeit. Ketamine is given PO. " * 9).encode("latin-1")),
    ],
)
def test_what_was_handed_over_is_read_like_a_file(name: str, data: bytes) -> None:
    document = load_bytes(name, data)
    assert "Ketamine is given PO." in document.text
    assert (document.id, document.title, document.sha256) == (name, "a", hashlib.sha256(data).hexdigest())


PAGES_5000 = pdf_of(*([f"Page {number}"] for number in range(5_000)))


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.pdf", b"", r"a\.pdf: is empty"),
        ("a.txt", b"x" * 1_000_001, r"a\.txt: 1,000,001 bytes, more than 1,000,000; split it"),
        ("a.exe", b"MZ", r"a\.exe: \.exe ending; readable are \.txt, \.md"),
        ("a", b"text", "a: no ending"),
        (".pdf", PDF, r"\.pdf: no ending"),
        ("a.pdf", encrypted(), r"a\.pdf: is encrypted and asks for a password"),
        ("a.pdf", scanned(), r"a\.pdf: has no text on any of its 2 pages: it is scanned"),
        ("a.pdf", PDF[: len(PDF) // 2], r"a\.pdf: is cut off"),
        ("a.pdf", PAGES_5000, r"a\.pdf: has 5,000 pages, more than 100; split it"),
        ("a.docx", DOCX[: len(DOCX) // 2], r"a\.docx: is damaged or cut off"),
        ("a.docx", bomb(3_000_000), r"a\.docx: unpacks to 3,.* bytes, more than 3,000,000"),
        ("a.html", b"<div>" * 3_000 + b"deep", r"a\.html: nests its elements more than 2,000 deep"),
        ("a.html", b"<script>x()</script>", r"a\.html: holds no visible text"),
        ("a.md", b"\xff\xfe\0\xd8", r"a\.md: not text"),
        ("a.txt", b"ab " * 40_000, r"a\.txt: 120,000 characters of text, more than 100,000; split it"),
        ("a.html", b"<p>" + b"ab " * 40_000, r"a\.html: .* characters of text, more than 100,000; split it"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_name_and_the_cause(name: str, data: bytes, why: str) -> None:
    limits = Limits(
        input_bytes=1_000_000 if name.endswith("txt") else 10_000_000,
        pages=100,
        text_chars=100_000,
        unpacked_bytes=3_000_000,
    )
    with pytest.raises(CorpusError, match=f"^{why}"):
        load_bytes(name, data, limits)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.txt", PDF, "PDF, not text"),
        ("a.md", DOCX, "a Word document, not Markdown"),
        ("a.pdf", DOCX, "a Word document, not PDF"),
        ("a.docx", PDF, "PDF, not a Word document"),
        ("a.pdf", PAGE.encode(), "HTML, not PDF"),
        ("a.txt", PAGE.encode(), "HTML, not text"),
        ("a.pdf", b"Ketamine", "of an unknown kind, not PDF"),
        ("a.html", b"\x89PNG\r\n\x1a\n\0", r"a picture \(PNG\), not HTML"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0",
            "an old Office file or one with a password, not a Word document",
        ),
    ],
)
def test_content_decides_what_a_file_is_and_a_wrong_name_is_said(name: str, data: bytes, why: str) -> None:
    with pytest.raises(CorpusError, match=f"{name}: its content is {why}; rename it or save it anew"):
        load_bytes(name, data)


def test_a_parser_that_makes_no_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_parser.py").write_text(
        "import sys, time\nfrom ketarag.indexing import parse\nread = parse.parser_of\n"
        "def slow(kind, limits):\n"
        "    parser = read(kind, limits)\n"
        "    return lambda data: time.sleep(1000) if b'slow' in data else parser(data)\n"
        "parse.parser_of = slow\nparse.main(sys.argv[1:])\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sandbox_module, "_MODULE", "slow_parser")
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, text in [("a.html", "Ketamine is given PO."), ("b.html", "A slow one."), ("c.html", "It helps.")]:
        (folder / name).write_text(text)
    corpus = load_corpus(folder, Limits(seconds=1))
    assert [document.id for document in corpus.documents] == ["a.html", "c.html"]
    ((path, why),) = corpus.unreadable
    assert path.name == "b.html"
    assert "b.html: takes longer than 1 s to read" in why


def test_bad_files_of_each_kind_do_not_stop_the_index(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    good = {
        "a.pdf": PDF,
        "b.docx": DOCX,
        "c.html": PAGE.encode(),
        "d.md": b"Ketamine is given PO.",
        "e.txt": b"It helps.",
    }
    bad = {
        "f.pdf": encrypted(),
        "g.pdf": scanned(),
        "h.pdf": PDF[:-50],
        "i.docx": DOCX[:-50],
        "j.docx": PDF,
        "k.html": b"<div>" * 3_000,
        "l.md": b"",
        "m.txt": DOCX,
    }
    for name, data in (good | bad).items():
        (folder / name).write_bytes(data)
    summary = rebuild_index(folder, tmp_path / "index", HashEmbedder(), lambda _: None)
    assert [document.id for document in summary.documents] == list(good)
    assert [path.name for path, _ in summary.unreadable] == list(bad)
    assert all(f"{path}: " in why for path, why in summary.unreadable)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("guideline.pdf", "guideline.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("D:\\Scans\\dose.docx", "dose.docx"),
        ("a\nb\0c\x1b[31m.txt", "abc[31m.txt"),
        ("dose\u202efdp.txt", "dosefdp.txt"),
        ("half \udcff character.txt", "half character.txt"),
        ("<img src=x onerror=alert(1)>.md", "<img src=x onerror=alert(1)>.md"),
        ("Übersicht 日本.pdf", "Übersicht 日本.pdf"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
        ("a." + "b" * 300, "a." + "b" * 198),
        ("", "document"),
        ("../..", "document"),
        (" / ", "document"),
    ],
)
def test_a_name_is_made_plain(name: str, plain: str) -> None:
    assert plain_name(name) == plain
    assert plain_name(plain) == plain


ODD = ["ä ö.txt", "a\nb.txt", "<b>&.txt", "--help.txt", "$(true).txt", "emoji 💊.txt", "a'\"b.txt"]


@pytest.mark.skipif(os.name != "posix", reason="names that other systems do not allow")
def test_files_with_odd_names_are_indexed(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ODD:
        (folder / name).write_text("Ketamine is given PO.")
    (folder / os.fsdecode(b"no \xff utf-8.txt")).write_text("It helps.")
    index = ensure_index(folder, tmp_path / "index", HashEmbedder(), lambda _: None)
    assert {document.id for document in index.documents} == {*ODD, "no \\xff utf-8.txt"}


def test_a_broken_parser_of_one_kind_leaves_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "b.pdf").write_bytes(PDF)
    monkeypatch.setattr(sandbox_module, "_MODULE", "ketarag.no_such_module")
    corpus = load_corpus(folder)
    assert [document.id for document in corpus.documents] == ["a.txt"]
    assert "b.pdf: cannot be read: the reader for it did not start" in corpus.unreadable[0][1]


def test_a_sidecar_describes_a_pdf_by_the_lines_of_its_text(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_of(["Advertisement", "", "Ketamine is given PO."]))
    (tmp_path / "a.toml").write_text('title = "T"\n[[leave_out]]\nlines = [1, 1]\nreason = "advert"\n')
    (document,) = load_corpus(tmp_path).documents
    (item,) = document.left_out
    assert document.title == "T"
    assert document.text[item.span.start : item.span.end].strip() == "Advertisement"


def test_a_sidecar_adds_to_what_the_parser_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<nav>Home</nav><p>Buy now.</p><p>Ketamine is given PO.</p><footer>End</footer>")
    (tmp_path / "a.toml").write_text('[[leave_out]]\nlines = [3, 3]\nreason = "advert"\n')
    (document,) = load_corpus(tmp_path).documents
    said = [(document.text[item.span.start : item.span.end].strip(), item.reason) for item in document.left_out]
    assert said == [("Home", "page furniture (<nav>)"), ("Buy now.", "advert"), ("End", "page furniture (<footer>)")]


def test_nothing_that_was_handed_over_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    load_bytes("a.pdf", PDF)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", guideline([f"Ketamine {number} is given PO. It helps, and more so later." for number in range(60)])),
        ("a.docx", docx_of(*(f"Ketamine {number} is given PO. It helps." for number in range(30)))),
        ("a.html", PAGE.encode() + b"<nav>Home</nav><table><tr><td>IV<td>10 mg</table><p>It helps." * 20),
        ("a.md", b"---\ntitle: x\n---\n# Dose\n\nGive **10 mg**.4 It [helps][1].\n\n[1]: /x\n\n| a | b |\n"),
    ],
)
def test_offsets_stay_verbatim_through_segment_and_chunk(name: str, data: bytes) -> None:
    document = load_bytes(name, data)
    sentences = segment(document).sentences
    passages = chunk(document, sentences, lambda text: len(text.split()), 40)
    assert passages
    for part in (*sentences, *passages):
        assert part.text == document.text[part.start : part.end]
        assert not any(item.span.overlaps(part.span) for item in document.left_out)
