"""What kind of thing a question asks for, and whether a sentence holds one: a dose, a duration, a share, a route, a reason...

Not here: quantities as values (`quantities`); for choosing a sentence it is enough that one stands there.
"""

from __future__ import annotations

import re
from enum import StrEnum

from ketarag.text import normalise


class Kind(StrEnum):
    """What is asked for. NONE when any sentence may do."""

    DOSE = "dose"
    DURATION = "duration"
    SHARE = "share"
    COUNT = "count"
    FACTOR = "factor"
    ROUTE = "route"
    REASON = "reason"
    DATE = "date"
    PERSON = "person"
    PLACE = "place"
    AGE = "age"
    FREQUENCY = "frequency"
    PARTICIPANTS = "participants"
    COUNTRY = "country"
    NAME = "name"
    NONE = "none"


_NUMBER = r"(?:\d+(?:[.,]\d+)*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|several|few|single)"
_TIME = r"(?:seconds?|sec|min(?:ute)?s?|h|hrs?|hours?|days?|weeks?|months?|years?)"

_ASKED: tuple[tuple[Kind, str], ...] = (
    (
        Kind.AGE,
        r"how old (?:was|were|must|should|do|does|are)|\bage (?:limit|range|group)|(?:lowest|minimum|youngest|what|which|mean|"
        r"median|average) age\b|at what age",
    ),
    (
        Kind.COUNTRY,
        r"(?:which|what) countr(?:y|ies)|in what countr|where (?:in the world|is it (?:sold|marketed|licensed))",
    ),
    (
        Kind.PARTICIPANTS,
        r"how many (?:\w+ ){0,2}(?:patients|participants|people|subjects|adults|children|volunteers|centres|centers)"
        r" (?:were|was|took|did|had been|in|are) ?(?:there|in|enrol\w*|includ\w*|recruit\w*|random\w*|studied|part|it|the)"
        r"|sample size|number of (?:patients|participants|subjects)|\w+ participants were there",
    ),
    (
        Kind.FREQUENCY,
        r"how (?:often|frequent\w*)|how many (?:times|doses|infusions|sessions|treatments) (?:a|per|each|every|should|are|do|does)"
        r"|(?:dosing|dose|treatment) interval|(?:times|doses|infusions|sessions|treatments) per\b|schedule",
    ),
    (Kind.NAME, r"by name|what (?:are|is) (?:their|its|the) names?|name (?:them|the)|called\b|what .* called"),
    (Kind.DATE, r"(?:in |on |since )?(?:what|which) (?:year|date|month)|\bwhen (?:was|were|did|will|is)\b"),
    (
        Kind.FACTOR,
        r"how many times|how much (?:more|less|stronger|weaker|greater|higher)|\w+-?fold|how (?:potent|strong)|potency|"
        r"ratio\b|(?:stronger|weaker|more potent) than",
    ),
    (
        Kind.DURATION,
        r"how long|how (?:soon|quickly|fast|many (?:second|minute|hour|day|week|month|year)s?)|duration|"
        r"over (?:how|what) |time ?(?:frame|course|scale)|half-?li(?:fe|ves)|onset|number of (?:days|weeks|hours)|"
        r"last (?:for )?how",
    ),
    (
        Kind.SHARE,
        r"(?:what|which) (?:proportion|percentage|percent|share|fraction|part|rate)|percent(?:age)?|proportion|%|fraction|"
        r"how (?:many|much) (?:of|patients|people)|how (?:common|often|likely|frequent)|response rate|rates? of|incidence|"
        r"by how much",
    ),
    (
        Kind.DOSE,
        r"dos(?:e|es|age|ing)\b|how (?:much|many mg)|m(?:illi)?g\b|microgram|infusion rate|concentration|strength|amount"
        r"|max(?:imum|imal|\.)? .*\b(?:per|a|each|in 24) (?:day|24|h)",
    ),
    (Kind.COUNT, r"how many|number of"),
    (
        Kind.ROUTE,
        r"routes?\b|by (?:what|which) (?:way|means)|how (?:is|can|should|do) \w+(?: \w+)? (?:be )?(?:given|administered|taken)|"
        r"ways? (?:of|to) (?:giv|tak|administ)\w+",
    ),
    (
        Kind.DATE,
        r"what (?:date|year)|which year|when (?:was|were|did) .*(?:publish|written|post|appear)\w*|how old is (?:this|the) "
        r"(?:article|text|page)|publi(?:cation|shed) date|date of",
    ),
    (Kind.PERSON, r"\bwho(?:m|se)?\b|which (?:specialists?|doctors?|clinicians?)"),
    (Kind.PLACE, r"\bwhere\b|which countr(?:y|ies)|in what countr"),
    (
        Kind.REASON,
        r"\bwhy\b|how come|reasons?\b|mechanism|what (?:causes?|explains?|leads)|how does|how do\b|because|due to what",
    ),
)

