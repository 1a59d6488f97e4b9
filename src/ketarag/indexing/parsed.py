"""What a parser hands back, and how it says no: plain data that crosses from the parsing process as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from ketarag.types import LeftOut


class UnreadableError(Exception):
    """The file cannot be used; the message completes "NAME ..." with cause and cure."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Title ("" where the file has none), text, and what of it is not indexed, ascending and disjoint."""

    title: str
    text: str
    left_out: tuple[LeftOut, ...] = ()
