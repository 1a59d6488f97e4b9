"""python -m eval lint: what is wrong with the cases taken together, and with each against the source.

Not here: what a single line shows (`cases`, which refuses to load it).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from rapidfuzz import fuzz

from eval.cases import SPLITS, ClaimCase, Gold, QuestionCase, load_claims, load_questions, read_lines
from eval.draft import DRAFT
from eval.metrics import contains
from ketarag import Assistant, Document
from ketarag.text import normalise

ALIKE = 90.0
"""Normalised Indel similarity (`rapidfuzz.fuzz.ratio`, 0 to 100) from which two wordings count as one.

Looked for in the pairs of our own cases. Where one author wrote each case to be another, the most alike pair of questions has 77, of
claims of one kind 88. Between authors, pairs from 90 on differ by a word or a figure ("checked" or "repeated", "five studies" or "six");
from 89 down come pairs that are different questions ("raise ICP" and "raise ICP and HR" 87, the capital of Mongolia and of Australia 82).
Two authors who ask the same in words of their own are let be: a document this short has no other questions for them.
"""


@dataclass(frozen=True, slots=True)
class Split:
    """Cases that are used together, under the name of their split or file."""

    name: str
    questions: Sequence[QuestionCase]
    claims: Sequence[ClaimCase]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the case `case` of the split `split`, in words."""

    split: str
    case: str
    message: str

    def __str__(self) -> str:
        return f"{self.split}/{self.case}: {self.message}"


def load_split(name: str) -> Split:
    """A split of `eval/cases`. Raises CaseError."""
    return Split(name, load_questions(name), load_claims(name))


def lint(documents: Sequence[Document], splits: Sequence[Split]) -> list[Finding]:
    """Everything found, first what is wrong between cases, then with each, in their order; a pair is told of its later case.

    Between cases: an id used twice; a question asked twice, after the same earlier questions, or a claim made twice, the same or nearly
    so (`ALIKE`), which between two splits is a leak. With each: a draft among them; gold that is not what stands there in any of the
    documents, or is not indexed; a fact of which no alternative stands in the gold evidence; a claim without evidence; a "verbatim"
    claim that its evidence does not hold; an altered claim that a document makes.
    """
    found = [*_same_ids(splits), *_same_questions(splits), *_same_claims(splits)]
    for split in splits:
        for question in split.questions:
            found += [Finding(split.name, question.id, fault) for fault in _question_faults(documents, question)]
        for claim in split.claims:
            found += [Finding(split.name, claim.id, fault) for fault in _claim_faults(documents, claim)]
    return found


def _same_ids(splits: Sequence[Split]) -> Iterator[Finding]:
    owner: dict[str, str] = {}
    for split in splits:
        for name in [*(case.id for case in split.questions), *(case.id for case in split.claims)]:
            if name in owner:
                yield Finding(split.name, name, f"its id is that of another case in {owner[name]}")
            owner.setdefault(name, split.name)


def _same_questions(splits: Sequence[Split]) -> Iterator[Finding]:
    asked = [
        (split.name, case.id, _plain(case.question), " / ".join(map(_plain, case.history)))
        for split in splits
        for case in split.questions
    ]
    for (home, first, *before), (split, second, *after) in combinations(asked, 2):
        score = min(_alike(one, other) for one, other in zip(before, after, strict=True))
        if score:
            yield Finding(split, second, _twice("asks", score, first, home, split))


def _same_claims(splits: Sequence[Split]) -> Iterator[Finding]:
    """Claims of two kinds may differ by one word, that is what they are for: only the same wording is told of."""
    made = [(split.name, case.id, case.kind, _plain(case.claim)) for split in splits for case in split.claims]
    for (home, first, kind, before), (split, second, other_kind, after) in combinations(made, 2):
        score = _alike(before, after) if kind == other_kind or before == after else 0.0
        if score:
            yield Finding(split, second, _twice("claims", score, first, home, split))


def _alike(one: str, other: str) -> float:
    """Similarity from `ALIKE` to 100, or 0."""
    return fuzz.ratio(one, other, score_cutoff=ALIKE)


