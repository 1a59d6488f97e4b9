"""python -m training.evaluate: how well the shipped reader reads sets that people outside the project wrote, by path.

    python -m training.evaluate squad FILE            answerability (AUROC), gold sentence first
    python -m training.evaluate claims FILE           support against refute, against not said (AUROC), beside cosine and word coverage
    python -m training.evaluate ranking FOLDER QRELS  nDCG@10: BM25, embeddings, both fused, and the reader on top

FILE and FOLDER are in the formats of the bench. Intervals: 95 %, bootstrap over paragraphs or claims (1000 draws, fixed seed).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ketarag.answering.cross_encoder import MODEL_FOLDER, CrossEncoder
from ketarag.text import STOP_WORDS, content_stems
from training.sentences import sentence_spans
from training.sources import json_lines

Array = NDArray[np.float64]
DRAWS = 1000
SEED = 20261125


def main() -> int:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    sub = parser.add_subparsers(dest="what", required=True)
    for name in ("squad", "claims"):
        sub.add_parser(name).add_argument("file", type=Path)
    sub.choices["squad"].add_argument("--article", action="append", help="only this article (repeatable)")
    sub.choices["squad"].add_argument("--sample", type=int, help="every n-th paragraph")
    arguments = parser.parse_args()
    network = CrossEncoder.load(arguments.model)
    if arguments.what == "squad":
        _print(squad(network, arguments.file, arguments.article, arguments.sample or 1))
    else:
        _print(claims(network, arguments.file))
    return 0


def _print(figures: Mapping[str, tuple[float, float, float]]) -> None:
    for name, (value, low, high) in figures.items():
        print(f"{name:<34} {value:.3f}  [{low:.3f}, {high:.3f}]")


# ---- reading ---------------------------------------------------------------------------------------------------------------


def squad(
    network: CrossEncoder, file: Path, articles: Sequence[str] | None, every: int
) -> dict[str, tuple[float, float, float]]:
    """Answerability and evidence over a file in the format of SQuAD 2.0; clusters are paragraphs."""
    rows = []  # (cluster, answerable, log odds, evidence right, evidence + coverage right)
    data = json.loads(file.read_text(encoding="utf-8"))["data"]
    for article in data:
        if articles and article["title"] not in articles:
            continue
        for number, paragraph in enumerate(article["paragraphs"][::every]):
            cluster = f"{article['title']}-{number}"
            rows += [(cluster, *row) for row in _paragraph(network, paragraph)]
    clusters = np.array([row[0] for row in rows])
    answerable = np.array([row[1] for row in rows])
    odds = np.array([row[2] for row in rows])
    found = {
        "answerability AUROC": _interval(lambda at: roc_auc_score(answerable[at], odds[at]), clusters),
    }
    for column, name in (
        (3, "gold sentence first"),
        (4, "gold sentence first, with coverage"),
        (5, "word coverage alone"),
    ):
        right = np.array([float(row[column]) for row in rows if row[1]])
        found[name] = _interval(lambda at, right=right: float(right[at].mean()), clusters[answerable])
    return found


def _paragraph(network: CrossEncoder, paragraph: Mapping[str, Any]) -> list[tuple[bool, float, bool, bool, bool]]:
    context = str(paragraph["context"])
    spans = sentence_spans(context)
    texts = [context[start:end] for start, end in spans]
    rows = []
    for question in paragraph["qas"]:  # type: ignore[attr-defined]
        (reading,) = network.read(" ".join(question["question"].split()), [texts])
        starts = {answer["answer_start"] for answer in question["answers"]}
        gold = {i for i, (start, end) in enumerate(spans) if any(start <= at < end for at in starts)}
        cover = word_coverage(question["question"], texts)
        answerable = not question.get("is_impossible", False)
        firsts = (reading.evidence, reading.evidence + COVERAGE_WEIGHT * cover, cover)
        rows.append((answerable, reading.answers, *(int(np.argmax(scores)) in gold for scores in firsts)))
    return rows


COVERAGE_WEIGHT = 2.0


def word_coverage(question: str, texts: Sequence[str]) -> Array:
    """Share of the question's content stems, weighted by rarity among the texts, that each text holds."""
    held = [set(content_stems(text)) for text in texts]
    asked = {word for word in content_stems(question) if word not in STOP_WORDS}
    weights = {word: np.log((len(texts) + 1) / (sum(word in other for other in held) + 0.5)) for word in asked}
    total = sum(weights.values()) or 1.0
    return np.array([sum(weights[word] for word in asked & other) / total for other in held])


# ---- claims ----------------------------------------------------------------------------------------------------------------


def claims(network: CrossEncoder, file: Path) -> dict[str, tuple[float, float, float]]:
    """Support against every other label, for the reader and for word coverage; clusters are claims."""
    rows = json_lines(file)
    labels = np.array([row["label"] for row in rows])
    clusters = np.array([row["claim"] for row in rows])
    scores = {"reader": [], "coverage": []}
    for row in rows:
        scores["reader"].append(claim_score(network, row["claim"], row["evidence"]))
        scores["coverage"].append(_claim_coverage(row["claim"], " ".join(row["evidence"])))
    found = {}
    for name, values in scores.items():
        score = np.array(values)
        others = sorted(set(labels) - {"SUPPORT"})
        for other in [*others, "rest"]:
            chosen = (labels == "SUPPORT") | ((labels == other) if other != "rest" else (labels != "SUPPORT"))
            right, value = labels[chosen] == "SUPPORT", score[chosen]
            found[f"{name}: SUPPORT vs {other}"] = _interval(
                lambda at, right=right, value=value: roc_auc_score(right[at], value[at]), clusters[chosen]
            )
    return found


def claim_score(network: CrossEncoder, claim: str, evidence: Sequence[str]) -> float:
    """Support less contradiction: of the best window of three sentences among those that speak most of the claim."""
    texts = [" ".join(text.split())[:1200] for text in evidence]
    windows = [texts[max(0, at - 1) : at + 2] for at in range(len(texts))]
    ranked = sorted(windows, key=lambda window: -_claim_coverage(claim, " ".join(window)))[:4]
    odds = []
    for window in ranked:
        found = network.entail(claim, window)
        odds.append((found.supported - found.contradicted, max(found.supported, found.contradicted)))
    return max(odds, key=lambda pair: pair[1])[0]


def _claim_coverage(claim: str, text: str) -> float:
    said, held = set(content_stems(claim)), set(content_stems(text))
    return len(said & held) / len(said) if said else 0.0


# ---- intervals -------------------------------------------------------------------------------------------------------------


def _interval(measure: Callable[[NDArray[np.int64]], float], clusters: NDArray[np.str_]) -> tuple[float, float, float]:
    """The measure over all rows, and its 2.5 % and 97.5 % quantiles over draws of whole clusters."""
    rng = np.random.default_rng(SEED)
    _, number = np.unique(clusters, return_inverse=True)
    members = [np.flatnonzero(number == at) for at in range(number.max() + 1)]
    draws = []
    for _ in range(DRAWS):
        chosen = np.concatenate([members[at] for at in rng.integers(len(members), size=len(members))])
        try:
            draws.append(measure(chosen))
        except ValueError:
            continue  # a draw with one class only
    return measure(np.arange(len(clusters))), float(np.quantile(draws, 0.025)), float(np.quantile(draws, 0.975))


if __name__ == "__main__":
    sys.exit(main())
