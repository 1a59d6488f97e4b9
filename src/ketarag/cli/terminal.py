"""The streams: lines for people on stderr, and what makes stdin, stdout and the libraries behave."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from ketarag.presentation import printable


def tell(message: str) -> None:
    """Say how far something is, on stderr."""
    print(printable(message), file=sys.stderr, flush=True)


def complain(message: str) -> None:
    """Say what is wrong in one line on stderr."""
    print(f"ketarag: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)


def make_quiet() -> None:
    """Before anything heavy is imported: no progress bars and warnings of the model libraries on the terminal."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")


def make_tolerant(*streams: object) -> None:
    """A character that a stream cannot read or show becomes its escape instead of a UnicodeError."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_stdout() -> None:
    """The reader of a pipe has gone: let the interpreter's last flush write to nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
