"""What an answer cites, against the gold evidence and against the source.

Precision and recall are those of ALCE (Gao et al. 2023, "Enabling large language models to generate text with citations") with gold
places in the stead of its judge: there a citation is right when a language model finds that it supports the statement, here when it
overlaps a place that the author of the case marked.

`evidence` is a list of needed places, each a list of alternatives of which one is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from eval.metrics.places import Place, overlap
from eval.metrics.share import share
from ketarag import Answer, Document
from ketarag.text import words


class Quoted(Place, Protocol):
    """A place of a document, and the words that are said to stand there."""

    @property
    def document_id(self) -> str:
        """The document's."""

    @property
    def quote(self) -> str:
        """The words."""


def citation_recall(citations: Sequence[Place], evidence: Sequence[Sequence[Place]]) -> float | None:
    """Share of the needed places of which one alternative is overlapped by a citation; None where nothing is needed."""
    return share(any(overlap(c, gold) for c in citations for gold in group) for group in evidence)


def citation_precision(citations: Sequence[Place], evidence: Sequence[Sequence[Place]]) -> float | None:
    """Share of the citations that overlap a gold place; None without citations."""
    places = [gold for group in evidence for gold in group]
    return share(any(overlap(c, gold) for gold in places) for c in citations)


def cited_on_gold(citations: Sequence[Place], evidence: Sequence[Sequence[Place]]) -> float | None:
    """1 where at least one citation overlaps a gold place, else 0, without citations too; None where nothing is needed.

    Success@k (Craswell 2009, "Success at n") over all that is cited.
    """
    recall = citation_recall(citations, evidence)
    return None if recall is None else float(recall > 0)


def verbatim(citations: Sequence[Quoted], documents: Mapping[str, Document]) -> float | None:
    """Share of the quotes that are, letter for letter, their document's text at their offsets; None without citations.

    `documents` by id. An empty quote, and one of a document that is not among them, is not verbatim.
    """
    return share(_stands(citation, documents.get(citation.document_id)) for citation in citations)


LEAST_COVERED = 0.8
"""Of a claim's words: a reference number glued to a word makes it another word, a neighbouring sentence shares far fewer."""


def carried(answer: Answer) -> float | None:
    """Share of the claims of which at least LEAST_COVERED of the words stand in what they cite; None for an abstention.

    It falls when a citation slips to a neighbouring sentence, which gold places, being as long as a passage now and then, need not notice.
    """
    quotes = {citation.marker: citation.quote for citation in answer.citations}
    return share(
        _covered(claim.text, " ".join(quotes.get(marker, "") for marker in claim.markers)) >= LEAST_COVERED
        for claim in answer.claims
    )


def _covered(claim: str, quoted: str) -> float:
    said, held = words(claim), set(words(quoted))
    return sum(word in held for word in said) / len(said) if said else 0.0


def _stands(citation: Quoted, document: Document | None) -> bool:
    if document is None or not citation.quote:
        return False
    return document.text[citation.start : citation.end] == citation.quote
