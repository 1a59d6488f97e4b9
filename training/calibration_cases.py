"""The questions that the regressions on top of the network are fitted on: the development cases, and those of `QUESTIONS`.

The latter were written for this alone and the network never learned from them: what it makes of a question that it saw in training says
nothing of what it makes of a new one. They are in the format of `training/data` (see `training/README.md`), on the shipped article.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.cases import Category, Gold, QuestionCase, load_questions
from ketarag.types import Passage
from training.sources import json_lines

QUESTIONS = Path(__file__).with_name("calibration") / "questions.jsonl"


def calibration_cases(passages: Sequence[Passage]) -> list[QuestionCase]:
    """`passages`: all of the shipped article. Development cases first; a question that they ask too is left out."""
    dev = load_questions("dev")
    known = {(case.history, case.question.casefold()) for case in dev}
    own = _own(sorted(passages, key=lambda passage: passage.start))
    return [*dev, *(case for case in own if (case.history, case.question.casefold()) not in known)]


def _own(passages: Sequence[Passage]) -> Iterator[QuestionCase]:
    for line in json_lines(QUESTIONS):
        passage = passages[int(line["passage"]["id"].removeprefix("k-"))]
        for at, item in enumerate([*line.get("questions", []), *line.get("follow_ups", [])]):
            yield _case(f"{line['id']}-{at}", item, passage)
        for at, item in enumerate(line.get("unanswerable", [])):
            yield _case(f"{line['id']}-none-{at}", item, None)


def _case(name: str, item: dict[str, Any], passage: Passage | None) -> QuestionCase:
    sentences = [passage.sentences[place] for place in item["sentences"]] if passage else []
    places = tuple(Gold(sentence.text, sentence.start, sentence.end) for sentence in sentences)
    history = tuple(item.get("history", ()))
    category: Category = "follow_up" if history else "fact" if passage else "unanswerable_near"
    facts = ((item["answer"],),) if passage else ()
    return QuestionCase(name, category, item["q"], history, bool(passage), facts, (places,) if places else ())
