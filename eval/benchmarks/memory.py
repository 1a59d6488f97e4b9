"""python -m eval.benchmarks.memory: does the assistant's memory stay flat over thousands of questions?

Asks the questions of the cases and made ones, follow-ups too, of the real assistant in this process; prints the resident memory every
250 and how fast it grew after the first fifth, in which models and caches fill. Exit codes: 0 flat, 1 not.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from eval.benchmarks.load import chats_of_cases
from eval.benchmarks.server import resident_megabytes
from eval.benchmarks.users import Chat
from ketarag import Assistant
from ketarag.errors import QuestionError

MOST_GROWTH = 2.0
"""10^6 bytes in a thousand questions: what the allocator's own movement makes of a program that keeps nothing."""

_SETTLING = 0.2
"""Share of the questions after which nothing is new to the caches."""

_OPENINGS = ("", "Please tell me: ", "In adults, ", "For cancer pain, ", "According to the document, ", "hi! ")
_NAMES = ("ketamine", "norketamine", "morphine", "midazolam", "S-ketamine", "glaucoma", "an opioid", "aspirin")


@dataclass(frozen=True, slots=True)
class Point:
    """Resident memory in 10^6 bytes after so many questions."""

    questions: int
    megabytes: float


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the points and the verdict; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks.memory", description=__doc__.partition("\n")[0])
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--every", type=int, default=250, help="questions between two looks at the memory")
    arguments = parser.parse_args(argv)
    assistant = Assistant.load(progress=lambda line: print(line, file=sys.stderr))
    points = []
    for point in measured(assistant, made_chats(chats_of_cases()), arguments.questions, arguments.every):
        points.append(point)
        print(f"{point.questions:6}  {point.megabytes:8.1f} MB", flush=True)
    flat, told = verdict(points)
    print(told)
    return 0 if flat else 1


def made_chats(chats: Sequence[Chat], seed: int = 7) -> Iterator[Chat]:
    """Conversations without end: those of the cases, opened differently, about something else, with a slip of the hand."""
    source = random.Random(seed)
    while True:
        chat = source.choice(chats)
        yield tuple(_varied(question, source) for question in chat)


def _varied(question: str, source: random.Random) -> str:
    kind = source.randrange(4)
    if kind == 0:
        return question
    if kind == 1:
        return f"{source.choice(_OPENINGS)}{question}"
    if kind == 2:
        return question.replace("ketamine", source.choice(_NAMES))
    at = source.randrange(len(question))
    return f"{question[:at]}{question[at + 1 :]}" if len(question) > 8 else question


def measured(
    assistant: Assistant,
    chats: Iterator[Chat],
    questions: int,
    every: int,
    memory: Callable[[], float | None] = resident_megabytes,
) -> Iterator[Point]:
    """A point after each `every` questions until `questions` were asked; a question that is refused counts too."""
    asked = 0
    for chat in chats:
        conversation = assistant.conversation()
        for question in chat:
            with suppress(QuestionError):
                conversation.ask(question)
            asked += 1
            if asked % every == 0 and (found := memory()) is not None:
                yield Point(asked, found)
            if asked >= questions:
                return


def verdict(points: Sequence[Point]) -> tuple[bool, str]:
    """Whether memory is flat after the settling, and that in words. Fewer than three points there tell nothing."""
    last = points[-1].questions if points else 0
    settled = [point for point in points if point.questions > last * _SETTLING]
    if len(settled) < 3:
        return False, "too few points: ask more questions, or look more often"
    slope, _ = np.polyfit([point.questions / 1000 for point in settled], [point.megabytes for point in settled], 1)
    flat = bool(slope <= MOST_GROWTH)
    return flat, f"{'flat' if flat else 'GROWING'}: {slope:+.2f} MB in a thousand questions (at most {MOST_GROWTH:g})"


if __name__ == "__main__":
    sys.exit(main())
