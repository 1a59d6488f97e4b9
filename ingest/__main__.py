"""`python -m ingest [--corpus DIR] [--index DIR]`: read the documents, build the index, say what was left out.

Progress goes to stderr, as a bar where that is a terminal, the summary to stdout. Exit codes: 0 done, 1 a file could not be read (the
others are indexed) or nothing could be built, 2 usage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from ingest.bar import Bar
from ketarag import IndexSummary, Settings, build_index
from ketarag.cli import main as ketarag


def main(argv: Sequence[str] | None = None) -> int:
    """`ketarag ingest` with the same arguments; `argv` is without the program's name, None for `sys.argv[1:]`."""
    bar = Bar(sys.stderr)

    def build(settings: Settings, _tell: Callable[[str], None]) -> IndexSummary:
        try:
            return build_index(
                settings.corpus, settings.index, settings.model, progress=bar, store=settings.store, ray=settings.ray
            )
        finally:
            bar.close()

    return ketarag(["ingest", *(sys.argv[1:] if argv is None else argv)], build=build)


if __name__ == "__main__":
    sys.exit(main())
