"""Which way: more or less, opens or closes, and which side of a comparison is which."""

from __future__ import annotations

from dataclasses import dataclass

from ketarag.answering.analysis import Analysis, Word
from ketarag.answering.lexicon import OPPOSITES

_NEAR = 3  # content words on either side that a direction is about
_COMPARES = frozenset("than versus vs compared".split())
_SIDE = 4  # content words of each side of a comparison
_UP, _DOWN = OPPOSITES[0]


@dataclass(frozen=True, slots=True)
class _Direction:
    pair: int
    side: int
    word: Word
    near: frozenset[str]


def direction_problems(claim: Analysis, source: Analysis) -> list[str]:
    """Problems in words; [] when every direction of the claim is the source's about the same thing."""
    swap = _sides_swapped(claim, source)
    stated = _directions(source)
    problems = []
    for said in _directions(claim):
        rivals = [d for d in stated if d.pair == said.pair]
        if not rivals or said.word.stem in {d.word.stem for d in rivals if d.side == said.side} and len({d.side for d in rivals}) == 1:
            if not (swap and said.pair == 0 and rivals):
                continue
        best = max((len(said.near & d.near) for d in rivals), default=0)
        nearest = [d for d in rivals if len(said.near & d.near) == best]
        same = any(d.side == said.side for d in nearest)
        if said.pair == 0 and swap and _in_comparison(claim, said.word):
            same = any(d.side != said.side for d in nearest)
        if not same and nearest:
            problems.append(f"says '{said.word.text}' where the source says '{nearest[0].word.text}'")
    return problems


def _directions(text: Analysis) -> list[_Direction]:
    found = []
    content = text.content
    for word in text.words:
        for pair, sides in enumerate(OPPOSITES):
            for side, stems in enumerate(sides):
                if word.stem in stems and word.stem not in sides[1 - side]:
                    before = [w.stem for w in content if w.start < word.start][-_NEAR:]
                    after = [w.stem for w in content if w.start > word.start][:_NEAR]
                    found.append(_Direction(pair, side, word, frozenset(before + after)))
    return found


def _in_comparison(text: Analysis, word: Word) -> bool:
    return any(w.text in _COMPARES and w.start > word.start for w in text.words)


def _sides(text: Analysis) -> list[tuple[frozenset[str], frozenset[str]]]:
    """The content stems before and after each "than" or "compared with"."""
    sides = []
    for place, word in enumerate(text.words):
        before = text.words[max(0, place - 4) : place]
        as_than = word.text == "as" and any(w.text == "as" for w in before)
        if word.text in _COMPARES or as_than:
            left = [w.stem for w in text.words[:place] if w.content]
            right = [w.stem for w in text.words[place + 1 :] if w.content][:_SIDE]
            sides.append((frozenset(left), frozenset(right)))
    return sides


def _sides_swapped(claim: Analysis, source: Analysis) -> bool:
    """True when a comparison of the claim has on its right what the source has on its left, and the reverse."""
    for left, right in _sides(claim):
        for stated_left, stated_right in _sides(source):
            only_left, only_right = stated_left - stated_right, stated_right - stated_left
            crossed = len(right & only_left) and len(left & only_right) and not (right & only_right)
            if crossed:
                return True
    return False


def comparison_problems(claim: Analysis, source: Analysis) -> list[str]:
    """Sides of a comparison exchanged while its direction stays."""
    if not _sides_swapped(claim, source):
        return []
    ours = {d.side for d in _directions(claim) if d.pair == 0 and _in_comparison(claim, d.word)}
    theirs = {d.side for d in _directions(source) if d.pair == 0 and _in_comparison(source, d.word)}
    if ours and theirs and ours.isdisjoint(theirs):
        return []
    return ["the sides of the comparison are exchanged"]
