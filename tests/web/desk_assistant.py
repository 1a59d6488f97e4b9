"""An assistant without models that can be extended by documents; and the files of `tests/indexing`, for tests of uploads."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from fake_assistant import FakeAssistant

from ketarag.answering.rarity import TermStatistics
from ketarag.errors import CorpusError
from ketarag.indexing.overlay import shelve
from ketarag.loading import Prepared
from ketarag.testing import HashEmbedder
from ketarag.types import Document

sys.path.append(str(Path(__file__).parents[1] / "indexing"))


@dataclass
class DeskAssistant(FakeAssistant):
    """`documents` are its own and those that it was extended by; embedding waits for `go`."""

    documents: tuple[Document, ...] = FakeAssistant.documents  # type: ignore[misc]
    go: Event = field(default_factory=Event)

    def prepare(self, document: Document) -> Generator[tuple[int, int], None, Prepared]:
        steps = shelve(document, HashEmbedder(16))
        yield next(steps)
        assert self.go.wait(20)
        shelved = yield from steps
        if not shelved.passages:
            raise CorpusError(f"{document.id}: nothing to search")
        return Prepared(shelved, TermStatistics(0, {}), frozenset())

    def extended(self, added: Sequence[Prepared]) -> DeskAssistant:
        return DeskAssistant((*self.documents, *(one.document for one in added)), self.go)


def ready() -> DeskAssistant:
    """One that does not wait."""
    made = DeskAssistant()
    made.go.set()
    return made
