"""What a person typed -> a question that can be searched, or an error that says what to do."""

from __future__ import annotations

import unicodedata

from ketarag.config import QUESTION_LIMIT
from ketarag.errors import QuestionError


def checked_question(text: str) -> str:
    """The question in one line, without control characters. Raises QuestionError when it is empty or too long."""
    if len(text) > QUESTION_LIMIT:
        raise QuestionError(
            f"The question has {len(text):,} characters; up to {QUESTION_LIMIT:,} can be searched. Ask its core in a sentence or two."
        )
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c for c in text)
    question = " ".join(visible.split())
    if not question:
        raise QuestionError("The question is empty. Ask something, for example: What IV dose is used for depression?")
    return question
