"""What a run runs on: the program's commit, versions, the hashes of what it reads, and how fast this machine is at the moment."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from eval.cases import CASES
from ketarag import Assistant, Settings

ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("ketarag", "sentence-transformers", "torch", "faiss-cpu", "onnxruntime", "tokenizers", "numpy")
_UNIT_ROUNDS = 40


def commit() -> tuple[str, bool]:
    """The commit that is checked out, and whether tracked files differ from it; ("unknown", True) outside a git checkout."""
    head = _git("rev-parse", "HEAD")
    return (head, bool(_git("status", "--porcelain", "--untracked-files=no"))) if head else ("unknown", True)


def versions() -> dict[str, str]:
    """Of Python and of the packages that answers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def settings() -> dict[str, str]:
    """What is set, without paths: they differ from machine to machine and say nothing of the answers."""
    current = Settings.from_environment()
    return {"model": current.model, "corpus": current.corpus.name}


def hashes(assistant: Assistant) -> dict[str, str]:
    """SHA-256, shortened: "corpus" over the documents, "cases" over the case files, and the assistant's own of its parts."""
    documents = "\n".join(f"{document.id} {document.sha256}" for document in assistant.documents)
    return {"corpus": _short(documents.encode()), "cases": cases_hash(), **assistant.fingerprints}


def cases_hash(folder: Path = CASES) -> str:
    """Over the names and bytes of all case files."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*/*.jsonl")):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def machine() -> str:
    """Architecture, processor and cores, for whoever reads a timing."""
    model = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown")
    return f"{platform.machine()}, {model}, {os.cpu_count()} cores"


def peak_memory_mb() -> float:
    """The most that this process has held so far (resident set)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def speed_unit_ms() -> float:
    """Milliseconds of a fixed piece of the work that answers are made of (single-precision products on one thread), the best of many.

    The best, because other work on the machine only ever adds.
    """
    left, right = np.ones((192, 384), dtype=np.float32), np.ones((384, 1536), dtype=np.float32)
    best = float("inf")
    with threadpool_limits(limits=1):
        for _ in range(_UNIT_ROUNDS):
            started = time.perf_counter()
            _ = left @ right
            best = min(best, time.perf_counter() - started)
    return best * 1000


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def as_table(assistant: Assistant) -> Mapping[str, object]:
    """All of it that does not change while a run goes on."""
    head, dirty = commit()
    return {
        "commit": head,
        "dirty": dirty,
        "versions": versions(),
        "settings": settings(),
        "hashes": hashes(assistant),
        "fingerprint": assistant.fingerprint,
        "machine": machine(),
    }
