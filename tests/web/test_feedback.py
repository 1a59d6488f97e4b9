"""Feedback: kept only where it is switched on, whole lines whatever happens, and what `python -m eval add` takes."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import served
from fake_assistant import DOCUMENT, QUOTES, TEXT, FakeAssistant
from hypothesis import given
from hypothesis import strategies as st

from eval import draft
from eval.cases import read_lines
from ketarag.errors import SettingsError
from ketarag.types import Document
from ketarag.web import feedback
from ketarag.web.feedback import LONGEST_QUOTE, MOST_QUOTES, TRIES, FeedbackFile

SRC = Path(__file__).parents[2] / "src"
NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
LONG = QUOTES["long"][0]
START = TEXT.index(LONG)
QUOTE = {"document_id": DOCUMENT.id, "start": START, "end": START + len(LONG), "quote": LONG}
GIVEN: dict[str, Any] = {
    "question": "And how long?",
    "history": ["What IV dose is used for depression?"],
    "answer": f"{LONG} [1]",
    "rating": "up",
    "citations": [QUOTE],
    "reason": "to the point",
    "right_answer": "less than one week",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "feedback.jsonl"


@pytest.fixture
def store(path: Path) -> FeedbackFile:
    return FeedbackFile(path, lambda: NOON)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def sent(store: FeedbackFile | None, **changes: object) -> httpx.Response:
    async with served.client(store=store) as client:
        return await client.post("/v1/feedback", json=GIVEN | changes)


async def test_what_is_sent_is_kept_with_the_time_and_without_a_name(path: Path, store: FeedbackFile) -> None:
    response = await sent(store)
    assert response.json() == {"status": "kept", "citations": 1}
    assert lines(path) == [GIVEN | {"time": "2026-11-26T12:00:00.000Z"}]


async def test_where_it_is_off_nothing_is_kept_and_it_is_said_how_to_switch_it_on(tmp_path: Path) -> None:
    response = await sent(None)
    assert response.status_code == 404
    assert response.json()["error"]["type"] == "feedback_off"
    assert "KETARAG_FEEDBACK_FILE" in response.json()["error"]["message"]
    assert not list(tmp_path.iterdir())


async def test_eval_makes_a_draft_of_each(path: Path, store: FeedbackFile, tmp_path: Path) -> None:
    await sent(store)
    await sent(store, rating="down", reason="", right_answer="", citations=[], history=[])
    assert [one.rating for one in read_lines(path, draft.Feedback)] == ["up", "down"]
    drafts = tmp_path / "drafts.jsonl"
    assert draft.run(argparse.Namespace(feedback=path, to=drafts)) == 0
    first, second = lines(drafts)
    assert first["evidence"] == [[{key: QUOTE[key] for key in ("quote", "start", "end")}]]
    assert first["history"] == GIVEN["history"]
    assert second["facts"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"quote": "Give 5 g at once."},
        {"quote": LONG + " "},
        {"start": START + 1},
        {"document_id": "another.txt"},
        {"start": 0, "end": LONGEST_QUOTE + 1, "quote": TEXT[: LONGEST_QUOTE + 1]},
        {"start": TEXT.index("\n"), "end": TEXT.index("\n") + 1, "quote": "\n"},
    ],
)
async def test_a_citation_that_does_not_stand_is_left_out(
    path: Path, store: FeedbackFile, change: dict[str, object]
) -> None:
    response = await sent(store, citations=[QUOTE | change, QUOTE, QUOTE])
    assert response.json()["citations"] == 1
    assert lines(path)[0]["citations"] == [QUOTE]


async def test_what_else_a_citation_says_is_left_out(path: Path, store: FeedbackFile) -> None:
    await sent(store, citations=[QUOTE | {"title": "<b>", "passage_id": "x", "marker": 1}])
    assert lines(path)[0]["citations"] == [QUOTE]


async def test_no_more_citations_and_questions_than_count(path: Path, store: FeedbackFile) -> None:
    quotes = [QUOTE | {"start": at, "end": at + 40, "quote": TEXT[at : at + 40]} for at in range(500, 540)]
    await sent(store, citations=quotes, history=[f"question {number}" for number in range(50)] + ["", "x" * 3000])
    (line,) = lines(path)
    assert line["citations"] == quotes[:MOST_QUOTES]
    assert line["history"] == [f"question {number}" for number in range(32, 50)]


@pytest.mark.parametrize(
    "change",
    [
        {"question": ""},
        {"question": "x" * 2001},
        {"answer": ""},
        {"answer": " \n"},
        {"answer": "x" * 20_001},
        {"rating": "five stars"},
        {"reason": "x" * 2001},
        {"right_answer": "x" * 4001},
        {"citations": [{"quote": "x"}]},
        {"history": "x"},
        {"reason": ["x"]},
    ],
)
async def test_what_cannot_be_feedback_is_refused(path: Path, store: FeedbackFile, change: dict[str, object]) -> None:
    response = await sent(store, **change)
    assert response.status_code == 422
    assert path.read_text() == ""


@pytest.mark.parametrize("name", ["question", "answer", "reason", "right_answer"])
async def test_half_a_character_does_not_make_a_line_that_cannot_be_read(
    path: Path, store: FeedbackFile, name: str
) -> None:
    body = json.dumps(GIVEN | {name: "less \ud800 than"})
    async with served.client(store=store) as client:
        await client.post("/v1/feedback", content=body, headers={"content-type": "application/json"})
    assert len(read_lines(path, draft.Feedback)) == len(lines(path))


class Own(FakeAssistant):
    """The shared document and one of the browser's own."""

    documents = (DOCUMENT, Document("own.txt", "Own", "A secret of mine.", "0"))  # type: ignore[assignment]


