"""`python -m ingest [--corpus DIR] [--index DIR]`: read the documents, build the index, say what was left out.

Progress goes to stderr, the summary to stdout. Exit codes: 0 done, 1 a file could not be read (the others are
indexed) or nothing could be built, 2 usage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ketarag.cli import main as ketarag


def main(argv: Sequence[str] | None = None) -> int:
    """`ketarag ingest` with the same arguments; `argv` is without the program's name, None for `sys.argv[1:]`."""
    return ketarag(["ingest", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    sys.exit(main())
