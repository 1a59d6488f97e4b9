"""verify, second layer: does the passage mean what the claim says? The network's judgement beside the covering of words.

The first layer (`verify`) has found nothing exactly wrong: figures, units, comparators, routes, negation, names. What is left is what words
in another form, or a plausible addition, do to the meaning. Words that are covered are believed unless the network is nearly sure that the
passage does not support them; words that are not are believed only when it is fairly sure that it does. Both layers must pass.
"""

from __future__ import annotations

from ketarag.answering.verify import Check, ExactVerifier
from ketarag.glossary import Glossary
from ketarag.protocols import Embedder, Entailment, PairModel
from ketarag.types import Verdict

LEAST_WITH_WORDS = 0.05
LEAST_WITHOUT_WORDS = 0.62
"""Probability of support asked for where the claim's words are covered, and where they are not: chosen on the development claims and
on held-out ones of our own (`python -m training.calibrate_verifier`), log odds of -2 and 0.5."""


class EntailmentVerifier(ExactVerifier):
    """Adds the learned layer to the exact one."""

    def __init__(self, glossary: Glossary, embedder: Embedder | None, network: PairModel) -> None:
        """`network` must be the one that the two probabilities above were chosen with."""
        super().__init__(glossary, embedder)
        self._network = network
        self.fingerprint = f"exact+{network.fingerprint}"

    def _judge(self, claim: str, checks: list[Check]) -> Verdict:
        """Supported when a window with nothing exactly wrong supports the claim; `score` is the network's probability of it."""
        sound = [check for check in checks if not check.problems]
        if not sound:
            return super()._judge(claim, checks)
        read = [(check, self._network.entail(claim, check.sentences)) for check in sound]
        passing = [pair for pair in read if passes(*pair)]
        best, entailment = max(passing or read, key=lambda pair: pair[1].supported)
        problems = () if passing else (*best.wording, _said(entailment))
        return Verdict(bool(passing), entailment.supported, (best.citation,), problems)


def passes(check: Check, entailment: Entailment) -> bool:
    """Whether a window without exact problems is believed to support the claim."""
    return entailment.supported >= (LEAST_WITHOUT_WORDS if check.wording else LEAST_WITH_WORDS)


def _said(entailment: Entailment) -> str:
    if entailment.contradicted > entailment.not_said:
        return "the cited passage says otherwise"
    return "the cited passage does not say this"
