"""Which embedder serves a model: its conversion, where there is a faithful one, else sentence-transformers itself."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

from ketarag.errors import ModelError
from ketarag.indexing.convert import convert, folder_for, read_conversion
from ketarag.indexing.embed import SentenceTransformerEmbedder, model_fingerprint
from ketarag.indexing.runtime import OpenVinoEmbedder
from ketarag.protocols import Embedder, Vectors

EmbedAll = Callable[[Iterable[Sequence[str]]], Generator[Vectors, None, None]]
"""The vectors of each batch of passages, in order, as an index keeps them. Batches may be asked for ahead of the vectors that came."""


def load_embedder(model: str, report: Callable[[str], None]) -> Embedder:
    """The fast embedder of a sentence-transformers model, converted first where that was not yet done; with that there, no torch is loaded.

    Where a model cannot be converted, or drifts, the reference serves, and `report` says so. What is loaded is checked first: the files of
    a conversion by the hashes written when it was compared with its original, an original of ours by its pinned hash; an original that
    is not loaded is not read. Raises ModelError when there is no such model, or the bundled one does not have its pinned hash.
    """
    fingerprint = model_fingerprint(model)
    folder = folder_for(fingerprint)
    conversion = read_conversion(folder)
    if conversion is not None:
        return OpenVinoEmbedder(conversion, folder)
    reference = SentenceTransformerEmbedder(model)
    report("Converting the embedding model for fast use (once)")
    try:
        return OpenVinoEmbedder(convert(reference.model, fingerprint, folder), folder)
    except (ModelError, OSError) as error:
        report(f"The embedding model runs in sentence-transformers, several times slower: {error}")
        return reference


def encode_for_index(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Passages as an index keeps them: in one and the same arithmetic, however many there are at once.

    A passage has the same vector whatever is embedded beside it, so an index that was updated is the one that would be built anew.
    """
    if isinstance(embedder, OpenVinoEmbedder):
        return embedder.encode_many(texts)
    return embedder.encode(texts)


def encode_all(embedder: Embedder, batches: Iterable[Sequence[str]]) -> Generator[Vectors, None, None]:
    """`EmbedAll` in this process: one batch after the other."""
    for texts in batches:
        yield encode_for_index(embedder, texts)
