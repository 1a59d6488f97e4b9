"""repair: a sentence of a draft that does not stand -> the source's own sentence that says what it was to say, if there is one.

It must answer the question: the reader put it among the evidence, near the best. And it must speak of what the failed sentence spoke of.
"""

from __future__ import annotations

from collections.abc import Sequence

from ketarag.answering.compose import compose
from ketarag.text import content_stems
from ketarag.types import Evidence, Passage, Reading

LEAST_SHARED = 2
"""Content words that the failed sentence shares with its replacement, or all that it has where it has fewer."""


def answering(reading: Reading, share: float) -> list[Evidence]:
    """The evidence that reaches `share` of the best one's score, best first."""
    return [item for item in reading.evidence if item.score >= share * reading.evidence[0].score]


def replacement(
    text: str, cited: Sequence[Passage], given: Sequence[Passage], reading: Reading, share: float
) -> list[Evidence]:
    """What to say in place of `text`: the best fitting evidence of the passages `cited`, else of those `given`.

    One sentence, or two where the second points back to the first; [] for none.
    """
    said = set(content_stems(text))
    least = min(LEAST_SHARED, len(said))
    fitting = [
        item
        for item in answering(reading, share)
        if least and len(said & set(content_stems(item.sentence.clean))) >= least
    ]
    for passages in (cited, given):
        ids = {passage.id for passage in passages}
        if found := [item for item in fitting if item.passage.id in ids]:
            return compose(found[:1], 1.0)
    return []
