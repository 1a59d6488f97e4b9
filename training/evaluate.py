"""python -m training.evaluate: how well the program reads and finds on sets that people outside the project wrote, by path.

    python -m training.evaluate squad FILE            answerability (AUROC), gold sentence first
    python -m training.evaluate claims FILE           support against the other labels (AUROC), beside word coverage
    python -m training.evaluate conversations FOLDER  recall@5: last turn, all joined, and what the program does
    python -m training.evaluate ranking FOLDER QRELS  nDCG@10: vectors and BM25 fused, and the network on top

FILE and FOLDER are in the formats of the bench. Intervals: 95 %, bootstrap over paragraphs, claims or queries (1000 draws, fixed seed).
The first two read with the network alone, since the regressions on top of it were fitted on another kind of document.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ketarag.answering.cross_encoder import MODEL_FOLDER, CrossEncoder
from training import judged_reading, judged_retrieval


def main() -> int:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER, help="a folder that training.export wrote")
    sub = parser.add_subparsers(dest="what", required=True)
    squad = sub.add_parser("squad")
    squad.add_argument("path", type=Path)
    squad.add_argument("--article", action="append", help="only this article (repeatable)")
    sub.add_parser("claims").add_argument("path", type=Path)
    sub.add_parser("conversations").add_argument("path", type=Path)
    ranking = sub.add_parser("ranking")
    ranking.add_argument("path", type=Path)
    ranking.add_argument("qrels", help="a file in the folder qrels")
    arguments = parser.parse_args()
    if arguments.what == "squad":
        figures = judged_reading.squad(CrossEncoder.load(arguments.model), arguments.path, arguments.article)
    elif arguments.what == "claims":
        figures = judged_reading.claims(CrossEncoder.load(arguments.model), arguments.path)
    elif arguments.what == "conversations":
        figures = judged_retrieval.conversations(arguments.path)
    else:
        figures = judged_retrieval.ranking(CrossEncoder.load(arguments.model), arguments.path, arguments.qrels)
    for name, (value, low, high) in figures.items():
        print(f"{name:<40} {value:.3f}  [{low:.3f}, {high:.3f}]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
