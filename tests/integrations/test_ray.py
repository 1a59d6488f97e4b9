"""Embedding through Ray, against a real cluster of two workers on this machine: killed, removed, refused, gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_socket import socket_allow_hosts

from ketarag.config import Settings
from ketarag.errors import IndexingError, ModelError, SettingsError
from ketarag.integrations import ray_embedder
from ketarag.integrations.ray_embedder import embed_on_ray, parse
from ketarag.protocols import Embedder, Vectors
from ketarag.testing import HashEmbedder
from tests.conftest import LOOPBACK
from tests.milvus_server import free_port

pytest.importorskip("ray")

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)

LIKE = HashEmbedder(64)
LOAD = partial(HashEmbedder, 64)
BATCHES = [
    [f"ward {batch} gives {row} mg of drug {row * batch}" for row in range(1 + batch % 7)] for batch in range(30)
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that does not work, and two nodes of one processor each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setattr(ray_embedder, "LOOK_SECONDS", 0.2)
        from ray.cluster_utils import Cluster

        started = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        for _ in range(2):
            started.add_node(num_cpus=1)
        yield started
        started.shutdown()


def slow(of: Callable[[], Embedder] = LOAD, seconds: float = 0.15) -> Callable[[], Embedder]:
    """Loads an embedder that takes its time and whose process ends at the word "poison". A local class travels by value."""

    class Slow(HashEmbedder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            time.sleep(seconds)
            if "poison" in texts:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().encode(texts)

    return partial(Slow, 64)


def workers() -> list[int]:
    """Processes that embed."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = place.read_bytes()
        except OSError:
            continue
        if said.startswith(b"ray::Worker"):
            found.append(int(place.parent.name))
    return found


def embed(cluster: Any, load: Callable[[], Embedder], batches: Any = BATCHES, said: list[str] | None = None) -> Any:
    socket_allow_hosts(
        [*LOOPBACK, parse(cluster.address)[0]], allow_unix_socket=True
    )  # by which Ray calls this machine
    return embed_on_ray(batches, cluster.address, load, LIKE, (said if said is not None else []).append)


def check(found: Sequence[Vectors]) -> None:
    """Each batch, in order, as this process embeds it."""
    assert len(found) >= len(BATCHES)
    for texts, vectors in zip(cycle(BATCHES), found, strict=False):
        np.testing.assert_array_equal(vectors, LIKE.encode(texts))


def test_vectors_are_those_of_this_machine_in_order_and_few_are_read_ahead(cluster: Any) -> None:
    read, ahead, found = 0, [], []
    said: list[str] = []

    def counted() -> Iterator[list[str]]:
        nonlocal read
        for batch in BATCHES:
            read += 1
            yield batch

    for vectors in embed(cluster, slow(seconds=0.02), counted(), said):
        found.append(vectors)
        ahead.append(read - len(found))
    check(found)
    assert max(ahead) <= 2 * ray_embedder.UNDER_WAY
    assert said[-1] == f"Embedding on 2 machines of the Ray cluster at {cluster.address}"


def said_by_ray(capfd: pytest.CaptureFixture[str]) -> str:
    """What came on the terminal, but for what gRPC says of a fork where another test has loaded it."""
    lines = "".join(capfd.readouterr()).splitlines()
    return "\n".join(line for line in lines if "fork_posix" not in line)


