"""A question or claim beside a passage -> word pieces, as the trained reader takes them, at training time and at run time.

    [CLS] first [SEP] sentence sentence ... [SEP]

`first` is cut at its beginning (the question stands at the end of a conversation), the passage at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST = 256
"""Word pieces of both together, special ones included."""
LONGEST_FIRST = 72
CLS, SEP = 101, 102
"""Ids of the special pieces in the vocabulary of BERT, uncased, which all-MiniLM-L6-v2 uses."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Shape (n,) each, int64: `ids`, `types` (0 for `first`, 1 for the passage), `sentence` (the number of the passage's sentence, -1
    elsewhere); `offsets`, shape (n, 2): characters inside that sentence."""

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    sentence: NDArray[np.int64]
    offsets: NDArray[np.int64]


def encode_pair(tokenizer: Tokenizer, first: str, sentences: Sequence[str]) -> Pair:
    """At most LONGEST word pieces. The tokenizer must neither pad nor truncate."""
    head = tokenizer.encode(first, add_special_tokens=False).ids[-LONGEST_FIRST:]
    ids: list[int] = [CLS, *head, SEP]
    types, sentence = [0] * len(ids), [-1] * len(ids)
    offsets: list[tuple[int, int]] = [(0, 0)] * len(ids)
    for number, encoding in enumerate(tokenizer.encode_batch(list(sentences), add_special_tokens=False)):
        room = LONGEST - 1 - len(ids)
        ids += encoding.ids[:room]
        offsets += encoding.offsets[:room]
        sentence += [number] * (len(ids) - len(sentence))
    types += [1] * (len(ids) + 1 - len(types))
    return Pair(
        np.array([*ids, SEP], dtype=np.int64),
        np.array(types, dtype=np.int64),
        np.array([*sentence, -1], dtype=np.int64),
        np.array([*offsets, (0, 0)], dtype=np.int64).reshape(-1, 2),
    )
