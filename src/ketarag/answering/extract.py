"""extract: a reading -> the document's own sentences as claims, each checked against its own passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ketarag.answering.cite import cite
from ketarag.answering.compose import compose
from ketarag.answering.conflicts import Conflict
from ketarag.protocols import Verifier
from ketarag.types import Citation, Claim, Document, Reading


@dataclass(frozen=True, slots=True)
class Composed:
    """The claims of an answer in order, and what is to be said of how it came about; no claims where nothing stands.

    `written_by` names the chat model that wrote them, "" where they are the documents' own sentences.
    """

    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    warnings: tuple[str, ...] = ()
    written_by: str = ""


def extract(
    reading: Reading,
    share: float,
    verifier: Verifier,
    documents: Mapping[str, Document],
    conflicts: Sequence[Conflict] = (),
) -> Composed:
    """One claim and one citation for each composed sentence; one that its own passage does not carry is dropped.

    `share` is the reader's. Nothing for a reading without evidence. Whoever says otherwise than the best sentence is quoted beside it.
    """
    best = reading.evidence[:1]
    rivals = [other for one in conflicts for other in (one.newer, one.older) if {one.newer, one.older} & set(best)]
    chosen = compose(reading.evidence, share, documents, [one for one in rivals if one not in best])
    verdicts = [verifier.verify(item.sentence.clean, [item.passage]) for item in chosen]
    standing = [(item, verdict) for item, verdict in zip(chosen, verdicts, strict=True) if verdict.supported]
    citations = cite([item for item, _ in standing], documents)
    claims = tuple(
        Claim(item.sentence.clean, (citation.marker,), replace(verdict, evidence=(citation,)))
        for (item, verdict), citation in zip(standing, citations, strict=True)
    )
    return Composed(claims, citations)
