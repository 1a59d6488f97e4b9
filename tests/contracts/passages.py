"""Passages for the contracts of what works on them, made by the real segmenter."""

from __future__ import annotations

from ketarag.indexing.chunk import chunk
from ketarag.indexing.segment import segment
from ketarag.testing import HashEmbedder
from ketarag.types import Document, Hit

TEXT = """# Dose

Following a single IV dose of 500 microgram/kg, up to 70% of patients respond. The benefit lasts less than one week.

# Elimination

About 90% of a parenteral dose is excreted in the urine. Ketamine is not excreted unchanged in the bile.

# Routes

Ketamine is given PO or SC. It is never given into the spine without specialist advice.
"""
DOCUMENT = Document("dose.md", "Dose", TEXT, "0" * 64)
PASSAGES = tuple(chunk(DOCUMENT, segment(DOCUMENT).sentences, HashEmbedder().count_word_pieces, 40))
HITS = [Hit(passage, 1.0 / rank, rank, "dense") for rank, passage in enumerate(PASSAGES, start=1)]
