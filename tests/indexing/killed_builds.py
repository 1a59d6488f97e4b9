"""Run as a program: updates an index again and again in children that are killed, and prints what was found after each.

    killed_builds.py FOLDER KILLS

Half of the children kill themselves before something that they do to the index folder, spread over all that they do; the others are
killed from outside after a random time. Each update changes, removes, adds and moves documents. A program of its own, so that it can
fork without a model's threads.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ketarag.errors import IndexingError
from ketarag.indexing import build as build_module
from ketarag.indexing.build import ensure_index
from ketarag.indexing.folder import read_index
from ketarag.testing import HashEmbedder

WRITES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}


def write(folder: Path, texts: dict[str, str]) -> Path:
    for name, words in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# Routes\n\n" + f"Ketamine is given {words}.\n\n" * 60)
    return folder


def build(corpus: Path, index: Path) -> str:
    return ensure_index(corpus, index, HashEmbedder(), lambda _: None).fingerprint


def in_child(work: Callable[[], object], seconds: float | None) -> bool:
    """Whether the child was killed before it was done."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def on_write(folder: str, called: Callable[[int], None]) -> None:
    """Calls with 0, 1, ... before each thing that is done to the folder."""
    count = 0

    def hook(name: str, args: tuple[object, ...]) -> None:
        nonlocal count
        if name in WRITES and any(folder in os.fspath(arg) for arg in args if isinstance(arg, str | os.PathLike)):
            called(count)
            count += 1

    sys.addaudithook(hook)


def writes_of(corpus: Path, index: Path, note: Path) -> int:
    """How many things a whole update does to the folder."""

    def work() -> None:
        last = 0

        def keep(count: int) -> None:
            nonlocal last
            last = count

        on_write(str(index), keep)
        build(corpus, index)
        note.write_text(str(last + 1))

    in_child(work, None)
    return int(note.read_text())


def killed_before(corpus: Path, index: Path, event: int) -> bool:
    def work() -> None:
        on_write(str(index), lambda count: os.kill(os.getpid(), signal.SIGKILL) if count == event else None)
        build(corpus, index)

    return in_child(work, None)


def main(folder: Path, kills: int) -> None:
    os.fsync = lambda _: None  # the kernel survives a kill; waiting for the disk would take minutes
    build_module.BATCH = 8  # passages, so that an update is several segments
    old_corpus = write(folder / "old", {"a.md": "PO", "b.md": "SC", "c/c.md": "IM", "d.md": "IV"})
    new_corpus = write(folder / "new", {"a.md": "PO", "b.md": "SL", "e.md": "PR", "f.md": "TD", "moved/d.md": "IV"})
    old, new = build(old_corpus, folder / "old-index"), build(new_corpus, folder / "new-index")
    shutil.copytree(folder / "old-index", folder / "timed")
    writes = writes_of(new_corpus, folder / "timed", folder / "note")
    shutil.rmtree(folder / "timed")
    shutil.copytree(folder / "old-index", folder / "timed")
    started = time.perf_counter()
    in_child(lambda: build(new_corpus, folder / "timed"), None)
    whole = time.perf_counter() - started
    outcomes = {"killed": 0, "old": 0, "new": 0, "damaged": 0, "not mended": 0, "litter": 0, "writes": writes}
    while outcomes["killed"] < kills:
        index = folder / "index"
        shutil.copytree(folder / "old-index", index)
        if (kill := outcomes["killed"]) % 2:
            killed = in_child(lambda: build(new_corpus, index), random.random() * whole)  # noqa: B023
            whole *= 1 if killed else 0.9  # it came too late: the machine is not as busy as when the time was taken
        else:
            killed = killed_before(new_corpus, index, kill * (writes - 1) // max(kills - 2, 1))
        outcomes["killed"] += killed
        try:
            found = read_index(index).fingerprint
            outcomes["old" if found == old else "new" if found == new else "damaged"] += 1
        except IndexingError:
            outcomes["damaged"] += 1
        outcomes["not mended"] += build(new_corpus, index) != new
        outcomes["not mended"] += build(old_corpus, index) != old
        built = read_index(index)
        outcomes["litter"] += {path.name for path in index.iterdir()} != {
            "CURRENT",
            ".lock",
            "segments",
            built.generation,
        }
        outcomes["litter"] += {path.name for path in (index / "segments").iterdir()} != set(built.manifest.segments)
        shutil.rmtree(index)
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
