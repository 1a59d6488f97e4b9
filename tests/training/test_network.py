"""The network's shapes, and every loss reckoned by hand. The encoder is a tiny random one."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from training.encoding import IGNORED, TASKS, Batch
from training.network import PAIR_OUTPUTS, PIECE_OUTPUTS, Network, losses, sentence_scores

READ, ENTAIL, RANK = TASKS["read"], TASKS["entail"], TASKS["rank"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30522, hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48
    )
    folder = tmp_path_factory.mktemp("encoder")
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return Network(folder)


def inputs(*rows: list[int], longest: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, mask and types, padded; the second half of each row is the passage."""
    longest = max(longest, *(len(row) for row in rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    types = torch.tensor([[int(len(row) // 2 <= at < len(row)) for at in range(longest)] for row in rows])
    return ids, (ids > 0).long(), types


def test_there_are_three_scores_a_piece_and_five_a_pair(network: Network) -> None:
    pieces, pair = network(*inputs([101, 2054, 102, 2009, 102], [101, 102, 102]))
    assert pieces.shape == (2, 5, len(PIECE_OUTPUTS)) == (2, 5, 3)
    assert pair.shape == (2, len(PAIR_OUTPUTS)) == (2, 5)


def test_padding_changes_nothing(network: Network) -> None:
    network.eval()
    row = [101, 2054, 13004, 102, 2009, 2003, 102]
    with torch.no_grad():
        pieces, pair = network(*inputs(row))
        padded_pieces, padded_pair = network(*inputs(row, [101, 102, 102], longest=20))
    assert torch.allclose(pieces[0], padded_pieces[0, : len(row)], atol=1e-5)
    assert torch.allclose(pair[0], padded_pair[0], atol=1e-5)


def test_what_stands_in_the_passage_and_that_it_does_is_seen(network: Network) -> None:
    network.eval()
    ids, mask, types = inputs([101, 2054, 102, 2009, 102])
    other = ids.clone()
    other[0, 3] = 2003
    with torch.no_grad():
        pair = network(ids, mask, types)[1]
        assert not torch.allclose(pair, network(other, mask, types)[1], atol=1e-5)
        assert not torch.allclose(pair, network(ids, mask, torch.zeros_like(types))[1], atol=1e-5)


def test_every_weight_is_learned(network: Network) -> None:
    network.train()
    pieces, pair = network(*inputs([101, 2054, 102, 2009, 102]))
    network.zero_grad()
    (pieces.square().sum() + pair.square().sum()).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


def test_the_encoder_itself_drops_nothing_while_it_learns(network: Network) -> None:
    network.train()
    row = inputs([101, 2054, 102, 2009, 102])
    assert torch.equal(network(*row)[0], network(*row)[0])


def test_a_sentences_score_is_the_mean_of_its_pieces() -> None:
    evidence = torch.tensor([[9.0, 1.0, 3.0, 5.0, 9.0], [9.0, 9.0, -2.0, 4.0, 9.0]])
    sentence = torch.tensor([[-1, 0, 0, 1, -1], [-1, -1, 2, 2, -1]])
    assert sentence_scores(evidence, sentence, 3).tolist() == [[2.0, 5.0, 0.0], [0.0, 0.0, 1.0]]


def batch(
    tasks: list[int],
    labels: list[int],
    sentence: list[list[int]],
    gold: list[list[int]],
    start: list[int],
    end: list[int],
) -> Batch:
    numbers = np.array(sentence)
    blank = np.zeros_like(numbers)
    return Batch(blank, blank, blank, numbers, *map(np.array, (gold, start, end, tasks, labels)))


def test_the_losses_of_the_whole_pair() -> None:
    made = batch(
        [READ, RANK, ENTAIL, READ, ENTAIL],
        [1, 1, 2, 0, 0],
        [[-1, 0]] * 5,
        [[1], [0], [0], [0], [0]],
        [IGNORED] * 5,
        [IGNORED] * 5,
    )
    pair = torch.tensor(
        [
            [log(3), 9, 9, 9, 9],  # it answers: odds of 3 to 1
            [9, 0, 9, 9, 9],  # it is relevant: even odds
            [9, 9, 0, 0, log(2)],  # not said: 2 of 4
            [log(3), 9, 9, 9, 9],  # it does not answer
            [9, 9, log(2), 0, 0],  # supported: 2 of 4
        ]
    )
    found = losses(torch.zeros(5, 2, 3), pair, made)
    assert found["answers"].item() == pytest.approx((-log(3 / 4) - log(1 / 4)) / 2)
    assert found["relevant"].item() == pytest.approx(log(2))
    assert found["entails"].item() == pytest.approx(log(2))


def test_the_losses_of_the_pieces() -> None:
    """One row of two sentences and a third that was cut off; the other row is a claim, whose pieces count for nothing."""
    made = batch(
        [READ, ENTAIL],
        [1, 0],
        [[-1, 0, 0, 1, -1], [-1, 0, 0, 0, -1]],
        [[0, 1, 1], [1, IGNORED, IGNORED]],
        [3, 2],
        [1, 2],
    )
    pieces = torch.full((2, 5, 3), 50.0)
    pieces[0, 1:4, 0] = torch.tensor([0.0, 0.0, log(2)])
    pieces[0, 1:4, 1] = torch.tensor([0.0, 0.0, log(2)])
    pieces[0, 1:4, 2] = torch.tensor([1.0, -1.0, log(3)])
    found = losses(pieces, torch.zeros(2, 5), made)
    assert found["evidence"].item() == pytest.approx((log(2) - log(3 / 4)) / 2)
    assert found["first"].item() == pytest.approx(-log(3 / 4))
    assert found["start"].item() == pytest.approx(0.5 * log(2))
    assert found["end"].item() == pytest.approx(0.5 * log(4))


@pytest.mark.parametrize(
    ("task", "gold", "start", "names"),
    [
        (ENTAIL, 0, IGNORED, {"entails"}),
        (RANK, 0, IGNORED, {"relevant"}),
        (READ, 0, IGNORED, {"answers", "evidence"}),
        (READ, 1, IGNORED, {"answers", "evidence", "first"}),
        (READ, 1, 1, {"answers", "evidence", "first", "start", "end"}),
    ],
)
def test_there_is_a_loss_for_what_the_batch_has_rows_for(task: int, gold: int, start: int, names: set[str]) -> None:
    made = batch([task], [1], [[-1, 0, 1, -1]], [[gold, 0]], [start], [start])
    found = losses(torch.zeros(1, 4, 3), torch.zeros(1, 5), made)
    assert found.keys() == names
    assert all(loss.isfinite() and loss > 0 for loss in found.values())


def test_gold_that_was_cut_off_teaches_nothing_about_which_is_first() -> None:
    made = batch([READ], [1], [[-1, 0, -1]], [[0, 1]], [IGNORED], [IGNORED])
    found = losses(torch.zeros(1, 3, 3), torch.zeros(1, 5), made)
    assert "first" not in found
    assert found["evidence"].item() == pytest.approx(log(2))
