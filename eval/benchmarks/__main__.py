"""python -m eval.benchmarks: how well the program finds, reads and checks on sets that people outside the project wrote, by path.

    python -m eval.benchmarks squad FILE             SQuAD 2.0: answerability, gold sentence first
    python -m eval.benchmarks conversations FOLDER   mtRAG, doc2dial: last turn, all turns joined, as shipped
    python -m eval.benchmarks retrieval FOLDER       BEIR-like: BM25, MiniLM, both fused, read again by the network
    python -m eval.benchmarks claims FILE            support against the other labels

Prints a figure a line with its 95 % interval (bootstrap over clusters, `eval.statistics`) and the rows it is over. Exit codes: 0 done,
2 usage, or a file or model that cannot be used. Nothing here fails for a low figure.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eval.benchmarks.claims import claims
from eval.benchmarks.collection import Collection, read_collection
from eval.benchmarks.conversations import conversations
from eval.benchmarks.figures import Figures
from eval.benchmarks.files import BenchmarkError, LabelledClaim, read_lines, read_squad
from eval.benchmarks.held_out import held_out_claims, held_out_queries
from eval.benchmarks.retrieval import retrieval
from eval.benchmarks.squad import squad
from eval.record import Figure
from ketarag import KetaRAGError
from ketarag.answering.cross_encoder import MODEL_FOLDER, CrossEncoder
from ketarag.answering.features import FeatureExtractor
from ketarag.answering.rarity import TermStatistics
from ketarag.answering.read import TrainedReader
from ketarag.answering.weights import FIRST_READER, TRAINED_READER, ReaderWeights
from ketarag.config import BUNDLED_MODEL
from ketarag.glossary import Glossary
from ketarag.indexing.embedders import load_embedder
from ketarag.protocols import Embedder, PairModel
from ketarag.types import Passage


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what was measured, on what, and the figures; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        print(table(arguments.run(arguments)))
    except (BenchmarkError, KetaRAGError) as error:
        print(f"eval.benchmarks: {error}", file=sys.stderr)
        return 2
    return 0


def table(figures: Figures) -> str:
    """A figure a line: value, interval, count; one that could not be scored says so."""
    width = max(map(len, figures))
    return "\n".join(f"{name:<{width}}  {_shown(one)}" for name, one in figures.items())


def _shown(one: Figure | None) -> str:
    return f"{one.value:.3f}  [{one.low:.3f}, {one.high:.3f}]  n={one.count}" if one else "not scored"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks", description=__doc__.partition("\n")[0])
    kinds = parser.add_subparsers(required=True, metavar="squad|conversations|retrieval|claims")
    reads = argparse.ArgumentParser(add_help=False)
    reads.add_argument("--model", type=Path, default=MODEL_FOLDER, help="a folder that training.export wrote")
    unseen = argparse.ArgumentParser(add_help=False)
    unseen.add_argument("--held-out", action="store_true", help="only what the reader was not trained on")
    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument("--split", help="the file in qrels/, without .tsv; not needed where there is one only")
    article = argparse.ArgumentParser(add_help=False)
    article.add_argument("--article", action="append", default=[], help="only this article (repeatable)")
    for name, run, parents in (
        ("squad", _squad, [reads, article]),
        ("conversations", _conversations, [folder]),
        ("retrieval", _retrieval, [reads, folder, unseen]),
        ("claims", _claims, [reads, unseen]),
    ):
        kind = kinds.add_parser(name, parents=parents)
        kind.add_argument("path", type=Path)
        kind.set_defaults(run=run)
    return parser


def _squad(arguments: argparse.Namespace) -> Figures:
    file = read_squad(arguments.path)
    embedder, network = _embedder(), CrossEncoder.load(arguments.model)
    _tell(f"squad: {arguments.path.name}, {', '.join(arguments.article) or 'all articles'}", embedder, network)
    return squad(file, arguments.article, embedder, network, lambda found: _reader(found, embedder, network))


def _reader(passages: Sequence[Passage], embedder: Embedder, network: PairModel) -> TrainedReader:
    """The reader with its shipped regressions, whatever the network."""
    features = FeatureExtractor(embedder, Glossary(), TermStatistics.of(passages, Glossary()))
    first = ReaderWeights.load(FIRST_READER, network=False)
    return TrainedReader(features, first, ReaderWeights.load(TRAINED_READER, network=True), network)


def _conversations(arguments: argparse.Namespace) -> Figures:
    collection = read_collection(arguments.path, arguments.split)
    embedder = _embedder()
    _tell(f"conversations: {_counted(collection)}", embedder)
    return conversations(collection, embedder)


def _retrieval(arguments: argparse.Namespace) -> Figures:
    collection = read_collection(arguments.path, arguments.split)
    if arguments.held_out:
        collection = replace(collection, queries=tuple(held_out_queries(arguments.path, collection.queries)))
    embedder, network = _embedder(), CrossEncoder.load(arguments.model)
    _tell(f"retrieval: {_counted(collection)}", embedder, network)
    return retrieval(collection, embedder, network)


def _claims(arguments: argparse.Namespace) -> Figures:
    rows = read_lines(arguments.path, LabelledClaim)
    if arguments.held_out:
        rows = held_out_claims(arguments.path, rows)
    embedder, network = _embedder(), CrossEncoder.load(arguments.model)
    _tell(f"claims: {arguments.path.name}, {len(rows)} pairs", embedder, network)
    return claims(rows, embedder, network)


def _embedder() -> Embedder:
    """The one that ships, in the runtime that serves it."""
    return load_embedder(BUNDLED_MODEL, lambda line: print(line, file=sys.stderr))


def _counted(collection: Collection) -> str:
    return f"{collection.name}, {len(collection.queries)} queries, {len(collection.passages)} passages"


def _tell(what: str, *models: Embedder | PairModel) -> None:
    """What is measured, with what, on what: at once, since a run takes minutes."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{what}\nmodels {', '.join(model.fingerprint for model in models)}; {machine}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
