"""The page over several documents of different publishers, years and tags: `python tests/browser/library_service.py`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from types import MappingProxyType

sys.path.insert(0, str(Path(__file__).parents[1]))

from fake_assistant import DOCUMENT, FakeAssistant

from ketarag.config import Settings
from ketarag.types import Document
from ketarag.web.server import serve

HOSTILE = "<img src=x onerror=alert(1)> <b>Press</b>"


def document(name: str, published: date | None, publisher: str, *tags: str) -> Document:
    """One that nobody quotes."""
    told = MappingProxyType({"tags": "\n".join(tags)})
    return Document(name, name.capitalize(), f"Words of {name}.", "0" * 64, published, publisher, metadata=told)


DOCUMENTS = (
    DOCUMENT,
    document("asthma", date(2015, 3, 1), "Society of Elbows", "adults"),
    document("burns", date(2021, 6, 1), "Society of Elbows", "adults", "dose"),
    document("cough", date(2023, 6, 1), HOSTILE, "dose", "<script>alert(2)</script>"),
    document("undated", None, "Society of Elbows"),
)


class Library(FakeAssistant):
    """The methods of `ketarag.Assistant`."""

    documents = DOCUMENTS  # type: ignore[assignment]


if __name__ == "__main__":
    serve(Library(), Settings(port=0, uploads=False))  # type: ignore[arg-type]
