"""python -m eval.benchmarks.peers: this program and what a user would pick instead, on the same questions, in one run.

    python -m eval.benchmarks.peers --environments DIR [--split test] [--only NAME ...]

DIR holds a virtual environment for each of langchain, llamaindex, haystack and txtai; `docs/benchmarks.md` says how they are made. One that
is missing is left out, and said. Prints the table. Exit codes: 0 done, 2 something cannot be used.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from eval.benchmarks.files import BenchmarkError
from eval.benchmarks.peers.figures import figures, table
from eval.benchmarks.peers.talk import measured
from eval.cases import QuestionCase, load_questions
from ketarag import KetaRAGError
from ketarag.config import BUNDLED_MODEL, shipped_corpus
from ketarag.indexing.embed import model_path

PEERS = ("langchain", "llamaindex", "haystack", "txtai")
OURS = "ketarag"


def main(argv: Sequence[str] | None = None) -> int:
    """Measures every system that there is an environment for; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        cases = [case for case in load_questions(arguments.split) if not case.history]
        print(table(_rows(arguments, cases)))
    except (BenchmarkError, KetaRAGError, ValueError) as error:
        print(f"eval.benchmarks.peers: {error}", file=sys.stderr)
        return 2
    return 0


def _rows(arguments: argparse.Namespace, cases: Sequence[QuestionCase]) -> dict[str, dict[str, float | None]]:
    questions = [case.question for case in cases]
    model = Path(model_path(BUNDLED_MODEL))
    rows = {}
    for name, python in _pythons(arguments.environments, arguments.only).items():
        with tempfile.TemporaryDirectory() as folder:
            _copy_corpus(Path(folder), with_sidecars=name == OURS)
            print(f"{name}: {len(questions)} questions", file=sys.stderr, flush=True)
            rows[name] = figures(measured(name, python, Path(folder), model, questions), cases)
    return rows


def _pythons(environments: Path, only: Sequence[str]) -> dict[str, Path]:
    pythons = {OURS: Path(sys.executable)}
    for name in PEERS:
        python = environments / name / "bin" / "python"
        if python.is_file():
            pythons[name] = python
        else:
            print(f"{name} is left out: {python} is missing", file=sys.stderr)
    return {name: python for name, python in pythons.items() if not only or name in only}


def _copy_corpus(folder: Path, with_sidecars: bool) -> None:
    """The shipped documents as they were given. Sidecars are this program's own; the others would read them as text."""
    for path in shipped_corpus().iterdir():
        if path.suffix == ".txt" or (with_sidecars and path.suffix == ".toml"):
            shutil.copy(path, folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks.peers", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--environments", type=Path, required=True, metavar="DIR", help="a virtual environment for each"
    )
    parser.add_argument("--split", default="test", help="the cases of this split that stand alone (default test)")
    parser.add_argument(
        "--only", action="append", default=[], choices=(OURS, *PEERS), help="only this one (repeatable)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
