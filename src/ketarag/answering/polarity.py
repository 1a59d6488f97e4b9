"""Negation, hedges and how often: whether a claim denies, asserts or leaves open what its source does."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ketarag.answering.analysis import Analysis, Word
from ketarag.answering.lexicon import (
    ALWAYS,
    EXCEPTIONS,
    EXCLUSIVE,
    MOSTLY,
    OPEN_QUESTION,
    POSSIBLE,
    RESTRICTORS,
    SELDOM,
    SETTLED,
    STRONG_HEDGES,
    WEAK_NEGATORS,
    vocabulary,
)
from ketarag.text import stem

_BE = vocabulary("is are was were be been being they we")
_HEAD = 2  # content words that a negator denies first
_REACH = 4  # content words that it may still be about
_IDIOMS = frozenset(
    {
        ("not", "only"),
        ("not", "just"),
        ("no", "more"),
        ("no", "less"),
        ("not", "more"),
        ("not", "less"),
        ("no", "later"),
        ("no", "other"),
        ("without", "any doubt"),
    }
)
_ANTI = re.compile(r"(?:un|in|im|ir|non|dis)(?=[a-z]{4})")


def polarity_problems(claim: Analysis, source: Analysis) -> list[str]:
    """Problems in words; [] when the claim denies, leaves open and hedges as the source does."""
    return [
        *_denied_only_in_claim(claim, source),
        *_denied_only_in_source(claim, source),
        *_settled(claim, source),
        *_unhedged(claim, source),
        *_oftener(claim, source),
        *_exclusive(claim, source),
        *_prefixed(claim, source),
    ]


def _negators(text: Analysis) -> list[int]:
    """Places of the words that deny."""
    found = []
    for place, word in enumerate(text.words):
        following = text.words[place + 1].text if place + 1 < len(text.words) else ""
        preceding = text.words[place - 1].text if place else ""
        or_without = word.text == "without" and preceding == "or"
        if word.negates and (word.text, following) not in _IDIOMS and following != "exceed" and not or_without:
            found.append(place)
    return found


def _scope(text: Analysis, place: int, reach: int) -> list[str]:
    """Stems of the clause's next content words; where none follows, of the words before ("evidence is lacking")."""
    clause = text.words[place].clause
    after = [w.stem for w in text.words[place + 1 :] if w.clause == clause and _bears(w)]
    if after:
        return after[:reach]
    return [w.stem for w in text.words[:place] if w.clause == clause and _bears(w)][-reach:]


def _bears(word: Word) -> bool:
    return (word.content or word.text in ("known", "enough", "more", "any")) and not word.negates


def _denied_only_in_claim(claim: Analysis, source: Analysis) -> list[str]:
    problems = []
    source_negators = _negators(source)
    reach = {s for place in source_negators for s in _scope(source, place, 99)}
    prefixed = {stem(_ANTI.sub("", word.text, count=1)) for word in source.words if _ANTI.match(word.text)}
    opened = any(_is_open(source, place) for place in source_negators)
    for place in _negators(claim):
        word = claim.words[place]
        if word.text in WEAK_NEGATORS or word.text in source.texts:
            continue
        scope = _scope(claim, place, _REACH)
        answered = set(scope) & (reach | prefixed) or (opened and (word.text in OPEN_QUESTION or set(scope) & SETTLED))
        restricted = claim.texts & EXCEPTIONS and source.all_stems & RESTRICTORS
        same_clause = {w.stem for w in claim.content if w.clause == word.clause} & reach
        if not (answered or restricted or (source_negators and same_clause)):
            problems.append(f"says '{_phrase(claim, place)}', which the source does not deny")
    return problems


def _denied_only_in_source(claim: Analysis, source: Analysis) -> list[str]:
    claim_negators = _negators(claim)
    denied = {s for place in claim_negators for s in _scope(claim, place, 99)}
    clauses = {claim.words[place].clause for place in claim_negators}
    negated_words = {w.stem for w in claim.words if w.clause in clauses}
    problems = []
    for place in _negators(source):
        word = source.words[place]
        if word.text in WEAK_NEGATORS and not _opens(source, place):
            continue
        if claim_negators and _is_open(source, place) and not _opens(source, place):
            continue
        head = _scope(source, place, _HEAD)
        others = {s for other in _all_but(source, head) for s in other}
        shared = [s for s in head if s in claim.all_stems and s not in denied | negated_words and s not in others]
        if shared:
            problems.append(f"the source says '{_phrase(source, place)}', the claim does not deny it")
    return problems


