"""convert: a sentence-transformers model -> the same model for OpenVINO, once, in the user's cache.

The fast runtime needs neither torch nor sentence-transformers to embed a question, and is several times faster. The original stays the
reference: what was converted is compared with it on `SAMPLES` before it is ever used, and left aside where it drifts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs
from filelock import FileLock

from ketarag.errors import ModelError
from ketarag.indexing.load import file_sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LEAST_COSINE = 0.9995
"""Of every sample's vector to the reference's. bfloat16 arithmetic alone gives .9999 (issue 7's measurements)."""
SAMPLES = (
    "ketamine", "What IV dose is used for depression?", "Less than 5% is excreted unchanged.",
    "Patients received 10 mg subcutaneously every 4 hours, and 500 microgram/kg by infusion over 40 minutes.",
    "The channel is blocked by magnesium at normal resting membrane potentials and opens when the cell is depolarised for long. " * 4,
)  # fmt: skip
_RECORD = "conversion.json"
GRAPH, WEIGHTS, COMPILED, TOKENIZER = "model.xml", "model.bin", "compiled.blob", "tokenizer.json"
_LAYOUT = 2
"""Raised when a conversion gets another file or field: one of an older layout is then made again."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was converted. `files`: name -> SHA-256; `least_cosine` to the reference over `SAMPLES`; `inputs` of the graph by name.

    `processor` is what COMPILED was compiled for.
    """

    fingerprint: str
    runtime: str
    dimension: int
    max_word_pieces: int
    inputs: tuple[str, ...]
    least_cosine: float
    files: dict[str, str]
    processor: str


def folder_for(fingerprint: str) -> Path:
    """Where the conversion of a model is kept: one folder for each model, version of the runtime, and layout."""
    name = hashlib.sha256(f"{fingerprint}\n{runtime_version()}\n{_LAYOUT}".encode()).hexdigest()[:16]
    return Path(platformdirs.user_cache_path("ketarag")) / "models" / name


def runtime_version() -> str:
    """Of OpenVINO, without importing it."""
    from importlib.metadata import version

    return version("openvino")


def read_conversion(folder: Path) -> Conversion | None:
    """The conversion in a folder when it is whole; None where there is none, or a file of it is not what was written."""
    try:
        table = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        found = Conversion(**{**table, "inputs": tuple(table["inputs"])})
        whole = all(file_sha256(folder / name) == wanted for name, wanted in found.files.items())
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if whole else None


def convert(model: SentenceTransformer, fingerprint: str, folder: Path) -> Conversion:
    """Converts into `folder`, written aside and renamed. Raises ModelError when it cannot be done or drifts."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(folder.name + ".lock")):
        if (there := read_conversion(folder)) is not None:
            return there
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
        try:
            made = _write(model, fingerprint, part)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return made


def _write(model: SentenceTransformer, fingerprint: str, folder: Path) -> Conversion:
    inputs = _traced(model, folder / GRAPH)
    (folder / TOKENIZER).write_text(model.tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    made = Conversion(
        fingerprint=fingerprint,
        runtime=runtime_version(),
        dimension=int(model.get_embedding_dimension() or 0),
        max_word_pieces=int(model.max_seq_length or 512),
        inputs=inputs,
        least_cosine=0.0,
        files={name: file_sha256(folder / name) for name in (GRAPH, WEIGHTS, TOKENIZER)},
        processor="",
    )
    made = _with_compiled(replace(made, least_cosine=_least_cosine(model, made, folder)), folder)
    if made.least_cosine < LEAST_COSINE:
        raise ModelError(
            f"converted, a vector of it has a cosine of {made.least_cosine:.5f} to the original's, under {LEAST_COSINE}"
        )
    record = folder / _RECORD
    record.write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
    with record.open("rb") as file:
        os.fsync(file.fileno())
    return made


def _traced(model: SentenceTransformer, path: Path) -> tuple[str, ...]:
    """Writes the graph: word pieces -> (a vector for each piece, the text's unit vector). Returns the names of its inputs."""
    import torch
    from torch import nn

    from ketarag.indexing.runtime import openvino_module

    openvino = openvino_module()

    class Whole(nn.Module):
        """All modules of the model in one graph, its arguments by position."""

        def __init__(self, names: tuple[str, ...]) -> None:
            super().__init__()
            self.model, self.names = model, names

        def forward(self, *arrays: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            found = self.model(dict(zip(self.names, arrays, strict=True)))
            pooled = nn.functional.normalize(found["sentence_embedding"], dim=-1)
            return found["token_embeddings"], pooled

    example = model.tokenizer(["an example", "of two texts"], padding=True, return_tensors="pt")
    names = tuple(name for name in ("input_ids", "attention_mask", "token_type_ids") if name in example)
    arrays = tuple(example[name] for name in names)
    try:
        # Tracing warns of every Python value that becomes a constant; the comparison with the reference tells whether that was right.
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = openvino.convert_model(Whole(names).train(mode=False), example_input=arrays)
        for port, name in zip(graph.inputs, names, strict=True):
            port.get_tensor().set_names({name})
            port.get_node().set_partial_shape(openvino.PartialShape([-1, -1]))
        graph.validate_nodes_and_infer_types()
        openvino.save_model(graph, path, compress_to_fp16=False)
    except Exception as error:  # whatever a tracer makes of a model that it does not know
        raise ModelError(f"it cannot be converted for OpenVINO ({str(error).splitlines()[0][:200]})") from error
    return names


def _with_compiled(made: Conversion, folder: Path) -> Conversion:
    """With the graph as it is compiled for this machine, so that later starts need not."""
    from ketarag.indexing.runtime import OpenVinoEmbedder, processor

    try:
        data = OpenVinoEmbedder(made, folder).compiled_bytes()
    except RuntimeError:  # a graph that OpenVINO cannot write is compiled at each start
        return made
    (folder / COMPILED).write_bytes(data)
    return replace(made, processor=processor(), files={**made.files, COMPILED: file_sha256(folder / COMPILED)})


def _least_cosine(model: SentenceTransformer, made: Conversion, folder: Path) -> float:
    from ketarag.indexing.runtime import OpenVinoEmbedder

    reference: Any = model.encode(list(SAMPLES), normalize_embeddings=True, show_progress_bar=False)
    fast = OpenVinoEmbedder(made, folder)
    found = np.concatenate([fast.encode(SAMPLES), fast.encode_many(SAMPLES)])
    return float((np.concatenate([reference, reference]) * found).sum(axis=1).min())
