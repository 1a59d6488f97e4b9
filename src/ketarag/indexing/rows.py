"""Documents and passages as lines of JSON, and back. Offsets are into the document's text; a passage's own text is kept with it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from ketarag.types import Document, LeftOut, Passage, Sentence, Span


def document_line(document: Document) -> bytes:
    """A document without its id, which is its place in the corpus."""
    row = {name: getattr(document, name) for name in ("title", "text", "sha256", "publisher")}
    row["published"] = document.published.isoformat() if document.published else None
    row["left_out"] = [[item.span.start, item.span.end, item.reason] for item in document.left_out]
    row["metadata"] = dict(document.metadata)
    return _line(row)


def read_document(line: bytes, name: str) -> Document:
    """The document called `name`. Raises KeyError, TypeError and ValueError on a line that is none."""
    row = json.loads(line)
    published = row.pop("published")
    left_out = tuple(LeftOut(Span(start, end), reason) for start, end, reason in row.pop("left_out"))
    return Document(name, **row, published=date.fromisoformat(published) if published else None, left_out=left_out)


def passage_line(passage: Passage) -> bytes:
    """A passage without the name of its document."""
    sentences = [[s.start, s.end, s.clean, s.paragraph] for s in passage.sentences]
    return _line({"heading": passage.heading, "text": passage.text, "sentences": sentences})


def read_passage(line: bytes, document: str) -> Passage:
    """The passage of the document called `document`. Raises like `read_document`."""
    row = json.loads(line)
    heading, text = row["heading"], row["text"]
    first = row["sentences"][0][0]
    sentences = tuple(
        Sentence(document, start, end, heading, text[start - first : end - first], clean, paragraph)
        for start, end, clean, paragraph in row["sentences"]
    )
    end = sentences[-1].end
    clean = " ".join(sentence.clean for sentence in sentences)
    return Passage(passage_id(document, first, end), document, first, end, heading, text, clean, sentences)


def passage_id(document: str, start: int, end: int) -> str:
    """What names a passage, everywhere."""
    return f"{document}#{start}-{end}"


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
