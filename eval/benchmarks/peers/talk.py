"""One system in its own process and environment, measured from outside: seconds, and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from eval.benchmarks.files import BenchmarkError

SYSTEMS = Path(__file__).with_name("systems")


class Reply(BaseModel):
    """What a system said to one question; `found` are texts, best first."""

    found: tuple[str, ...]
    answer: str
    declined: bool
    cited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One system's run. Seconds: `first_answer` from the start of the process, `ingest` alone, `each` question's by itself."""

    name: str
    passages: int
    first_answer: float
    ingest: float
    each: tuple[float, ...]
    peak_bytes: int
    replies: tuple[Reply, ...]


def measured(name: str, python: Path, folder: Path, model: Path, questions: Sequence[str]) -> Measured:
    """Starts the system `name` with the interpreter `python`, lets it read `folder` and asks `questions`, at least one.

    Raises BenchmarkError when it ends before its answers are all there; what it wrote on stderr is shown.
    """
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [python, SYSTEMS / f"{name}_system.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with process:
        start = time.perf_counter()
        passages = int(_asked(process, name, {"folder": str(folder), "model": str(model)})["passages"])
        ingest = time.perf_counter() - start
        first, each, replies = 0.0, list[float](), list[Reply]()
        for question in questions:
            start = time.perf_counter()
            said = _asked(process, name, {"question": question})
            each.append(time.perf_counter() - start)
            first = first or time.perf_counter() - began
            replies.append(Reply.model_validate(said | _asked(process, name, {"find": question})))
        peak = _peak(process.pid)
        assert process.stdin is not None
        process.stdin.close()
    return Measured(name, passages, first, ingest, tuple(each), peak, tuple(replies))


def _asked(process: subprocess.Popen[str], name: str, what: dict[str, str]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(what) + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # said below: it has ended
    line = process.stdout.readline()
    if not line:
        raise BenchmarkError(f"{name} ended with code {process.wait()}; what it said stands above")
    told: dict[str, Any] = json.loads(line)
    return told


def _peak(process: int) -> int:
    """Bytes of memory that the process had at most (VmHWM of Linux)."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
