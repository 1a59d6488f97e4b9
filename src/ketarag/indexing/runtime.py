"""runtime: text -> unit vectors with a converted model (`convert`), in OpenVINO, without torch."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ketarag.errors import ModelError
from ketarag.indexing.convert import GRAPH, TOKENIZER, Conversion
from ketarag.protocols import TokenVectors, Vectors

if TYPE_CHECKING:
    from types import ModuleType

    from openvino import CompiledModel

_BATCH = 32
_FEW = 64
"""Texts that are embedded one by one in float32, so that nothing beside a text changes its vector: a question, and the sentences that a
claim is held against. More are an index: in batches, and in whatever arithmetic is fastest here."""


def openvino_module() -> ModuleType:
    """OpenVINO without its telemetry, which writes a client's id into the home folder and reports conversions to its makers.

    It falls back to a stub of its own where the telemetry package cannot be imported; so it must be asked for here, before anything else
    imports it.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    module: ModuleType = openvino
    return module


class OpenVinoEmbedder:
    """A converted sentence-transformers model. Safe to share between threads."""

    def __init__(self, conversion: Conversion, folder: Path) -> None:
        """`folder` holds what `conversion` names. Raises ModelError when the runtime cannot load it."""
        from tokenizers import Tokenizer

        self.fingerprint = conversion.fingerprint
        self.dimension = conversion.dimension
        self.max_word_pieces = conversion.max_word_pieces
        self._inputs = conversion.inputs
        self._graph = folder / GRAPH
        self._counter = Tokenizer.from_file(str(folder / TOKENIZER))
        self._counter.no_padding()
        self._counter.no_truncation()
        self._cut = Tokenizer.from_file(str(folder / TOKENIZER))
        self._cut.no_padding()
        self._cut.enable_truncation(conversion.max_word_pieces)
        self._exact = self._compiled(
            {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        )
        self._requests = threading.local()
        self._fastest: CompiledModel | None = None
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension), float32, rows of unit length, in the order given."""
        if len(texts) > _FEW:
            return self.encode_many(texts)
        rows = [self._one(text)[2] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), dtype=np.float32)

    def encode_many(self, texts: Sequence[str]) -> Vectors:
        """The same for many texts: batches of like length, all cores, bfloat16 where the processor has it."""
        with self._lock:
            if self._fastest is None:
                self._fastest = self._compiled({"PERFORMANCE_HINT": "THROUGHPUT"})
        found = np.zeros((len(texts), self.dimension), dtype=np.float32)
        encoded = self._cut.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda at: len(encoded[at].ids))
        queue = openvino_module().AsyncInferQueue(self._fastest)

        def keep(request: Any, places: list[int]) -> None:
            found[places] = request.get_output_tensor(1).data

        queue.set_callback(keep)
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            queue.start_async(self._batch([encoded[at] for at in places]), places)
        queue.wait_all()
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)

    def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each text with a vector for every word piece and the pooled one of `encode`, from one pass of the model."""
        return [_token_vectors(*self._one(text)) for text in texts]

    def count_word_pieces(self, text: str) -> int:
        """Word pieces of `text`, the two special ones included, without truncation."""
        return len(self._counter.encode(text).ids)

    def _one(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32], Vectors]:
        """Offsets of the word pieces, shape (n, 2); their vectors; the text's unit vector. Alone, so that nothing beside it matters."""
        request = getattr(self._requests, "own", None)
        if request is None:
            request = self._requests.own = self._exact.create_infer_request()
        encoding = self._cut.encode(text)
        request.infer(self._batch([encoding]))
        tokens, pooled = (np.array(request.get_output_tensor(at).data[0]) for at in (0, 1))
        return np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2), tokens, pooled / np.linalg.norm(pooled)

    def _batch(self, encodings: Sequence[Any]) -> dict[str, NDArray[np.int64]]:
        longest = max(len(encoding.ids) for encoding in encodings)
        columns = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        arrays = {name: np.zeros((len(encodings), longest), dtype=np.int64) for name in self._inputs}
        for row, encoding in enumerate(encodings):
            for name in self._inputs:
                values = getattr(encoding, columns[name])
                arrays[name][row, : len(values)] = values
        return arrays

    def _compiled(self, options: dict[str, Any]) -> CompiledModel:
        try:
            return openvino_module().Core().compile_model(self._graph, "CPU", options)
        except RuntimeError as error:
            raise ModelError(f"{self._graph}: OpenVINO cannot load it ({str(error).splitlines()[0]})") from error


def _token_vectors(offsets: NDArray[np.int64], tokens: NDArray[np.float32], pooled: Vectors) -> TokenVectors:
    """Special pieces have the empty offset (0, 0)."""
    real = np.flatnonzero(offsets[:, 1] > offsets[:, 0])
    rows = tokens[real]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return TokenVectors(offsets[real], np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32), pooled)
