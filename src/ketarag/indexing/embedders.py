"""Which embedder serves a model: its conversion, where there is a faithful one, else sentence-transformers itself."""

from __future__ import annotations

from collections.abc import Callable

from ketarag.errors import ModelError
from ketarag.indexing.convert import convert, folder_for, read_conversion
from ketarag.indexing.embed import SentenceTransformerEmbedder, model_fingerprint, model_path
from ketarag.indexing.runtime import OpenVinoEmbedder
from ketarag.protocols import Embedder


def load_embedder(model: str, report: Callable[[str], None]) -> Embedder:
    """The fast embedder of a sentence-transformers model, converted first where that was not yet done; with that there, no torch is loaded.

    Where a model cannot be converted, or drifts, the reference serves, and `report` says so. Raises ModelError when there is no such model,
    or the bundled one does not have its pinned hash.
    """
    fingerprint = model_fingerprint(model, model_path(model))
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
