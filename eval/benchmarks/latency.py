"""python -m eval.benchmarks.latency: how long a question takes from typing to verified answer, warm, step by step.

Asks the questions of the test split one after the other, once to warm up (models, caches of sentences) and then timed. Wall time on this
machine: compare two versions in one sitting only.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections import defaultdict

import numpy as np

from eval.cases import QuestionCase, load_questions
from ketarag import Assistant


def main() -> int:
    """Prints p50 and p95 in milliseconds of each step and of all together."""
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks.latency", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=2, help="times that every question is asked, after the warm-up")
    rounds = parser.parse_args().rounds
    assistant = Assistant.load(progress=lambda line: print(line, file=sys.stderr))
    cases = load_questions("test")
    laps: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        for case in cases:
            for name, value in _timed(assistant, case).items():
                if number:
                    laps[name].append(value)
    print(
        f"{len(cases)} questions, {rounds} rounds; {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    for name, values in laps.items():
        middle, high = np.quantile(values, [0.5, 0.95])
        print(f"{name:<16} p50 {middle:7.1f} ms   p95 {high:7.1f} ms")
    return 0


def _timed(assistant: Assistant, case: QuestionCase) -> dict[str, float]:
    conversation = assistant.conversation()
    for question in case.history:
        conversation.ask(question)
    started = time.perf_counter()
    answer = conversation.ask(case.question)
    return {**answer.timings_ms, "all": (time.perf_counter() - started) * 1000}


if __name__ == "__main__":
    sys.exit(main())
