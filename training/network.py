"""The network: all-MiniLM-L6-v2's encoder with two small heads, and the losses of its three tasks.

Outputs for a pair: for each word piece (start, end, evidence), natural-log odds; for the pair as a whole (answers, relevant,
supported, contradicted, not said), log odds for the first two, unnormalised log probabilities for the other three.
A sentence's evidence score is the mean over its word pieces.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel

from training.encoding import IGNORED, TASKS, Batch

PIECE_OUTPUTS = ("start", "end", "evidence")
PAIR_OUTPUTS = ("answers", "relevant", "supported", "contradicted", "not_said")


class Network(nn.Module):
    """The encoder and its heads."""

    def __init__(self, encoder_path: Path) -> None:
        """`encoder_path`: a folder in the format of transformers with a BERT encoder."""
        super().__init__()
        self.encoder = BertModel.from_pretrained(
            encoder_path,
            add_pooling_layer=False,
            attn_implementation="eager",  # with dropout off the fastest here on a CPU
            attention_probs_dropout_prob=0.0,
            hidden_dropout_prob=0.0,
        )
        width = self.encoder.config.hidden_size
        self.pieces = nn.Linear(width, len(PIECE_OUTPUTS))
        self.pair = nn.Sequential(
            nn.Linear(2 * width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, len(PAIR_OUTPUTS))
        )

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes (rows, pieces, 3) and (rows, 5)."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        return self.pieces(hidden), self.pair(torch.cat([hidden[:, 0], mean], dim=-1))


def sentence_scores(evidence: Tensor, sentence: Tensor, count: int) -> Tensor:
    """Mean of the pieces' scores for each sentence: shape (rows, count); 0 for a sentence without pieces."""
    place = sentence.clamp(min=0)
    inside = (sentence >= 0).to(evidence.dtype)
    sums = torch.zeros(len(evidence), count, dtype=evidence.dtype).scatter_add(1, place, evidence * inside)
    sizes = torch.zeros(len(evidence), count, dtype=evidence.dtype).scatter_add(1, place, inside)
    return sums / sizes.clamp(min=1)


def losses(pieces: Tensor, pair: Tensor, batch: Batch) -> dict[str, Tensor]:
    """The mean loss of each task and head that the batch has rows for."""
    pieces, pair = pieces.float(), pair.float()
    task, label = torch.from_numpy(batch.task), torch.from_numpy(batch.label)
    found: dict[str, Tensor] = {}
    reading = task == TASKS["read"]
    if reading.any():
        found["answers"] = functional.binary_cross_entropy_with_logits(pair[reading, 0], label[reading].float())
        found |= _evidence_losses(pieces, batch, reading)
    ranking = task == TASKS["rank"]
    if ranking.any():
        found["relevant"] = functional.binary_cross_entropy_with_logits(pair[ranking, 1], label[ranking].float())
    entailing = task == TASKS["entail"]
    if entailing.any():
        found["entails"] = functional.cross_entropy(pair[entailing, 2:], label[entailing])
    return found


def _evidence_losses(pieces: Tensor, batch: Batch, reading: Tensor) -> dict[str, Tensor]:
    sentence, gold = torch.from_numpy(batch.sentence), torch.from_numpy(batch.gold)
    scores = sentence_scores(pieces[..., 2], sentence, gold.shape[1])
    present = (sentence.unsqueeze(-1) == torch.arange(gold.shape[1])).any(1)
    counted = (gold != IGNORED) & reading.unsqueeze(1) & present
    found = {
        "evidence": functional.binary_cross_entropy_with_logits(scores[counted], gold[counted].float()),
    }
    answered = reading & (gold == 1).any(1) & ((gold == 1) & present).any(1)
    if answered.any():
        masked = scores.masked_fill(~present, -1e4)[answered]
        on_gold = masked.masked_fill(gold[answered] != 1, -1e4)
        found["first"] = (masked.logsumexp(1) - on_gold.logsumexp(1)).mean()
    outside = sentence < 0
    for at, name in enumerate(("start", "end")):
        target = torch.from_numpy(getattr(batch, name))
        known = reading & (target != IGNORED)
        if known.any():
            logits = pieces[..., at].masked_fill(outside, -1e4)
            found[name] = 0.5 * functional.cross_entropy(logits[known], target[known])
    return found
