"""The closed word classes that carry meaning a bag of words loses: negation, hedges, directions, groups of people.

General English and clinical English, not words of one document. Words are lower case.
"""

from __future__ import annotations

from ketarag.text import stem


def vocabulary(words: str) -> frozenset[str]:
    """The words of a space-separated list."""
    return frozenset(words.split())


def stems_of(words: str) -> frozenset[str]:
    """The stems of the words of a space-separated list."""
    return frozenset(stem(word) for word in words.split())


NEGATORS = vocabulary(
    "no not never without none nor neither cannot lack lacks lacked "
    "lacking absent absence fail fails failed failing insufficient "
    "unable unlikely hardly devoid unknown unclear uncertain undetermined unproven unestablished unresolved "
    "pending awaited awaiting yet limited scarce scant despite nothing nobody neglects "
    "remains remained remain little few prevents rather instead"
)
"""Words that deny or leave open. "Remains", "little", "few", "limited" only answer a negation (`WEAK_NEGATORS`)."""

WEAK_NEGATORS = vocabulary(
    "limited scarce scant despite remains remained remain little "
    "few prevents rather instead pending awaited awaiting yet "
    "failed fail fails failing neglects"
)
"""Negators that a claim may say in other words: they answer a negation, and their absence alone is not one."""

OPEN_QUESTION = vocabulary(
    "unknown unclear uncertain undetermined unproven unestablished unresolved pending awaited "
    "awaiting yet remains remain"
)
SETTLED = stems_of("known clear established proven determined confirmed settled certain understood demonstrated shown")

POSSIBLE = vocabulary(
    "may might could possible possibly potential potentially perhaps "
    "probably probable likely maybe suggest suggests suggested "
    "suggesting think thought believed appear appears seem seems presumably "
    "sometimes occasionally occasional can hypothesised "
    "hypothesized rarely suspected postulated conceivably some tend tends concern concerns"
)
"""Words that hedge. "Can" and "some" hedge a claim; in a source they do not ask for a hedge."""

STRONG_HEDGES = vocabulary("may might could possibly probably perhaps sometimes occasionally presumably likely rarely")
"""Hedges that may not be dropped from what they stand before."""

ALWAYS = vocabulary(
    "always invariably everyone everybody never entirely exclusively solely completely certainly definitely proven "
    "guaranteed necessarily permanent permanently must universally whole immediately cure cures cured"
)
SELDOM = vocabulary("sometimes occasionally occasional rarely seldom infrequently uncommonly hardly")
MOSTLY = vocabulary(
    "generally usually typically mostly mainly often commonly frequently normally largely mostly most majority"
)

RESTRICTORS = stems_of(
    "only restrict restricted reserve reserved limit limited except "
    "unless outside resort solely confined confine exclusively"
)
EXCEPTIONS = vocabulary("unless except outside beyond without other")
EXCLUSIVE = vocabulary("only solely exclusively merely")

