"""python -m eval.benchmarks.ray_workers FOLDER: passages a second through Ray with one and two workers, against none, in one run.

FOLDER is BEIR-like (its `corpus.jsonl` is read). The clusters are of this machine: one worker that has all cores, then two workers that
have one half each. What sending costs, and what is done beside embedding and bounds what one `ingest` can feed, is measured with vectors
that cost nothing. Times are from the first vectors to the last, so that what starting takes is left out and said apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice, repeat
from pathlib import Path

import numpy as np

from eval.benchmarks.collection import read_collection
from eval.benchmarks.files import BenchmarkError
from ketarag import KetaRAGError
from ketarag.config import BUNDLED_MODEL
from ketarag.indexing.build import rebuild_index
from ketarag.indexing.chunk import embedded_text
from ketarag.indexing.embedders import EmbedAll, encode_all, load_embedder
from ketarag.integrations.ray_embedder import embed_on_ray, load_quietly
from ketarag.protocols import Embedder, Vectors
from ketarag.testing import HashEmbedder

_SLICE = 512
"""As `indexing.build` sends them."""
_SENT = 200
"""Batches of which the sending is timed."""
_WARM_UP = 4
"""Slices that are not counted."""


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a figure a line; 0 done, 2 where the folder or the model cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.benchmarks.ray_workers", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--passages", type=int, default=2048, help="passages of each way (default 2048)")
    arguments = parser.parse_args(argv)
    try:
        passages = read_collection(arguments.folder).passages[: arguments.passages]
        texts = [embedded_text(passage.heading, passage.clean) for passage in passages]
        _measure(texts)
    except (BenchmarkError, KetaRAGError) as error:
        print(f"eval.benchmarks.ray_workers: {error}", file=sys.stderr)
        return 2
    return 0


def _measure(texts: Sequence[str]) -> None:
    embedder = load_embedder(BUNDLED_MODEL, lambda line: print(line, file=sys.stderr))
    cores = sorted(os.sched_getaffinity(0))
    half = len(cores) // 2
    print(f"{len(texts)} passages, {len(cores)} cores, load {os.getloadavg()[0]:.1f}")
    _say("this process", partial(encode_all, embedder), texts)
    with _cluster([cores]) as address:
        _say("one worker, all cores", _through(address, embedder), texts)
    with _cluster([cores[:half], cores[half:]]) as address:
        _say("two workers, half the cores each", _through(address, embedder), texts)
        _say_sending(address, texts)
    _say("this process again", partial(encode_all, embedder), texts)
    seconds, passages = _beside(texts, embedder)
    print(f"{'all but embedding':<34}{passages / seconds:8.1f} passages a second")


def _through(address: str, like: Embedder) -> EmbedAll:
    load = partial(load_quietly, BUNDLED_MODEL)
    return partial(embed_on_ray, address=address, load=load, like=like, report=lambda _: None)


def _say(name: str, embed_all: EmbedAll, texts: Sequence[str]) -> None:
    slices = [texts[start : start + _SLICE] for start in range(0, len(texts), _SLICE)]
    began = time.perf_counter()
    marks = [(time.perf_counter(), len(vectors)) for vectors in embed_all([*islice(cycle(slices), _WARM_UP), *slices])]
    rest = marks[_WARM_UP:]
    seconds = rest[-1][0] - marks[_WARM_UP - 1][0]
    rate = sum(count for _, count in rest) / seconds
    print(f"{name:<34}{rate:8.1f} passages a second, the first {_SLICE} after {marks[0][0] - began:.1f} s", flush=True)


def _say_sending(address: str, texts: Sequence[str]) -> None:
    """What a batch costs on its way, with workers that do nothing."""

    class Idle(HashEmbedder):  # a local class travels by value
        def encode(self, texts: Sequence[str]) -> Vectors:
            found = np.zeros((len(texts), self.dimension), dtype=np.float32)
            found[:, 0] = 1
            return found

    load, ahead = partial(Idle, 384), 8
    stream = embed_on_ray(repeat(texts[:_SLICE], _SENT + ahead), address, load, load(), lambda _: None)
    for _ in range(ahead):
        next(stream)
    began, spent = time.perf_counter(), time.process_time()
    for _ in range(_SENT):
        next(stream)
    wall, own = (
        (now - then) / _SENT * 1000 for now, then in ((time.perf_counter(), began), (time.process_time(), spent))
    )
    stream.close()
    letters = np.mean([len(text) for text in texts[:_SLICE]])
    print(
        f"{f'sending {_SLICE} of {letters:.0f} letters':<34}{wall:8.1f} ms, {own:.1f} ms of this process's processor time"
    )


@contextmanager
def _cluster(nodes: Sequence[Sequence[int]]) -> Iterator[str]:
    """A head that does not work, and a node for each set of cores; what a node starts keeps to them."""
    from ray.cluster_utils import Cluster

    all_cores = os.sched_getaffinity(0)
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for cores in nodes:
            os.sched_setaffinity(0, cores)
            made.add_node(num_cpus=len(cores))
        os.sched_setaffinity(0, all_cores)
        yield str(made.address)
    finally:
        os.sched_setaffinity(0, all_cores)
        made.shutdown()  # type: ignore[no-untyped-call]


def _beside(texts: Sequence[str], embedder: Embedder) -> tuple[float, int]:
    """Seconds that reading, cutting and keeping the texts as documents of twenty takes, and how many passages they make."""
    unit = np.zeros((1, embedder.dimension), dtype=np.float32)
    unit[0, 0] = 1

    def at_once(batches: Iterable[Sequence[str]]) -> Generator[Vectors, None, None]:
        for batch in batches:
            yield np.repeat(unit, len(batch), axis=0)

    ended: list[float] = []

    def report(line: str) -> None:
        if line == "Writing the index":
            ended.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for start in range(0, len(texts), 20):
            (corpus / f"{start}.txt").write_text("\n\n".join(texts[start : start + 20]), encoding="utf-8")
        began = time.perf_counter()
        done = rebuild_index(corpus, Path(folder) / "index", embedder, report, embed_all=at_once)
    return ended[0] - began, done.passages


if __name__ == "__main__":
    sys.exit(main())
