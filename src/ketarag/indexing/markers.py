"""What is in a text without being its words: reference markers glued to words, and Markdown's own signs.

A superscript `4` of the printed page arrives as `signals.4 At`, `effects,5 and`, `SC/CSCI.7. It` or
`quality13, 40, and`. It is a hole in the sentence, never one of its numbers.
"""

from __future__ import annotations

import re

from ketarag.types import Span

_LIST = r"\d{1,3}(?:\s?[,–-]\s?\d{1,3})*"
_UNIT = r"(?!\s*(?:%|mg|microgram|mcg|µg|μg|g|kg|ml|mL|L|h|hr|hours?|min|minutes?|days?|weeks?|months?|years?|times)\b)"
_AFTER_PUNCTUATION = re.compile(rf"(?<=[^\W\d_][.,;:!?]|[)\]’”\"'][.,;:!?])({_LIST}\.?)(?=\s|$){_UNIT}", re.MULTILINE)
_ABBREVIATION_BEFORE = re.compile(r"(?:\b(?:e\.g|i\.e|vs|ca|cf|approx|no|fig|p|pp|vol)|\b[A-Za-z])[.,]$", re.IGNORECASE)
_AFTER_WORD = re.compile(rf"(?<=[a-z]{{4}})({_LIST})(?=[,.;:]?(?:\s|$)){_UNIT}", re.MULTILINE)
_BRACKETED = re.compile(r"\s?\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\](?!\()")
_RAISED = re.compile(
    r"(?<=[^\W\d_]|[.,;:!?)\]’”\"'])"
    r"(?:\^\[?\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\]?\^?|<sup>\s*\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\s*</sup>|[⁰¹²³⁴-⁹]+)(?![\w⁺⁻])"
)
_LENGTH_BEFORE = re.compile(r"(?<![^\W\d_])[kdcmµμn]?m$")
"""30 mg/m² and 5 cm³ are powers of a unit, 10^6 is a power of a number: none of them is a reference."""
_EMPHASIS = re.compile(r"\*\*|__|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|`+")
_LINK = re.compile(r"(!?\[)([^\[\]\n]{0,300})(\]\([^()\s]{0,500}(?:\s\"[^\"\n]{0,200}\")?\))")


def reference_markers(text: str) -> list[Span]:
    """Spans of reference markers, ascending and disjoint.

    Digits glued to a plain word (`quality13, 40,`) count only in a text that also glues them to punctuation, the sure
    sign of lost superscripts; elsewhere `omega3` and `interleukin6` stay words.
    """
    found = [
        Span(*match.span(1))
        for match in _AFTER_PUNCTUATION.finditer(text)
        if not _is_abbreviation(text, match.start(1))
    ]
    if found:
        found += [Span(*match.span(1)) for match in _AFTER_WORD.finditer(text)]
    found += [Span(*match.span()) for match in _BRACKETED.finditer(text)]
    raised = (Span(*match.span()) for match in _RAISED.finditer(text))
    return disjoint(
        [*found, *(span for span in raised if not _LENGTH_BEFORE.search(text, max(0, span.start - 3), span.start))]
    )


def markdown_signs(text: str) -> list[Span]:
    """Spans of emphasis signs, code ticks and the address part of links: signs a reader of the page does not see."""
    found = [Span(*match.span(group)) for match in _LINK.finditer(text) for group in (1, 3)]
    return disjoint([*found, *(Span(*match.span()) for match in _EMPHASIS.finditer(text))])


def disjoint(spans: list[Span]) -> list[Span]:
    """Ascending; of spans that overlap, the one that starts first (the longer of two that start together)."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or kept[-1].end <= span.start:
            kept.append(span)
    return kept


def _is_abbreviation(text: str, at: int) -> bool:
    return _ABBREVIATION_BEFORE.search(text, max(0, at - 8), at) is not None
