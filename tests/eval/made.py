"""Cases, answers and results by hand."""

from __future__ import annotations

from collections.abc import Sequence

from eval.cases import Gold, QuestionCase
from ketarag import Answer, Citation, Claim, Verdict


def gold(start: int, end: int) -> Gold:
    return Gold("x" * (end - start), start, end)


def citation(start: int, end: int, quote: str | None = None, marker: int = 1) -> Citation:
    return Citation(marker, "a.txt", "A", "", "x" * (end - start) if quote is None else quote, start, end, 0.5)


def answer(*claims: str, citations: Sequence[Citation] = ()) -> Answer:
    """An abstention where there are no claims."""
    said = tuple(Claim(text, (1,), Verdict(True, 1.0)) for text in claims)
    text = " ".join(f"{text} [1]" for text in claims) or "The document does not answer this question."
    return Answer("q", "q", text, said, tuple(citations), not claims, "", 0.5, (), (), {}, "f")


def case(
    category: str = "fact",
    facts: Sequence[Sequence[str]] = (("dose",),),
    evidence: Sequence[Sequence[Gold]] = ((Gold("xx", 0, 2),),),
    history: Sequence[str] = (),
    question: str = "q?",
    name: str = "case",
) -> QuestionCase:
    """Unanswerable for a category that says so."""
    answerable = not category.startswith("unanswerable")
    groups = tuple(tuple(group) for group in evidence) if answerable else ()
    wanted = tuple(tuple(fact) for fact in facts) if answerable else ()
    return QuestionCase(name, category, question, tuple(history), answerable, wanted, groups)
