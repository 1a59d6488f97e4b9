"""Negation, hedges and how often: whether a claim denies, asserts or leaves open what its source does."""

from __future__ import annotations

from collections.abc import Iterable

from ketarag.answering.analysis import Analysis, Word
from ketarag.answering.lexicon import (
    ALWAYS,
    MOSTLY,
    NEGATORS,
    OPEN_QUESTION,
    POSSIBLE,
    RESTRICTORS,
    SELDOM,
    SETTLED,
    STRONG_HEDGES,
    WEAK_NEGATORS,
)
from ketarag.text import stem

_HEAD = 2  # content words that a negator denies first
_REACH = 4  # content words that it may still be about
_IDIOMS = frozenset({("not", "only"), ("not", "just"), ("no", "more"), ("no", "less"), ("not", "more"), ("not", "less"), ("no", "later")})
_ANTI = ("un", "in", "im", "ir", "non", "dis")


def polarity_problems(claim: Analysis, source: Analysis) -> list[str]:
    """Problems in words; [] when the claim denies, leaves open and hedges as the source does."""
    return [
        *_denied_only_in_claim(claim, source),
        *_denied_only_in_source(claim, source),
        *_settled(claim, source),
        *_unhedged(claim, source),
        *_oftener(claim, source),
    ]


def _negators(text: Analysis) -> list[int]:
    """Places of the words that deny."""
    found = []
    for place, word in enumerate(text.words):
        following = text.words[place + 1].text if place + 1 < len(text.words) else ""
        if word.negates and (word.text, following) not in _IDIOMS and following != "exceed":
            found.append(place)
    return found


def _scope(text: Analysis, place: int, reach: int) -> list[str]:
    """Stems of the next content words of the clause; of the words before, where none follows ("evidence is lacking")."""
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
    prefixed = {word.stem for word in source.words if word.text.startswith(_ANTI)}
    for place in _negators(claim):
        word = claim.words[place]
        if word.text in WEAK_NEGATORS or word.text in source.texts:
            continue
        scope = _scope(claim, place, _REACH)
        answered = set(scope) & reach or any(s[-5:] == p[-5:] and len(p) > len(s) for s in scope for p in prefixed)
        restricted = claim.all_stems & RESTRICTORS and source.all_stems & RESTRICTORS
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


def _opens(text: Analysis, place: int) -> bool:
    """True for "remains to be", "is pending": the matter is open."""
    following = [word.text for word in text.words[place + 1 : place + 3]]
    return text.words[place].text == "pending" or following == ["to", "be"]


def _phrase(text: Analysis, place: int) -> str:
    return " ".join(word.text for word in text.words[place : place + 4])


def _settled(claim: Analysis, source: Analysis) -> list[str]:
    """The source leaves open what the claim calls known."""
    opened = [w for i, w in enumerate(source.words) if w.text in OPEN_QUESTION and (w.text not in ("remain", "remains") or _opens(source, i))]
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
        if not said or any(word.text in enough for word in source.words) or any(stem(w) in source.all_stems for w in said):
            continue
        weaker = [w.text for w in source.words if w.text in (SELDOM | MOSTLY | STRONG_HEDGES) - strong]
        if strong is ALWAYS or any(w in SELDOM for w in weaker):
            problems.append(f"says '{said[0]}'" + (f" where the source says '{weaker[0]}'" if weaker else ", the source does not"))
    said = [w.text for w in claim.words if w.text in SELDOM]
    if said and any(w.text in MOSTLY for w in source.words) and not any(w.text in SELDOM for w in source.words):
        problems.append(f"says '{said[0]}' where the source says '{next(w.text for w in source.words if w.text in MOSTLY)}'")
    return problems


__all__ = ["NEGATORS", "polarity_problems"]
