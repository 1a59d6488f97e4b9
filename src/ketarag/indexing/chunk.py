"""chunk: sentences -> passages: whole sentences, under one heading, short enough to be embedded; with offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from ketarag.types import Document, Passage, Sentence, Span

CountWordPieces = Callable[[str], int]


def embedded_text(heading: str, clean: str) -> str:
    """What stands for a passage or sentence in the embedder and in BM25: its heading, then its words."""
    return f"{heading}\n{clean}" if heading else clean


def chunk(document: Document, sentences: Sequence[Sentence], count: CountWordPieces, limit: int) -> list[Passage]:
    """Passages in document order; every sentence is in exactly one.

    `limit` is in word pieces of the embedder, heading and special pieces included. A sentence beyond it (which
    `segment` has cut already) would stand alone.
    """
    return [
        _passage(document, group) for group in _packed(document, _paragraphs(sentences, count, limit), count, limit)
    ]


def _paragraphs(sentences: Sequence[Sentence], count: CountWordPieces, limit: int) -> Iterator[list[Sentence]]:
    """Whole paragraphs; one beyond the limit in parts of whole sentences."""
    for _, paragraph in groupby(sentences, key=lambda sentence: sentence.paragraph):
        part: list[Sentence] = []
        for sentence in paragraph:
            if part and count(_joined([*part, sentence])) > limit:
                yield part
                part = []
            part.append(sentence)
        yield part


def _packed(
    document: Document, parts: Iterable[list[Sentence]], count: CountWordPieces, limit: int
) -> Iterator[list[Sentence]]:
    """Neighbouring paragraphs together while they fit; never across a heading or a stretch that is left out."""
    group: list[Sentence] = []
    for part in parts:
        apart = bool(group) and (
            part[0].heading != group[0].heading
            or _left_out_between(document, group[-1].end, part[0].start)
            or count(_joined([*group, *part])) > limit
        )
        if apart:
            yield group
            group = []
        group = [*group, *part]
    if group:
        yield group


def _left_out_between(document: Document, start: int, end: int) -> bool:
    return any(left_out.span.overlaps(Span(start, end)) for left_out in document.left_out)


def _joined(group: Sequence[Sentence]) -> str:
    return embedded_text(group[0].heading, " ".join(sentence.clean for sentence in group))


def _passage(document: Document, group: Sequence[Sentence]) -> Passage:
    start, end = group[0].start, group[-1].end
    return Passage(
        id=f"{document.id}#{start}-{end}",
        document_id=document.id,
        start=start,
        end=end,
        heading=group[0].heading,
        text=document.text[start:end],
        clean=" ".join(sentence.clean for sentence in group),
        sentences=tuple(group),
    )
