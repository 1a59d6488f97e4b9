"""python -m eval: asks the known questions, says what changed, and exits 1 when an answer or a figure got worse.

    python -m eval [run] [--suite full|smoke] [--category NAME] [--case ID] [--out FOLDER] [--judge MODEL]
    python -m eval --llm MODEL [--llm-url URL]         a chat model's answers beside the extractive ones; never gates
    python -m eval accept --reason TEXT [--run FILE]   the run becomes the baseline
    python -m eval add FEEDBACK --to FILE              feedback from the chat -> draft cases
    python -m eval lint [FILE ...]                     faults in the cases themselves

Exit codes: 0 passes, 1 worse (or the cases have faults), 2 could not be run (usage, cases, documents, baseline).
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from eval import baseline, draft, lint
from eval.baseline import BaselineError
from eval.cases import CATEGORIES, SPLITS, CaseError
from eval.judge import JudgeError
from eval.night import Selection, night
from ketarag import KetaRAGError

OUT = Path("build/eval")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help")):
        given.insert(0, "run")
    arguments = _parser().parse_args(given)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except (CaseError, BaselineError, JudgeError, KetaRAGError, OSError) as error:
        print(f"eval: {error}", file=sys.stderr)
        return 2
    except Exception:  # a fault of the evaluation says nothing of the answers: Python's own exit code, 1, would
        traceback.print_exc()
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="ask and judge; what happens without a command")
    run.add_argument(
        "--suite", choices=("full", "smoke"), default="full", help="all of dev and test, or a tenth of test"
    )
    run.add_argument("--split", choices=SPLITS, action="append", help="these splits only (repeatable); not gated")
    run.add_argument("--category", choices=sorted(CATEGORIES), action="append", help="only these (repeatable)")
    run.add_argument("--case", action="append", metavar="ID", help="only this one (repeatable)")
    run.add_argument("--out", type=Path, default=OUT, help=f"where the report, the run and the history go ({OUT})")
    run.add_argument("--judge", metavar="MODEL", help="a LangChain chat model that gives its opinion too; never gates")
    run.add_argument("--llm", metavar="MODEL", help="instead, compare what this chat model writes, verified and not")
    run.add_argument("--llm-url", metavar="URL", help="base URL of the OpenAI-compatible server that has it")
    run.set_defaults(command=_run)
    accept = commands.add_parser("accept", help="make a full run the baseline")
    accept.add_argument("--reason", required=True, help="what got better, and why what got worse may")
    accept.add_argument("--run", type=Path, default=OUT / "run.json", help=f"({OUT / 'run.json'})")
    accept.set_defaults(command=_accept)
    for name, module, words in (("add", draft, "feedback -> draft cases"), ("lint", lint, "faults in the cases")):
        sub = commands.add_parser(name, help=words)
        module.add_arguments(sub)
        sub.set_defaults(command=module.run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    chosen = Selection(
        arguments.suite,
        tuple(arguments.split or ()),
        frozenset(arguments.category or ()),
        frozenset(arguments.case or ()),
    )
    if arguments.llm:
        from eval.generated.run import run  # LangChain

        run(chosen.questions(), arguments.out, arguments.llm, arguments.llm_url)
        return 0
    return 0 if night(chosen, arguments.out, arguments.judge) else 1


def _accept(arguments: argparse.Namespace) -> int:
    run = baseline.load(arguments.run)
    baseline.accept(run, arguments.reason)
    dirty = " (with changes that are not committed)" if run.environment.dirty else ""
    print(f"The run of {run.environment.started} on {run.environment.commit[:12]}{dirty} is the baseline now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
