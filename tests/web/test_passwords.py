"""Passwords: what is accepted, that only a hash is kept, and that an unknown name costs what a known one does."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st
from made_accounts import PASSWORD, cheap_hash

from ketarag.errors import SettingsError
from ketarag.web import passwords


class Recorder:
    """The hasher, with what it was asked to verify."""

    def __init__(self) -> None:
        self.verified: list[tuple[str, str]] = []
        self._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, stored: str, password: str) -> bool:
        self.verified.append((stored, password))
        return self._hasher.verify(stored, password)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    recorder = Recorder()
    monkeypatch.setattr(passwords, "_HASHER", recorder)
    forget = passwords.nobodys_hash.cache_clear
    forget()
    yield recorder
    forget()


def test_a_password_is_known_by_its_hash_which_is_salted() -> None:
    stored = passwords.hash_password(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in stored
    assert stored != passwords.hash_password(PASSWORD)
    assert passwords.matches(stored, PASSWORD)
    assert not passwords.matches(stored, PASSWORD + "x")


def test_an_unknown_name_is_checked_against_nobodys_hash(recorder: Recorder) -> None:
    assert not passwords.matches(None, PASSWORD)
    assert not passwords.matches(cheap_hash("another one"), PASSWORD)
    assert [password for _, password in recorder.verified] == [PASSWORD, PASSWORD]
    assert recorder.verified[0][0] == passwords.nobodys_hash()


def test_nobodys_hash_costs_what_a_real_one_does() -> None:
    passwords.nobodys_hash.cache_clear()
    assert passwords.nobodys_hash().split("$")[:4] == passwords.hash_password(PASSWORD).split("$")[:4]


def test_even_the_right_password_of_nobody_opens_nothing(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "nobodys_hash", lambda: cheap_hash(PASSWORD))
    assert not passwords.matches(None, PASSWORD)


def test_what_is_too_long_is_not_hashed(recorder: Recorder) -> None:
    assert not passwords.matches(cheap_hash("x"), "x" * (passwords.LONGEST + 1))
    assert recorder.verified == []


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
def test_a_damaged_hash_matches_nothing(stored: str) -> None:
    assert not passwords.matches(stored, PASSWORD)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "0 characters"),
        ("elevenchars", "11 characters"),
        ("a" * 40, "repeats"),
        ("abcdabcdabcdabcd", "repeats"),
        ("x" * 1025, "1,025"),
        ("Anna.Berg.Ward7", "name"),
        ("bytes\udcff that are no text", "UTF-8"),
    ],
)
def test_a_bad_password_is_refused_without_repeating_it(password: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        passwords.check_acceptable(password, "anna.berg.ward7")
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    ["twelve chars", "пароль-на-русском", "🐴🔋📎✔️ horses", "x" * 1020 + "abcd", " leading"[:9] + "and trailing "],
)
def test_a_good_password_is_accepted(password: str) -> None:
    passwords.check_acceptable(password, "anna")


def test_two_keyboards_type_the_same_password() -> None:
    composed, decomposed = (unicodedata.normalize(form, "für Grüße im Ärztehaus") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert passwords.matches(passwords.hash_password(composed), decomposed)


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_can_be_tried(password: str) -> None:
    stored = cheap_hash(unicodedata.normalize("NFC", password))
    assert passwords.matches(stored, password)
    assert not passwords.matches(stored, password + "x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$cZn5d+rFh+ZfuRhm2iGUGgcrW5YLeM6q7L3vBsdmFA0",
        "$argon2id$v=19$m=2097152,t=1,p=1$c29tZXNhbHQ$cZn5d+rFh+ZfuRhm2iGUGgcrW5YLeM6q7L3vBsdmFA0",
        "$2b$12$abcdefghijklmnopqrstuv",
    ],
)
def test_other_hashes_are_none(text: str) -> None:
    assert not passwords.is_password_hash(text)


def test_our_hashes_are_known() -> None:
    assert passwords.is_password_hash(cheap_hash("x"))
