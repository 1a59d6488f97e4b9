"""What a figure means, in words for someone who did not write it, and how its value is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", ""]


@dataclass(frozen=True, slots=True)
class Meaning:
    """`better`: which way is an improvement, "" for neither. `unit`: "" for a share in [0, 1], "ms", or what is counted."""

    text: str
    better: Better = "higher"
    unit: str = ""

    def written(self, value: float) -> str:
        """With as many digits as mean something: shares three, counts two, milliseconds none."""
        return f"{value:.{self._digits}f}"

    def difference(self, value: float) -> str:
        """With its sign; no sign where it rounds to nothing."""
        text = f"{value:+.{self._digits}f}".replace("-", "−")
        return text[1:] if not any(digit in text for digit in "123456789") else text

    def direction(self, difference: float) -> Literal["better", "worse", ""]:
        """What a difference of this size is; "" for one that rounds to nothing."""
        if not self.better or self.difference(difference)[0] not in "+−":
            return ""
        return "better" if (difference > 0) == (self.better == "higher") else "worse"

    @property
    def _digits(self) -> int:
        return 0 if self.unit == "ms" else 2 if self.unit else 3


_MEANINGS = {
    "facts": Meaning("Share of the wanted facts that stand in the answer, first questions of a conversation"),
    "facts_follow_up": Meaning("Share of the wanted facts that stand in the answer, follow-up questions"),
    "exact": Meaning("Answers that hold every wanted fact"),
    "cited_on_gold": Meaning("Answers of which at least one citation is on a passage that the case names"),
    "citation_recall": Meaning("Share of the passages that the case names which the answer cites"),
    "citation_precision": Meaning("Share of the citations that are on a passage which the case names"),
    "verbatim": Meaning("Share of the quotes that are the source's very words at their place"),
    "carried": Meaning("Share of the sentences that their own quotes carry"),
    "answerable_declined": Meaning("Declined although the document answers", "lower"),
    "near_declined": Meaning("Declined, as it should be: on the topic, but not in the document"),
    "far_declined": Meaning("Declined, as it should be: off the topic"),
    "follow_up_declined_right": Meaning("Declined, as it should be: follow-ups that the document does not answer"),
    "near_auroc": Meaning("How well the confidence tells answerable questions from near misses (0.5 is chance)"),
    "risk_area": Meaning("Mean share of wrong answers over all levels of confidence (area under the risk-coverage curve)", "lower"),
    "calibration_error": Meaning("How far the confidence is from the share that it promises", "lower"),
    "recall_at_5": Meaning("Share of the passages that the case names among the first five found"),
    "reciprocal_rank": Meaning("1 / rank of the first right passage found"),
    "ndcg_at_10": Meaning("Quality of the order of the first ten passages found"),
    "sentences": Meaning("Sentences in an answer", "", "sentences"),
    "words": Meaning("Words in an answer", "", "words"),
    "errors": Meaning("Cases that crashed", "lower"),
    "latency_p50_ms": Meaning("Half of the questions were answered within", "lower", "ms"),
    "latency_p95_ms": Meaning("95 % of the questions were answered within", "lower", "ms"),
    "claims_supported_accepted": Meaning("Claims that the document supports, accepted"),
    "claims_altered_rejected": Meaning("Claims altered in one place, rejected"),
    "claims_verbatim": Meaning("Claims in the document's words, accepted"),
    "claims_paraphrase": Meaning("Claims in other words, accepted"),
    "claims_invented": Meaning("Claims that were made up, rejected"),
}  # fmt: skip


def meaning(name: str) -> Meaning:
    """Of any figure: one without words of its own is read by its name (a kind of claim, a category, milliseconds)."""
    if name in _MEANINGS:
        return _MEANINGS[name]
    first, _, rest = name.partition("_")
    if first == "claims" and rest:
        return Meaning(f"Claims altered in their {rest.replace('_', ' ')}, rejected")
    if first == "facts" and rest:
        return Meaning(f"Share of the wanted facts that stand in the answer, category {rest.replace('_', ' ')}")
    if name.endswith("_ms"):
        return Meaning("", "lower", "ms")
    return Meaning("")
