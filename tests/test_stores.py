"""Addresses of stores, and who may ask there."""

from __future__ import annotations

import numpy as np
import pytest

from ketarag.errors import SettingsError
from ketarag.stores import Address, Login, last_rows


@pytest.mark.parametrize(
    ("text", "shown", "host", "port"),
    [
        ("milvus://store", "milvus://store:19530", "store", 19530),
        ("milvus://store:1/kg", "milvus://store:1", "store", 1),
        ("milvus+tls://store:1", "milvus+tls://store:1", "store", 1),
        ("milvus://[::1]:7", "milvus://[::1]:7", "::1", 7),
        ("milvus+lite:///tmp/x.db", "milvus+lite:///tmp/x.db", "", 0),
        ("postgresql://store/kg", "postgresql://store:5432", "store", 5432),
        ("postgresql+tls://store:6/kg?collection=a", "postgresql+tls://store:6", "store", 6),
    ],
)
def test_addresses(text: str, shown: str, host: str, port: int) -> None:
    address = Address.parse(text)
    assert (address.shown, address.host, address.port) == (shown, host, port)


@pytest.mark.parametrize("kind", ["milvus", "postgresql"])
def test_parts_of_an_address(kind: str) -> None:
    address = Address.parse(f"{kind}+tls://store/wards?collection=guides")
    assert (address.database, address.collection, address.encrypted) == ("wards", "guides", True)
    assert not Address.parse(f"{kind}://store").encrypted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://store", "not of a kind.*milvus://host.*postgresql://host:5432/database"),
        ("postgres://store", "not of a kind"),
        ("postgresql+lite:///tmp/x.db", "not of a kind"),
        ("store:19530", "not of a kind"),
        ("", "not of a kind"),
        ("milvus://", "names no host"),
        ("postgresql:///database", "names no host"),
        ("postgresql://[::1/database", "names no host"),
        ("milvus://store:x", "no host or port"),
        ("postgresql://store:99999", "no host or port"),
        ("milvus+lite:///tmp/x", r"\.db"),
        ("milvus://store?collection=a-b", "is no name"),
        ("postgresql://store?collection=a%20or%201", "is no name"),
        ("postgresql://store?collection=pg_catalog", "is no name"),
        (f"postgresql://store?collection={'a' * 64}", "is no name"),
        ("postgresql://store/x?sslmode=disable", "not in 'sslmode'"),
    ],
)
def test_addresses_that_cannot_work(text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        Address.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "milvus://u:secret@store",
        "postgresql://u:secret@store/database",
        "other://u:secret@store",
        "milvus://:secret@",
        "postgresql://store/database?password=secret",
        "postgresql:///database?password=secret",
        "postgresql://u:secret@store:x",
    ],
)
def test_a_password_is_never_taken_or_shown(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Address.parse(text)
    assert "secret" not in str(raised.value)


def test_an_authority_that_is_no_file_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETARAG_STORE_CA", "/nowhere/ca.pem")
    with pytest.raises(SettingsError, match="no file; name a PEM file"):
        Login.from_environment()


def test_the_last_row_of_a_repeated_id_is_taken() -> None:
    assert last_rows(["x", "y", "x"], np.zeros((3, 2), dtype=np.float32), 2, 9) == {"x": 2, "y": 1}