_HELD: dict[Kind, str] = {
    Kind.DOSE: r"\d\s?(?:mg|g|kg|mcg|microgram|ug|ml|units?|mmol)\b",
    Kind.DURATION: rf"\b{_NUMBER}(?:\s?-\s?{_NUMBER})?\s?{_TIME}\b|\b(?:hours|days|weeks|months|years)\b",
    Kind.SHARE: r"\d\s?%|\b(?:half|third|quarter|majority|most|minority)\b|\b\d+ (?:of|in|out of) \d+",
    Kind.COUNT: rf"\b{_NUMBER}\b",
    Kind.FACTOR: rf"\b{_NUMBER}[\s-]?(?:fold|times)\b|\b(?:twice|double|half|thrice|-fold)\b|\d\s?%",
    Kind.ROUTE: r"\b(?:po|sc|csci|civi|im|iv|sl|pr|by mouth|oral(?:ly)?|intranasal(?:ly)?|subcutaneous(?:ly)?|intravenous(?:ly)?|"
    r"parenteral(?:ly)?|topical(?:ly)?|spinal(?:ly)?|injection|infusion|rinse|skin|sublingual(?:ly)?|rectal(?:ly)?)\b",
    Kind.REASON: r"\b(?:because|due to|lead(?:s|ing)? to|result(?:s|ing|ed)?|mediated|arises?|caus\w+|thereby|via|through|"
    r"contribut\w+|explain\w*|mechanism|since|thus)\b",
    Kind.AGE: r"\b(?:aged?|years? old|\d+[- ]years?[- ]olds?)\b",
    Kind.FREQUENCY: r"\b(?:daily|weekly|monthly|hourly|every|once|twice|times (?:a|per)|per (?:day|week|month)|repeated|"
    r"most days|single)\b|/ ?\d* ?(?:h|day)\b",
    Kind.PARTICIPANTS: rf"\b{_NUMBER} (?:\w+ ){{0,2}}(?:patients?|participants|people|subjects|adults|children|volunteers)\b"
    r"|\bn ?= ?\d",
    Kind.COUNTRY: r"\b(?:usa|us|uk|united \w+|america|canada|australia|germany|france|italy|spain|netherlands|denmark|sweden|"
    r"norway|austria|switzerland|japan|china|india|ireland|new zealand|belgium|europe)\b",
    Kind.NAME: r"\b(?:called|named|known as|such as|e\.g|i\.e)\b|\(",
    Kind.DATE: r"\b(?:19|20)\d\d\b",
    Kind.PERSON: r"\b(?:specialists?|patients?|adults?|children|physicians?|doctors?|dr|published by|abusers|prescri\w+)\b",
    Kind.PLACE: r"\b(?:countr(?:y|ies)|usa|uk|europe|in the [a-z]+|receptor|channel|site|neurons?|urine|feces|liver|hepatic|skin)\b",
}

IMPLIED_WORD = {
    Kind.DURATION: "duration",
    Kind.DOSE: "dose",
    Kind.ROUTE: "administered",
    Kind.REASON: "mechanism",
    Kind.DATE: "date",
}
"""The noun that such a question asks for without naming it: "how long" is a duration."""

_AMOUNT_ASKED = re.compile(
    r"(?:(?:and|so|but|ok|okay),? )?(?:(?:what(?:'s| is| are| was| were| would be)?|which|give(?: me)?|tell me|state) )?"
    r"(?:(?:the|an?|its|usual|typical|normal|recommended|standard|starting|initial|daily|total|single|loading|bolus|burst|maintenance|analgesic|safe|right|correct|exact|best"
    r"|average|mean|max(?:imum|imal|\.)?|min(?:imum|imal|\.)?|highest|lowest|iv|intravenous|oral|po|sc|subcutaneous|csci|civi|im|intranasal"
    r"|adult|child|paediatric|pediatric|ketamine) )*dos(?:e|es|age)\b(?! range)|how many (?:mg|mcg|milligrams?|micrograms?)\b"
)
_AMOUNT = re.compile(
    r"\d\s?(?:(?:milli|micro|nano)?(?:grams?|grammes?|lit(?:re|er)s?)|[mnu]?g|mcg|kg|m?l|units?|iu|meq|m?mol)\b"
    r"|\b(?:tablets?|capsules?|drops?|puffs?|sprays?|sachets?|vials?|ampoules?|spoons?|patch(?:es)?|(?:half|double|same) the dose)\b"
)


def asks_for_an_amount(question: str) -> bool:
    """True where nothing but an amount answers: the dose itself is asked for, not what happens at it or how it is chosen."""
    return _AMOUNT_ASKED.match(normalise(question)) is not None


def holds_an_amount(sentence: str) -> bool:
    """Whether a sentence holds an amount of something that is given, in whatever unit."""
    return _AMOUNT.search(normalise(sentence)) is not None


_ASKED_PATTERNS = [(kind, re.compile(rf"(?<!\w)(?:{pattern})")) for kind, pattern in _ASKED]
_HELD_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _HELD.items()}


def asked_for(question: str) -> Kind:
    """The first kind, from the most to the least specific, whose wording the question has."""
    text = normalise(question)
    return next((kind for kind, pattern in _ASKED_PATTERNS if pattern.search(text)), Kind.NONE)


def holds(kind: Kind, sentence: str) -> bool:
    """Whether a sentence holds a thing of this kind; True for NONE."""
    return kind is Kind.NONE or _HELD_PATTERNS[kind].search(normalise(sentence)) is not None
