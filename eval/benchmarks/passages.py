"""Text of a public set -> a passage as the program has it, with the program's own sentences; passages -> its index.

A document of a set is one passage, however long (the program would cut it): the set judges documents. No glossary is used, for a
glossary belongs to the documents, and these have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketarag.answering.retrieve import HybridRetriever
from ketarag.glossary import Glossary
from ketarag.indexing.chunk import embedded_text
from ketarag.indexing.lexical import LexicalIndex
from ketarag.indexing.segment import segment
from ketarag.indexing.store import FaissStore
from ketarag.protocols import Embedder, Retriever
from ketarag.types import Document, Passage, Sentence


@dataclass(frozen=True, slots=True)
class Indexed:
    """Passages ready to be searched: by words, by vectors, and as the program does it. `lexical` counts in the order of `passages`."""

    passages: tuple[Passage, ...]
    lexical: LexicalIndex
    vectors: FaissStore
    retriever: Retriever


def as_passage(name: str, heading: str, text: str) -> Passage:
    """The whole text under its heading. It has at least one sentence: the whole of it where the segmenter finds none."""
    document = Document(id=name, title=heading, text=text, sha256="")
    found = segment(document, lambda _: True).sentences
    whole = Sentence(name, 0, len(text), heading, text, text or heading, 0)
    return Passage(name, name, 0, len(text), heading, text, text, found or (whole,))


def index(passages: Sequence[Passage], embedder: Embedder) -> Indexed:
    """Heading and text of each passage, in both indices, as `ketarag.indexing.build` does it."""
    texts = [embedded_text(passage.heading, passage.clean) for passage in passages]
    vectors = FaissStore(embedder.dimension)
    vectors.add([passage.id for passage in passages], embedder.encode(texts))
    lexical = LexicalIndex.build(texts)
    retriever = HybridRetriever(passages, vectors, lexical, embedder, Glossary())
    return Indexed(tuple(passages), lexical, vectors, retriever)
