"""python -m training.calibrate: fits a reader's two regressions on the cases of `calibration_cases` and writes its weights.

    python -m training.calibrate first      the first reader: `first_reader.json`
    python -m training.calibrate trained    the trained one: `reader.json`; the first one's weights choose what the network reads

The first regression ranks: a conditional logit (McFadden 1974), the likelihood that the best sentence of a question is a gold one, with its
scores then scaled to probabilities (Platt 1999). The second one, a logistic regression, says whether a question is answered at all.
It sees sentence scores of a first one that was fitted without that case (five folds), so that it learns what they look like
on new questions.

The threshold's rule: the lowest confidence at which at most MOST_WRONG of the answers that are given are wrong (given to a question that
the document does not answer), each case scored by regressions fitted without it; but never one that declines more than MOST_DECLINED
of the answerable cases. The share's rule: the lowest at which an answer has at most MOST_SENTENCES_ON_AVERAGE, which a clinician reads
in one look. The test split is never read here.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from eval.cases import QuestionCase
from eval.metrics import contains
from ketarag.answering.compose import compose
from ketarag.answering.condense import condense
from ketarag.answering.cross_encoder import CrossEncoder
from ketarag.answering.features import SENTENCE_FEATURES, Candidate, FeatureExtractor, QuestionView, candidates
from ketarag.answering.rarity import TermStatistics
from ketarag.answering.read import asked, most_promising
from ketarag.answering.summary import (
    CONFIDENCE_FEATURES,
    NETWORK_CONFIDENCE_FEATURES,
    NETWORK_SENTENCE_FEATURES,
    NetworkView,
    confidence_features,
)
from ketarag.answering.weights import FIRST_READER, TRAINED_READER, Logistic, ReaderWeights
from ketarag.assistant import READ_PASSAGES, Assistant
from ketarag.config import Settings
from ketarag.indexing.embedders import load_embedder
from ketarag.loading import load_glossary
from ketarag.types import Evidence, Turn
from training.calibration_cases import calibration_cases

MOST_WRONG = 0.05
MOST_DECLINED = 0.05
MOST_SENTENCES_ON_AVERAGE = 2.25
ANSWERABLE_SHARE = 0.67
"""Of the questions that users ask, as the confidence takes it: the development cases' share. Both kinds weigh accordingly in the fit."""
FOLDS = 5
SHARES = tuple(round(0.1 + 0.05 * step, 2) for step in range(19))
_C = 0.1
_RIDGE = 10.0
_SEED = 20260


@dataclass(frozen=True)
class Example:
    """One case as the reader sees it; `seen` is None for the first reader, which has no network."""

    case: QuestionCase
    view: QuestionView
    found: list[Candidate]
    rows: NDArray[np.float64]
    gold: NDArray[np.bool_]
    seen: NetworkView | None


@dataclass(frozen=True)
class Columns:
    """What the two regressions of a reader see."""

    sentence: tuple[str, ...]
    confidence: tuple[str, ...]


FIRST = Columns(SENTENCE_FEATURES, CONFIDENCE_FEATURES)
TRAINED = Columns(
    (*SENTENCE_FEATURES, *NETWORK_SENTENCE_FEATURES), (*CONFIDENCE_FEATURES, *NETWORK_CONFIDENCE_FEATURES)
)


