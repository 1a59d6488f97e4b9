"""The last look at a claim of a chat model, by other means than the verifier's: what must never be shown, whatever was said before.

Digit by digit and word by word against the very sentences that the claim is to cite: every number stands there as it is written, with the
same unit and a bound that fits. And nothing but a statement passes: no question, no advice, no address, no markup, no other marker.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ketarag.answering.comparators import fits
from ketarag.answering.lexicon import vocabulary
from ketarag.answering.quantities import Quantity, quantities
from ketarag.text import STOP_WORDS, normalise, stem, words

LEAST_CONTENT = 2
LEAST_WORDS = 5
"""Content words, quantities not counted, and words of a claim that stands by itself: "500 microgram/kg" says nothing of what."""

_DIGITS = re.compile(r"\d+(?:[.,:/]\d+)*")
_AMOUNTS = vocabulary(
    "couple few several dozen dozens score scores hundreds thousands millions fortnight fortnights fortnightly decade decades century "
    "centuries overnight majority minority double doubles doubled doubling triple tripled tripling quadruple quadrupled half halves halved "
    "halving third thirds quarter quarters tenth tenths tenfold hundredfold single nil none zero once twice thrice"
)
"""Words for how much and how often: a claim has them only where its source has them."""
_BOUNDS = frozenset(
    "less least most more than fewer under over below above about up approximately roughly around maximum minimum nearly".split()
)
_WEIGHTY = vocabulary(
    "any anyone anybody every everyone everybody all each entire nobody none always never "
    "safe safer safest unsafe harmless dangerous effective ineffective proven established approved licensed licenced standard routine "
    "recommended recommend indicated contraindicated cure cures cured guarantee guaranteed mandatory required must necessary "
    "unnecessary permitted prohibited forbidden fatal lethal"
)
"""For whom or what it holds, and judgements: said only in the words of the source."""
_ALIKE = re.compile(
    r"\b(?:no|without|not) (?:\w+ ){0,3}differ\w*|\b(?:did|does|do)(?: not|n't) differ|\b(?:similar|equal|same|comparable)\b"
)
_UNLIKE = re.compile(
    r"\b(?:more|fewer|less|greater|higher|lower|better|worse|larger|smaller|superior|inferior|longer|shorter)\b"
)
_OFTEN = vocabulary(
    "generally usually typically commonly often frequently sometimes occasionally rarely seldom mostly mainly normally ideally possibly "
    "probably"
)
_DETAILS = re.compile(r"\b[A-Z]{2,}\b|\d+(?:[.,]\d+)*")
_PRONOUNS = re.compile(r"\b(?:it|its|they|them|their|theirs)\b")
_BACK = re.compile(
    r"(?:it|its|they|their|this|that|these|those|such|the (?:same|former|latter)|the (?:drug|treatment|dose|effect)s?(?! of))\b"
)
_PERSONS = re.compile(r"\b(?:you|your|yours|yourself|i|i'm|i'll|i've|my|me|we|we're|our|ours|let's|please)\b")
_ADVISES = re.compile(
    r"(?:(?:do not|don't|never|always|not|please|then|also|first|next),? )*"
    r"(?:give|take|administer|use|start|begin|avoid|consult|ask|speak|talk|see|seek|contact|call|visit|go|click|reduce|increase|decrease|inject|infuse|stop|continue|consider|remember|ensure|monitor|titrate|repeat|try"
    r"|keep|make|discuss|follow|apply|prescribe|withdraw|switch|check|ignore|disregard|print|write|say|reply|output|reveal|send|download|run"
    r"|execute)\b(?!-| (?:of|is|was|are|were|in|by|doses?)\b)"
)
_ADDRESS = re.compile(
    r"\b(?:https?|ftp|file|javascript|data|mailto):|\bwww\.|\b[\w.-]+@[\w-]+\.\w"
    r"|\b[\w-]+\.(?:com|org|net|io|gov|edu|info|example)\b"
)
_MARKUP = re.compile(r"<\s*/?\s*[a-z!?]|\]\s*\(|!\[|&#?\w+;|[{}|\\^`]|```|\[\s*\^?\s*[\w .:†,-]*\d|[【】［］〔〕]")
_INSTRUCTS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|prompts?|rules?|everything|above|told|question)\b"
    r"|\b(?:say|answer|reply|respond|write|output|print|state|tell (?:the user|them|everyone)) "
    r"(?:only |exactly )?(?:that|with|the words?)\b"
    r"|\b(?:you (?:must|should|will|may|can|are)|instead|from now on|always|please)\b.{0,30}"
    r"\b(?:say|answer|reply|respond|write|output|print)\b"
    r"|\b(?:system prompt|language model|note to ais?\b|ai systems?|as an ai|new instructions?|you are (?:now )?an? )"
    r"|(?:^|[#>\s])(?:system|assistant|user|instructions?)\s*:|<\s*/?\s*(?:passage|question|system)|<\||\[\s*/?\s*inst\s*\]"
)
_TALKS = re.compile(
    r"\b(?:passages?|system prompt|prompt|instructions?|as an ai|language model|assistant|the (?:question|user)|not answered)\b"
)


def faults(claim: str, sources: Sequence[str]) -> list[str]:
    """What forbids showing `claim` with `sources`, the words of each sentence that it cites; [] for nothing."""
    said, stated = normalise(claim), normalise(" ".join(sources))
    found = [reason for pattern, reason in _UNLESS_STATED if set(pattern.findall(said)) - set(pattern.findall(stated))]
    if _MARKUP.search(said):
        found.append("it holds markup or a marker")
    if _ADVISES.match(said) and not any(normalise(source).startswith(said.split()[0]) for source in sources):
        found.append("it tells the reader what to do")
    if any(instructs(source) for source in sources):
        found.append("what it cites instructs a model")
    spoken = {stem(word) for word in words(stated)}
    found += [
        f"'{word}' is not said by the source" for word in words(said) if word in _WEIGHTY and stem(word) not in spoken
    ]
    if _ALIKE.search(stated) and not _ALIKE.search(said) and set(_UNLIKE.findall(said)) - set(_UNLIKE.findall(stated)):
        found.append("it tells a difference where the source tells none")
    if _mixes(claim, sources):
        found.append("it says of one thing how often another is so")
    if said.endswith("?"):
        found.append("it is a question")
    return [*found, *number_faults(claim, sources)]


_UNLESS_STATED = (
    (_PERSONS, "it speaks to the reader"),
    (_ADDRESS, "it holds an address"),
    (_TALKS, "it speaks of the passages"),
)


def instructs(text: str) -> bool:
    """Whether a sentence of a document tells a model what to do: no claim that a model writes can rest on it."""
    return _INSTRUCTS.search(normalise(text)) is not None


def number_faults(claim: str, sources: Sequence[str]) -> list[str]:
    """The numbers, amounts and quantities of `claim` that do not stand in `sources` as they are said."""
    said, stated = normalise(claim), normalise(" ".join(sources))
    digits = set(_DIGITS.findall(stated))
    missing = [number for number in _DIGITS.findall(said) if number not in digits]
    spoken = frozenset(words(stated))
    missing += [word for word in dict.fromkeys(words(said)) if word in _AMOUNTS and word not in spoken]
    source = [quantity for text in sources for quantity in quantities(text)]
    missing += [quantity.text for quantity in quantities(said) if not _stands(quantity, source)]
    return [f"'{text}' does not stand in what it cites" for text in dict.fromkeys(missing)]


def stands_alone(claim: str) -> bool:
    """Whether a claim says of something what it says: a bare figure or name does not."""
    told = len(_content(normalise(claim)))
    return told > LEAST_CONTENT or (told == LEAST_CONTENT and len(words(claim)) >= LEAST_WORDS)


def _content(said: str) -> set[str]:
    """Stems of the content words of a normalised text, without quantities and their bounds."""
    for quantity in reversed(quantities(said)):
        said = f"{said[: quantity.start]} {said[quantity.end :]}"
    return {stem(word) for word in words(said) if word not in STOP_WORDS | _BOUNDS and not word[0].isdigit()}


def points_back(claim: str, sources: Sequence[str]) -> bool:
    """Whether a claim says "it" of something that only the claim before it names; what its source means by it does not count."""
    said, stated = normalise(claim), normalise(" ".join(sources))
    loose = [match for match in _PRONOUNS.finditer(said) if match.group() not in _PRONOUNS.findall(stated)]
    return bool(_BACK.match(said)) or any(len(_content(said[: match.start()])) < LEAST_CONTENT for match in loose)


def _mixes(claim: str, sources: Sequence[str]) -> bool:
    """Two sentences of the source made into one: the "generally" of the one with the routes or figures of the other."""
    oftens = _OFTEN & set(words(claim))
    details = set(_DETAILS.findall(claim))
    holders = [source for source in sources if oftens & set(words(source))]
    return bool(len(sources) > 1 and holders and details) and not any(
        details & set(_DETAILS.findall(s)) for s in holders
    )


def _stands(quantity: Quantity, source: Sequence[Quantity]) -> bool:
    if quantity.text == "one" and quantity.dimension == "count":  # "one administered by injection"
        return True
    return any(_same(quantity, other) and fits(quantity.comparator, other.comparator) for other in source)


def _same(claimed: Quantity, stated: Quantity) -> bool:
    if claimed.dimension != stated.dimension or (claimed.value is None) != (stated.value is None):
        return False
    return claimed.value is None or stated.value is None or math.isclose(claimed.value, stated.value, rel_tol=1e-6)
