"""Sentences, passages and hits by hand."""

from __future__ import annotations

from collections.abc import Sequence

from ketarag.types import Document, Evidence, Hit, Passage, Sentence


def make_passage(
    sentences: Sequence[str], *, document: str = "a.txt", heading: str = "", paragraphs: str = ""
) -> Passage:
    """The sentences with a space between; `paragraphs` numbers them by digits ("001"), all of one where it is ""."""
    made = []
    at = 0
    for place, text in enumerate(sentences):
        paragraph = int(paragraphs[place]) if paragraphs else 0
        made.append(Sentence(document, at, at + len(text), heading, text, text, paragraph))
        at += len(text) + 1
    text = " ".join(sentences)
    return Passage(f"{document}#0-{len(text)}", document, 0, len(text), heading, text, text, tuple(made))


def document_of(passage: Passage) -> Document:
    """The document that holds this passage and nothing else."""
    return Document(passage.document_id, f"Title of {passage.document_id}", passage.text, "0" * 64)


def evidence_of(passage: Passage, scores: Sequence[float]) -> list[Evidence]:
    """The sentences of the passage with these scores, best first."""
    pairs = zip(passage.sentences, scores, strict=True)
    return sorted((Evidence(sentence, passage, score) for sentence, score in pairs), key=lambda item: -item.score)


def hits_of(*passages: Passage) -> list[Hit]:
    """Ranked in the order given."""
    return [Hit(passage, 1.0 / rank, rank, "dense") for rank, passage in enumerate(passages, start=1)]