def main() -> int:
    """Fits, prints what it found, writes the weights."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__.partition("\n")[0])
    parser.add_argument("reader", choices=("first", "trained"))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    trained = arguments.reader == "trained"
    columns, out = (TRAINED, TRAINED_READER) if trained else (FIRST, FIRST_READER)
    assistant = Assistant.load(progress=lambda line: print(line, file=sys.stderr))
    features, examples = _examples(assistant, CrossEncoder.load() if trained else None)
    print(f"{len(examples)} cases, {sum(e.case.answerable for e in examples)} answerable")
    held_out, summaries = _cross_fitted(columns, features, examples)
    labels = np.array([e.case.answerable for e in examples])
    scores = _cross_scored(columns, summaries, labels)
    table = {
        "sentence": _table(_fit_ranking(columns.sentence, _answerable(examples))),
        "confidence": _table(_fit(columns.confidence, summaries, labels)),
        "threshold": round(_threshold(scores, labels), 4),
        "share": _share(examples, held_out),
    }
    _print_report(examples, held_out, scores, labels, float(str(table["threshold"])))
    (arguments.out or out).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {out.name}: threshold {table['threshold']}, share {table['share']}")
    return 0


def _examples(assistant: Assistant, network: CrossEncoder | None) -> tuple[FeatureExtractor, list[Example]]:
    """Every case, follow-ups after the answers that the assistant gives to what precedes them."""
    settings = Settings.from_environment()
    glossary = load_glossary(settings)
    passages = [hit.passage for hit in assistant.retrieve("ketamine", k=100_000)]
    features = FeatureExtractor(load_embedder(settings.model, print), glossary, TermStatistics.of(passages, glossary))
    return features, [_example(assistant, features, network, case) for case in calibration_cases(passages)]


def _example(
    assistant: Assistant, features: FeatureExtractor, network: CrossEncoder | None, case: QuestionCase
) -> Example:
    conversation = assistant.conversation()
    for question in case.history:
        conversation.ask(question)
    turns: tuple[Turn, ...] = conversation.turns
    condensed = condense(assistant._mended(case.question), turns)
    hits = assistant._retriever.retrieve(condensed.queries, READ_PASSAGES, condensed.carried, condensed.history)
    view = features.view(condensed.question, condensed.context)
    found = candidates(hits)
    places = [gold for group in case.evidence for gold in group]
    gold = np.array([any(c.sentence.start < g.end and g.start < c.sentence.end for g in places) for c in found])
    rows = features.sentence_features(view, found, condensed.carried)
    if network is None:
        return Example(case, view, found, rows, gold, None)
    first = ReaderWeights.load(FIRST_READER, network=False)
    promising = most_promising(found, first.sentence.logits(rows))
    seen = NetworkView.of(network, asked(condensed.question, condensed.context), promising)
    return Example(case, view, found, np.concatenate([rows, seen.sentence_features(found)], axis=1), gold, seen)


def _summary(features: FeatureExtractor, example: Example, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The row that the second regression sees."""
    rows = example.rows[:, : len(SENTENCE_FEATURES)]
    of_features = confidence_features(features, example.view, example.found, rows, logits)
    if example.seen is None:
        return of_features
    network_rows = example.rows[:, len(SENTENCE_FEATURES) :]
    return np.concatenate([of_features, example.seen.confidence_features(network_rows, int(np.argmax(logits)))])


