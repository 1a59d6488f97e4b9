"""Whom a claim is about: adults or children, people or animals, cancer or not."""

from __future__ import annotations

from ketarag.answering.analysis import Analysis
from ketarag.answering.lexicon import ANIMALS, GROUPS, INTERCHANGEABLE_GROUPS

_RIVALS = (
    frozenset({"cancer", "non-cancer"}),
    *(frozenset({"humans", kind}) for kind in sorted(ANIMALS)),
    frozenset({"adults", "children"}),
    frozenset({"men", "women"}),
)


def population_problems(claim: Analysis, source: Analysis, context: Analysis) -> list[str]:
    """A problem for every group of the claim that neither the source nor what it is about names."""
    said, stated, around = _groups(claim), _with_wider(_groups(source)), _with_wider(_groups(context))
    problems = []
    for group in sorted(said - stated):
        rivals = {rival for pair in _RIVALS if group in pair for rival in pair if rival != group} & stated
        if rivals or (group not in around and group not in INTERCHANGEABLE_GROUPS):
            problems.append(
                f"says {group}" + (f" where the source says {min(rivals)}" if rivals else ", the source does not")
            )
    return problems


def _groups(text: Analysis) -> set[str]:
    return {GROUPS[word.text] for word in text.words if word.text in GROUPS}


def _with_wider(groups: set[str]) -> set[str]:
    """Rodents are animals."""
    return groups | {"animals"} if groups & ANIMALS else groups
