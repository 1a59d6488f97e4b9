"""docs/operating.md says what the program does: its settings, its numbers, its messages."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from ketarag import config
from ketarag.config import Settings
from ketarag.web import auth, connections, feedback, login, login_page, passwords, running, sessions

GUIDE = (Path(__file__).parents[1] / "docs" / "operating.md").read_text(encoding="utf-8")


def test_every_setting_is_there_and_no_other() -> None:
    told = set(re.findall(r"KETARAG_[A-Z_]+", GUIDE))
    assert told == {f"KETARAG_{field.name.upper()}" for field in fields(Settings)}
    read = Path(config.__file__).read_text(encoding="utf-8")
    assert told <= set(re.findall(r"KETARAG_[A-Z_]+", read))


@pytest.mark.parametrize(
    "sentence",
    [
        f"at least {passwords.SHORTEST} characters",
        f"| `KETARAG_SESSION_MINUTES` | {Settings().session_minutes} |",
        f"| `KETARAG_AUDIT_DAYS` | {Settings().audit_days} |",
        f"after {sessions.WHOLE_SECONDS // 3600} hours it must in any case",
        f"{login.USER_TRIES} tries for a name, then one a minute",
        f"{login.ADDRESS_TRIES} failures from an address, then one each {login.ADDRESS_SECONDS:.0f} seconds",
        " and ".join(f"`{path}`" for path in sorted(auth.OPEN)),
        f"| `KETARAG_LLM_SECONDS`, `KETARAG_LLM_TOKENS` | {Settings().llm_seconds}, {Settings().llm_tokens} |",
        f"| `KETARAG_ANSWERS_AT_ONCE` | {Settings().answers_at_once} |",
        f"| `KETARAG_ANSWERS_WAITING` | {Settings().answers_waiting} |",
        f"| `KETARAG_ANSWER_SECONDS` | {Settings().answer_seconds} |",
        f"| `KETARAG_CLIENT_RATE`, `KETARAG_CLIENT_BURST` | {Settings().client_rate}, {Settings().client_burst} |",
        f"| `KETARAG_REQUEST_BYTES` | {Settings().request_bytes} |",
        f"| `KETARAG_UPLOADS` | {int(Settings().uploads)} |",
        f"A file of\n{feedback.MOST_BYTES // 1_000_000} MB takes no more",
        f"send {feedback.TRIES} ratings at once, then one each {feedback.TRY_SECONDS:.0f} seconds",
        f"after {connections.HEAD_SECONDS:.0f} seconds and take what it asked for within {connections.STALL_SECONDS:.0f};",
        f"let go after {running.GRACE_SECONDS} more seconds",
        f"TimeoutStopSec={Settings().answer_seconds + 30}",
    ],
)
def test_the_numbers_are_those_of_the_program(sentence: str) -> None:
    assert sentence in GUIDE


def test_the_messages_are_those_of_the_program() -> None:
    said = " ".join(Path(one.__file__ or "").read_text(encoding="utf-8") for one in (auth, login, login_page))
    quoted = re.findall(r'^\| (?:\d+ )?"([^"]+)"', GUIDE, re.MULTILINE)
    assert len(quoted) == 6
    assert [message for message in quoted if message not in said] == []


def test_the_line_of_the_audit_is_one() -> None:
    (line,) = re.findall(r"```json\n(.*?)\n```", GUIDE, re.DOTALL)
    assert set(json.loads(line)) == {"time", "who", "route", "event", "fingerprint", "abstained", "seconds"}
