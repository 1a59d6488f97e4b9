"""python -m eval add: feedback from the chat -> draft cases, which a person finishes and moves into a split.

Only what is certain is filled in; `note` says what is not. A draft that lacks facts or evidence is refused by `cases`, and a finished one
that kept its id is told of by `lint`, so that none is asked by mistake. The format of feedback is described in `eval/cases/README.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from eval.cases import STRICT, CaseError, Gold, Text, read_lines

DRAFT = "draft-"
"""How the id of a draft begins."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Cited(Gold):
    """A quote that an answer showed, of the document `document_id`."""

    document_id: Text


@dataclass(frozen=True, slots=True, config=STRICT)
class Feedback:
    """What a user thought of an answer. `history`: the earlier questions of the conversation; `time`: when the feedback was given."""

    question: Text
    history: tuple[Text, ...]
    answer: Text
    rating: Literal["up", "down"]
    citations: tuple[Cited, ...]
    time: datetime
    reason: str = ""
    right_answer: str = ""


def draft_case(feedback: Feedback) -> dict[str, object]:
    """A case in the format of `eval/cases`, as far as the feedback goes; the same feedback gives the same id.

    Facts: the right answer, whole. Evidence: every citation of an answer that was rated up, each needed. Not answerable: only where
    a user agreed that the documents do not answer.
    """
    citations = feedback.citations if feedback.rating == "up" else ()
    right = feedback.right_answer.strip().rstrip(".").strip()
    agreed = feedback.rating == "up" and not feedback.citations and not right
    whole: bytes = TypeAdapter(Feedback).dump_json(feedback)
    return {
        "id": f"{DRAFT}{hashlib.sha256(whole).hexdigest()[:12]}",
        "category": "follow_up" if feedback.history else "fact",
        "question": feedback.question.strip(),
        "history": list(feedback.history),
        "answerable": not agreed,
        "facts": [[right]] if right else [],
        "evidence": [[{"quote": one.quote, "start": one.start, "end": one.end}] for one in citations],
        "note": _note(feedback, right, agreed),
    }


def _note(feedback: Feedback, right: str, agreed: bool) -> str:
    reason = f", because: {feedback.reason.strip()}" if feedback.reason.strip() else ""
    cited = ", ".join(sorted({one.document_id for one in feedback.citations})) or "nothing"
    checks = ["that the question tells of no patient", "the category"]
    if agreed:
        checks += [
            "that no document answers it; then the category is unanswerable_near or unanswerable_far, or follow_up"
        ]
    else:
        checks += [] if feedback.rating == "up" else ["whether a document answers it at all"]
        checks += [_facts_check(right), _evidence_check(feedback)]
    return (
        f"Feedback of {feedback.time.date()}: rated {feedback.rating}{reason}. The answer was: {feedback.answer.strip()} "
        f"It cited: {cited}. Still to check: {'; '.join(checks)}; a new id."
    )


def _facts_check(right: str) -> str:
    if not right:
        return "facts are missing: which phrases must a right answer hold"
    return "the facts are a user's words: is it what the document says, in which phrases, with which alternatives"


def _evidence_check(feedback: Feedback) -> str:
    if feedback.rating == "down" or not feedback.citations:
        return "evidence is missing: which sentences of the document"
    return "the evidence is what was cited: is each place needed or an alternative to another, is one missing"


def append_draft(path: Path, case: Mapping[str, object]) -> bool:
    """Adds a line at the end of a file, new or not; nothing and False when a case of this id stands there. Raises CaseError."""
    try:
        held = path.read_bytes() if path.exists() else b""
        if json.dumps(case["id"]).encode() in held:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            # One write; a last line that was cut off, or edited by hand, stays a line of its own.
            cut = "" if not held or held.endswith(b"\n") else "\n"
            file.write(f"{cut}{json.dumps(case, ensure_ascii=False)}\n")
    except OSError as error:
        raise CaseError(f"{path}: cannot be written ({error.strerror})") from error
    return True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `run`."""
    parser.add_argument("feedback", type=Path, help="a file of feedback, one JSON object a line")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="where drafts are added, in no split")


def run(arguments: argparse.Namespace) -> int:
    """Adds a draft for each piece of feedback that has none there yet; 0. Raises CaseError, having added nothing, for a bad line."""
    cases = [draft_case(feedback) for feedback in read_lines(arguments.feedback, Feedback)]
    added = sum(append_draft(arguments.to, case) for case in cases)
    print(f"{added} draft{'' if added == 1 else 's'} added to {arguments.to}, {len(cases) - added} were there already.")
    return 0
