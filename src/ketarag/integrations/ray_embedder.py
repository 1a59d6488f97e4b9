"""Passages embedded on the machines of a Ray cluster, for a corpus that one machine would embed in days.

Needs the extra `ketarag[ray]`, here and on every machine of the cluster. One worker a machine loads the same model once, and takes all
processors that Ray has there. Batches of texts go out, two to a worker so that none waits, and vectors come back in the order of the
batches; no more is held here than what is under way. What a worker had when it was lost is embedded by another.

A worker is used when its model is this one: the same fingerprint, and for `convert.SAMPLES` the same vectors. Ray itself trusts every
machine of its cluster, for what a worker answers is unpickled: see `docs/scaling.md`. Not here: what the texts are (`indexing.build`).
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ketarag.errors import IndexingError, KetaRAGError, ModelError, SettingsError
from ketarag.indexing.convert import LEAST_COSINE, SAMPLES
from ketarag.indexing.embedders import encode_for_index, load_embedder
from ketarag.protocols import Embedder, Vectors

if TYPE_CHECKING:
    from types import ModuleType

START_SECONDS = 180.0
"""How long there may be no worker: one that starts for the first time converts its model, half a minute."""

REACH_SECONDS = 5.0
"""For a connection to the cluster."""

GONE_SECONDS = 20.0
"""How long the cluster may be out of reach once it was reached."""

LOOK_SECONDS = 2.0
"""Between two looks at which machines there are, and whether the cluster can be reached."""

UNDER_WAY = 2
"""Batches of a worker: one that it embeds, one that waits there."""

TRIES = 4
"""Workers that one batch may take with it, as one with too little memory for it."""

_RAY_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_NUM_REDIS_GET_RETRIES": "1",  # of its first attempt, 40 s each
    "RAY_gcs_rpc_server_reconnect_timeout_s": "600",  # a cluster that is gone ends this process after that: GONE_SECONDS comes first
}
"""What Ray reads from the environment when it is imported."""

Load = Callable[[], Embedder]
"""Loads the model on a worker; sent there by name, so that it must be something of an installed module."""


def embed_on_ray(
    batches: Iterable[Sequence[str]], address: str, load: Load, like: Embedder, report: Callable[[str], None]
) -> Generator[Vectors, None, None]:
    """The vectors of each batch, shape (texts, dimension), in order, from workers whose model is that of `like`.

    The cluster is connected to before the first batch is asked for, and left when the last one came or the generator is closed. Raises
    SettingsError when `address` is none; IndexingError when Ray is not installed, when the cluster cannot be reached or goes away, when
    there is no worker for three minutes, or a batch fails with each of four; ModelError when a worker has another model or none.
    """
    place = parse(address)
    ray = _connected(address, place)
    try:
        yield from _Pool(ray, address, place, load, like, report).vectors(batches)
    finally:
        ray.shutdown()


def parse(address: str) -> tuple[str, int]:
    """Host and port of `host:6379`. Raises SettingsError for anything else."""
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.netloc != address or "@" in address:
        raise SettingsError(
            f"the Ray cluster {address!r} is not HOST:PORT; write what `ray start --head` has printed, such as 10.1.2.3:6379"
        )
    return host, port


def load_quietly(model: str) -> Embedder:
    """`Load` of a model by its name or folder on the worker."""
    return load_embedder(model, lambda _: None)


class Worker:
    """What runs on a machine of the cluster."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def hello(self) -> tuple[str, Vectors]:
        """The fingerprint of the model and the vectors of `SAMPLES`. Raises ModelError."""
        return self._embedder.fingerprint, encode_for_index(self._embedder, SAMPLES)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """As an index of this machine would have them."""
        return encode_for_index(self._embedder, texts)

    @cached_property
    def _embedder(self) -> Embedder:
        return self._load()


@dataclass(eq=False)
class _Batch:
    """`vectors` is None until they came; `tries` are the workers that were lost with it."""

    texts: Sequence[str]
    vectors: Vectors | None = None
    tries: int = 0


@dataclass(eq=False)
class _Member:
    """A worker as it is seen from here. `hello` is the answer that is waited for before it gets work; None once it came."""

    host: str
    actor: Any
    hello: Any
    under_way: dict[Any, _Batch] = field(default_factory=dict)


