"""The terminal: `ketarag ask | chat | verify | retrieve | ingest | serve | mcp | users | keys`.

Exit codes: 0 answered (or done), 3 abstained (or claim not supported), 2 usage (also an empty question), 1 failure.
Results go to stdout, progress and errors to stderr. Heavy libraries are imported by the command that needs them.
Here: errors become one line and an exit code. The rest: `arguments` (what can be typed), `commands` (what it does),
`terminal` (streams). Not here: how results are written (`ketarag.presentation`), the web app, the MCP server and what
`users` and `keys` do (`ketarag.web`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ketarag.cli.arguments import parser
from ketarag.cli.commands import FAILURE, USAGE, Build, Load, run
from ketarag.cli.terminal import complain, discard_stdout, make_quiet, make_tolerant
from ketarag.errors import KetaRAGError, QuestionError, SettingsError

INTERRUPTED = 130
"""What shells report for a program ended by Ctrl-C: 128 + SIGINT."""


def main(argv: Sequence[str] | None = None, *, load: Load | None = None, build: Build | None = None) -> int:
    """Run one command and return its exit code.

    `argv` is without the program's name, None for `sys.argv[1:]`. `load` and `build` stand in for
    `Assistant.load` and `build_index`. A mistake of the user is one line on stderr, never a traceback.
    """
    make_tolerant(sys.stdin, sys.stdout, sys.stderr)
    arguments = parser().parse_args(argv)
    make_quiet()
    try:
        code = run(arguments, load, build)
        sys.stdout.flush()
    except KetaRAGError as error:
        complain(str(error))
        return USAGE if isinstance(error, (QuestionError, SettingsError)) else FAILURE
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        discard_stdout()
        return FAILURE
    return code
