"""KetaRAG: answers clinical questions from the documents it was given, with the very words of the source.

    from ketarag import Assistant

    answer = Assistant.load().ask("How long does the antidepressant effect last?")
    print(answer.text, answer.citations[0].quote)

Names are imported when they are first used: `import ketarag` loads neither torch nor LangChain nor Gradio.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketarag.api import build_index
    from ketarag.assistant import Assistant, Conversation
    from ketarag.config import Settings
    from ketarag.errors import (
        ChatModelError,
        CorpusError,
        IndexingError,
        KetaRAGError,
        ModelError,
        QuestionError,
        SettingsError,
        StoreError,
    )
    from ketarag.indexing.build import IndexSummary
    from ketarag.types import (
        Answer,
        Citation,
        Claim,
        Document,
        Evidence,
        Filter,
        Final,
        Hit,
        LeftOut,
        Passage,
        Progress,
        Section,
        Sentence,
        Span,
        StreamEvent,
        Turn,
        Verdict,
        VerifiedClaim,
    )

__version__ = "0.1.0"

_HOMES = {
    "ketarag.api": ("build_index",),
    "ketarag.assistant": ("Assistant", "Conversation"),
    "ketarag.config": ("Settings",),
    "ketarag.errors": (
        "ChatModelError", "CorpusError", "IndexingError", "KetaRAGError", "ModelError", "QuestionError", "SettingsError",
        "StoreError",
    ),
    "ketarag.indexing.build": ("IndexSummary",),
    "ketarag.types": (
        "Answer", "Citation", "Claim", "Document", "Evidence", "Filter", "Final", "Hit", "LeftOut", "Passage", "Progress",
        "Section", "Sentence", "Span", "StreamEvent", "Turn", "Verdict", "VerifiedClaim",
    ),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Answer", "Assistant", "ChatModelError", "Citation", "Claim", "Conversation", "CorpusError", "Document", "Evidence", "Filter", "Final",
    "Hit", "IndexSummary", "IndexingError", "KetaRAGError", "LeftOut", "ModelError", "Passage", "Progress", "QuestionError",
    "Section", "Sentence", "Settings", "SettingsError", "Span", "StoreError", "StreamEvent", "Turn", "Verdict", "VerifiedClaim",
    "__version__", "build_index",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'ketarag' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
