"""A stretch of a sentence's `clean` text -> where it stands in the document.

`clean` is the sentence without reference markers, bullets and line breaks, sometimes with the lead-in of its list before it: the two
differ by short insertions only, and what is equal in both carries the offsets over.
"""

from __future__ import annotations

from rapidfuzz.distance import Indel

from ketarag.types import Sentence, Span


def in_document(sentence: Sentence, stretch: Span) -> Span | None:
    """The smallest span of the document that holds every character of `stretch` that stands in `sentence.text`; None for none."""
    blocks = Indel.opcodes(sentence.clean, sentence.text)
    places = [
        (block.dest_start + max(stretch.start, block.src_start) - block.src_start,
         block.dest_start + min(stretch.end, block.src_end) - block.src_start)
        for block in blocks
        if block.tag == "equal" and block.src_start < stretch.end and stretch.start < block.src_end
    ]  # fmt: skip
    if not places:
        return None
    return Span(sentence.start + places[0][0], sentence.start + places[-1][1])
