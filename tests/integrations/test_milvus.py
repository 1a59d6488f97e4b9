"""The distributed store against a real server on loopback, and against Milvus Lite."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketarag.errors import StoreError
from ketarag.integrations import milvus
from ketarag.integrations.milvus import MilvusStore
from ketarag.stores import Address
from tests.contracts.test_vector_store_contract import (
    AXES,
    DIMENSION,
    IDS,
    STEPS,
    VectorStoreContract,
    check_history,
    check_within,
)
from tests.milvus_server import SERVER, MilvusServer, free_port

pytest.importorskip("pymilvus")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    if not SERVER.is_file():
        pytest.skip("no Milvus server: `make milvus` installs it")
    server = MilvusServer(tmp_path_factory.mktemp("milvus"))
    server.start()
    yield server
    server.close()


@pytest.fixture
def server(running: MilvusServer, monkeypatch: pytest.MonkeyPatch) -> MilvusServer:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return running


class TestServer(VectorStoreContract):
    address: str

    @pytest.fixture(autouse=True)
    def _server(self, server: MilvusServer) -> None:
        type(self).address = server.address

    @classmethod
    def make(cls, dimension: int) -> MilvusStore:  # type: ignore[override]
        """One collection, emptied: making one takes 3 s."""
        store = MilvusStore(Address.parse(f"{cls.address}?collection=contract"), dimension)
        store.delete(list(store.ids()))
        return store

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(steps=STEPS, seed=st.integers(0, 99), k=st.integers(1, 9))
    def test_any_history_of_writes_searches_like_a_dictionary(
        self, steps: list[tuple[str, list[str], int]], seed: int, k: int
    ) -> None:
        """Fewer examples than of the other stores: each search after a write waits 0.3 s."""
        check_history(type(self).make(DIMENSION), steps, seed, k)

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(held=st.sets(IDS), within=st.sets(IDS), seed=st.integers(0, 99), k=st.integers(1, 9))
    def test_within_some_ids_it_finds_the_nearest_of_these(
        self, held: set[str], within: set[str], seed: int, k: int
    ) -> None:
        check_within(type(self).make(DIMENSION), held, within, seed, k)

    def test_another_process_finds_what_was_written(self, store: MilvusStore) -> None:
        store.add(["x", "y"], AXES[:2])
        assert len(store) == 2
        other = MilvusStore(Address.parse(f"{self.address}?collection=contract"), DIMENSION)
        assert len(other) == 2
        assert sorted(other.ids()) == ["x", "y"]

    def test_other_columns_are_refused(self, store: MilvusStore) -> None:
        with pytest.raises(StoreError, match="4 columns, the model makes 5"):
            MilvusStore(Address.parse(f"{self.address}?collection=contract"), 5)

    def test_an_id_may_be_long_and_have_any_letters(self, store: MilvusStore) -> None:
        name = "Größe \"quoted\" \\ 'x'" + "ü" * 400
        store.add([name], AXES[:1])
        assert store.search(AXES[:1], 1) == [(name, pytest.approx(1.0))]
        store.delete([name])
        assert len(store) == 0
        with pytest.raises(ValueError, match="8192 bytes"):
            store.add(["ü" * 4097], AXES[:1])

    def test_more_than_one_batch(self, store: MilvusStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(milvus, "BATCH", 7)
        ids = [f"p{at}" for at in range(30)]
        rows = np.random.default_rng(1).normal(size=(30, DIMENSION)).astype(np.float32)
        store.add(ids, rows)
        assert sorted(store.ids()) == sorted(ids)
        store.delete(ids[:20])
        assert sorted(store.ids()) == sorted(ids[20:])


class TestLite(VectorStoreContract):
    """Milvus' newer core, on a file, in this process."""

    file: Path

    @pytest.fixture(autouse=True, scope="class")
    def _file(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        pytest.importorskip("milvus_lite")
        type(self).file = tmp_path_factory.mktemp("lite") / "vectors.db"

    @classmethod
    def make(cls, dimension: int) -> MilvusStore:  # type: ignore[override]
        store = MilvusStore(Address.parse(f"milvus+lite://{cls.file}?collection=contract"), dimension)
        store.delete(list(store.ids()))
        return store


def test_what_was_acknowledged_is_there_after_a_kill(server: MilvusServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus, "SECONDS", 2.0)
    address = Address.parse(f"{server.address}?collection=killed")
    store = MilvusStore(address, DIMENSION)
    rows = np.random.default_rng(1).normal(size=(500, DIMENSION)).astype(np.float32)
    store.add([f"p{at}" for at in range(500)], rows)
    server.kill()
    with pytest.raises(StoreError, match="cannot be reached within 2 s; start it"):
        store.search(rows[:1], 3)
    server.start()
    monkeypatch.setattr(milvus, "SECONDS", 60.0)  # a server that has just started loads the collection first
    assert len(MilvusStore(address, DIMENSION)) == 500
    assert len(store.search(rows[:1], 3)) == 3, "the old connection works again"


def test_a_wrong_password_is_refused_and_not_shown(server: MilvusServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETARAG_STORE_PASSWORD", "not-this-one")
    with pytest.raises(StoreError, match="refused the user; check KETARAG_STORE_USER") as raised:
        MilvusStore(Address.parse(server.address), DIMENSION)
    assert "not-this-one" not in str(raised.value)


def test_a_certificate_that_nobody_trusts_is_refused(server: MilvusServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under another name than the other tests use: the client keeps one connection for each name."""
    monkeypatch.delenv("KETARAG_STORE_CA")
    monkeypatch.setattr(milvus, "SECONDS", 2.0)
    with pytest.raises(StoreError, match="cannot be reached"):
        MilvusStore(Address.parse(server.address.replace("localhost", "127.0.0.1")), DIMENSION)


def test_a_server_that_is_not_there_is_said_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus, "SECONDS", 1.0)
    port = free_port()
    with pytest.raises(StoreError, match=rf"milvus://127\.0\.0\.1:{port}: cannot be reached"):
        MilvusStore(Address.parse(f"milvus://127.0.0.1:{port}"), DIMENSION)


def test_something_else_that_listens_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus, "SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(StoreError, match="cannot be reached"):
        MilvusStore(Address.parse(f"milvus://127.0.0.1:{listener.getsockname()[1]}"), DIMENSION)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("milvus://store", "http://store:19530"),
        ("milvus+tls://store:1", "https://store:1"),
        ("milvus://[::1]:7", "http://[::1]:7"),
        ("milvus+lite:///tmp/x.db", "/tmp/x.db"),
    ],
)
def test_what_the_client_takes_for_an_address(text: str, uri: str) -> None:
    assert milvus._uri(Address.parse(text)) == uri
