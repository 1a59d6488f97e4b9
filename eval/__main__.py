"""python -m eval: asks the known questions, prints a table, exits 1 below `eval/thresholds.toml`.

Exit codes: 0 every threshold holds, 1 one does not, 2 usage or a case file that cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from eval.cases import SPLITS, CaseError, load_claims, load_questions
from eval.report import category_figures, claim_figures, failures, question_figures, table
from eval.runner import ClaimResult, QuestionResult, run_claims, run_questions
from ketarag import Assistant, KetaRAGError

T = TypeVar("T")


def main(argv: list[str] | None = None) -> int:
    """Runs a split and reports it; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m eval", description="Asks the known questions and checks the answers."
    )
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default="test",
        help="test (reported, never tuned on; default), blind (by a third author, looked at least), or dev",
    )
    parser.add_argument(
        "--category", action="append", help="only this category of questions (repeatable); no thresholds"
    )
    parser.add_argument("--show", action="store_true", help="print every case that was not answered as it should be")
    arguments = parser.parse_args(argv)
    try:
        questions = load_questions(arguments.split)
        claims = [] if arguments.category else load_claims(arguments.split)
        assistant = Assistant.load(progress=lambda line: print(line, file=sys.stderr))
    except (CaseError, KetaRAGError) as error:
        print(f"eval: {error}", file=sys.stderr)
        return 2
    if arguments.category:
        questions = [case for case in questions if case.category in arguments.category]
    results = list(_progress(run_questions(assistant, questions), len(questions), "questions"))
    verdicts = list(_progress(run_claims(assistant, claims), len(claims), "claims"))
    figures = {**question_figures(results), **claim_figures(verdicts)}
    print(
        f"Split {arguments.split}: {len(questions)} questions, {len(claims)} claims; assistant {assistant.fingerprint}\n"
    )
    print(table(figures))
    print(f"\nFacts by category\n{table(category_figures(results))}")
    if arguments.show:
        _show(results, verdicts)
    if arguments.category:
        return 0
    missed = failures(figures)
    print("\n" + ("\n".join(f"BELOW THRESHOLD  {line}" for line in missed) or "Every threshold holds."))
    return 1 if missed else 0


def _progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """A line on stderr every 50 items."""
    for at, item in enumerate(items, start=1):
        yield item
        if at % 50 == 0 or at == total:
            print(f"{what}: {at}/{total}", file=sys.stderr)


def _show(results: list[QuestionResult], verdicts: list[ClaimResult]) -> None:
    for result in results:
        declined = result.answer is not None and result.answer.abstained
        if result.error or declined == result.case.answerable or (result.facts or 1.0) < 1.0 or result.facts == 0.0:
            said = result.error or (result.answer.text if result.answer else "")
            print(
                f"\n{result.case.id} [{result.case.category}] {' / '.join([*result.case.history, result.case.question])}"
            )
            print(f"  wanted {[fact[0] for fact in result.case.facts] or 'an abstention'}\n  got    {said}")
    for verdict in verdicts:
        if not verdict.right:
            print(
                f"\n{verdict.case.id} [{verdict.case.kind}] {verdict.case.claim}\n  {list(verdict.verdict.problems) or 'accepted'}"
            )


if __name__ == "__main__":
    sys.exit(main())
