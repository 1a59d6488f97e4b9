"""The load benchmark against a real server over the fake assistant: it passes, it goes on after a kill, and it sees what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_assistant import DOCUMENT, QUOTES, TEXT

from eval.benchmarks import load
from eval.benchmarks.load import chats_of_cases, report, run
from eval.benchmarks.server import Server, resident_megabytes
from eval.benchmarks.users import Book, faults

TESTS = Path(__file__).parents[1]
FAKE = [
    sys.executable,
    "-c",
    f"import sys, threading; sys.path[:0] = [{str(TESTS)!r}, {str(TESTS / 'web')!r}]; import served\n"
    "with served.listening(served.new_service()) as address:\n"
    "    print('KetaRAG is ready:', address, flush=True)\n"
    "    threading.Event().wait()\n",
]
"""The service without its page, which would take most of the time to start."""
CHATS = [("What IV dose is used?", "how long does it last?"), ("Is it safe in pregnancy?",), ("routes of ketamine",)]
TEXTS = {DOCUMENT.id: TEXT}


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(FAKE)
    server.start()
    yield server
    server.stop()


def test_every_user_gets_answers_of_its_own(server: Server) -> None:
    book, (before, after) = run(CHATS, TEXTS, users=4, seconds=3, server=server)
    assert (book.wrong, dict(book.errors)) == ([], {})
    assert book.answered == len(book.milliseconds) > 8
    assert book.followed_up
    assert 0 < book.abstained < book.answered
    assert before is not None
    assert after is not None
    shown = report(book, (before, after), 4, 3)
    assert "wrong session: 0\nerrors: none\nlatency: p50 " in shown
    assert "MB at the start" in shown


def test_after_a_kill_the_users_go_on_where_they_were(server: Server) -> None:
    long = [tuple(["What IV dose is used?"] + ["how long does it last?"] * 30)]
    book, _ = run(long, TEXTS, users=4, seconds=6, server=server, kill=True)
    assert (book.wrong, dict(book.errors)) == ([], {})
    assert book.restarts == 1
    assert book.while_down
    assert book.continued
    assert "answers in conversations that began before" in report(book, (None, None), 4, 6)


def test_a_service_that_is_not_there_is_counted() -> None:
    book, memory = run(CHATS, TEXTS, users=2, seconds=1, url="http://127.0.0.1:9")
    assert book.answered == 0
    assert book.errors["ConnectError"] >= 2
    assert memory == (None, None)


def answer(**changes: Any) -> dict[str, Any]:
    start = TEXT.index(QUOTES["long"][0])
    citation = {
        "document_id": DOCUMENT.id,
        "quote": QUOTES["long"][0],
        "start": start,
        "end": start + len(QUOTES["long"][0]),
    }
    return {
        "question": "How long?",
        "citations": [citation],
        "nearest": [],
        "abstained": False,
        "timings_ms": {},
    } | changes


def test_an_answer_of_ones_own_has_no_fault() -> None:
    book = Book(TEXTS)
    assert faults(("How long?",), answer(timings_ms={"read": 1}), book) == []
    assert faults(("How long?",), answer(timings_ms={"read": 2}), book) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"question": "What dose?"}, "answered another question"),
        ({"nearest": [{"document_id": DOCUMENT.id, "quote": "x", "start": 5, "end": 6}]}, "does not stand there"),
        ({"nearest": [{"document_id": "other", "quote": "", "start": 5, "end": 5}]}, "does not stand there"),
        ({"abstained": True}, "answered otherwise than before"),
    ],
)
def test_an_answer_of_somebody_else_is_seen(changes: dict[str, Any], fault: str) -> None:
    book = Book(TEXTS)
    faults(("How long?",), answer(), book)
    assert any(fault in line for line in faults(("How long?",), answer(**changes), book))


def test_the_command_fails_when_something_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load.main(["--url", "http://127.0.0.1:9", "--users", "1", "--seconds", "2"]) == 1
    assert "errors: ConnectError" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        load.main(["--url", "http://127.0.0.1:9", "--kill"])
    assert ended.value.code == 2


def test_a_server_that_ends_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        Server([sys.executable, "-c", "raise SystemExit(3)"]).start()


def test_memory_can_be_read_and_conversations_are_there() -> None:
    assert (resident_megabytes() or 0) > 10
    assert resident_megabytes(2**22 + 1) is None
    assert any(len(chat) > 1 for chat in chats_of_cases())
