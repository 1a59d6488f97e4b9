"""wording: whether a sentence of a chat model is a claim, and says nothing but what one sentence that it cites says.

Only for what a model wrote: a good paraphrase that is dropped here costs nothing but style, since the source's own
sentence takes its place. So every word must be accounted for, in one and the same sentence: it stands there in some
form, is a synonym that changes nothing, or is the subject of the passage. Words that deny, compare, rank or give a
cause must be answered by their like, and a cause must stay the cause.
Not here: figures, advice, markup (`gate`); what a sentence means (`verify`, `entail`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ketarag.answering.lexicon import vocabulary
from ketarag.answering.quantities import quantities
from ketarag.glossary import Glossary
from ketarag.text import STOP_WORDS, content_stems, normalise, stem, words

LONGEST = 60
"""Words of a sentence of a model; a longer one is several, or nonsense, and is not looked at."""
TOPIC_SHARE = 0.25
"""Of the sentences of a passage that hold a word which it is about."""
_NEAR = 3  # content words beside a word that gives a cause

_REPORTING = vocabulary(
    "such whether thereby thereafter therefore thus hence however besides while whilst whereas although though because since due via per "
    "within upon among also including include includes included eg ie etc well one way respectively found "
    "find finds reported report reports "
    "shown shows show seen described noted known reach reaches come comes administration"
)
"""Words that tie a sentence together or say that something is told; they add no fact."""

_SYNONYMS = tuple(
    frozenset(stem(word) for word in group.split())
    for group in (
        "give given gives giving administer administered administration route routes",
        "use used uses using usage",
        "usual usually general generally typical typically common commonly",
        "mostly mainly predominantly largely",
        "last lasts lasting lasted persist persists persisting persistence duration",
        "respond responds responded responding response responses responsiveness",
        "change changes changed alter alters altered alteration alterations",
        "add adds added contribute contributes contributed additional addition",
        "keep kept reserve reserved restrict restricted limit limited",
        "increase increases increased increasing raise raises raised",
        "decrease decreases decreased decreasing reduce reduces reduced reducing reduction lower lowers lowered lowering",
        "trial trials rct rcts",
        "liver hepatic",
        "feces faeces",
        "enter enters move moves moved",
        "attempt try tried tries",
        "convert converts converted conversion metabolise metabolised metabolises metabolism",
        "leave leaves excrete excreted excretion eliminate eliminated elimination body",
        "oral orally po mouth",
        "parenteral injected injection",
        "effect effects",
        "cause causes caused causing lead leads leading result results resulting bring brings arise arises arising",
        "undesirable adverse unwanted",
        "fail fails failed",
        "obtain obtained achieve achieved",
        "begin begins start starts",
        "ongoing continuing",
        "frequency often frequent",
        "greater larger",
    )
)

_ENDINGS = (
    "s es ed ing ion ions ation ations ic ics ity ities ive ives ively ment ments ness ance ence ly al "
    "ally er ers or ors ia ism isms ize izes "
    "ized ise ises ised e y ies d t ts ted ting sion sions be bes bed bing ption ptions ce ces ced cing ction ctions etic esia"
).split()
_LEAST_ROOT = 4

_NEGATING = vocabulary(
    "no not never without none nor neither cannot nothing nobody fail fails failed lack lacks lacking "
    "absence insufficient unable hardly unlikely unknown "
    "unclear uncertain n't"
)
_ANSWERED: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (vocabulary(said), vocabulary(said if by is None else by))
    for said, by in (
        ("differ differs differed different differently difference differences", None),
        ("similar similarly same equal equally comparable identical alike", None),
        (
            "compared comparison versus vs than relative",
            "compared comparison versus vs than more less fewer greater higher lower better twice times",
        ),
        ("more greater higher larger stronger", "more greater higher larger stronger increase increases increased"),
        (
            "less fewer lower smaller weaker",
            "less fewer lower smaller weaker decrease decreases decreased reduce reduces reduced",
        ),
        ("better improve improves improved improvement improvements", None),
        ("worse worsen worsens worsened", None),
        (
            "most mostly mainly primarily main chief chiefly primary largely predominantly major",
            "most mostly mainly predominantly primarily largely main chief chiefly primary major",
        ),
        ("key important crucial essential vital central significant significantly", None),
        ("only solely exclusively alone", "only solely exclusively restricted reserved limited"),
        ("first initial initially", None),
        ("before prior", None),
        ("after following afterwards thereafter", "after following once beyond later when"),
        ("when while during if unless", "when while during if unless in at as after with at"),
        ("still yet already now", None),
        ("should must ought need needs", None),
        ("few some", "few some"),
        ("again repeated repeatedly", None),
    )
)
"""(words of a claim, words of the source of which one answers them)."""

_FORWARD = (
    r"leads? to|leading to|led to|results? in|resulted in|resulting in|caus(?:es|e|ed(?! by)|ing)|"
    r"induc(?:es|e|ed(?! by)|ing)|produc(?:es|e|ed(?! by))|contribut\w+ (?:to(?:wards)?)|"
    r"brings?(?: about)?|thereby|therefore|thus|so that|increases|reduces|decreases|enhances|improves|"
    r"prevents|blocks"
)
_BACKWARD = (
    r"because(?: of)?|due to|owing to|arises? from|results? from|"
    r"(?:caused|induced|produced|mediated|blocked|increased|reduced|enhanced) by|as a result of|thanks to"
)
_CAUSES = re.compile(rf"\b(?:(?P<back>{_BACKWARD})|(?P<forth>{_FORWARD}))(?![\w-])")
_CAUSAL = re.compile(
    rf"\b(?:{_BACKWARD}|leads?|results?|causes?|induces?|produces?|contributes?|thereby|therefore|thus|reasons?|why)\b"
)

_DONE_TO = re.compile(r"\b([a-z]{4,}ed) to\b")
_DONE = re.compile(r"\b([a-z]{4,})\b( to\b)?")

_AUXILIARIES = vocabulary(
    "is are was were be been has have had does do did can could may might will would shall should must cannot isn't aren't wasn't weren't "
    "doesn't don't didn't won't came come comes went goes gave gives took takes made makes led leads left "
    "leaves began begins rose rises fell "
    "include lead act bind contain remain occur provide reduce enhance respond require "
    "falls bound binds found finds felt feels kept keeps brought brings lasts lasted"
)
_VERBAL = re.compile(r"[a-z]{3,}(?:ed|es|s)")
_PARTICIPLE = re.compile(r"\b(?:compared|based|related|associated|combined|followed|according) (?:with|to|on|by)\b")
_NO_VERB_ENDINGS = ("ss", "us", "is", "ics", "ies")
_NOUNS = vocabulary(
    "patients facts effects doses drugs uses trials studies channels receptors countries groups opioids "
    "weeks days hours months results levels "
    "routes types ways reports findings answers questions benefits risks details notes settings cases conditions options aspects factors "
    "symptoms signs actions pathways metabolites analgesics antidepressants abusers specialists side-effects"
)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    stem: str


def strays(
    claim: str,
    sources: Sequence[str],
    context: Sequence[str],
    passage: Sequence[str],
    question: str,
    glossary: Glossary,
) -> list[str]:
    """What forbids showing `claim`, written by a model, with `sources`, the sentences that it cites; [] for nothing.

    `context`: headings of the sources. `passage`: the sentences of the passages that hold them, which tell what these are about.
    """
    said = normalise(claim)
    if reason := no_claim(said, context, question):
        return [reason]
    topic = _topic(passage) | {name for heading in context for name in content_stems(heading)}
    read = _reading(glossary)
    return min(
        (_against(said, normalise(source), topic, read) for source in sources), key=len, default=["it cites nothing"]
    )


def no_claim(said: str, headings: Sequence[str], question: str) -> str:
    """Why a normalised sentence states nothing; "" where it does."""
    spoken = words(said)
    if len(spoken) > LONGEST:
        return "it is too long for one statement"
    if any(_bare(said) == _bare(normalise(heading)) for heading in headings):
        return "it is a heading"
    if not _has_verb(said):
        return "it has no verb"
    told = {stem(word) for word in spoken if word not in STOP_WORDS}
    if told <= {stem(word) for word in words(question)}:
        return "it says only what was asked"
    return ""


def _has_verb(said: str) -> bool:
    spoken = [word.strip(',;:()."') for word in _PARTICIPLE.sub(" ", said).split()]
    if any(word in _AUXILIARIES or word.endswith("n't") for word in spoken):
        return True
    return any(
        _VERBAL.fullmatch(word) and word not in _NOUNS and not word.endswith(_NO_VERB_ENDINGS) for word in spoken[1:]
    )


def _bare(text: str) -> str:
    return text.strip(" .:!#*")


def _topic(passage: Sequence[str]) -> set[str]:
    """Stems that stand in a good part of the sentences of a passage, of which there must be a few."""
    stems = [set(content_stems(sentence)) for sentence in passage]
    if len(stems) < 3:
        return set()
    return {
        name for name in set().union(*stems) if sum(name in one for one in stems) >= max(2, TOPIC_SHARE * len(stems))
    }


def _reading(glossary: Glossary) -> Callable[[str], list[_Word]]:
    """Reads a normalised text: its content words, with the forms of the glossary folded, without its quantities."""

    def read(text: str) -> list[_Word]:
        folded = normalise(glossary.canonical(text, question=True))
        for quantity in reversed(quantities(folded)):
            folded = f"{folded[: quantity.start]} {folded[quantity.end :]}"
        return [_Word(w, stem(w)) for w in words(folded) if w not in STOP_WORDS and not w[0].isdigit() and len(w) > 1]

    return read


def _against(said: str, stated: str, topic: set[str], read: Callable[[str], list[_Word]]) -> list[str]:
    """What of a claim one sentence does not account for."""
    source = read(stated)
    found = [
        f"'{word.text}' is not said by the source"
        for word in read(said)
        if word.text not in _REPORTING and word.stem not in topic and not any(_same(word, other) for other in source)
    ]
    return [*found, *_unanswered(said, stated), *_turned(said, stated), *_misdirected(said, stated)]


def _same(left: _Word, right: _Word) -> bool:
    if left.stem == right.stem or any(left.stem in group and right.stem in group for group in _SYNONYMS):
        return True
    return bool(_roots(left.text) & _roots(right.text))


def _roots(word: str) -> set[str]:
    """The word without each of the endings that do not change what it is about."""
    cut = {word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending)}
    return {root for root in {word, *cut} if len(root) >= _LEAST_ROOT}


def _unanswered(said: str, stated: str) -> list[str]:
    """Words of a claim that deny, compare, rank or give a cause, and that nothing of the source answers."""
    ours, theirs = words(said), frozenset(words(stated))
    found = []
    if _denies(said) > 0 and _denies(stated) == 0:
        found.append("it denies what the source does not deny")
    for spoken, answers in _ANSWERED:
        if (odd := next((word for word in ours if word in spoken), None)) and not answers & theirs:
            found.append(f"'{odd}' is not answered by the source")
    if _CAUSAL.search(said) and not _CAUSAL.search(stated):
        found.append("it gives a cause where the source gives none")
    return found


def _denies(text: str) -> int:
    return sum(word in _NEGATING or word.endswith("n't") for word in (w.strip(",;:().") for w in text.split()))


def _turned(said: str, stated: str) -> list[str]:
    """Where a claim makes the effect of the source its cause, or joins by a cause what the source does not join so."""
    for cause, effect in _causes(said, _NEAR):
        if not cause or not effect:
            continue
        pairs = _causes(stated, None)
        if pairs and not any(
            cause & left and effect & right and not (cause & right - left or effect & left - right)
            for left, right in pairs
        ):
            return ["it takes a cause for an effect"]
    return []


def _misdirected(said: str, stated: str) -> list[str]:
    """What a claim says is done "to" somebody where the source has the word without its "to": prescribed by, not to, specialists."""
    theirs = [(_roots(match[1]), bool(match[2])) for match in _DONE.finditer(stated)]
    return [
        f"'{match.group()}' is not said by the source"
        for match in _DONE_TO.finditer(said)
        if (alike := [to for roots, to in theirs if roots & _roots(match[1])]) and not any(alike)
    ]


def _causes(text: str, near: int | None) -> list[tuple[set[str], set[str]]]:
    """(cause, effect) of each word in a normalised text that gives a cause: stems, the nearest `near` on either side, or all."""
    found = []
    for match in _CAUSES.finditer(text):
        head, tail = text[: match.start()], text[match.end() :]
        if match["back"] and not head.strip() and "," in tail:  # "Because of A, B."
            tail, head = tail.split(",", 1)
        before, after = content_stems(head), content_stems(tail)
        left, right = (set(before[-near:]), set(after[:near])) if near else (set(before), set(after))
        found.append((right, left) if match["back"] else (left, right))
    return found
