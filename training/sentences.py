"""Plain English text -> sentences, for the training sets, which have no structure to keep.

The program's own segmenter (`ketarag.indexing.segment`) is for documents; it would also look for headings and lists here.
"""

from __future__ import annotations

import re

_END = re.compile(r"(?P<closing>(?<=[.!?])[\"')\]]*)\s+(?=[\"'(\[]?[A-Z0-9])")
_NOT_AN_END = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|vs|e\.g|i\.e|cf|al|etc|Fig|No|approx|ca|Jr|Sr|U\.S|Inc|Ltd|Co|c)\.|\b[A-Z]\.)$"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open character spans of the sentences, in order, without the white space between them."""
    spans, start = [], len(text) - len(text.lstrip())
    for match in _END.finditer(text):
        if _NOT_AN_END.search(text[start : match.start()]):
            continue
        spans.append((start, match.end("closing")))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text.rstrip())))
    return [(first, last) for first, last in spans if text[first:last].strip()]


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [text[start:end] for start, end in sentence_spans(text)]


def one_line(text: str) -> str:
    """The text with every stretch of white space made one space."""
    return " ".join(text.split())
