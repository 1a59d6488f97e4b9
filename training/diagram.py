"""python -m training.diagram: the reliability diagram of the model card, over the questions of the test and blind splits."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eval.cases import load_questions
from eval.metrics import reliability
from eval.runner import run_questions
from ketarag import Assistant

OUT = Path(__file__).parents[1] / "docs" / "images" / "reliability.png"


def main() -> int:
    """Draws the share answerable over the mean confidence of ten bins, with how many questions each holds."""
    parser = argparse.ArgumentParser(prog="python -m training.diagram", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    cases = [(split, case) for split in ("test", "blind") for case in load_questions(split)]
    records = list(run_questions(Assistant.load(), cases))
    told = [(record.answer.confidence, record.answerable) for record in records if record.answer is not None]
    bins = reliability([confidence for confidence, _ in told], [right for _, right in told])
    _draw(bins, len(told), out)
    return 0


def _draw(bins: list[tuple[float, float, int]], count: int, out: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", linewidth=1)
    axes.plot([mean for mean, _, _ in bins], [share for _, share, _ in bins], marker="o", color="#1f5f8b")
    for mean, share, held in bins:
        axes.annotate(str(held), (mean, share), textcoords="offset points", xytext=(6, -12), fontsize=8)
    axes.set(
        xlabel="confidence (mean of the bin)",
        ylabel="share of questions that the document answers",
        xlim=(0, 1),
        ylim=(0, 1.03),
    )
    axes.set_title(f"{count} questions of the test and blind splits", fontsize=10)
    figure.savefig(out, dpi=130)


if __name__ == "__main__":
    sys.exit(main())
