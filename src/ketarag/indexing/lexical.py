"""The lexical side of the index: BM25 over stems, through `bm25s` (Lucene's variant, k1 1.5, b 0.75)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bm25s
import numpy as np

from ketarag.text import content_stems


class LexicalIndex:
    """BM25 scores of texts in the order they were given."""

    def __init__(self, model: Any) -> None:
        """Use `build` or `load`."""
        self._model = model

    @classmethod
    def build(cls, texts: Sequence[str]) -> LexicalIndex:
        """Indexes the texts; position i of `search` is texts[i]."""
        model = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        # The empty string keeps the vocabulary from being empty, which bm25s refuses; no query contains it.
        model.index([content_stems(text) or [""] for text in texts], show_progress=False)
        return cls(model)

    def search(self, query: str, k: int) -> list[tuple[int, float]]:
        """The at most `k` best (position, score > 0), best first; ties by position."""
        known = [stem for stem in content_stems(query) if stem in self._model.vocab_dict]
        if not known:
            return []
        scores = self._model.get_scores(known)
        best = np.argsort(-scores, kind="stable")[:k]
        return [(int(at), float(scores[at])) for at in best if scores[at] > 0]

    def save(self, folder: Path) -> None:
        """Writes NumPy arrays and JSON into `folder`; nothing is pickled."""
        self._model.save(str(folder), show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """What `save` wrote."""
        return cls(bm25s.BM25.load(str(folder), load_corpus=False, allow_pickle=False))
