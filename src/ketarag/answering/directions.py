"""Which way: more or less, opens or closes, and which side of a comparison is which."""

from __future__ import annotations

from dataclasses import dataclass

from ketarag.answering.analysis import Analysis, Word
from ketarag.answering.lexicon import OPPOSITES, vocabulary
from ketarag.answering.terms import is_term

_NEAR = 4  # content words on either side that a direction is about
_OUTWEIGHED = 0.35  # how near the agreeing word may be, against the opposite one, and still not count
_LEAST_AGAINST = 0.3
_COMPARED_TO = frozenset({"to", "with", "against"})
_COMPARES = vocabulary("than versus vs compared")
_MOST = 0.6  # of the stems of one side
_SIDE = 4  # content words of each side of a comparison
_UP, _DOWN = OPPOSITES[0]


@dataclass(frozen=True, slots=True)
class _Direction:
    pair: int
    side: int
    word: Word
    near: dict[str, float]


def direction_problems(claim: Analysis, source: Analysis) -> list[str]:
    """Problems in words; [] when every direction of the claim is the source's about the same thing."""
    swap = _sides_swapped(claim, source)
    stated = _directions(source)
    problems = []
    for said in _directions(claim):
        rivals = [d for d in stated if d.pair == said.pair]
        wanted = said.side
        if said.pair == 0 and swap and _in_comparison(claim, said.word):
            wanted = 1 - said.side
        agreeing = [_closeness(said, d) for d in rivals if d.side == wanted]
        opposed = max((d for d in rivals if d.side != wanted), key=lambda d: _closeness(said, d), default=None)
        if opposed is None:
            continue
        against = _closeness(said, opposed)
        if against > (max(_LEAST_AGAINST, max(agreeing) / _OUTWEIGHED) if agreeing else 0.0):
            problems.append(f"says '{said.word.text}' where the source says '{opposed.word.text}'")
    return problems


def _directions(text: Analysis) -> list[_Direction]:
    found = []
    content = text.content
    for word in text.words:
        for pair, sides in enumerate(OPPOSITES):
            for side, stems in enumerate(sides):
                if word.stem in stems and word.stem not in sides[1 - side]:
                    before = [w.stem for w in content if w.start < word.start and w.clause == word.clause][::-1]
                    after = [w.stem for w in content if w.start > word.start and w.clause == word.clause]
                    found.append(_Direction(pair, side, word, _nearness(before, after)))
    return found


def _nearness(before: list[str], after: list[str]) -> dict[str, float]:
    """The nearest stems on each side, the next one with weight 1, the second with 1/2, ...; what follows says more."""
    near: dict[str, float] = {}
    for stems, share in ((before, 0.8), (after, 1.0)):
        for place, stemmed in enumerate(stems[:_NEAR], 1):
            near[stemmed] = max(near.get(stemmed, 0.0), share / place)
    return near


def _closeness(left: _Direction, right: _Direction) -> float:
    return sum(weight * right.near.get(stemmed, 0.0) for stemmed, weight in left.near.items())


def _in_comparison(text: Analysis, word: Word) -> bool:
    return any(w.text in _COMPARES and w.start > word.start for w in text.words)


def _sides(text: Analysis) -> list[tuple[frozenset[str], frozenset[str]]]:
    """The content stems before and after each "than" or "compared with"."""
    sides = []
    for place, word in enumerate(text.words):
        before = text.words[max(0, place - 4) : place]
        as_than = word.text == "as" and any(w.text == "as" for w in before)
        unfinished = word.text == "compared" and not {w.text for w in text.words[place + 1 : place + 2]} & _COMPARED_TO
        of_figures = text.canonical[word.end : word.end + 3].strip(" .")[:1].isdigit()  # 25 vs. 50 %
        if (word.text in _COMPARES and not unfinished and not of_figures) or as_than:
            left = [w.stem for w in text.words[:place] if w.content]
            right = [w.stem for w in text.words[place + 1 :] if w.content][:_SIDE]
            sides.append((frozenset(left), frozenset(right)))
    return sides


def _sides_swapped(claim: Analysis, source: Analysis) -> bool:
    """True when a comparison of the claim has on its right what the source has on its left, and the reverse."""
    for left, right in _sides(claim):
        left, right = left - right, right - left  # "green tea than black tea": tea is on neither side
        for stated_left, stated_right in _sides(source):
            only_left, only_right = stated_left - stated_right, stated_right - stated_left
            moved = left & only_right and not right & only_right
            if moved and (right & only_left or len(left & only_right) >= _MOST * len(only_right)):
                return True
    return False


def _subject_exchanged(claim: Analysis, source: Analysis) -> bool:
    """The claim compares without naming the other side, and has for its subject what the source compares with."""
    if _sides(claim):
        return False
    names = {w.stem for w in claim.content if is_term(w.text, w.stem)}
    terms = {w.stem for w in source.content if is_term(w.text, w.stem)}
    return any(
        names & (right - left) and terms & (left - right) and not names & (left - right)
        for left, right in _sides(source)
    )


def _directions_of(text: Analysis) -> set[int]:
    return {d.side for d in _directions(text) if d.pair == 0}


def comparison_problems(claim: Analysis, source: Analysis) -> list[str]:
    """Sides of a comparison exchanged while its direction stays."""
    if _subject_exchanged(claim, source) and _directions_of(claim) & _directions_of(source):
        return ["the sides of the comparison are exchanged"]
    if not _sides_swapped(claim, source):
        return []
    ours = {d.side for d in _directions(claim) if d.pair == 0 and _in_comparison(claim, d.word)}
    theirs = {d.side for d in _directions(source) if d.pair == 0 and _in_comparison(source, d.word)}
    if ours and theirs and ours.isdisjoint(theirs):
        return []
    return ["the sides of the comparison are exchanged"]