async def test_of_a_document_of_ones_own_nothing_is_kept(path: Path, store: FeedbackFile) -> None:
    service = served.new_service()
    service.assistant_for = lambda scope: Own()  # type: ignore[assignment, return-value]
    own = {"document_id": "own.txt", "start": 2, "end": 8, "quote": "secret"}
    async with served.client(service, store) as client:
        response = await client.post("/v1/feedback", json=GIVEN | {"citations": [QUOTE, own]})
        shared = await client.post("/v1/feedback", json=GIVEN)
    assert (response.status_code, response.json()["error"]["type"]) == (422, "own_document")
    assert shared.status_code == 200
    assert len(lines(path)) == 1


async def test_it_is_counted_without_a_word_of_it(store: FeedbackFile) -> None:
    async with served.client(store=store) as client:
        for rating in ("up", "up", "down"):
            await client.post("/v1/feedback", json=GIVEN | {"rating": rating})
        text = (await client.get("/metrics")).text
    assert 'ketarag_feedback_total{rating="up"} 2.0' in text
    assert 'ketarag_feedback_total{rating="down"} 1.0' in text
    assert "week" not in text


async def test_one_client_cannot_send_without_end(path: Path, store: FeedbackFile) -> None:
    async with served.client(store=store) as client:
        got = [await client.post("/v1/feedback", json=GIVEN) for _ in range(TRIES + 2)]
    assert [response.status_code for response in got] == [200] * TRIES + [429] * 2
    assert got[-1].headers["retry-after"]
    assert len(lines(path)) == TRIES


