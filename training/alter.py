"""Rule-made alterations: of a true sentence into a false claim, and of a question into one that its passage does not answer.

Each rule changes one thing, as a slip or an invention would: a number, a unit, a comparator, the negation, the direction, the
route, the population, a name. A rule that finds nothing to change returns None; no rule returns the text unchanged.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Rule = Callable[[str, random.Random], str | None]

_PAIRS = {
    "direction": [
        ("increases", "decreases"), ("increase", "decrease"), ("increased", "decreased"), ("increasing", "decreasing"),
        ("higher", "lower"), ("more", "less"), ("greater", "smaller"), ("longer", "shorter"), ("better", "worse"),
        ("improved", "worsened"), ("improves", "worsens"), ("improve", "worsen"), ("reduces", "raises"), ("reduced", "raised"),
        ("reduce", "raise"), ("reduction", "rise"), ("activation", "inhibition"), ("activates", "inhibits"),
        ("activated", "blocked"), ("agonist", "antagonist"), ("before", "after"), ("early", "late"), ("first", "last"),
        ("most", "least"), ("often", "rarely"), ("common", "rare"), ("stronger", "weaker"), ("enhances", "impairs"),
        ("induces", "prevents"), ("upregulated", "downregulated"), ("positive", "negative"), ("superior", "inferior"),
        ("faster", "slower"), ("rapid", "slow"), ("short-term", "long-term"), ("benefit", "harm"), ("safe", "dangerous"),
        ("effective", "ineffective"), ("efficacious", "useless"), ("high", "low"), ("larger", "smaller"), ("risk", "benefit"),
        ("promotes", "inhibits"), ("gain", "loss"), ("above", "below"), ("begin", "end"), ("began", "ended"),
        ("won", "lost"), ("north", "south"), ("east", "west"), ("northern", "southern"), ("eastern", "western"),
        ("oldest", "youngest"), ("largest", "smallest"), ("highest", "lowest"), ("causes", "prevents"), ("similar", "different"),
    ],
    "comparator": [
        ("less than", "more than"), ("at least", "at most"), ("up to", "at least"), ("fewer than", "more than"), ("over", "under"),
        ("about", "exactly"), ("approximately", "exactly"), ("within", "after"), ("minimum", "maximum"), ("almost", "more than"),
        ("twice", "half"), ("all", "some"), ("only", "not only"), ("usually", "always"), ("may", "will always"), ("rarely", "usually"),
        ("sometimes", "always"), ("can", "cannot"), ("majority", "minority"), ("none", "most"),
    ],
    "route": [
        ("oral", "intravenous"), ("orally", "intravenously"), ("subcutaneous", "intramuscular"), ("intravenous", "subcutaneous"),
        ("by mouth", "by injection"), ("topical", "systemic"), ("inhaled", "oral"), ("PO", "IV"), ("SC", "IM"), ("IV", "PO"),
        ("intranasal", "rectal"), ("infusion", "bolus"), ("tablets", "injections"), ("sublingual", "rectal"),
    ],
    "population": [
        ("adults", "children"), ("women", "men"), ("elderly", "young"), ("patients", "healthy volunteers"), ("mice", "humans"),
        ("rats", "patients"), ("children", "adults"), ("infants", "adolescents"), ("men", "women"), ("human", "mouse"),
        ("male", "female"), ("older", "younger"), ("boys", "girls"), ("mothers", "fathers"), ("pregnant", "postmenopausal"),
    ],
    "unit": [
        ("mg", "g"), ("mg", "microgram"), ("microgram", "mg"), ("days", "weeks"), ("weeks", "months"), ("hours", "days"),
        ("minutes", "hours"),
        ("months", "years"), ("years", "months"), ("day", "week"), ("week", "month"), ("kg", "g"), ("mL", "L"), ("km", "m"),
        ("million", "thousand"),
        ("hundred", "thousand"), ("billion", "million"), ("daily", "weekly"), ("mm", "cm"), ("seconds", "minutes"),
    ],
}  # fmt: skip

_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|may|should|will|has|have|had|does|do|did|could|must|would)\b(?! not\b)"
)
_NEGATED = re.compile(
    r"\b(is|are|was|were|can|may|should|will|has|have|had|does|do|did|could|must|would)(?: not\b|n't\b)|\bcan(?:not|'t)\b"
)
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w-]|[.,]\d)")
_NAME = re.compile(r"(?<=[a-z,;] )(?:[A-Z][\w'-]+(?: (?:of |the )?[A-Z][\w'-]+)*)")


def swapped(kind: str) -> Rule:
    """The rule that puts one word of a pair of `_PAIRS[kind]` in the place of the other, in either direction."""
    both = [(a, b) for a, b in _PAIRS[kind]] + [(b, a) for a, b in _PAIRS[kind]]

    def rule(text: str, rng: random.Random) -> str | None:
        found = [(a, b) for a, b in both if re.search(rf"\b{re.escape(a)}\b", text)]
        if not found:
            return None
        a, b = rng.choice(found)
        return re.sub(rf"\b{re.escape(a)}\b", b, text, count=1)

    return rule


def number(text: str, rng: random.Random) -> str | None:
    """Another number in the place of one: halved, doubled, tenfold, or a neighbour; a year stays a year."""
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    value = float(match.group().replace(",", ""))
    if 1500 <= value <= 2100 and value == int(value):
        changed = value + rng.choice([-30, -12, -5, -2, 1, 3, 8, 20])
    else:
        changed = rng.choice([value * 2, value / 2, value * 10, value + 1, value + 5, value * 1.5, abs(value - 1) + 2])
    said = f"{changed:.1f}".rstrip("0").rstrip(".") if "." in match.group() or changed < 3 else f"{round(changed)}"
    return None if float(said) == value else text[: match.start()] + said + text[match.end() :]


def negation(text: str, rng: random.Random) -> str | None:
    """A "not" taken out, or put after the first auxiliary."""
    match = _NEGATED.search(text)
    if match:
        return text[: match.start()] + (match.group(1) or "can") + text[match.end() :]
    found = list(_AUXILIARY.finditer(text))
    if not found:
        return None
    match = found[0] if rng.random() < 0.7 else rng.choice(found)
    return text[: match.end()] + " not" + text[match.end() :]


def entity(names: Sequence[str]) -> Rule:
    """The rule that puts another of `names` (of the same article, say) in the place of a name inside the text."""

    def rule(text: str, rng: random.Random) -> str | None:
        found = list(_NAME.finditer(text))
        others = [name for name in names if name not in text]
        if not found or not others:
            return None
        match = rng.choice(found)
        return text[: match.start()] + rng.choice(others) + text[match.end() :]

    return rule


def names_in(texts: Sequence[str]) -> list[str]:
    """Names inside sentences, each once, in order of appearance."""
    return list(dict.fromkeys(match.group() for text in texts for match in _NAME.finditer(text)))


def altered(text: str, names: Sequence[str], rng: random.Random) -> tuple[str, str] | None:
    """(kind, text with one thing changed) by a rule drawn at random among those that find something; None if none does."""
    rules: list[tuple[str, Rule]] = [
        ("number", number), ("negation", negation), ("entity", entity(names)), *((kind, swapped(kind)) for kind in _PAIRS),
    ]  # fmt: skip
    rng.shuffle(rules)
    for kind, rule in rules:
        changed = rule(text, rng)
        if changed is not None and changed != text:
            return kind, changed
    return None
