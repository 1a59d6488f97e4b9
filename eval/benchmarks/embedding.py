"""python -m eval.benchmarks.embedding FOLDER: passages a second of our runtime against `SentenceTransformer.encode` as it comes.

FOLDER is BEIR-like (its `corpus.jsonl` is read). Both embed the same passages in turns, in one run, so that a busy machine is busy for
both; the ratio is of the medians of their turns. Then one question at a time. Also the least cosine of any passage's two vectors.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from eval.benchmarks.collection import read_collection
from eval.benchmarks.files import BenchmarkError
from ketarag import KetaRAGError
from ketarag.config import BUNDLED_MODEL
from ketarag.indexing.chunk import embedded_text
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.embedders import encode_for_index, load_embedder

_WARM_UP = 64


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a figure a line; 0 done, 2 where the folder or the model cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks.embedding", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--passages", type=int, default=640, help="passages of a turn (default 640)")
    parser.add_argument("--turns", type=int, default=5, help="turns of each (default 5)")
    arguments = parser.parse_args(argv)
    try:
        collection = read_collection(arguments.folder)
        passages = collection.passages[: arguments.passages]
        texts = [embedded_text(passage.heading, passage.clean) for passage in passages]
        questions = [query.text for query in collection.queries][:200]
        return _measure(texts, questions, arguments.turns)
    except (BenchmarkError, KetaRAGError) as error:
        print(f"eval.benchmarks.embedding: {error}", file=sys.stderr)
        return 2


def _measure(texts: Sequence[str], questions: Sequence[str], turns: int) -> int:
    fast = load_embedder(BUNDLED_MODEL, lambda line: print(line, file=sys.stderr))
    model = SentenceTransformerEmbedder(BUNDLED_MODEL).model
    ways: dict[str, Callable[[], object]] = {
        "SentenceTransformer.encode": lambda: model.encode(list(texts), show_progress_bar=False),
        "ours": lambda: encode_for_index(fast, texts),
    }
    model.encode(list(texts[:_WARM_UP]), show_progress_bar=False)
    encode_for_index(fast, texts[:_WARM_UP])
    seconds = {name: [] for name in ways}  # type: dict[str, list[float]]
    for _ in range(turns):
        for name, way in ways.items():
            seconds[name].append(_seconds(way))
    pieces = np.mean([fast.count_word_pieces(text) for text in texts])
    print(f"{len(texts)} passages of {pieces:.0f} word pieces, {turns} turns each; {_machine()}")
    for name, taken in seconds.items():
        rates = len(texts) / np.array(taken)
        print(f"{name:<28}{np.median(rates):7.1f} passages a second ({rates.min():.1f} to {rates.max():.1f})")
    slow, quick = (float(np.median(seconds[name])) for name in ways)
    each = np.array(seconds["SentenceTransformer.encode"]) / np.array(seconds["ours"])
    print(f"{'ratio':<28}{slow / quick:7.2f} (turn by turn {each.min():.2f} to {each.max():.2f})")
    reference = np.asarray(model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False))
    cosines = (reference * encode_for_index(fast, texts)).sum(axis=1)
    print(f"{'least cosine':<28}{cosines.min():7.5f} (mean {cosines.mean():.5f})")
    one = [_seconds(lambda: fast.encode([question])) * 1000 for question in [*questions[:10], *questions]][10:]  # noqa: B023
    theirs = [_seconds(lambda: model.encode([question])) * 1000 for question in questions]  # noqa: B023
    print(f"{'one question, ours':<28}{np.median(one):7.2f} ms (p95 {np.quantile(one, 0.95):.2f})")
    print(f"{'one question, theirs':<28}{np.median(theirs):7.2f} ms (p95 {np.quantile(theirs, 0.95):.2f})")
    return 0


def _seconds(way: Callable[[], object]) -> float:
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main())
