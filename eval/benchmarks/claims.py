"""Checking claims against given sentences (BEGIN, WiCE, SciFact): support against what is not support.

Three scores, none of them a verdict: the network with word coverage, word coverage alone, and the cosine of the nearest sentence alone.
The program's verdict also has rules for figures, units, routes and the like, which these sets hardly touch; `python -m eval` judges those.
"""

from __future__ import annotations

from collections.abc import Sequence

from eval.benchmarks.figures import Figures, auroc
from eval.benchmarks.files import LabelledClaim
from eval.benchmarks.progress import told
from ketarag.protocols import Embedder, PairModel
from ketarag.text import content_stems

SUPPORT = "SUPPORT"
WINDOWS = 4
"""Stretches of three sentences that the network reads for a claim: those that cover most of its words."""


def claims(rows: Sequence[LabelledClaim], embedder: Embedder, network: PairModel) -> Figures:
    """AUROC of SUPPORT against each other label, and against all of them, for each score. Intervals by claim."""
    scores = {
        "network and coverage": [claim_score(network, row.claim, row.evidence) for row in told(rows, "claims")],
        "coverage": [covered(row.claim, " ".join(row.evidence)) for row in rows],
        "cosine": [nearest(embedder, row.claim, row.evidence) for row in told(rows, "cosines")],
    }
    others = sorted({row.label for row in rows} - {SUPPORT})
    figures = {}
    for way, values in scores.items():
        for name, labels in [*((label, {label}) for label in others), ("the rest", set(others))]:
            kept = [at for at, row in enumerate(rows) if row.label in labels | {SUPPORT}]
            figures[f"{SUPPORT} against {name}: {way}"] = auroc(
                [rows[at].label == SUPPORT for at in kept],
                [values[at] for at in kept],
                [rows[at].claim for at in kept],
            )
    return figures


def claim_score(network: PairModel, claim: str, evidence: Sequence[str]) -> float:
    """In [-1, 2]: support less contradiction in the window about which the network is surest, plus word coverage by all the evidence."""
    texts = [" ".join(text.split()) for text in evidence]
    windows = [texts[max(0, at - 1) : at + 2] for at in range(len(texts))]
    ranked = sorted(windows, key=lambda window: -covered(claim, " ".join(window)))[:WINDOWS]
    found = [network.entail(claim, window) for window in ranked]
    best = max(found, key=lambda one: max(one.supported, one.contradicted))
    return best.supported - best.contradicted + covered(claim, " ".join(texts))


def covered(claim: str, text: str) -> float:
    """Share of the claim's content stems that stand in the text, in [0, 1]; 0 for a claim without content."""
    said, held = set(content_stems(claim)), set(content_stems(text))
    return len(said & held) / len(said) if said else 0.0


def nearest(embedder: Embedder, claim: str, evidence: Sequence[str]) -> float:
    """Cosine of the claim and the sentence nearest to it, in [-1, 1]."""
    vectors = embedder.encode([claim, *evidence])
    return float((vectors[1:] @ vectors[0]).max())
