"""`build_index`: the one public function of index time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from ketarag.config import Settings
from ketarag.indexing.build import IndexSummary


def build_index(
    corpus: str | Path | None = None,
    index: str | Path | None = None,
    model: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> IndexSummary:
    """Indexes a folder of documents unless a whole and fresh index of it is there already.

    Arguments as of `Assistant.load`. Raises CorpusError when no document can be read (single files that cannot are in
    `IndexSummary.unreadable`), IndexingError when the index cannot be written, ModelError, SettingsError.
    """
    from ketarag.loading import index_corpus

    settings = Settings.from_environment().overridden(corpus, index, model)
    return index_corpus(settings, progress or logging.getLogger("ketarag").info)