def _cross_fitted(
    columns: Columns, features: FeatureExtractor, examples: list[Example]
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """Sentence logits of every example by a regression fitted without its fold, and the confidence features from them."""
    logits: list[NDArray[np.float64]] = [np.zeros(0)] * len(examples)
    for fold in _folds(len(examples)):
        inside = set(fold.tolist())
        train = _answerable([e for at, e in enumerate(examples) if at not in inside])
        model = _fit_ranking(columns.sentence, train)
        for at in inside:
            logits[at] = model.logits(examples[at].rows)
    return logits, np.array([_summary(features, e, scores) for e, scores in zip(examples, logits, strict=True)])


def _cross_scored(columns: Columns, rows: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Confidence of every example by a regression fitted without its fold."""
    scores = np.zeros(len(rows))
    for fold in _folds(len(rows)):
        rest = np.setdiff1d(np.arange(len(rows)), fold)
        scores[fold] = _probability(_fit(columns.confidence, rows[rest], labels[rest]).logits(rows[fold]))
    return scores


def _threshold(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """See the module's docstring."""
    ceiling = float(np.quantile(scores[labels], MOST_DECLINED))
    given = [(at, float((~labels[scores >= at]).mean())) for at in sorted(scores) if at <= ceiling]
    return next((at for at, wrong in given if wrong <= MOST_WRONG), ceiling)


def _share(examples: list[Example], logits: list[NDArray[np.float64]]) -> float:
    """See the module's docstring; over the answerable cases, as if none were declined."""
    results = []
    for share in SHARES:
        recalls, lengths = [], []
        for example, scores in zip(examples, logits, strict=True):
            if not example.case.answerable:
                continue
            chosen = compose(_evidence(example, scores), share)
            text = " ".join(item.sentence.clean for item in chosen)
            recalls.append(np.mean([any(contains(text, phrase) for phrase in fact) for fact in example.case.facts]))
            lengths.append(len(chosen))
        results.append((share, float(np.mean(recalls)), float(np.mean(lengths))))
        print(f"  share {share:.2f}: facts {results[-1][1]:.3f}, sentences {results[-1][2]:.2f}")
    return min(share for share, _, length in results if length <= MOST_SENTENCES_ON_AVERAGE)


def _evidence(example: Example, scores: NDArray[np.float64]) -> list[Evidence]:
    order = np.argsort(-scores, kind="stable")[:8]
    probabilities = _probability(scores)
    return [Evidence(example.found[at].sentence, example.found[at].passage, float(probabilities[at])) for at in order]


def _print_report(
    examples: list[Example],
    logits: list[NDArray[np.float64]],
    scores: NDArray[np.float64],
    labels: NDArray[np.bool_],
    threshold: float,
) -> None:
    """Cross-fitted figures on the development cases."""
    right = [bool(e.gold[np.argmax(s)]) for e, s in zip(examples, logits, strict=True) if e.case.answerable]
    reached = [bool(e.gold.any()) for e in examples if e.case.answerable]
    print(f"gold evidence retrieved {np.mean(reached):.3f}; best sentence on it {np.mean(right):.3f}")
    for name in ("unanswerable_near", "unanswerable_far", "follow_up"):
        chosen = np.array([e.case.category == name and not e.case.answerable for e in examples])
        both = chosen | labels
        print(
            f"{name}: AUROC {roc_auc_score(labels[both], scores[both]):.3f}, declined {np.mean(scores[chosen] < threshold):.3f}"
        )
    print(f"answerable declined {np.mean(scores[labels] < threshold):.3f}")


def _fit_ranking(names: tuple[str, ...], examples: list[Example]) -> Logistic:
    """Weights that put a gold sentence first, then a scale and an intercept that make the scores log-odds."""
    reached = [example for example in examples if example.gold.any()]
    scaler = StandardScaler().fit(np.concatenate([example.rows for example in reached]))
    scaled = [(scaler.transform(example.rows), example.gold) for example in reached]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = _RIDGE * float(weights @ weights), 2 * _RIDGE * weights
        for rows, gold in scaled:
            scores = rows @ weights
            everywhere, on_gold = softmax(scores), softmax(np.where(gold, scores, -np.inf))
            value -= float(logsumexp(scores[gold]) - logsumexp(scores))
            gradient = gradient - (on_gold - everywhere) @ rows
        return value, gradient

    weights = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x
    scores = np.concatenate([rows @ weights for rows, _ in scaled])
    platt = LogisticRegression(C=1e6).fit(scores[:, None], np.concatenate([gold for _, gold in scaled]))
    return _rounded(names, scaler, weights * float(platt.coef_[0, 0]), float(platt.intercept_[0]))


def _rounded(
    names: tuple[str, ...], scaler: StandardScaler, weights: NDArray[np.float64], intercept: float
) -> Logistic:
    """Six decimals: enough for every digit that is printed, and the file stays readable."""
    mean, scale, rounded = (
        tuple(round(float(value), 6) for value in vector) for vector in (scaler.mean_, scaler.scale_, weights)
    )
    return Logistic(names, mean, scale, rounded, round(intercept, 6))


def _fit(names: tuple[str, ...], rows: NDArray[np.float64], labels: NDArray[np.bool_]) -> Logistic:
    scaler = StandardScaler().fit(rows)
    weights = np.where(labels, ANSWERABLE_SHARE / labels.mean(), (1 - ANSWERABLE_SHARE) / (1 - labels.mean()))
    model = LogisticRegression(C=_C, max_iter=5000).fit(scaler.transform(rows), labels, sample_weight=weights)
    return _rounded(names, scaler, model.coef_[0], float(model.intercept_[0]))


def _table(model: Logistic) -> dict[str, object]:
    return {name: getattr(model, name) for name in ("names", "mean", "scale", "weights", "intercept")}


def _probability(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float64)


def _answerable(examples: list[Example]) -> list[Example]:
    return [example for example in examples if example.case.answerable]


def _folds(count: int) -> list[NDArray[np.int64]]:
    return np.array_split(np.random.default_rng(_SEED).permutation(count), FOLDS)


if __name__ == "__main__":
    sys.exit(main())