_PAIRS = (
    (
        "increase increased increases increasing rise rises rose raise "
        "raised raises elevate elevated elevates greater higher more "
        "larger enhance enhances enhanced upregulate upregulates stronger "
        "boost boosts heighten heightened grow grows heavier",
        "decrease decreased decreases decreasing fall falls fell reduce "
        "reduced reduces reducing reduction lower lowered lowers less "
        "fewer smaller diminish diminishes diminished decline declines "
        "declined downregulate downregulates lessen lessens weaker cut "
        "cuts suppress suppresses minimise minimize shrink halve lowering weaken",
    ),
    (
        "agonist activator stimulator activate activates activated stimulates stimulate stimulation activation",
        "antagonist blocker inhibitor block blocks blocked blocking inhibit "
        "inhibits inhibited inhibition antagonise antagonises blockade",
    ),
    ("induce induces induction inducer", "inhibit inhibits inhibition inhibitor suppress suppresses"),
    (
        "open opens opened opening unblock unblocks unblocked",
        "close closes closed closing closure block blocked blocks",
    ),
    ("active activated", "inactive inactivated inert"),
    (
        "longer long prolonged prolong prolongs lengthen lengthens sustained extended",
        "shorter short shorten shortens brief transient",
    ),
    (
        "faster rapid rapidly quick quickly fast swift swiftly sooner quicker",
        "slower slow slowly gradual gradually delayed later sluggish",
    ),
    (
        "better improve improves improved improvement improvements benefit benefits beneficial "
        "relieve relieves relief restore restores "
        "alleviate",
        "worse worsen worsens worsened worsening deteriorate harm impair impairs impaired aggravate exacerbate",
    ),
    ("severe serious", "mild minor trivial"),
    (
        "cause causes caused causing produce produces trigger triggers induce induces",
        "prevent prevents prevented preventing avoid avoids",
    ),
    (
        "start starts begin begins initiate initiated initiation starting onset",
        "stop stops discontinue discontinuation withdraw withdrawal withdrawn cease ceases cessation stopping halt",
    ),
    ("maximum maximal highest", "minimum minimal lowest"),
    ("single once one-off", "repeated multiple repeatedly several"),
    ("before preceding prior", "after following subsequent subsequently later"),
    ("chronic", "acute"),
    ("safe harmless", "unsafe dangerous harmful toxic"),
    ("into enter enters influx", "out leave leaves efflux exit exits"),
    (
        "agree similar similarly same equal equally comparable identical",
        "differ different differently unequal opposite contrary",
    ),
    ("first initially initial", "final finally"),
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
    (stems_of(left), stems_of(right)) for left, right in _PAIRS
)
"""Pairs of classes of stems that say opposite things."""

GROUPS: dict[str, str] = {
    word: name
    for name, words in {
        "adults": "adult adults grown-ups",
        "children": "child children paediatric pediatric infant infants neonate neonates baby babies "
        "kids boys girls adolescent "
        "adolescents teenager teenagers youngsters",
        "older people": "elderly geriatric older seniors",
        "pregnant women": "pregnant pregnancy",
        "women": "woman women female females",
        "men": "man men male males",
        "humans": "human humans people person persons man",
        "animals": "animal animals",
        "rodents": "rodent rodents rat rats mouse mice",
        "monkeys": "primate primates monkey monkeys ape apes",
        "dogs": "dog dogs canine",
        "volunteers": "volunteer volunteers healthy",
        "cancer": "cancer cancers tumour tumor malignancy malignant oncology oncological",
        "non-cancer": "noncancer nonmalignant benign",
        "abusers": "abuser abusers misuser misusers addict addicts recreational abuse misuse misusing abusing",
        "untreated people": "naive",
        "palliative care": "palliative hospice dying terminally",
    }.items()
    for word in words.split()
}
"""Words for groups of people (or animals) to the group's name."""

ANIMALS = frozenset({"animals", "rodents", "monkeys", "dogs"})
INTERCHANGEABLE_GROUPS = frozenset({"humans"})
"""Said of anyone: "people" for "patients" is not a change of population, unless the source speaks of animals."""

LIGHT = stems_of(
    "patient people person individual someone find found finding report "
    "reported see seen observe observed give given use used using "
    "make made take taking taken show shown show include includes including "
    "involve involved occur happen get become remain go come "
    "need want also thing way case time part several various certain "
    "many much well however therefore thus hence similarly "
    "additionally furthermore according relate related associate associated "
    "generally usually typically typical mainly mostly often "
    "commonly approximately roughly about exactly currently available "
    "compare compared comparison comparing versus vs relative level "
    "levels amount number degree rate form kind type set group term among "
    "within around still yet even rather quite upon due because "
    "since though although while whereas despite per via ie eg etc "
    "help lead leads result results cause causes effect effects "
    "treatment treat drug medicine medication therapy dose doses study "
    "studies research evidence clinical provide provides whose "
    "one two both other another main large small good able likely further new known particular specific "
    "receive received undergo appear tend mean instead whether except "
    "without within until unless towards toward along across "
    "possible possibly potential probably potentially general route routes administration administer "
    "way experience contain produce work act acting play role example instance especially particularly namely overall"
)
"""Words that carry a sentence without adding to what it says: their absence in a source is not an invention."""
