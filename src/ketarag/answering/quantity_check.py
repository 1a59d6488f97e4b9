"""Every number, unit and comparator of a claim against those of its source."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ketarag.answering.analysis import Analysis
from ketarag.answering.comparators import Comparator, fits
from ketarag.answering.lexicon import vocabulary
from ketarag.answering.quantities import FREQUENCY, Quantity

_SAME = 1e-6  # relative: rounding of unit conversions, nothing more
_NEAR = 6  # content words on either side that say what a number is of


def quantity_problems(claim: Analysis, source: Analysis) -> list[str]:
    """Problems in words; [] when the source states every quantity of the claim about the same thing."""
    problems: list[str] = []
    used: set[int] = set()
    for quantity in claim.quantities:
        if _is_pronoun(quantity, claim, source):
            continue
        same = [i for i, other in enumerate(source.quantities) if _equal(quantity, other)]
        if not same or _other_vague(quantity, claim, source):
            if not _parts_stand(quantity, claim, source):
                problems.append(_missing(quantity, source))
            continue
        fitting = [i for i in same if fits(quantity.comparator, source.quantities[i].comparator)]
        if not fitting:
            problems.append(_other_bound(quantity, source.quantities[same[0]]))
        elif quantity.value is not None and all(i in used for i in fitting):
            problems.append(f"{quantity.text} is said more often than in the cited passage")
        else:
            used.add(next((i for i in fitting if i not in used), fitting[0]))
    return problems or _misplaced(claim, source)


def _is_pronoun(quantity: Quantity, claim: Analysis, source: Analysis) -> bool:
    """True for "one" without a unit, unless the source counts the same things with another number."""
    if quantity.dimension != "count" or quantity.value != 1:
        return False
    counted = _next_stem(claim, quantity)
    return not any(
        q.dimension == "count" and q.value != 1 and _next_stem(source, q) == counted for q in source.quantities
    )


def _next_stem(text: Analysis, quantity: Quantity) -> str:
    return next((word.stem for word in text.words if word.start >= quantity.end), "")


def _equal(claimed: Quantity, stated: Quantity) -> bool:
    if claimed.value is None:
        return claimed.dimension == stated.dimension or _same_unit_word(claimed, stated)
    if stated.value is None or claimed.dimension != stated.dimension:
        return False
    if claimed.ranged != stated.ranged:
        return False
    return math.isclose(claimed.value, stated.value, rel_tol=_SAME)


def _same_unit_word(claimed: Quantity, stated: Quantity) -> bool:
    """A vague "weeks" stands where the source says "4-6 weeks"."""
    unit = claimed.dimension.removeprefix("vague ")
    return stated.dimension == "[time]" and unit in stated.text


def _other_vague(quantity: Quantity, claim: Analysis, source: Analysis) -> bool:
    """The claim says a vague duration of the source in another unit: "within minutes" for "within hours"."""
    if quantity.value is not None or any(q.dimension == quantity.dimension for q in source.quantities):
        return False
    said = {q.dimension for q in claim.quantities}
    return any(q.value is None and q.dimension not in said for q in source.quantities)


def _parts_stand(quantity: Quantity, claim: Analysis, source: Analysis) -> bool:
    """100 mg over 24 h is 100 mg/24h: the sides of a rate may stand as two quantities, if both do."""
    for whole, others in ((quantity, source.quantities), *((rate, claim.quantities) for rate in source.quantities)):
        if not whole.parts or (whole is not quantity and not _is_side(quantity, whole)):
            continue
        if all(any(_is_value(other, value, dimension) for other in others) for value, dimension in whole.parts):
            return True
    return False


def _is_side(quantity: Quantity, rate: Quantity) -> bool:
    return any(_is_value(quantity, value, dimension) for value, dimension in rate.parts)


def _is_value(quantity: Quantity, value: float, dimension: str) -> bool:
    """Whether it is this side of a rate; "daily" is a side of a day."""
    if not quantity.value:
        return False
    if quantity.dimension == FREQUENCY and dimension == "[time]":
        return math.isclose(1.0 / quantity.value, value, rel_tol=_SAME)
    return quantity.dimension == dimension and math.isclose(quantity.value, value, rel_tol=_SAME)


def _missing(quantity: Quantity, source: Analysis) -> str:
    if quantity.value is None:
        alike = [q.text for q in source.quantities if "time" in q.dimension or q.dimension.startswith("vague")]
        says = f" (it says {', '.join(dict.fromkeys(alike))})" if alike else ""
        return f"duration '{quantity.text}' is not in the cited passage{says}"
    alike = [q.text for q in source.quantities if q.dimension == quantity.dimension]
    if not alike:
        alike = [q.text for q in source.quantities]
    says = f" (it says {', '.join(dict.fromkeys(alike))})" if alike else ""
    return f"number {quantity.text} is not in the cited passage{says}"


def _other_bound(claimed: Quantity, stated: Quantity) -> str:
    return f"says {_bound(claimed)} where the source says {_bound(stated)}"


def _bound(quantity: Quantity) -> str:
    return (
        f"'{quantity.text}'" if quantity.comparator is Comparator.NONE else f"'{quantity.comparator} {quantity.text}'"
    )


def _misplaced(claim: Analysis, source: Analysis) -> list[str]:
    """Figures that stand in the source, but about something else, or in the other order."""
    problems = []
    for quantity in claim.quantities:
        rivals = [q for q in source.quantities if q.dimension == quantity.dimension and q.value is not None]
        same = [q for q in rivals if _equal(quantity, q)]
        others = [q for q in rivals if not _equal(quantity, q) and q.group not in {s.group for s in same}]
        if not same or not others:
            continue
        near = _context(claim, quantity)
        if (
            max(_shared(near, _context(source, q)) for q in others)
            > max(_shared(near, _context(source, q)) for q in same) + 0.5
        ):
            problems.append(f"number {quantity.text} belongs to something else in the cited passage")
    return problems + _swapped(claim, source)


def _shared(left: Sequence[str], right: Sequence[str]) -> int:
    return len(set(left) & set(right))


def _context(text: Analysis, quantity: Quantity) -> list[str]:
    """The nearest content stems, up to the next quantity of the same kind that is not in its own list."""
    rivals = [q for q in text.quantities if q.dimension == quantity.dimension and q.group != quantity.group]
    low = max((q.end for q in rivals if q.end <= quantity.start), default=0)
    high = min((q.start for q in rivals if q.start >= quantity.end), default=len(text.canonical))
    before = [word.stem for word in text.content if low <= word.start < quantity.start]
    after = [word.stem for word in text.content if quantity.end <= word.start < high]
    if quantity.dimension == "[fold]":  # twice as potent as: what follows is what it is compared with
        return after[:_NEAR]
    return before[-_NEAR:] + after[:_NEAR]


_CONTROLS = vocabulary("placebo control controls sham baseline comparator")


def _swapped(claim: Analysis, source: Analysis) -> list[str]:
    """Two members of one list of the source, said in the other order, without a control group named first."""
    lists: dict[int, list[Quantity]] = {}
    for quantity in source.quantities:
        if quantity.value is not None:
            lists.setdefault(quantity.group, []).append(quantity)
    for members in lists.values():
        if len(members) != 2 or _equal(members[0], members[1]):
            continue
        places = [
            next((q for q in claim.quantities if q.value is not None and _equal(q, member)), None) for member in members
        ]
        first, second = places
        if first is None or second is None:
            continue
        if _control_is_first(claim, first, second) != _control_is_first(source, members[0], members[1]):
            return [f"{first.text} and {second.text} are the other way round in the cited passage"]
    return []


def _control_is_first(text: Analysis, first: Quantity, second: Quantity) -> bool:
    """Whether the first figure is the control group's; where none is named, the second is said to be."""
    controls = [word.start for word in text.words if word.text in _CONTROLS]
    if not controls:
        return second.start < first.start
    return min(_gap(first, at) for at in controls) < min(_gap(second, at) for at in controls)


def _gap(quantity: Quantity, at: int) -> int:
    return max(quantity.start - at, at - quantity.end)