def _all_but(source: Analysis, head: Iterable[str]) -> Iterable[set[str]]:
    """Stems of the source that also stand somewhere undenied."""
    places = _negators(source)
    clauses = {source.words[place].clause for place in places}
    yield {w.stem for w in source.content if w.clause not in clauses and w.stem in head}


def _is_open(text: Analysis, place: int) -> bool:
    word = text.words[place].text
    return word in OPEN_QUESTION and (word not in ("remain", "remains") or _opens(text, place))


def _opens(text: Analysis, place: int) -> bool:
    """True for "remains to be", "is pending": the matter is open."""
    following = [word.text for word in text.words[place + 1 : place + 3]]
    return text.words[place].text in ("pending", "awaited", "awaiting") or following == ["to", "be"]


def _phrase(text: Analysis, place: int) -> str:
    return " ".join(word.text for word in text.words[place : place + 4])


def _settled(claim: Analysis, source: Analysis) -> list[str]:
    """The source leaves open what the claim calls known."""
    opened = [w for place, w in enumerate(source.words) if _is_open(source, place)]
    if not opened or any(word.negates or word.text in OPEN_QUESTION for word in claim.words):
        return []
    about = {w.stem for w in source.content if w.clause in {o.clause for o in opened}}
    known = [word.text for word in claim.words if word.stem in SETTLED and word.stem not in source.stems - about]
    hit = known and about & (claim.stems - SETTLED)
    if hit:
        return [f"says '{known[0]}' where the source says '{opened[0].text}'"]
    return []


def _unhedged(claim: Analysis, source: Analysis) -> list[str]:
    """A hedge of the source that is dropped from the very word it stands before."""
    if any(word.text in POSSIBLE or word.text in STRONG_HEDGES for word in claim.words):
        return []
    problems = []
    for place, word in enumerate(source.words):
        if word.text not in STRONG_HEDGES:
            continue
        head = next((w.stem for w in source.words[place + 1 :] if w.content and w.text not in POSSIBLE), "")
        if head and head in claim.stems:
            problems.append(f"drops '{word.text}' of the source")
    return problems


def _oftener(claim: Analysis, source: Analysis) -> list[str]:
    """Always for usually, usually for sometimes."""
    problems = []
    for strong, enough in ((ALWAYS, ALWAYS), (MOSTLY, MOSTLY | ALWAYS)):
        said = [w.text for w in claim.words if w.text in strong]
        if strong is ALWAYS:
            said += _universals(claim)
        if (
            not said
            or any(word.text in enough for word in source.words)
            or any(stem(w) in source.all_stems for w in said)
        ):
            continue
        weaker = [w.text for w in source.words if w.text in (SELDOM | MOSTLY | STRONG_HEDGES) - strong]
        if strong is ALWAYS or any(w in SELDOM for w in weaker):
            problems.append(
                f"says '{said[0]}'" + (f" where the source says '{weaker[0]}'" if weaker else ", the source does not")
            )
    said = [w.text for w in claim.words if w.text in SELDOM]
    if said and any(w.text in MOSTLY for w in source.words) and not any(w.text in SELDOM for w in source.words):
        problems.append(
            f"says '{said[0]}' where the source says '{next(w.text for w in source.words if w.text in MOSTLY)}'"
        )
    return problems


def _universals(text: Analysis) -> list[str]:
    """ "All" and "every" before what they count; not in "are all affected"."""
    pairs = zip([None, *text.words], text.words, strict=False)
    return [w.text for before, w in pairs if w.text in ("all", "every") and (before is None or before.text not in _BE)]


def _exclusive(claim: Analysis, source: Analysis) -> list[str]:
    """Only in adults, for in adults and children."""
    said = [word.text for word in claim.words if word.text in EXCLUSIVE]
    if said and not source.all_stems & RESTRICTORS:
        return [f"says '{said[0]}', the source does not"]
    return []


def _prefixed(claim: Analysis, source: Analysis) -> list[str]:
    """A word with un- or in- for the bare one, or the reverse, where no "not" makes up for it."""
    problems = []
    for said, stated in ((claim, source), (source, claim)):
        if _negators(stated):
            continue
        for word in said.words:
            bare = stem(_ANTI.sub("", word.text, count=1))
            opposed = bare in stated.stems - said.stems and word.stem not in stated.all_stems
            if opposed and bare != word.stem and not _negators(said):
                problems.append(f"'{word.text}' and '{bare}' are opposites")
    return problems
