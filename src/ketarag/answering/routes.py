"""Routes of administration: what a claim says against what the source says. A more general word is fine."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ketarag.answering.analysis import Analysis
from ketarag.text import content_stems, normalise

_IMPLIED = {
    "CIVI": ("IV", "parenteral"),
    "CSCI": ("SC", "parenteral"),
    "IV": ("parenteral",),
    "SC": ("parenteral",),
    "IM": ("parenteral",),
    "epidural": ("spinally", "parenteral"),
    "intrathecal": ("spinally", "parenteral"),
    "spinally": ("parenteral",),
    "oral rinse": ("topical",),
}
"""A route to the wider ones that it is a case of. Keys are the glossary's preferred forms."""

_ASIDE = re.compile(r"\(([^()]{1,200})\)")
_LEAST_OF_ASIDE = 2  # content words of an aside that a claim must hold to be about it


def implied(routes: Iterable[str]) -> frozenset[str]:
    """The routes and every wider one."""
    known = list(routes)
    return frozenset(known) | {wider for route in known for wider in _IMPLIED.get(route, ())}


def route_problems(claim: Analysis, source: Analysis) -> list[str]:
    """A problem for every route of the claim that the source does not state or imply, or states of something else."""
    says = " and ".join(source.routes) or "no route"
    known = implied(source.routes)
    problems = [f"route {route}: the source says {says}" for route in claim.routes if route not in known]
    return problems or _of_another_route(claim, source)


def _of_another_route(claim: Analysis, source: Analysis) -> list[str]:
    """ "PR and spinally (preservative-free)": what stands in brackets is said of the route before them."""
    if not claim.routes:
        return []
    problems = []
    for aside in _ASIDE.finditer(source.canonical):
        before = source.canonical[: aside.start()].rstrip()
        owner = next((route for route in source.routes if before.endswith(normalise(route))), None)
        held = set(content_stems(aside[1])) & claim.stems
        if owner and len(held) >= _LEAST_OF_ASIDE and owner not in implied(claim.routes):
            problems.append(f"says of {' and '.join(claim.routes)} what the source says of {owner}")
    return problems
