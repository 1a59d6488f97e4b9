"""Which words of two answers differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an answer. `differs`: its words are not in the other one at that place."""

    text: str
    differs: bool


def marked(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces that join to them again. White space never differs by itself."""
    words = [[match.span() for match in re.finditer(r"\S+", text)] for text in (before, after)]
    old, new = ([text[start:end] for start, end in spans] for text, spans in zip((before, after), words, strict=True))
    blocks = [block for block in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if block[0] != "equal"]
    return (
        _cut(before, [(words[0][i][0], words[0][j - 1][1]) for _, i, j, _, _ in blocks if i < j]),
        _cut(after, [(words[1][i][0], words[1][j - 1][1]) for _, _, _, i, j in blocks if i < j]),
    )


def _cut(text: str, differing: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    pieces, at = [], 0
    for start, end in differing:
        pieces += [Piece(text[at:start], False), Piece(text[start:end], True)]
        at = end
    return tuple(piece for piece in (*pieces, Piece(text[at:], False)) if piece.text)
