"""The readers' weights: checked as they are read, and refused by name where they do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ketarag.answering.summary import NETWORK_CONFIDENCE_FEATURES, NETWORK_SENTENCE_FEATURES
from ketarag.answering.weights import FIRST_READER, TRAINED_READER, Logistic, ReaderWeights
from ketarag.errors import ModelError


def table() -> dict[str, Any]:
    return dict(json.loads(FIRST_READER.read_text(encoding="utf-8")))


def with_network(weights: dict[str, Any]) -> dict[str, Any]:
    """The first reader's weights with a column for each feature of the network."""
    more = {"sentence": NETWORK_SENTENCE_FEATURES, "confidence": NETWORK_CONFIDENCE_FEATURES}
    for part, names in more.items():
        weights[part]["names"] += names
        weights[part]["mean"] += [0.0] * len(names)
        weights[part]["scale"] += [1.0] * len(names)
        weights[part]["weights"] += [0.1] * len(names)
    return weights


def written(folder: Path, content: object) -> Path:
    path = folder / "reader.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(("path", "network"), [(FIRST_READER, False), (TRAINED_READER, True)])
def test_the_shipped_weights_fit_this_version(path: Path, network: bool) -> None:
    weights = ReaderWeights.load(path, network=network)
    assert 0 < weights.threshold < 1
    assert 0 < weights.share <= 1
    for part in (weights.sentence, weights.confidence):
        assert np.isfinite([*part.mean, *part.scale, *part.weights, part.intercept]).all()
        assert min(part.scale) > 0
    assert weights == ReaderWeights.load(path, network=network)


def test_the_networks_columns_stand_behind_the_others(tmp_path: Path) -> None:
    weights = ReaderWeights.load(written(tmp_path, with_network(table())), network=True)
    first = ReaderWeights.load(FIRST_READER, network=False)
    assert weights.sentence.names == (*first.sentence.names, *NETWORK_SENTENCE_FEATURES)
    assert weights.confidence.names == (*first.confidence.names, *NETWORK_CONFIDENCE_FEATURES)
    assert weights.sentence.weights == (*first.sentence.weights, *[0.1] * len(NETWORK_SENTENCE_FEATURES))


def test_the_first_readers_weights_do_not_serve_the_trained_one() -> None:
    with pytest.raises(ModelError, match=r"first_reader\.json: .*this version has .*network_evidence.*calibrate"):
        ReaderWeights.load(FIRST_READER, network=True)


def test_the_trained_readers_weights_do_not_serve_the_first_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"reader\.json: .*its features are .*network_evidence"):
        ReaderWeights.load(written(tmp_path, with_network(table())), network=False)


def test_missing_weights_are_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"reader\.json: .*No such file.*training\.calibrate"):
        ReaderWeights.load(tmp_path / "reader.json", network=False)


def change(path: tuple[str, ...], value: object) -> Callable[[dict[str, Any]], object]:
    def changed(weights: dict[str, Any]) -> object:
        place = weights
        for key in path[:-1]:
            place = place[key]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        return weights

    return changed


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize(
    "damage",
    [
        change(("sentence",), None),
        change(("threshold",), None),
        change(("confidence", "weights"), None),
        change(("sentence", "mean"), [0.0]),
        change(("sentence", "names"), ["cosine"]),
        change(("confidence", "names"), ["best"]),
        change(("sentence", "scale"), "wide"),
        change(("share",), "all"),
        change(("share",), [1]),
        change(("confidence",), [1, 2]),
        change(("sentence", "names"), 7),
        lambda weights: [weights],
        lambda weights: None,
    ],
)
def test_weights_that_do_not_fit_are_refused_and_named(
    tmp_path: Path, damage: Callable[[Any], object], network: bool
) -> None:
    whole = with_network(table()) if network else table()
    assert ReaderWeights.load(written(tmp_path, whole), network=network)
    path = written(tmp_path, damage(whole))
    with pytest.raises(ModelError, match=r"reader\.json: not the reader's weights"):
        ReaderWeights.load(path, network=network)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", FIRST_READER.read_bytes()[:200]])
def test_a_truncated_file_is_refused_and_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reader.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"reader\.json"):
        ReaderWeights.load(path, network=False)


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    changed = ReaderWeights.load(written(tmp_path, change(("threshold",), 0.123)(table())), network=False)
    assert changed.threshold == 0.123
    assert changed.fingerprint != ReaderWeights.load(FIRST_READER, network=False).fingerprint


def test_the_regression_as_reckoned_by_hand() -> None:
    logistic = Logistic(("a", "b"), mean=(1.0, 0.0), scale=(2.0, 1.0), weights=(3.0, -1.0), intercept=0.5)
    assert logistic.logits(np.array([[1.0, 0.0], [3.0, 2.0]])).tolist() == [0.5, 1.5]