def _plain(text: str) -> str:
    return normalise(text).strip(" ?.!")


def _twice(verb: str, score: float, first: str, home: str, split: str) -> str:
    nearly = "" if score == 100 else "nearly "
    leak = "" if home == split else ": a leak between splits"
    return f"{verb} {nearly}the same as {first} in {home} ({score:.0f} of 100){leak}"


def _question_faults(documents: Sequence[Document], case: QuestionCase) -> Iterator[str]:
    if case.id.startswith(DRAFT):
        yield f"is still a draft: do what its note asks, and give it an id without {DRAFT!r}"
    places = [place for group in case.evidence for place in group]
    yield from _gold_faults(documents, places)
    gold = " ".join(place.quote for place in places)
    for fact in case.facts:
        if not _one_stands(gold, fact):
            elsewhere = any(_one_stands(_indexed(document), fact) for document in documents)
            where = (
                "its gold evidence, though elsewhere in the source"
                if elsewhere
                else "the source: no answer can hold it"
            )
            yield f"none of {list(fact)} stands in {where}"


def _claim_faults(documents: Sequence[Document], case: ClaimCase) -> Iterator[str]:
    yield from _gold_faults(documents, case.evidence)
    claim = case.claim.strip(" .")
    if not case.evidence and case.kind != "invented":
        yield f"has no evidence: where is it {'taken' if case.supported else 'altered'} from?"
    elif case.kind == "verbatim" and not any(contains(place.quote, claim) for place in case.evidence):
        yield "is called verbatim, but no evidence of it holds these words"
    if not case.supported and any(contains(_indexed(document), claim) for document in documents):
        yield "is called not supported, but these very words stand in the source"


def _one_stands(text: str, fact: Iterable[str]) -> bool:
    return any(contains(text, phrase) for phrase in fact)


def _gold_faults(documents: Sequence[Document], places: Iterable[Gold]) -> Iterator[str]:
    for place in places:
        homes = [document for document in documents if document.text[place.start : place.end] == place.quote]
        reasons = [_left_out(document, place) for document in homes]
        if not homes:
            yield f"gold [{place.start}:{place.end}] is not {place.quote!r} but {_there(documents, place)}"
        elif all(reasons):
            yield f"gold [{place.start}:{place.end}] is not indexed ({reasons[0]}): nothing can cite it"


def _left_out(document: Document, place: Gold) -> str:
    """Why a place is not indexed, "" when all of it is."""
    touching = (one for one in document.left_out if one.span.start < place.end and place.start < one.span.end)
    return next((one.reason for one in touching), "")


def _there(documents: Sequence[Document], place: Gold) -> str:
    """What stands at a place instead, and where its quote does."""
    stands = [f"{document.text[place.start : place.end]!r} in {document.id}" for document in documents]
    found = [(document.id, document.text.find(place.quote)) for document in documents]
    return ", ".join([*stands, *(f"its quote at {start} in {name}" for name, start in found if start >= 0)])


def _indexed(document: Document) -> str:
    """The text without what is left out."""
    ends = [0, *(one.span.end for one in document.left_out)]
    starts = [*(one.span.start for one in document.left_out), len(document.text)]
    return "\n".join(document.text[start:end] for start, end in zip(ends, starts, strict=True))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `run`."""
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="question cases that are in no split yet, checked with the splits",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints a line for each finding; 1 when there are any, else 0. Raises CaseError, KetaRAGError."""
    splits = [load_split(name) for name in SPLITS]
    splits += [Split(str(path), read_lines(path, QuestionCase), ()) for path in arguments.files]
    documents = Assistant.load(progress=lambda line: print(line, file=sys.stderr)).documents
    found = lint(documents, splits)
    for finding in found:
        print(finding)
    count = sum(len(split.questions) + len(split.claims) for split in splits)
    print(f"{len(found) or 'No'} finding{'' if len(found) == 1 else 's'} in {count} cases.")
    return 1 if found else 0
