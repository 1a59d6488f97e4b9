"""The closed word classes that carry meaning a bag of words loses: negation, hedges, directions, groups of people.

General English and clinical English, not words of one document. Words are lower case; `stems_of` folds inflections.
"""

from __future__ import annotations

from collections.abc import Iterable

from ketarag.text import stem


def stems_of(words: Iterable[str]) -> frozenset[str]:
    """The stems of a space-separated or listed vocabulary."""
    return frozenset(stem(word) for word in words)


NEGATORS = frozenset(
    "no not never without none nor neither cannot lack lacks lacked lacking absent absence fail fails failed failing insufficient "
    "unable unlikely hardly devoid unknown unclear uncertain undetermined unproven unestablished unresolved inadequate "
    "unsatisfactory ineffective inactive pending limited scarce scant despite nothing nobody neglects "
    "remains remained remain little few prevents rather instead".split()
)
"""Words that deny or leave open. "Remains", "little", "few", "limited" count only as an answer to a negation, see `WEAK`."""

WEAK_NEGATORS = frozenset(
    "limited scarce scant despite remains remained remain little few prevents rather instead pending inadequate unsatisfactory "
    "inactive failed fail fails failing neglects".split()
)
"""Negators that a claim may say in other words: they answer a negation, and their absence alone is not one."""

OPEN_QUESTION = frozenset("unknown unclear uncertain undetermined unproven unestablished unresolved pending remains remain".split())
SETTLED = stems_of("known clear established proven determined confirmed settled certain understood demonstrated shown".split())

POSSIBLE = frozenset(
    "may might could possible possibly potential potentially perhaps probably probable likely maybe suggest suggests suggested "
    "suggesting think thought believed appear appears seem seems presumably sometimes occasionally occasional can hypothesised "
    "hypothesized rarely suspected postulated conceivably some tend tends concern concerns".split()
)
"""Words that hedge. "Can" and "some" hedge a claim; in a source they do not ask for a hedge."""

STRONG_HEDGES = frozenset("may might could possibly probably perhaps sometimes occasionally presumably likely rarely".split())
"""Hedges that may not be dropped from what they stand before."""

ALWAYS = frozenset(
    "always invariably all every everyone everybody never entirely exclusively solely completely certainly definitely proven "
    "guaranteed necessarily permanent permanently must universally whole immediately cure cures cured".split()
)
SELDOM = frozenset("sometimes occasionally occasional rarely seldom infrequently uncommonly hardly".split())
MOSTLY = frozenset("generally usually typically mostly mainly often commonly frequently normally largely mostly most majority".split())

RESTRICTORS = stems_of(
    "only restrict restricted reserve reserved limit limited except unless outside last resort solely confined alone just avoid".split()
)

