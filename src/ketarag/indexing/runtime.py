"""runtime: text -> unit vectors with a converted model (`convert`), in OpenVINO, without torch.

Compiling a graph takes twice as long as reading what was compiled: that is kept beside the graph, as one of the files whose
hashes the conversion holds, for the processor that it was compiled on.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ketarag.errors import ModelError
from ketarag.indexing.convert import COMPILED, GRAPH, SAMPLES, TOKENIZER, WEIGHTS, Conversion
from ketarag.protocols import TokenVectors, Vectors

if TYPE_CHECKING:
    from types import ModuleType

    from openvino import CompiledModel

_BATCH = 32
"""Texts of a batch at most."""

_BATCH_PIECES = 1024
"""Word pieces of a batch, padding included: what its layers hold then fits a core's cache. Of 256 pieces each, 56 texts a second instead of
44 in batches of 32; of 100, 121 instead of 115 (two cores, one run)."""

_MOST_STREAMS = 4
"""Texts that are embedded at the same time, each by one thread, where there are that many cores. More seldom come at once."""

_FEW = 64
"""Texts that are embedded one by one in float32, so that nothing beside a text changes its vector: a question, and the sentences that a
claim is held against. More are an index: in batches, and in whatever arithmetic is fastest here."""


_SOON = 16
"""Texts that came alone after which it is worth compiling the graph for them: a program that asks one question ends before."""


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

        self.fingerprint = f"{conversion.fingerprint}:openvino"
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
        self._exact = self._read_compiled(conversion, folder) or self._compiled(_exact_options())
        self._requests = threading.local()
        self._alone: CompiledModel | None = None
        self._came_alone = 0
        self._workers = ThreadPoolExecutor(_streams(), thread_name_prefix="ketarag-embed")
        self._fastest: CompiledModel | None = None
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension), float32, rows of unit length, in the order given."""
        if len(texts) > _FEW:
            return self.encode_many(texts)
        rows = [unit for _, _, unit in self._each(texts)]
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
        for places in _batches(order, [len(encoding.ids) for encoding in encoded]):
            queue.start_async(self._batch([encoded[at] for at in places]), places)
        queue.wait_all()
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)

    def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each text with a vector for every word piece and the pooled one of `encode`, from one pass of the model."""
        return [_token_vectors(*row) for row in self._each(texts)]

    def count_word_pieces(self, text: str) -> int:
        """Word pieces of `text`, the two special ones included, without truncation."""
        return len(self._counter.encode(text).ids)

    def compiled_bytes(self) -> bytes:
        """What `read_conversion` finds as COMPILED: the compiled graph without its weights."""
        return bytes(self._exact.export_model().getvalue())

    def _each(self, texts: Sequence[str]) -> list[tuple[NDArray[np.int64], NDArray[np.float32], Vectors]]:
        """`_one` of each: of several on all streams, one text on each; of one on all threads."""
        if len(texts) == 1:
            return [self._one(texts[0], self._for_one())]
        return list(self._workers.map(lambda text: self._one(text, self._exact), texts))

    def _one(self, text: str, model: CompiledModel) -> tuple[NDArray[np.int64], NDArray[np.float32], Vectors]:
        """Offsets of the word pieces, shape (n, 2); their vectors; the text's unit vector. Alone, so that nothing beside it matters."""
        requests = self._requests.__dict__.setdefault("own", {})
        request = requests.get(model)
        if request is None:
            request = requests[model] = model.create_infer_request()
        encoding = self._cut.encode(text)
        request.infer(self._batch([encoding]))
        tokens, pooled = (np.array(request.get_output_tensor(at).data[0]) for at in (0, 1))
        return np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2), tokens, pooled / np.linalg.norm(pooled)

    def _for_one(self) -> CompiledModel:
        """The graph on all threads, once it is worth it, where it does the same arithmetic to the last bit."""
        if self._alone is None:
            self._came_alone += 1
            if self._came_alone < _SOON:
                return self._exact
            with self._lock:
                if self._alone is None:
                    quick = self._compiled(_exact_options() | {"NUM_STREAMS": 1})
                    same = all(_is_same(self._one(text, quick), self._one(text, self._exact)) for text in SAMPLES)
                    self._alone = quick if same else self._exact
        return self._alone

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

    def _read_compiled(self, conversion: Conversion, folder: Path) -> CompiledModel | None:
        """What was compiled before, None where there is nothing, or it is for another processor."""
        if COMPILED not in conversion.files or conversion.processor != processor():
            return None
        options = _exact_options() | {"WEIGHTS_PATH": str(folder / WEIGHTS)}
        try:
            data = (folder / COMPILED).read_bytes()
            return openvino_module().Core().import_model(data, "CPU", options)
        except (OSError, RuntimeError):  # compiling it again costs a moment, and says what is wrong if that fails too
            return None


def processor() -> str:
    """What a compiled graph is good for: this processor, and as many streams."""
    return f"{openvino_module().Core().get_property('CPU', 'FULL_DEVICE_NAME')}, {_streams()} streams"


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """`order`, by ascending length, cut where a batch would have too many word pieces or texts."""
    batch: list[int] = []
    for at in order:
        if batch and (len(batch) == _BATCH or (len(batch) + 1) * lengths[at] > _BATCH_PIECES):
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _is_same(one: Sequence[NDArray[Any]], other: Sequence[NDArray[Any]]) -> bool:
    return all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def _streams() -> int:
    """Each has one thread, and does the same arithmetic whatever the others do."""
    return max(1, min(_MOST_STREAMS, len(os.sched_getaffinity(0))))


def _exact_options() -> dict[str, Any]:
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "NUM_STREAMS": _streams(),
        "INFERENCE_NUM_THREADS": _streams(),
        "CACHE_MODE": "OPTIMIZE_SIZE",  # weights stay where they are; only `compiled_bytes` looks at it
    }


def _token_vectors(offsets: NDArray[np.int64], tokens: NDArray[np.float32], pooled: Vectors) -> TokenVectors:
    """Special pieces have the empty offset (0, 0)."""
    real = np.flatnonzero(offsets[:, 1] > offsets[:, 0])
    rows = tokens[real]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return TokenVectors(offsets[real], np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32), pooled)