class _Pool:
    """Who embeds, and what is under way."""

    def __init__(
        self,
        ray: ModuleType,
        address: str,
        place: tuple[str, int],
        load: Load,
        like: Embedder,
        report: Callable[[str], None],
    ) -> None:
        self._ray, self._address, self._place = ray, address, place
        self._load, self._like, self._report = load, like, report
        self._samples = encode_for_index(like, SAMPLES)
        self._known: set[str] = set()
        self._members: list[_Member] = []
        self._todo: deque[_Batch] = deque()
        self._looked = float("-inf")
        self._worked = self._reached = time.monotonic()

    def vectors(self, batches: Iterable[Sequence[str]]) -> Iterator[Vectors]:
        """Of each batch, in order; at most `UNDER_WAY` for each worker are read ahead."""
        source = iter(batches)
        window: deque[_Batch] = deque()
        more = True
        self._look()
        while more or window:
            room = more and len(window) < UNDER_WAY * max(len(self._members), 1)
            if room:
                read = [_Batch(texts) for texts in islice(source, 1)]
                more = bool(read)
                window += read
                self._todo += read
            self._send()
            self._receive(0 if room else LOOK_SECONDS)
            self._look()
            while window and window[0].vectors is not None:
                yield window.popleft().vectors  # type: ignore[misc]

    def _look(self) -> None:
        """Now and then: a worker for each machine that is new, and whether all is well."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if _is_reached(self._place):
            self._reached = now
            self._recruit()
        elif now - self._reached > GONE_SECONDS:
            raise IndexingError(
                f"the Ray cluster at {self._address} cannot be reached any more; what was finished is kept: start the cluster, "
                "and run the same command again"
            )
        if any(one.hello is None for one in self._members):
            self._worked = now
        elif now - self._worked > START_SECONDS:
            raise IndexingError(
                f"no machine of the Ray cluster at {self._address} has had a worker for {START_SECONDS:g} s; `ray status` says which "
                "machines there are and what else they do; what was finished is kept"
            )

    def _recruit(self) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        for node in self._ray.nodes():
            name, processors = node["NodeID"], node["Resources"].get("CPU", 0)
            if name in self._known or not node["Alive"] or processors < 1:
                continue
            self._known.add(name)
            actor = (
                self._ray.remote(Worker)
                .options(
                    num_cpus=processors,
                    max_restarts=-1,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(name, soft=False),
                )
                .remote(self._load)
            )
            self._members.append(_Member(node["NodeManagerAddress"], actor, _hello(actor)))

    def _send(self) -> None:
        """Gives what is to be done to those that have least."""
        while self._todo:
            free = [one for one in self._members if one.hello is None and len(one.under_way) < UNDER_WAY]
            if not free:
                return
            member = min(free, key=lambda one: len(one.under_way))
            batch = self._todo.popleft()
            member.under_way[member.actor.encode.remote(batch.texts)] = batch

    def _receive(self, seconds: float) -> None:
        """Takes what has come; waits for it at most so long."""
        owners = {ref: one for one in self._members for ref in (one.hello, *one.under_way) if ref is not None}
        if not owners:
            time.sleep(seconds)
            return
        self._ray.wait(list(owners), num_returns=1, timeout=seconds)
        came, _ = self._ray.wait(list(owners), num_returns=len(owners), timeout=0)
        for ref in came:
            member = owners[ref]
            try:
                answer = self._ray.get(ref)
            except self._ray.exceptions.RayTaskError as error:
                raise _failed(member.host, error) from error
            except self._ray.exceptions.RayError:
                self._lost(member, ref)
                continue
            if ref is member.hello:
                self._check(member, *answer)
                member.hello = None
                self._report(f"Embedding on {self._count()} of the Ray cluster at {self._address}")
            else:
                member.under_way.pop(ref).vectors = answer

    def _count(self) -> str:
        count = sum(one.hello is None for one in self._members)
        return f"{count} machine{'s' * (count != 1)}"

    def _lost(self, member: _Member, ref: Any) -> None:
        """What it had is done by another. It is asked anew where it may start again; one that does not even answer then is forgotten."""
        if ref is member.hello:
            self._members.remove(member)
            self._todo.extendleft(member.under_way.values())
            return
        batch = member.under_way.pop(ref)
        batch.tries += 1
        if batch.tries == TRIES:
            raise IndexingError(
                f"{TRIES} workers of the Ray cluster at {self._address} ended while they embedded the same {len(batch.texts)} "
                "passages; give them more memory, and run the same command again: what was finished is kept"
            )
        self._todo.appendleft(batch)
        if member.hello is None:
            member.hello = _hello(member.actor)
            self._report(f"A worker on {member.host} was lost; others embed what it had")

    def _check(self, member: _Member, fingerprint: str, samples: Vectors) -> None:
        cure = "install the same ketarag and the same model there, or take the machine out of the cluster"
        if fingerprint != self._like.fingerprint:
            raise ModelError(
                f"the worker on {member.host} has the model {fingerprint!r}, this machine {self._like.fingerprint!r}; {cure}"
            )
        least = float((samples * self._samples).sum(axis=1).min())
        if not least >= LEAST_COSINE:
            raise ModelError(
                f"a vector of the worker on {member.host} has a cosine of {least:.5f} to this machine's, under {LEAST_COSINE}; {cure}"
            )


def _hello(actor: Any) -> Any:
    """Waits for a worker that starts again, which work does not: that is given to others."""
    return actor.hello.options(max_task_retries=TRIES).remote()


def _connected(address: str, place: tuple[str, int]) -> ModuleType:
    if not _is_reached(place):
        raise IndexingError(
            f"the Ray cluster at {address} cannot be reached within {REACH_SECONDS:g} s; start it with `ray start --head`, or "
            "leave --ray and KETARAG_RAY out"
        )
    for name, value in _RAY_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        from ray._private import worker
    except ImportError as error:
        raise IndexingError("Ray is missing; pip install 'ketarag[ray]'") from error
    # It prints on stdout what is said of lost workers, whatever is asked of `init`.
    worker.listen_error_messages = _say_nothing
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (ray.exceptions.RayError, RuntimeError, ValueError, OSError, SystemExit) as error:
        raise IndexingError(
            f"the Ray cluster at {address} does not take this machine ({_first_line(error)}); it must be one of the "
            f"cluster's, with the same Python and Ray: ray start --address={address}"
        ) from error
    module: ModuleType = ray
    return module


def _say_nothing(worker: object, threads_stopped: object) -> None:
    """In the place of Ray's own, with its arguments' names."""


def _is_reached(place: tuple[str, int]) -> bool:
    """Ray's own attempt takes much longer."""
    try:
        socket.create_connection(place, timeout=REACH_SECONDS).close()
    except OSError:
        return False
    return True


def _failed(host: str, error: Any) -> KetaRAGError:
    """What a worker raised, in words."""
    cause = error.cause
    if isinstance(cause, KetaRAGError):
        return type(cause)(f"the worker on {host}: {cause}")
    return IndexingError(f"the worker on {host} failed ({_first_line(cause)}); install the same ketarag there")


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
