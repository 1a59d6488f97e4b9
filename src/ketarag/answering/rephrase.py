"""condense, with a chat model: one more wording of a question that continues a conversation, for searching only.

What the model writes is searched beside the question itself and the offline condenser's form (`condense`), never instead of them, and only
where it looks like the same question: short, one line, without a number that was not said, mostly in words that were. It is not answered
from, nor read by the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ketarag.answering.condense import Condensed
from ketarag.answering.marks import drafted
from ketarag.text import content_stems, normalise
from ketarag.types import Turn

TOKENS = 80
"""Of a rephrased question at most."""
LONGEST = 400
"""Characters."""
MOST_NEW = 0.34
"""Share of its content words that nobody said."""

_LABEL = re.compile(r"\A\W*(?:standalone|rewritten|rephrased|last|new)?\s*(?:question|query)\s*:\W*", re.IGNORECASE)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


def accepted(text: str, question: str, turns: Sequence[Turn]) -> str:
    """The question that a model wrote for `question` after `turns`; "" where it is none, or says nothing new."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if len(lines) != 1:
        return ""
    asked = drafted(_without_label(lines[0])).text
    if not asked or len(asked) > LONGEST or normalise(asked) == normalise(question):
        return ""
    said = " ".join([question, *(part for turn in turns for part in (turn.question, turn.answer.text))])
    stems = set(content_stems(asked))
    known = set(content_stems(said))
    if not stems or set(_digits(asked)) - set(_digits(said)) or len(stems - known) > MOST_NEW * len(stems):
        return ""
    return asked if stems & set(content_stems(question)) or not content_stems(question) else ""


def with_wording(condensed: Condensed, wording: str) -> Condensed:
    """`condensed` with `wording` to search too; where the question continues another, it also says what was searched."""
    if not wording:
        return condensed
    standalone = wording if condensed.context else condensed.standalone
    queries = (*condensed.queries, wording)
    return replace(condensed, standalone=standalone, queries=queries, rephrased=wording)


def joined(pieces: Iterable[str]) -> str:
    """The text of a stream, up to what a question may have."""
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > 2 * LONGEST:
            break
    return text


def _digits(text: str) -> list[str]:
    return _DIGITS.findall(normalise(text))


def _without_label(line: str) -> str:
    return _LABEL.sub("", line)
