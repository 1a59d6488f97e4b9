"""A small document, what the reader makes of it, and a writer over fakes: what the tests of generated answers share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ketarag.answering.condense import Condensed
from ketarag.answering.extract import Composed
from ketarag.answering.gate import number_faults
from ketarag.answering.generate import Budget, Task, Writer
from ketarag.glossary import Glossary
from ketarag.indexing.chunk import chunk
from ketarag.indexing.segment import segment
from ketarag.pages import page_of
from ketarag.protocols import ChatModel, Verifier
from ketarag.testing import FakeReader, FakeVerifier, HashEmbedder, Reply, ScriptedChatModel
from ketarag.types import Document, Hit, Reading, VerifiedClaim

TEXT = """# Depression

Following a single IV dose of 500 microgram/kg, up to 70% of patients respond. The benefit of the dose lasts less than one week.

\f# Elimination

About 90% of a parenteral dose of ketamine is excreted in the urine. Ketamine is not excreted unchanged in the bile.

# Routes

Ketamine is given PO or SC in palliative care. It is never given into the spine without specialist advice.
"""
DOCUMENT = Document("dose.pdf", "Dose", TEXT, "0" * 64)
PASSAGES = tuple(chunk(DOCUMENT, segment(DOCUMENT).sentences, HashEmbedder().count_word_pieces, 40))
HITS = [Hit(passage, 1.0 / rank, rank, "dense") for rank, passage in enumerate(PASSAGES, start=1)]
RESPONSE = "Following a single IV dose of 500 microgram/kg, up to 70% of patients respond."
BENEFIT = "The benefit of the dose lasts less than one week."
URINE = "About 90% of a parenteral dose of ketamine is excreted in the urine."
QUESTION = "Which single IV dose do patients respond to?"


def reading(question: str = QUESTION, hits: Sequence[Hit] = tuple(HITS)) -> Reading:
    return FakeReader().read(question, hits)


def writer(model: ChatModel, budget: Budget | None = None, verifier: Verifier | None = None) -> Writer:
    return Writer(
        model, verifier or FakeVerifier(), {DOCUMENT.id: DOCUMENT}, Glossary(), 0.8, budget or Budget(5.0, 600)
    )


def write(
    *replies: str | Reply, question: str = QUESTION, budget: Budget | None = None
) -> tuple[list[VerifiedClaim], Composed]:
    """The events and the whole, for a model that says `replies`."""
    return run(writer(ScriptedChatModel(*replies), budget), question)


def run(desk: Writer, question: str = QUESTION) -> tuple[list[VerifiedClaim], Composed]:
    generator = desk.write(Condensed(question, question, "", (question,)), reading(question), Task(Budget(5.0, 600)))
    events: list[VerifiedClaim] = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as end:
            composed: Composed = end.value
            check(events, composed)
            return events, composed


def check(events: Sequence[VerifiedClaim], composed: Composed) -> None:
    """What always holds, whatever the model wrote."""
    assert tuple(event.claim for event in events) == composed.claims
    assert tuple(citation for event in events for citation in event.citations) == composed.citations
    assert [citation.marker for citation in composed.citations] == list(range(1, len(composed.citations) + 1))
    assert len(composed.claims) <= 3
    assert len({claim.text.casefold() for claim in composed.claims}) == len(composed.claims)
    known = {citation.marker: citation for citation in composed.citations}
    used = [marker for claim in composed.claims for marker in claim.markers]
    assert list(dict.fromkeys(used)) == sorted(known)
    for citation in composed.citations:
        assert DOCUMENT.text[citation.start : citation.end] == citation.quote
        assert (citation.title, citation.page) == (DOCUMENT.title, page_of(DOCUMENT, citation.start))
        assert citation.passage_id in {passage.id for passage in PASSAGES}
    for claim in composed.claims:
        assert claim.markers
        assert claim.verdict.supported
        assert claim.verdict.evidence == tuple(known[marker] for marker in claim.markers)
        assert not re.search(r"[\[【]\s*\d|[<>]|https?:", claim.text)
        assert number_faults(claim.text, [known[marker].quote for marker in claim.markers]) == []