async def test_a_file_that_is_full_takes_no_more(
    path: Path, store: FeedbackFile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await sent(store)
    monkeypatch.setattr(feedback, "MOST_BYTES", path.stat().st_size + 10)
    with caplog.at_level(logging.ERROR):
        response = await sent(store)
    assert (response.status_code, response.json()["error"]["type"]) == (503, "cannot_keep")
    assert "move it away" in caplog.text
    assert "week" not in caplog.text
    assert len(lines(path)) == 1
    path.rename(path.with_suffix(".old"))
    assert (await sent(store)).status_code == 200
    assert len(lines(path)) == 1


async def test_a_full_disk_leaves_no_half_line(
    path: Path, store: FeedbackFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(store)
    real = os.write

    def write(file: int, data: bytes) -> int:
        if data.startswith(b"{"):
            return real(file, data[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        assert (await sent(store)).status_code == 503
    assert len(lines(path)) == 1


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        FeedbackFile(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("where", ["file/feedback.jsonl", "."])
def test_a_file_that_cannot_be_written_is_an_error_at_the_start(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"feedback cannot be written.*KETARAG_FEEDBACK_FILE"):
        FeedbackFile(tmp_path / where)


@given(st.text(), st.text())
def test_no_text_makes_a_second_line(tmp_path_factory: pytest.TempPathFactory, question: str, answer: str) -> None:
    path = tmp_path_factory.mktemp("feedback") / "feedback.jsonl"
    FeedbackFile(path).add({"question": question, "answer": answer})
    (line,) = path.read_bytes().splitlines()
    assert line.isascii()
    assert json.loads(line)["answer"] == answer


@pytest.mark.parametrize("torn", ['{"question": "Wh', "{", '{"question": "a", "answer": "b"', "["])
def test_half_a_line_of_a_crash_is_taken_away(path: Path, torn: str) -> None:
    path.parent.mkdir()
    path.write_text('{"a": 1}\n' + torn)
    store = FeedbackFile(path)
    assert lines(path) == [{"a": 1}]
    with path.open("a") as file:
        file.write(torn)
    store.add({"b": 2})
    assert [line.keys() for line in lines(path)] == [{"a"}, {"b", "time"}]


def test_a_file_of_half_a_line_is_empty_then(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"a": 1')
    FeedbackFile(path)
    assert path.read_text() == ""


def test_a_last_line_that_an_editor_left_open_is_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"a": 1}\n{"b": 2}')
    FeedbackFile(path)
    assert path.read_text() == '{"a": 1}\n{"b": 2}\n'


def test_what_is_not_ours_is_not_cut(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "_TAIL", 10)
    path.parent.mkdir()
    path.write_text("something else, and long")
    FeedbackFile(path)
    assert path.read_text() == "something else, and long\n"


WRITES = (
    "import sys; from pathlib import Path; from ketarag.web.feedback import FeedbackFile\n"
    "store = FeedbackFile(Path(sys.argv[1])); print('ready', flush=True)\n"
    "for number in range(int(sys.argv[3])):\n"
    "    store.add({'who': sys.argv[2] + str(number), 'answer': 'x' * 20_000}); print(number, flush=True)\n"
)


def writing(path: Path, who: str, count: int) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    command = [sys.executable, "-c", WRITES, str(path), who, str(count)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_threads_and_processes_lose_no_line(path: Path) -> None:
    running = [writing(path, who, 50) for who in ("a", "b")]
    store = FeedbackFile(path)

    def add(who: str) -> None:
        for number in range(50):
            store.add({"who": f"{who}{number}"})

    threads = [threading.Thread(target=add, args=(who,)) for who in ("c", "d")]
    for thread in threads:
        thread.start()
    for one in running:
        one.communicate()
    for thread in threads:
        thread.join()
    found = [line["who"] for line in lines(path)]
    assert len(found) == len(set(found)) == 200


def test_after_a_kill_every_line_is_whole_and_what_was_said_to_be_kept_is_there(path: Path) -> None:
    for round in range(3):
        one = writing(path, f"{round}-", 10_000)
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        time.sleep(0.1 + 0.05 * round)
        one.send_signal(signal.SIGKILL)
        told = [int(line) for line in one.stdout.read().split()]
        one.wait()
        one.stdout.close()
        FeedbackFile(path)  # the next start
        kept = [line["who"] for line in lines(path)]
        assert set(kept) >= {f"{round}-{number}" for number in told}
        assert told, "it was killed before it wrote"
