"""Does a question ask for a decision about one person? Then the answer says that it is general: a function over the words alone.

Built for few false alarms: a warning on every question is read by nobody. Not here: whether the documents answer (`read`).
"""

from __future__ import annotations

import re
from enum import StrEnum

from ketarag.text import normalise


class Concern(StrEnum):
    """Whom a question is about; the value is the warning that goes with the answer."""

    PATIENT = (
        "This is what the document says in general. A dose or decision for one patient is not given here: weight, renal and hepatic "
        "function, other drugs and current guidance decide."
    )
    ONESELF = (
        "This is what the document says in general, not advice for you. Ask the doctor or pharmacist who treats you before you take, "
        "change or stop anything."
    )
    DANGER = (
        "This only quotes a document and cannot help in an emergency. If somebody took too much or is in danger, or if you think of "
        "harming yourself, call the emergency number now."
    )


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_PATIENT = r"(?:pa[tie]{3,5}nts?|pts?)(?:'?s)?"  # as it is misspelt, too
_RELATIVE = (
    r"(?:dad|father|mum|mom|mother|wife|husband|partner|son|daughter|brother|sister|child|kid|baby|gran|grandma|grandpa"
    r"|grandmother|grandfather|nan|nana|uncle|aunt|friend|girlfriend|boyfriend)"
)
_SOMEONE = r"(?:man|woman|lady|gentleman|bloke|guy|boy|girl|infant|toddler|chap|fella)"
_AMOUNT = r"\d+(?:[.,]\d+)?"
_WEIGHT = rf"(?<![\d/.])(?<!per ){_AMOUNT} ?-?(?:kgs?|kilos?|kilograms?|pounds?|lbs?|stones?)\b"
_YEARS = r"\b\d{1,3}[ -]?(?:(?:years?|yrs?|yr|y|months?|month)[ -]old(?!s)\b|yo\b|y/o\b|y\b)"

_MINE = _any(
    rf"\b(?:my|our) (?:[\w-]+ ){{0,3}}(?:{_PATIENT}|clients?)\b",
    rf"\b(?:{_PATIENT}|client) of (?:mine|ours)\b",
    rf"\b(?:my|our) (?:[\w-]+ ){{0,2}}(?:{_RELATIVE}|{_SOMEONE})\b",
    rf"^{_RELATIVE} (?:is|has|weighs|takes)\b",
    rf"\b{_RELATIVE} of mine\b",
    _WEIGHT,
    r"\b(?:bed|room|cubicle|bay) \d",
    rf"\b(?:treating|looking after|seeing|have|'ve|got) (?:an?|this) (?:[\w-]+ ){{0,3}}(?:{_SOMEONE}|{_RELATIVE}|{_PATIENT})\b",
)
"""Somebody in particular, whatever is asked."""
_ONE_PERSON = _any(
    rf"\b{_PATIENT}(?: is|:| weighs| wt| in front of| in (?:bed|room)| \d)",
    rf"^{_PATIENT}\b",
    _YEARS,
    rf"\b{_SOMEONE} of \d",
    r"\baged? \d{1,3}\b",
    r"\d ?[mf]\b[, ]",  # 65yo F,
    r"\b(?:mr|mrs|ms|miss)\.? [a-z]",
    rf"\b(?:this|that) (?:[\w-]+ ){{0,2}}(?:{_PATIENT}|{_SOMEONE})\b",
)
"""Somebody in particular, where a decision is asked."""
_SEVERAL = _any(
    rf"\b(?:under|over|below|above|than|less|more|to|between|at least|up to) {_AMOUNT} ?(?:kg|kilo\w*|years?)\b",
    r"\b(?:patients|people|adults|children|volunteers|those) (?:\w+ ){0,2}(?:of|aged?|weighing|who weigh)\b",
)
"""A group, which a weight or an age bounds."""
_TOLD = _any(
    rf"\b(?:was|were|did|had been)\b.*\b(?:the|an?) (?:[\w-]+ ){{0,3}}(?:{_PATIENT}|{_SOMEONE})\b",
    r"\b(?:her and his|his and her|his or her|him or her)\b",
    r"\bcase (?:report|series)|\bhappened to\b",
    r"\b(?:trial|rct|study|review|author|article|document|blog|writ(?:es?|ing|ten)|rats?|mice|animals?)\b",
)
"""Somebody that the documents tell of."""
_DECISION = _any(
    r"\bdo[sz](?:e[sd]?|age|ing)?\b|\bgiv(?:e|ing)?\b|= ?\?",
    r"\bhow (?:much|many|long|fast|far|often|do i|should|would)|\bwhat (?:now|next)\b",
    r"\bsh(?:oul|u)d\b|\bshall\b|\bmay i\b|\b(?:can|could|would|may|must|will) (?:i|we|he|she|they|you|it|this|my|our)\b",
    r"\bdo (?:i|we) (?:need|have|give)|\b(?:work out|max(?:imum)?)\b",
    r"\b(?:prescribe|calculate|continue|start|stop|switch|reduce|lower|adjust|increase|wean|add|infuse|use|need|discharge)\b",
    r"\b(?:safe|ok(?:ay)?|candidate|qualify|suit|best|right|route|rate|total|risk|normal|help|recommend|appropriate|enough)\b",
    r"\b(?:contraindicated|allowed|indicated|eligible)\b",
)

