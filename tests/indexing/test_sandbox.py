"""The parsing process: whatever happens in it, this one gets a document or a sentence that says why not."""

from __future__ import annotations

import os
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ketarag.indexing import sandbox as sandbox_module
from ketarag.indexing.kinds import Kind
from ketarag.indexing.parse import parser_of, sample
from ketarag.indexing.parsed import Parsed, UnreadableError
from ketarag.indexing.sandbox import Limits, Sandbox
from tests.indexing.files import docx_of, encrypted, guideline, pdf_of

KINDS: list[Kind] = ["pdf", "docx", "html", "markdown"]
WORDS = {"pdf": pdf_of(["Ketamine"]), "docx": docx_of("Ketamine"), "html": b"<p>Ketamine", "markdown": b"Ketamine"}


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Makes the child run a parser of the test's own: `hostile("the body of a function of data")`."""

    def make(body: str, before: str = "") -> None:
        source = f"""
import os, sys, signal, time, socket, subprocess
from ketarag.indexing import parse
from ketarag.indexing.parsed import Parsed
{before}
def parser(data):
    if data == b"sample":
        return Parsed("", "")
{textwrap.indent(textwrap.dedent(body).strip(), "    ")}
parse.sample = lambda kind: b"sample"
parse.parser_of = lambda kind, limits: parser
parse.main(sys.argv[1:])
"""
        (tmp_path / "hostile_parser.py").write_text(source)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(sandbox_module, "_MODULE", "hostile_parser")

    return make


def parse(data: bytes = b"data", **limits: float) -> Parsed:
    with Sandbox("pdf", replace(Limits(), **limits)) as child:
        return child.parse(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_child_reads_file_after_file(kind: Kind) -> None:
    with Sandbox(kind, Limits()) as child:
        assert "Ketamine" in child.parse(WORDS[kind]).text
        first = child._child
        assert "Ketamine" in child.parse(WORDS[kind]).text
        assert child._child is first


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_of_a_kind_is_read_by_its_parser(kind: Kind) -> None:
    assert "Ketamine was given by mouth" in parser_of(kind, Limits())(sample(kind)).text


def test_the_child_reads_as_this_process_would() -> None:
    data = guideline([f"Ketamine number {number} was given by mouth and helped many patients." for number in range(60)])
    assert parse(data) == parser_of("pdf", Limits())(data)


def test_after_a_file_that_cannot_be_read_comes_the_next() -> None:
    with Sandbox("pdf", Limits()) as child:
        with pytest.raises(UnreadableError, match="password"):
            child.parse(encrypted())
        assert "Ketamine" in child.parse(WORDS["pdf"]).text


def test_a_closed_child_is_gone() -> None:
    child = Sandbox("markdown", Limits())
    child.parse(b"Ketamine")
    process = child._child
    assert process is not None
    child.close()
    assert process.poll() is not None
    child.close()


def test_a_parser_that_never_ends_is_stopped(hostile) -> None:
    hostile("while True: pass")
    started = time.monotonic()
    with pytest.raises(UnreadableError, match=r"takes longer than 0\.5 s to read; it may be damaged or made to stall"):
        parse(seconds=0.5)
    assert time.monotonic() - started < 30


def test_a_parser_that_sleeps_and_ignores_signals_is_stopped(hostile) -> None:
    hostile("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)")
    with pytest.raises(UnreadableError, match="takes longer than"):
        parse(seconds=0.5)


def test_one_that_reads_nothing_of_a_large_file_is_stopped(hostile) -> None:
    hostile(
        "pass", before="parse._more_time = lambda limits: time.sleep(1000)\nclass Deaf:\n    buffer = open(0, 'rb', 0)"
    )
    with pytest.raises(UnreadableError, match="takes longer than"):
        parse(b"x" * 10_000_000, seconds=0.5)


OUTSIDE = "from types import SimpleNamespace as N\nreturn N(title='', text='abc', left_out=[N(span=N(start=a, end=b), reason='')])"
"""Leaves out a stretch from a to b."""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"made its reader fail \(SIGSEGV\); it may be damaged or hostile"),
        ("os._exit(7)", r"made its reader fail \(exit code 7\)"),
        ("sys.exit()", r"made its reader fail \(exit code 0\)"),
        ("return Parsed('', 'x' * 3_000_000_000)", "needs more than 300 MB of memory"),
        ("parser(data)", "nests its elements too deeply"),
        ("raise ValueError('no\\nsuch thing' * 100)", r"cannot be read \(ValueError: no such thing"),
        ("os.write(1, (10**15).to_bytes(8, 'big') + b'x' * 1000); time.sleep(1000)", "made its reader fail"),
        ("os.write(1, (5).to_bytes(8, 'big') + b'[1,2]')", "answer nonsense"),
        ("os.write(1, (7).to_bytes(8, 'big') + b'no json')", "answer nonsense"),
        ("a, b = 2, 9\n" + OUTSIDE, "nonsense"),
        ("a, b = 2, 1\n" + OUTSIDE, "nonsense"),
    ],
    ids=[
        "crash",
        "exit",
        "clean exit",
        "memory",
        "recursion",
        "error",
        "flood",
        "no object",
        "no JSON",
        "outside the text",
        "backwards",
    ],
)
def test_whatever_the_parser_does_is_one_sentence(hostile, body: str, why: str) -> None:
    hostile(body)
    with pytest.raises(UnreadableError, match=why) as raised:
        parse(memory_bytes=300_000_000)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(os.name != "posix", reason="needs resource limits")
@pytest.mark.parametrize(
    "body",
    [
        "open('/etc/passwd').read()",
        "open('made', 'w')",
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 9))",
        "subprocess.run(['true'])",
        "import telnetlib",
    ],
)
def test_the_child_can_open_nothing(hostile, body: str) -> None:
    hostile(f"{body}\nreturn Parsed('', 'escaped')")
    with pytest.raises(UnreadableError, match=r"OSError|BlockingIOError|ModuleNotFoundError"):
        parse()


def test_the_child_knows_nothing_of_the_environment(hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETARAG_SECRET", "key")
    hostile("return Parsed('', ' '.join(os.environ))")
    assert "KETARAG_SECRET" not in parse().text


def test_a_folder_that_one_stands_in_lends_no_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bs4.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    with Sandbox("html", Limits()) as child:
        assert "Ketamine" in child.parse(b"<p>Ketamine").text


def test_half_characters_and_zeros_never_reach_a_document(hostile) -> None:
    hostile("return Parsed('a\\n\\ud800b', 'one\\0two\\ud83dthree')")
    assert parse() == Parsed("a �b", "one�two�three")


def test_a_parser_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "_MODULE", "ketarag.no_such_module")
    with pytest.raises(UnreadableError, match="the reader for it did not start"):
        parse()


def test_a_machine_without_room_for_a_process_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(UnreadableError, match=r"no process for its reader could be started \(No such file"):
        parse()


def test_a_pdf_that_swells_is_stopped() -> None:
    import zlib

    stream = zlib.compress(b" " * 400_000_000, 9)
    head = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    page = b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>endobj\n"
    body = b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n" % (len(stream), stream)
    with pytest.raises(UnreadableError):
        parse(head + page + body + b"trailer<</Root 1 0 R>>\n%%EOF", memory_bytes=300_000_000, seconds=60)
