"""Where the sentences of a draft are checked one by one, and the answer grows: claims, citations, and what was done to the draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ketarag.answering.cite import citation
from ketarag.answering.compose import MOST_SENTENCES, compose
from ketarag.answering.gate import faults, instructs, number_faults, points_back, stands_alone
from ketarag.answering.marks import Drafted
from ketarag.answering.repair import answering, replacement
from ketarag.answering.wording import LONGEST, strays
from ketarag.glossary import Glossary
from ketarag.protocols import Verifier
from ketarag.text import normalise, words
from ketarag.types import Citation, Claim, Document, Evidence, Passage, Reading, Sentence, Span, Verdict, VerifiedClaim


@dataclass(frozen=True, slots=True)
class _Place:
    """Neighbouring sentences of one passage that carry a claim."""

    passage: Passage
    sentences: tuple[Sentence, ...]


class Desk:
    """One answer in the making. `claims` and `citations` are what it holds so far, in order.

    Until a sentence of the model stands as it was written nothing is given out: where none does, the extractive answer is the better one.
    """

    def __init__(
        self,
        verifier: Verifier,
        documents: Mapping[str, Document],
        reading: Reading,
        share: float,
        passages: Sequence[Passage],
        glossary: Glossary,
        question: str,
    ) -> None:
        """`passages` as they were given to the model, numbered from 1; `question` with those that it continues."""
        self._verifier = verifier
        self._glossary = glossary
        self._question = question
        self._documents = documents
        kept = tuple(item for item in reading.evidence if not instructs(item.sentence.clean))
        self._reading = replace(reading, evidence=kept)
        self._share = share
        self._passages = passages
        self._answering = answering(self._reading, share)
        self._extractive = compose(self._reading.evidence, share)
        self._telling = {item.sentence for item in (*self._answering, *self._extractive)}
        self._held: list[VerifiedClaim] = []
        self._kept: set[Sentence] = set()
        self._quoted: set[Sentence] = set()
        self._last: tuple[Sentence, ...] = ()
        self.claims: list[Claim] = []
        self.citations: list[Citation] = []
        self.written = 0
        """Sentences shown as the model wrote them."""
        self.replaced = 0
        """Sentences that the source's own took the place of."""
        self.left_out = 0
        """Sentences that nothing took the place of."""
        self.added = 0
        """Sentences of the extractive answer that were added, since nothing shown rested on them."""

    @property
    def full(self) -> bool:
        """No more is to be shown."""
        return len(self.claims) >= MOST_SENTENCES

    def take(self, sentence: Drafted) -> Iterator[VerifiedClaim]:
        """What is shown for one sentence of the draft: itself, the source's own in its place, or nothing."""
        text = sentence.text
        if any(normalise(claim.text) == normalise(text) for claim in self.claims):
            return
        cited = [self._passages[n - 1] for n in sentence.cited if 1 <= n <= len(self._passages)]
        found = self._supported(text, cited) if len(words(text)) <= LONGEST else None
        if found and self._stands(text, found[1]):
            verdict, places = found
            told = {sentence for place in places for sentence in place.sentences}
            if told <= self._quoted or not self._has_room(told):
                return  # the source's own words for it are shown already, or what answers better needs its place
            held, self._held = self._held, []
            self.written += 1
            yield from held
            yield self._shown(text, verdict, places, repaired=False)
            return
        instead = self._carriers(found[1]) if found else []
        self._last = ()
        events = list(self._own(instead or replacement(text, cited, self._passages, self._reading, self._share)))
        self.replaced += bool(events)
        self.left_out += not events
        if self.written:
            yield from events
        else:
            self._held += events

    def complete(self) -> Iterator[VerifiedClaim]:
        """The best evidence and as much that answers as the answer without a model has; call it last, where something is written."""
        for item in self._missing(set()):
            events = list(self._own([item]))
            self.added += len(events)
            yield from events

    def _missing(self, told: set[Sentence]) -> list[Evidence]:
        """What must still be added after a claim that rests on `told`: the best, then others of the extractive answer, in its order."""
        have = self._kept | told
        count = len(self._extractive) - len(self._telling & have)
        absent = [item for item in self._extractive if item.sentence not in have]
        absent.sort(key=lambda item: -item.score)
        needed = absent[: max(count, 0)]
        if not needed and self._answering and self._answering[0].sentence not in have:
            needed = [self._answering[0]]
        return [item for item in self._extractive if item in needed]

    def _has_room(self, told: set[Sentence]) -> bool:
        """Whether what must still be added can be shown after a claim that rests on `told`."""
        return len(self.claims) + 1 + len(self._missing(told)) <= MOST_SENTENCES

    def _stands(self, text: str, places: Sequence[_Place]) -> bool:
        """Whether a reader knows of what a claim speaks: by itself, or as it goes on from the sentence that was shown last."""
        if not points_back(text, _words(places)):
            return stands_alone(text)
        sentences = places[0].passage.sentences
        at = sentences.index(places[0].sentences[0])
        return any(last in sentences[max(0, at - 1) : at + 1] for last in self._last)

    def _supported(self, text: str, cited: Sequence[Passage]) -> tuple[Verdict, list[_Place]] | None:
        """The verdict over the passages cited; where they do not carry it, the best over any other one that was given."""
        if cited and (found := self._checked(text, cited)):
            return found
        others = [passage for passage in self._passages if passage not in cited]
        found_elsewhere = [found for passage in others if (found := self._checked(text, [passage]))]
        return max(found_elsewhere, key=lambda found: found[0].score, default=None)

    def _checked(self, text: str, passages: Sequence[Passage]) -> tuple[Verdict, list[_Place]] | None:
        verdict = self._verifier.verify(text, passages)
        places = [place for citation in verdict.evidence if (place := _place(citation, passages))]
        if not verdict.supported or not places or len(places) < len(verdict.evidence):
            return None
        if len({place.passage.document_id for place in places}) > 1:
            return None  # what two documents say is not blended into one sentence
        quotes = [self._quote(place) for place in places]
        if faults(text, _words(places)) or number_faults(text, quotes) or self._strays(text, places):
            return None
        return verdict, places

    def _strays(self, text: str, places: Sequence[_Place]) -> list[str]:
        headings = [heading for place in places for heading in (place.passage.heading, place.sentences[0].heading)]
        about = [sentence.clean for place in places for sentence in place.passage.sentences]
        return strays(text, _words(places), headings, about, self._question, self._glossary)

    def _carriers(self, places: Sequence[_Place]) -> list[Evidence]:
        """The evidence that answers among the sentences that carry a claim which does not stand by itself."""
        sentences = [sentence for place in places for sentence in place.sentences]
        return compose([item for item in self._answering if item.sentence in sentences][:1], 1.0)

    def _own(self, evidence: Sequence[Evidence]) -> Iterator[VerifiedClaim]:
        """Sentences of the source as they are; nothing where one is shown already or they have no room."""
        if any(item.sentence in self._kept for item in evidence[-1:]):
            return
        new = [item for item in evidence if item.sentence not in self._kept]
        needed = self._missing({item.sentence for item in new})
        if len(self.claims) + len(new) + len(needed) > MOST_SENTENCES:
            return
        for item in new:
            verdict = self._verifier.verify(item.sentence.clean, [item.passage])
            if verdict.supported:
                self._quoted.add(item.sentence)
                place = _Place(item.passage, (item.sentence,))
                yield self._shown(item.sentence.clean, replace(verdict, score=item.score), [place], repaired=True)

    def _shown(self, text: str, verdict: Verdict, places: Sequence[_Place], repaired: bool) -> VerifiedClaim:
        before = len(self.citations)
        citations = list(dict.fromkeys(self._citation(place, verdict.score) for place in places))
        new = tuple(self.citations[before:])
        self._last = tuple(sentence for place in places for sentence in place.sentences)
        self._kept.update(self._last)
        markers = tuple(citation.marker for citation in citations)
        claim = Claim(text, markers, replace(verdict, evidence=tuple(citations)), repaired)
        self.claims.append(claim)
        return VerifiedClaim(claim, new)

    def _citation(self, place: _Place, score: float) -> Citation:
        """The citation of a place, the same one each time; a new one is counted among the answer's."""
        document, first = self._documents[place.passage.document_id], place.sentences[0]
        start, end = first.start, place.sentences[-1].end
        for known in self.citations:
            if (known.document_id, known.start, known.end) == (document.id, start, end):
                return known
        marker = len(self.citations) + 1
        new = citation(marker, document, Span(start, end), first.heading, score, place.passage.id)
        self.citations.append(new)
        return new

    def _quote(self, place: _Place) -> str:
        text = self._documents[place.passage.document_id].text
        return text[place.sentences[0].start : place.sentences[-1].end]


def _words(places: Sequence[_Place]) -> list[str]:
    """What each sentence says."""
    return [sentence.clean for place in places for sentence in place.sentences]


def _place(citation: Citation, passages: Sequence[Passage]) -> _Place | None:
    """The sentences that a verdict's citation quotes; None unless they are whole sentences of one of the passages."""
    for passage in passages:
        if passage.document_id == citation.document_id and passage.start <= citation.start < passage.end:
            inside = tuple(s for s in passage.sentences if citation.start <= s.start and s.end <= citation.end)
            if inside and (inside[0].start, inside[-1].end) == (citation.start, citation.end):
                return _Place(passage, inside)
    return None
