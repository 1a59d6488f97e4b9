"""How a system talks to the benchmark: a JSON object a line, in and out. Standard library only: every environment has it.

A system is three functions. `ingest(folder, model)`: reads every .txt file of `folder` with the sentence-transformers model in `model`, and
returns (what the others need, how many passages it made). `ask(held, question)`, which is timed, returns the answer shown, whether it
declined, and the texts that the answer cites. `find(held, question)`, which is not, returns the texts of the passages found, best first.
"""

import json
import os
import sys
from pathlib import Path


def serve(ingest, ask, find):
    """Answer the benchmark until its end."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is none of the protocol
    held = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "folder" in asked:
            held, passages = ingest(Path(asked["folder"]), asked["model"])
            told = {"passages": passages}
        elif "find" in asked:
            told = {"found": find(held, asked["find"])}
        else:
            answer, declined, cited = ask(held, asked["question"])
            told = {"answer": answer, "declined": declined, "cited": cited}
        out.write(json.dumps(told) + "\n")
        out.flush()


def texts(folder):
    """The text of every file, by name."""
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))]


def first(passages):
    """The answer of a system without a chat model: the passage that it finds first."""
    return (passages[0], False, passages[:1]) if passages else ("", True, [])
