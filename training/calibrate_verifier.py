"""python -m training.calibrate_verifier: what the two probabilities of `ketarag.answering.entail` reach, so that they can be chosen.

Claims of the development split, against the article, and held-out claims of our own writing, against their passage, go through both layers
for each pair of probabilities (as log odds); printed are the shares of supported claims accepted and of others rejected. The
development claims also shaped the exact layer, the held-out ones neither. The test splits are never read here.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from eval.cases import load_claims
from ketarag import Assistant
from ketarag.answering.cross_encoder import CrossEncoder
from ketarag.answering.entail import EntailmentVerifier
from ketarag.answering.verify import Check
from ketarag.assistant import VERIFY_PASSAGES
from ketarag.config import Settings
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.loading import load_glossary
from ketarag.types import Passage, Sentence, Verdict
from training.examples import SUPPORTED, Row, read_rows

WITH_WORDS = (-9.0, -3.0, -2.0, -1.0)
WITHOUT_WORDS = (0.0, 0.5, 1.0, 9.0)
"""Log odds of support that are tried. -9 and 9 leave the network out."""


@dataclass(frozen=True)
class Judged:
    """A claim with (log odds of support, whether its words are covered) of each window that the exact layer lets pass."""

    group: str
    supported: bool
    windows: tuple[tuple[float, bool], ...]

    def passes(self, with_words: float, without_words: float) -> bool:
        """As `entail.passes` for any window."""
        return any(odds >= (with_words if covered else without_words) for odds, covered in self.windows)


class _Listening(EntailmentVerifier):
    """Keeps what the exact layer found, instead of judging."""

    heard: list[Check]

    def _judge(self, claim: str, checks: list[Check]) -> Verdict:  # noqa: ARG002
        self.heard += checks
        return Verdict(False, 0.0, (checks[0].citation,), ("not judged",))

    def windows(self, claim: str, passages: Sequence[Passage]) -> tuple[tuple[float, bool], ...]:
        """Of each sound window; a claim that stands word for word has one that passes whatever is asked."""
        self.heard = []
        if self.verify(claim, passages).supported:
            return ((math.inf, True),)
        sound = [check for check in self.heard if not check.problems]
        return tuple((self._odds(claim, check), not check.wording) for check in sound)

    def _odds(self, claim: str, check: Check) -> float:
        probability = self._network.entail(claim, check.sentences).supported
        return math.log((probability + 1e-6) / (1 - probability + 1e-6))


def main() -> int:
    """Prints one line for each pair of probabilities."""
    parser = argparse.ArgumentParser(
        prog="python -m training.calibrate_verifier", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--held-out", type=Path, required=True, help="held_out_own.jsonl of training.prepare")
    arguments = parser.parse_args()
    glossary = load_glossary(Settings.from_environment())
    listening = _Listening(glossary, SentenceTransformerEmbedder(), CrossEncoder.load())
    assistant = Assistant.load()
    judged = []
    for case in load_claims("dev"):
        passages = [hit.passage for hit in assistant.retrieve(case.claim, VERIFY_PASSAGES)]
        judged.append(Judged("development", case.supported, listening.windows(case.claim, passages)))
    for row in read_rows(arguments.held_out):
        if row.task == "entail":
            judged.append(Judged("held-out", row.label == SUPPORTED, listening.windows(row.first, [_passage(row)])))
    print("with words, without: accepted and rejected, development; held-out")
    for with_words, without_words in product(WITH_WORDS, WITHOUT_WORDS):
        shares = [_shares(judged, group, with_words, without_words) for group in ("development", "held-out")]
        print(f"{with_words:5.1f} {without_words:5.1f}:  " + "   ".join(f"{a:.3f} {r:.3f}" for a, r in shares))
    return 0


def _shares(judged: Sequence[Judged], group: str, with_words: float, without_words: float) -> tuple[float, float]:
    passed = [(one.supported, one.passes(with_words, without_words)) for one in judged if one.group == group]
    accepted = [given for supported, given in passed if supported]
    rejected = [not given for supported, given in passed if not supported]
    return sum(accepted) / len(accepted), sum(rejected) / len(rejected)


def _passage(row: Row) -> Passage:
    text = " ".join(row.sentences)
    found, at = [], 0
    for clean in row.sentences:
        found.append(Sentence(row.group, at, at + len(clean), "", clean, clean, 0))
        at += len(clean) + 1
    return Passage(row.group, row.group, 0, len(text), "", text, text, tuple(found))


if __name__ == "__main__":
    sys.exit(main())
