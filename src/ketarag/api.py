"""What can be done with an index: `build_index` for everybody, the rest for whoever runs the program."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ketarag.config import Settings
from ketarag.indexing.build import IndexSummary

if TYPE_CHECKING:
    from ketarag.indexing.upkeep import IndexStats


def build_index(
    corpus: str | Path | None = None,
    index: str | Path | None = None,
    model: str | None = None,
    progress: Callable[[str], None] | None = None,
    store: str | None = None,
    ray: str | None = None,
) -> IndexSummary:
    """Indexes a folder of documents unless a whole and fresh index of it is there already.

    Arguments as of `Assistant.load`; `ray` is the address of a Ray cluster whose machines embed (`docs/scaling.md`).
    Raises CorpusError when no document can be read (single files that cannot are in `IndexSummary.unreadable`),
    IndexingError when the index cannot be written or the cluster fails, ModelError, SettingsError, StoreError.
    """
    from ketarag.loading import index_corpus

    settings = Settings.from_environment().overridden(corpus, index, model, store=store, ray=ray)
    return index_corpus(settings, progress or logging.getLogger("ketarag").info)


def index_stats(settings: Settings) -> IndexStats:
    """The index of the settings in numbers. Raises IndexingError where there is no whole one."""
    from ketarag.indexing.upkeep import index_stats

    return index_stats(settings.index_path)


def verify_index(settings: Settings, progress: Callable[[str], None]) -> tuple[str, ...]:
    """Reads every byte and every line of the index; what is wrong with it, empty for a whole one."""
    from ketarag.indexing.upkeep import verify_index

    return verify_index(settings.index_path, progress)


def compact_index(settings: Settings, progress: Callable[[str], None]) -> IndexStats:
    """Frees the place of passages that are no longer used. Raises IndexingError."""
    from ketarag.indexing.upkeep import compact_index
    from ketarag.loading import load_glossary

    return compact_index(settings.index_path, load_glossary(settings), progress)


def watch_corpus(
    settings: Settings, progress: Callable[[str], None], done: Callable[[IndexSummary], None], stop: Event | None = None
) -> None:
    """Builds the index, and again whenever the corpus has changed, until `stop` is set; `done` gets what each build did.

    The model is loaded once. Raises ModelError, and CorpusError when there is no such folder; what fails later is told to `progress`.
    """
    from ketarag.indexing.embedders import load_embedder
    from ketarag.indexing.load import document_files
    from ketarag.indexing.watch import watch
    from ketarag.loading import rebuild

    document_files(settings.corpus)
    embedder = load_embedder(settings.model, progress)

    def update() -> None:
        done(rebuild(settings, embedder, progress))

    watch(settings.corpus, update, progress, stop)
