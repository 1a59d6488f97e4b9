"""Reading and checking, judged on SQuAD 2.0 and on public claim sets: the network alone, and beside it what needs none."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketarag.answering.cross_encoder import CrossEncoder
from ketarag.text import content_stems
from training.intervals import Figure, auroc, mean
from training.sentences import one_line, sentence_spans
from training.sources import json_lines

COVERAGE_WEIGHT = 2.0
"""Of word coverage beside the evidence score (log odds) of a sentence."""
WINDOWS = 4
"""Stretches of three sentences that a claim is held against: those that cover most of its words."""


def squad(network: CrossEncoder, file: Path, articles: Sequence[str] | None) -> dict[str, Figure]:
    """Answerability and the evidence sentence, over a file in the format of SQuAD 2.0."""
    asked: list[tuple[str, bool, float, dict[str, bool]]] = []
    for article in json.loads(file.read_text(encoding="utf-8"))["data"]:
        if articles and article["title"] not in articles:
            continue
        for number, paragraph in enumerate(article["paragraphs"]):
            asked += [(f"{article['title']} {number}", *row) for row in _paragraph(network, paragraph)]
    clusters, answerable, odds, firsts = zip(*asked, strict=True)
    figures = {"answerability AUROC": auroc(answerable, odds, clusters)}
    answered = [(cluster, first) for cluster, right, _, first in asked if right]
    for name in firsts[0]:
        figures[f"gold sentence first: {name}"] = mean([first[name] for _, first in answered], [c for c, _ in answered])
    return figures


def _paragraph(network: CrossEncoder, paragraph: Any) -> list[tuple[bool, float, dict[str, bool]]]:
    spans = sentence_spans(paragraph["context"])
    texts = [paragraph["context"][start:end] for start, end in spans]
    rows = []
    for question in paragraph["qas"]:
        (reading,) = network.read(one_line(question["question"]), [texts])
        starts = {answer["answer_start"] for answer in question["answers"]}
        gold = {at for at, (start, end) in enumerate(spans) if any(start <= place < end for place in starts)}
        cover = word_coverage(question["question"], texts)
        scores = {
            "network": reading.evidence,
            "network and coverage": reading.evidence + COVERAGE_WEIGHT * cover,
            "coverage": cover,
        }
        first = {name: int(np.argmax(values)) in gold for name, values in scores.items()}
        rows.append((not question.get("is_impossible", False), reading.answers, first))
    return rows


def word_coverage(question: str, texts: Sequence[str]) -> NDArray[np.float64]:
    """Share of the question's content stems, each weighing as it is rare among the texts, that each text holds."""
    held = [set(content_stems(text)) for text in texts]
    weights = {
        word: math.log((len(texts) + 1) / (sum(word in other for other in held) + 0.5))
        for word in content_stems(question)
    }
    total = sum(weights.values()) or 1.0
    return np.array([sum(weights[word] for word in weights if word in other) / total for other in held])


def claims(network: CrossEncoder, file: Path) -> dict[str, Figure]:
    """Support against each other label and against all of them, for the network and for word coverage."""
    rows = json_lines(file)
    labels = [row["label"] for row in rows]
    scores = {
        "network and coverage": [claim_score(network, row["claim"], row["evidence"]) for row in rows],
        "coverage": [covered(row["claim"], " ".join(row["evidence"])) for row in rows],
    }
    figures: dict[str, Figure] = {}
    for name, values in scores.items():
        for other in [*sorted(set(labels) - {"SUPPORT"}), "the rest"]:
            kept = [at for at, label in enumerate(labels) if label == "SUPPORT" or other in (label, "the rest")]
            figures[f"{name}: SUPPORT against {other}"] = auroc(
                [labels[at] == "SUPPORT" for at in kept],
                [values[at] for at in kept],
                [rows[at]["claim"] for at in kept],
            )
    return figures


def claim_score(network: CrossEncoder, claim: str, evidence: Sequence[str]) -> float:
    """Probability of support less that of contradiction, in the window about which the network is surest, plus word coverage by all."""
    texts = [one_line(text) for text in evidence]
    windows = [texts[max(0, at - 1) : at + 2] for at in range(len(texts))]
    ranked = sorted(windows, key=lambda window: -covered(claim, " ".join(window)))[:WINDOWS]
    found = [network.entail(claim, window) for window in ranked]
    best = max(found, key=lambda one: max(one.supported, one.contradicted))
    return best.supported - best.contradicted + covered(claim, " ".join(texts))


def covered(claim: str, text: str) -> float:
    """Share of the claim's content stems that stand in the text."""
    said, held = set(content_stems(claim)), set(content_stems(text))
    return len(said & held) / len(said) if said else 0.0