_PAIRS = (
    (
        "increase increased increases increasing rise rises rose raise raised raises elevate elevated elevates greater higher more "
        "larger enhance enhances enhanced upregulate upregulates stronger boost boosts heighten heightened grow grows heavier",
        "decrease decreased decreases decreasing fall falls fell reduce reduced reduces reducing reduction lower lowered lowers less "
        "fewer smaller diminish diminishes diminished decline declines declined downregulate downregulates lessen lessens weaker cut "
        "cuts drop drops dropped suppress suppresses minimise minimize shrink halve lowering weaken",
    ),
    ("agonist activator stimulator activate activates activated stimulates stimulate stimulation activation",
     "antagonist blocker inhibitor block blocks blocked blocking inhibit inhibits inhibited inhibition antagonise antagonises blockade"),
    ("induce induces induction inducer", "inhibit inhibits inhibition inhibitor suppress suppresses"),
    ("open opens opened opening unblock unblocks unblocked", "close closes closed closing closure block blocked blocks"),
    ("active activated", "inactive inactivated inert"),
    ("longer long prolonged lasting sustained extended", "shorter short brief transient"),
    ("faster rapid rapidly quick quickly fast swift swiftly sooner quicker", "slower slow slowly gradual gradually delayed later sluggish"),
    ("better improve improves improved improvement improvements benefit benefits beneficial relieve relieves relief restore restores "
     "alleviate", "worse worsen worsens worsened worsening deteriorate harm impair impairs impaired aggravate exacerbate"),
    ("severe serious", "mild minor trivial"),
    ("cause causes caused causing produce produces trigger triggers induce induces", "prevent prevents prevented preventing avoid avoids"),
    ("start starts begin begins initiate initiated initiation starting onset", "stop stops discontinue discontinuation withdraw "
     "withdrawal withdrawn cease ceases cessation stopping halt"),
    ("maximum maximal highest", "minimum minimal lowest"),
    ("single once one-off", "repeated multiple repeatedly several"),
    ("before preceding prior", "after following subsequent subsequently later"),
    ("chronic", "acute"),
    ("safe harmless", "unsafe dangerous harmful toxic"),
    ("into enter enters influx", "out leave leaves efflux exit exits"),
    ("agree similar similarly same equal equally comparable identical", "differ different differently unequal opposite contrary"),
    ("first initially initial", "last final finally"),
    ("everyday standard conventional routine established", "experimental investigational"),
    ("excite excitatory excitation excitability hyperexcitability", "inhibitory"),
    ("sensitisation sensitization sensitise sensitize", "desensitisation desensitization desensitise"),
    ("allow recommend recommended advise advised", "forbid contraindicated discouraged avoid"),
    ("large high", "small low"),
    ("early", "late"),
    ("reversible temporary temporarily", "irreversible permanent permanently"),
    ("widely wide broad", "narrow narrowly"),
    ("upregulates upregulate", "downregulates downregulate"),
)
OPPOSITES: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (stems_of(left.split()), stems_of(right.split())) for left, right in _PAIRS
)
"""Pairs of classes of stems that say opposite things."""

GROUPS: dict[str, str] = {
    word: name
    for name, words in {
        "adults": "adult adults grown-ups",
        "children": "child children paediatric pediatric infant infants neonate neonates baby babies kids boys girls adolescent "
        "adolescents teenager teenagers youngsters",
        "older people": "elderly geriatric older seniors",
        "pregnant women": "pregnant pregnancy",
        "women": "woman women female females",
        "men": "man men male males",
        "humans": "human humans people person persons man",
        "animals": "animal animals rodent rodents rat rats mouse mice primate primates monkey monkeys dog dogs",
        "volunteers": "volunteer volunteers healthy",
        "cancer": "cancer cancers tumour tumor malignancy malignant oncology oncological",
        "non-cancer": "noncancer nonmalignant benign",
        "abusers": "abuser abusers misuser misusers addict addicts recreational abuse misuse misusing abusing",
        "palliative care": "palliative hospice dying terminally",
    }.items()
    for word in words.split()
}
"""Words for groups of people (or animals) to the group's name."""

INTERCHANGEABLE_GROUPS = frozenset({"humans"})
"""Said of anyone: "people" for "patients" is not a change of population, unless the source speaks of animals."""

LIGHT = stems_of(
    "patient people person individual someone find found finding report reported see seen observe observed give given use used using "
    "make made take taking taken show shown show include includes including involve involved occur happen get become remain go come "
    "need want also thing way case time part several various certain many much well however therefore thus hence similarly "
    "additionally furthermore according relate related associate associated generally usually typically typical mainly mostly often "
    "commonly approximately roughly about exactly currently available compare compared comparison comparing versus vs relative level "
    "levels amount number degree rate form kind type set group term among within around still yet even rather quite upon due because "
    "since though although while whereas despite per via ie eg etc help lead leads result results cause causes effect effects "
    "treatment treat drug medicine medication therapy dose doses study studies research evidence clinical provide provides whose "
    "one two both other another main large small good able likely further new known particular specific "
    "receive received undergo appear tend mean instead whether except without within until unless towards toward along across "
    "daily weekly experience contain produce work act acting play role example instance especially particularly namely overall".split()
)
"""Words that carry a sentence without adding to what it says: their absence in a source is not an invention."""
