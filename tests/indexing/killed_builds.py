"""Run as a program: builds an index again and again in children that are killed, and prints what was found after each.

    killed_builds.py FOLDER

The child kills itself before the n-th thing that it does to the index folder, for every n until a build ends unharmed;
then it is killed from outside after random times. A program of its own, so that it can fork without a model's threads.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from ketarag.errors import IndexingError
from ketarag.indexing.build import ensure_index
from ketarag.indexing.folder import read_index
from ketarag.testing import HashEmbedder

WRITES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
RANDOM_KILLS = 25


def write_corpus(folder: Path, words: str) -> Path:
    folder.mkdir()
    (folder / "a.md").write_text("# Routes\n\n" + f"Ketamine is given {words}.\n\n" * 200)
    return folder


def build(corpus: Path, index: Path) -> str:
    return ensure_index(corpus, index, HashEmbedder(), lambda _: None).fingerprint


def killed_build(corpus: Path, index: Path, event: int | None, seconds: float) -> bool:
    """Builds in a child; True when the child was killed before it was done."""
    child = os.fork()
    if not child:
        if event is not None:
            kill_before(event, str(index))
        build(corpus, index)
        os._exit(0)
    if event is None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def kill_before(event: int, folder: str) -> None:
    left = event

    def hook(name: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if name in WRITES and any(folder in os.fspath(arg) for arg in args if isinstance(arg, str | os.PathLike)):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def main(folder: Path) -> None:
    os.fsync = lambda _: None  # the kernel survives a kill; waiting for the disk would take a minute
    old_corpus, new_corpus = write_corpus(folder / "old", "PO"), write_corpus(folder / "new", "SC")
    old, new = build(old_corpus, folder / "old-index"), build(new_corpus, folder / "new-index")
    started = time.perf_counter()
    build(new_corpus, folder / "timed-index")
    whole_build = time.perf_counter() - started
    events: list[int | None] = [*range(1000), *[None] * RANDOM_KILLS]
    outcomes = {"killed": 0, "old": 0, "new": 0, "damaged": 0, "not mended": 0, "litter": 0}
    while events:
        event = events.pop(0)
        index = folder / "index"
        shutil.copytree(folder / "old-index", index)
        killed = killed_build(new_corpus, index, event, random.random() * whole_build)
        outcomes["killed"] += killed
        if not killed and event is not None:
            events = [left for left in events if left is None]
        try:
            found = read_index(index).fingerprint
            outcomes["old" if found == old else "new" if found == new else "damaged"] += 1
        except IndexingError:
            outcomes["damaged"] += 1
        outcomes["not mended"] += build(new_corpus, index) != new
        build(old_corpus, index)
        outcomes["litter"] += {path.name for path in index.iterdir()} != {"CURRENT", ".lock", old}
        shutil.rmtree(index)
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