_PRONOUN = _any(
    r"\b(?:for|giv(?:e|ing)|keep|put|dose|treat|start|in|on|to|wean|sedate|infuse) (?:him|her)\b",
    r"\b(?:should|can|could|may|must|shall|is|will|would|has|does) s?he\b(?! (?:say|mean|recommend|think|publish|state))",
    r"\bs?he(?:'s| is| has| weighs| takes| needs| had| wants)\b",
    r"\b(?:will|would|does|do|could|can|should) (?:it|this|that|ketamine|the \w+) .*\b(?:him|his|her)\b",
    r"\b(?:should|shall|can|may|must|do|need|if) (?:i|we)\b.*\b(?:him|his|her)\b",
    r"^(?:his|her) (?:\w+ ){1,3}(?:is|are)\b",
)
"""Somebody who was spoken of before."""
_THIRD = _any(r"\b(?:him|his|hers?)\b")

_RECKONING = _any(
    r"\b(?:calculate|calc|work out|convert|reckon)\b.*\d",
    r"\bhow m(?:any|uch) (?:m[lg]s?|millil\w+|milligrams?|vials?|ampoules?)\b.*\d+ ?(?:mg|ml|kg)",
    rf"{_AMOUNT} ?(?:mg|mcg|ug|micrograms?) ?(?:/|per) ?(?:kg|kilo) ?(?:for|x|times|\*|in mg).*\d",
)

