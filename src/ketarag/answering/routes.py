"""Routes of administration: what a claim says against what the source says. A more general word is fine."""

from __future__ import annotations

from collections.abc import Iterable

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


def implied(routes: Iterable[str]) -> frozenset[str]:
    """The routes and every wider one."""
    known = list(routes)
    return frozenset(known) | {wider for route in known for wider in _IMPLIED.get(route, ())}


def route_problems(claimed: Iterable[str], stated: Iterable[str]) -> list[str]:
    """A problem for every route of the claim that the source does not state or imply."""
    source = list(stated)
    says = " and ".join(dict.fromkeys(source)) or "no route"
    return [f"route {route}: the source says {says}" for route in claimed if route not in implied(source)]
