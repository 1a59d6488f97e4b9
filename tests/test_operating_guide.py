"""docs/operating.md says what the program does: its settings, its numbers, its messages."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from ketarag import config
from ketarag.config import Settings
from ketarag.web import auth, login, login_page, passwords, sessions

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
