"""What is shown of a case: both answers with the words that differ, and the source around what they cite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from eval.record import ClaimRecord, GivenAnswer, QuestionRecord, Quote, Run
from eval.report.material import Material, outcome, shown
from eval.report.source import Excerpt, Place, excerpts
from eval.report.words import Piece, marked

VERDICTS = ("worse", "better", "changed")
NAMED = "named"
"""Verdict of a case that a failure names although it came out as in the baseline (a slow one, say)."""

LABELS = {"now": "shown now", "before": "shown by the baseline", "gold": "named by the case"}
"""Label of a place in the source -> in words. Shown: cited, or named as nearest where the answer was declined."""


@dataclass(frozen=True, slots=True)
class Source:
    """Excerpts of one document. `astray`: quotes that are not the document's text at their place, or whose document is not at hand."""

    document_id: str
    excerpts: tuple[Excerpt, ...]
    astray: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionCard:
    """A question case. `before` is the baseline's record, None where it has none; the pieces are those of the two answers' texts."""

    record: QuestionRecord
    before: QuestionRecord | None
    verdict: str
    why: tuple[str, ...]
    pieces: tuple[Piece, ...]
    pieces_before: tuple[Piece, ...]
    sources: tuple[Source, ...]

    @property
    def moved(self) -> bool:
        """Whether both answers have the same words and point to other places: what side by side cannot show."""
        both = [record.answer for record in (self.before, self.record) if record and record.answer]
        return len(both) == 2 and both[0].text == both[1].text and both[0].citations != both[1].citations

    @property
    def same(self) -> bool:
        """Whether there is nothing to show beside each other."""
        return self.before is None or (self.before.answer, self.before.error) == (self.record.answer, self.record.error)


@dataclass(frozen=True, slots=True)
class ClaimCard:
    """A claim case; `before` is the baseline's record."""

    record: ClaimRecord
    before: ClaimRecord | None
    verdict: str
    why: tuple[str, ...]


Card = QuestionCard | ClaimCard


def anchor(case: str) -> str:
    """The id of a case's place on the page, whatever the case is called: different for different cases, and itself in an address."""
    return "case-" + quote(case, safe="").replace("%", "=")


def changed(material: Material) -> Mapping[str, tuple[Card, ...]]:
    """Verdict -> the cases with it in the order of the comparison; at the end those that only a failure names."""
    comparison = material.comparison
    if comparison is None:
        return {}
    records, before = _by_id(material.run), _before(material)
    told = {change.id for change in comparison.changes}
    named = dict.fromkeys(case for failure in comparison.failures for case in failure.cases if case not in told)
    rows = [(change.id, change.verdict, change.why) for change in comparison.changes]
    rows += [(case, NAMED, _blame(material, case)) for case in named]
    cards = [
        _card(records[case], before.get(case), verdict, why, material)
        for case, verdict, why in rows
        if case in records  # one that was taken out of the cases has nothing to show
    ]
    order = dict.fromkeys([*VERDICTS, *(card.verdict for card in cards)])
    groups = {verdict: tuple(card for card in cards if card.verdict == verdict) for verdict in order}
    return {verdict: group for verdict, group in groups.items() if group}


def not_right(material: Material, without: Iterable[str]) -> tuple[QuestionCard, ...]:
    """Every question that was answered or declined wrongly or crashed, but for those `without`, in the order of the run."""
    left_out, before = set(without), _before(material)
    found = [r for r in material.run.questions if not outcome(r).endswith("right") and r.id not in left_out]
    return tuple(_question(record, before.get(record.id), "", (), material) for record in found)


def wrong_claims(material: Material) -> tuple[ClaimCard, ...]:
    """Every claim that was judged wrong: by kind, then in the order of the run."""
    before = _before(material)
    wrong = sorted((claim for claim in material.run.claims if not claim.right), key=lambda claim: claim.kind)
    return tuple(_card_of_claim(claim, before.get(claim.id), "", ()) for claim in wrong)


def _before(material: Material) -> Mapping[str, QuestionRecord | ClaimRecord]:
    return _by_id(material.baseline) if material.baseline else {}


def _by_id(run: Run) -> Mapping[str, QuestionRecord | ClaimRecord]:
    records: list[QuestionRecord | ClaimRecord] = [*run.questions, *run.claims]
    return {record.id: record for record in records}


def _blame(material: Material, case: str) -> tuple[str, ...]:
    return tuple(failure.message for failure in material.failures if case in failure.cases)


def _card(
    record: QuestionRecord | ClaimRecord,
    before: QuestionRecord | ClaimRecord | None,
    verdict: str,
    why: tuple[str, ...],
    material: Material,
) -> Card:
    if isinstance(record, ClaimRecord):
        return _card_of_claim(record, before, verdict, why)
    return _question(record, before, verdict, why, material)


def _card_of_claim(
    record: ClaimRecord, before: QuestionRecord | ClaimRecord | None, verdict: str, why: tuple[str, ...]
) -> ClaimCard:
    return ClaimCard(record, before if isinstance(before, ClaimRecord) else None, verdict, why)


def _question(
    record: QuestionRecord,
    before: QuestionRecord | ClaimRecord | None,
    verdict: str,
    why: tuple[str, ...],
    material: Material,
) -> QuestionCard:
    earlier = before if isinstance(before, QuestionRecord) else None
    pieces_before, pieces = _pieces(earlier.answer if earlier else None, record.answer)
    return QuestionCard(record, earlier, verdict, why, pieces, pieces_before, _sources(record, earlier, material))


def _pieces(before: GivenAnswer | None, now: GivenAnswer | None) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Nothing is marked where one of the two is no answer: there, everything differs."""
    if before is None or now is None or before.abstained or now.abstained:
        plain = (((Piece(answer.text, False),) if answer else ()) for answer in (before, now))
        return next(plain), next(plain)
    return marked(before.text, now.text)


def _sources(record: QuestionRecord, before: QuestionRecord | None, material: Material) -> tuple[Source, ...]:
    labelled: list[tuple[str, Quote]] = [("now", place) for place in shown(record)]
    if before and before.answer != record.answer:
        labelled += [("before", place) for place in shown(before)]
    labelled += [("gold", place) for place in record.gold]
    documents = dict.fromkeys(place.document_id for _, place in labelled)
    return tuple(
        _source(document, [row for row in labelled if row[1].document_id == document], material.documents.get(document))
        for document in documents
    )


def _source(document: str, labelled: Iterable[tuple[str, Quote]], text: str | None) -> Source:
    places, astray = [], []
    for label, place in labelled:
        if text is not None and text[place.start : place.end] == place.quote:
            places.append(Place(place.start, place.end, label))
        else:
            astray.append(place.quote)
    return Source(document, excerpts(text or "", places), tuple(dict.fromkeys(astray)))
