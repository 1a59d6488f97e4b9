"""Of the sets that the reader was trained on in part, the part that it never saw. The rule is that of `training/prepare.py`.

Not here: the two articles of SQuAD that it never saw (Force, Huguenot), which are named on the command line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from eval.benchmarks.files import BenchmarkError, LabelledClaim, Query

PER_CENT = 20
T = TypeVar("T")

# File or folder -> what is drawn as one: a claim with all its pairs, a pair, a query with all its documents.
_CLAIMS: dict[str, Callable[[LabelledClaim], str]] = {
    "begin_wow": lambda row: row.id,
    "scifact_claims": lambda row: row.claim,
    "wice": lambda row: row.id,
}
_QUERIES: dict[str, Callable[[Query], str]] = {"scifact": lambda query: " ".join(query.text.split())}


def held_out_claims(file: Path, rows: Sequence[LabelledClaim]) -> list[LabelledClaim]:
    """Those of a bench file that were not learned from. Raises BenchmarkError when there are none, and for another file."""
    return _part(file, rows, _CLAIMS)


def held_out_queries(folder: Path, queries: Sequence[Query]) -> list[Query]:
    """Those of a bench folder that were not learned from. Raises BenchmarkError when there are none, and for another folder."""
    return _part(folder, queries, _QUERIES)


def _part(path: Path, rows: Sequence[T], keys: Mapping[str, Callable[[T], str]]) -> list[T]:
    if path.stem not in keys:
        raise BenchmarkError(
            f"{path}: --held-out is for {', '.join(keys)}; other sets were learned from whole or not at all"
        )
    found = [row for row in rows if _bucket(keys[path.stem](row)) < PER_CENT]
    if not found:
        raise BenchmarkError(f"{path}: none of its {len(rows)} rows was held out")
    return found


def _bucket(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 100
