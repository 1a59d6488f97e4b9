"""API keys: random, known by their hash alone, compared one and all."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.web import api_keys
from ketarag.web.accounts import Account

KEYS = [api_keys.new_key() for _ in range(3)]
ACCOUNTS = [Account("key", f"k{i}", api_keys.hash_key(key), "") for i, key in enumerate(KEYS)]


def test_a_key_has_256_bits_and_a_beginning_to_find_it_by() -> None:
    assert len(set(KEYS)) == 3
    for key in KEYS:
        assert key.startswith("ketarag_")
        assert len(key) == len("ketarag_") + 43


def test_a_key_is_found_by_its_hash() -> None:
    for key, account in zip(KEYS, ACCOUNTS, strict=True):
        assert api_keys.find_key(key, ACCOUNTS) is account
        assert key not in account.hash
        assert api_keys.is_key_hash(account.hash)


@given(st.text() | st.sampled_from([key[:-1] for key in KEYS] + [account.hash for account in ACCOUNTS]))
def test_anything_else_is_no_key(text: str) -> None:
    assert api_keys.find_key(text, ACCOUNTS) is None


def test_every_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    real = hmac.compare_digest

    def compare(a: str, b: str) -> bool:
        compared.append(a)
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert api_keys.find_key(KEYS[0], ACCOUNTS) is ACCOUNTS[0]
    assert compared == [account.hash for account in ACCOUNTS]


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:" + "g" * 64, "sha256:" + "A" * 64, "a" * 64, "sha256:" + "a" * 64 + "\n"]
)
def test_what_is_no_hash(text: str) -> None:
    assert not api_keys.is_key_hash(text)