def test_a_killed_worker_loses_nothing_and_starts_again(cluster: Any, capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    stream = embed(cluster, slow(), said=said)
    found = [next(stream) for _ in range(8)]
    os.kill(workers()[0], signal.SIGKILL)
    found += stream
    check(found)
    assert any("was lost; others embed what it had" in line for line in said)
    assert sum(line.startswith("Embedding on 2 machines") for line in said) == 2
    assert said_by_ray(capfd) == ""


def test_a_removed_node_loses_nothing_and_a_new_one_works(cluster: Any, capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    stream = embed(cluster, slow(), cycle(BATCHES), said=said)
    found = [next(stream) for _ in range(8)]
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    while not any("was lost; others embed what it had" in line for line in said):
        found.append(next(stream))
    capfd.readouterr()
    cluster.add_node(num_cpus=1)
    while len(found) < len(BATCHES) or not said[-1].startswith("Embedding on 2 machines"):
        found.append(next(stream))
    stream.close()
    check(found)
    assert said_by_ray(capfd) == ""


def test_passages_that_end_every_worker_end_the_work(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_embedder, "TRIES", 2)
    stream = embed(cluster, slow(seconds=0), [*BATCHES[:3], ["poison"], *BATCHES[4:]])
    found = [next(stream) for _ in range(3)]
    with pytest.raises(
        IndexingError, match=r"2 workers of the Ray cluster .* ended while they embedded the same 1 passages"
    ):
        next(stream)
    assert len(found) == 3


def other_vectors() -> Embedder:
    """The same fingerprint as `LIKE`, but not the same model."""

    class Other(HashEmbedder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            return np.roll(super().encode(texts), 1, axis=1)

    return Other(64)


def no_model() -> Embedder:
    raise ModelError("'minilm' is not on this machine")


def no_package() -> Embedder:
    import not_installed_there  # type: ignore[import-not-found]

    found: Embedder = not_installed_there
    return found


def by_value(load: Callable[[], Embedder]) -> Callable[[], Embedder]:
    """As it would be in a module that is installed on the workers."""
    import ray.cloudpickle

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return load


@pytest.mark.parametrize(
    ("load", "error", "said"),
    [
        (
            partial(HashEmbedder, 32),
            ModelError,
            r"has the model 'hash:32:256', this machine 'hash:64:256'; install the same",
        ),
        (other_vectors, ModelError, r"a vector of the worker on .* has a cosine of .* to this machine's, under 0.9995"),
        (no_model, ModelError, r"the worker on .*: 'minilm' is not on this machine"),
        (
            no_package,
            IndexingError,
            r"ModuleNotFoundError: No module named 'not_installed_there'\); install the same ketarag",
        ),
    ],
)
def test_a_worker_with_another_model_is_refused(cluster: Any, load: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        next(embed(cluster, by_value(load)))


@pytest.mark.parametrize(
    "address", ["", "auto", "host", "host:", "host:x", "host:99999", "ray://host:1", "u:p@host:1", "host:1/x"]
)
def test_an_address_that_is_none_is_said_before_anything_is_loaded(address: str, tmp_path: Path) -> None:
    from ketarag.loading import index_corpus

    with pytest.raises(SettingsError, match="is not HOST:PORT"):
        parse(address)
    if address:
        with pytest.raises(SettingsError, match="is not HOST:PORT"):
            index_corpus(Settings(ray=address, index=tmp_path / "index"), lambda line: pytest.fail(line))


def test_addresses() -> None:
    assert parse("10.1.2.3:6379") == ("10.1.2.3", 6379)
    assert parse("[::1]:7") == ("::1", 7)


def test_a_cluster_that_is_not_there_is_said_before_a_document_is_read() -> None:
    address, started = f"127.0.0.1:{free_port()}", time.monotonic()
    batches = iter(BATCHES)
    with pytest.raises(IndexingError, match=rf"the Ray cluster at {address} cannot be reached within 5 s; start it"):
        next(embed_on_ray(batches, address, LOAD, LIKE, lambda line: None))
    assert time.monotonic() - started < 8
    assert next(batches) is BATCHES[0]


def test_without_ray_it_says_what_to_install(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(IndexingError, match=r"pip install 'ketarag\[ray\]'"):
        next(embed(cluster, LOAD))


def test_ingest_makes_the_index_of_one_machine(cluster: Any, tmp_path: Path) -> None:
    from ketarag.indexing.folder import read_index
    from ketarag.loading import index_corpus

    near, far = tmp_path / "near", tmp_path / "far"
    index_corpus(Settings(index=near), lambda line: None)
    command = [sys.executable, "-m", "ketarag.cli", "ingest", "--index", str(far), "--ray", cluster.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    ours = ("Loading", "Building", "Reading", "Embedding", "Writing", "Converting")
    assert [line for line in done.stderr.splitlines() if not line.startswith(ours)] == [], "Ray says nothing itself"
    assert f"machines of the Ray cluster at {cluster.address}" in done.stderr
    local, remote = read_index(near), read_index(far)
    assert list(remote.passages.names) == list(local.passages.names)
    names = [passage.id for passage in local.passages]
    cosines = (local.vectors.vectors(names) * remote.vectors.vectors(names)).sum(axis=1)
    assert cosines.min() >= 0.9999
    assert remote.fingerprint == local.fingerprint
    assert remote.manifest.sources == local.manifest.sources


def test_a_cluster_that_goes_away_is_said(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last test: it ends the cluster."""
    monkeypatch.setattr(ray_embedder, "GONE_SECONDS", 2.0)
    stream = embed(cluster, slow())
    found = [next(stream) for _ in range(4)]
    for node in cluster.list_all_nodes():
        node.kill_all_processes(check_alive=False, allow_graceful=False)
    with pytest.raises(IndexingError, match="cannot be reached any more; what was finished is kept"):
        found += stream
    assert len(found) < len(BATCHES)