_WEIGHS = _any(rf"\bi(?: am|'m|m)? (?:weigh )?(?:\w+ )?{_AMOUNT} ?(?:kg|kilo|pound|lb|stone)")
_VERY = r"(?:also |already |always |still |really |so |very |an? )*"
_OWN = _any(
    r"\bmy (?:own |chronic |back |nerve |cancer |blood |heart |last |next )*(?:pain|back|dose|infusions?|depression|mood|anxiety|doctor|gp"
    r"|psychiatrist|therapist|oncologist|pharmacist|kidneys?|liver|bladder|pressure|heart|pulse|tablets?|pills?|medications?|meds"
    r"|medicines?|drugs|antidepressants?|treatment|therapy|cancer|tumou?r|condition|symptoms?|ketamine|operation|surgery|urine|brain"
    r"|head|sleep|[a-z]{3,}(?:ine|pram|pam|lam|afil|zide|mide|pril|olol|statin|formin|arin))\b",
    r"\b(?:safe|ok|okay|right|good|bad|work|suitable|dangerous|normal|happen|do|wrong|fine) (?:for|to|with) me\b",
    r"\b(?:keep|put|make|wake) me\b",
    r"\b(?:help|cure|harm|hurt|affect|damage|wreck) (?:me(?! (?:to|with|find|choose|understand|decide))|my)\b",
    r"\b(?:give|gave|giving|offered?|prescribed?|recommend(?:ed)?) me (?:a |an |some |more |iv |oral )*(?:ket|k|infusion|drip)",
    r"\b(?:should|can|could|may|must|will|would|do|did) i (?:have to |need to |also |ever |still |really )*"
    r"(?:take|have(?! (?:to|this|that)\b)|try|drink|drive|feel|eat|swallow|snort|inject"
    r"|(?:stop|keep|start) taking|get (?:addicted|hooked|them|high)|stay in|notice|lose"
    r"|hallucinate|qualify|be (?:allergic|able|awake|asleep|sick))\b",
    r"\bi (?:could|should|can|might) (?:try|take|have|drive|drink)\b|\b(?:would|will) i need\b|\buntil i feel\b|\bnormal that i\b",
    rf"\bi(?: am|'m|m) {_VERY}(?:on|taking|pregnant|depressed|allergic|addicted|bipolar|\d|breastfeeding|suffering|gonna|scared"
    r"|afraid|in pain)\b",
    r"\bam i (?:gonna|going to|at risk|allowed|too|safe|able)\b",
    rf"\bi(?:'ve| have|ve) (?:been |got |had |tried )?{_VERY}(?:depress|crps|cancer|pain|kidney|liver|high blood|chronic|bipolar"
    r"|anxiety|ptsd|on\b|taking|fibromyalgia|migraine|everything|neuropath|epilep|[a-z]+itis\b|[a-z]+algia\b)",
    r"\bi take (?!it\b)|\bif i (?:take|stop|miss|drink|forget|eat|drive|relapse)\b|\bi\b.*\b(?:alcohol|beer|wine|drunk)\b",
    r"\bi (?:weigh|feel|felt|suffer|swallowed|snorted)\b",
)
"""The body, drugs and plans of whoever asks."""

_DANGER = _any(
    r"\bkill(?:ing)? (?:me|(?:my|your|one|them)sel(?:f|ves))\b|\bend(?:ing)? my (?:own )?life\b",
    r"\bharm(?:ing)? myself\b|\bdone with (?:my )?life\b",
    r"(?<!who )(?<!they )\b(?:want|going|plan|wish|like) to die\b|\bend it(?: all)?(?:$|\?| with| now| tonight)|\bcan(?:'?t|not) go on\b",
    r"\bi(?:'m| am|m) (?:going to|gonna|about to) overdose|\bi (?:have |just |think i )*overdosed\b|\bod'?ed\b",
    rf"\bmy {_RELATIVE} (?:just )?(?:drank|swallowed)\b|\b(?:fatal|lethal|deadly) (?:for me|if i)\b",
    rf"\b(?:i|my {_RELATIVE}|s?he) (?:just |have |has |'ve |accidentally )*(?:took|taken|swallowed|snorted|injected|drank|had) "
    r"(?:\w+ ){0,3}(?:too much|too many|overdose|loads|lots|whole|bottle|\d+ ?g(?:ram)?s?\b|an? entire|tablets|pills)",
    r"\b(?:wo?n'?t|never) wake up\b|\bnot breathing\b",
)
_CLINICIAN = _any(rf"\b(?:my|our|this|the|an?) (?:[\w-]+ ){{0,2}}{_PATIENT}\b")


def concern(question: str) -> Concern | None:
    """Whom the question asks a decision for, None where it is general. Of a conversation, pass the question that stands alone."""
    text = normalise(question)
    if _DANGER.search(text) and not _CLINICIAN.search(text):
        return Concern.DANGER
    if _TOLD.search(text):
        return None
    group = _SEVERAL.search(text)
    if _RECKONING.search(text) or (_MINE.search(text) and not group and not _WEIGHS.search(text)):
        return Concern.PATIENT
    if _OWN.search(text) and not _THIRD.search(text):
        return Concern.ONESELF
    decided = _ONE_PERSON.search(text) and not group and _DECISION.search(text)
    return Concern.PATIENT if decided or _PRONOUN.search(text) else None
