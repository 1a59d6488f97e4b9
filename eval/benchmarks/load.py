"""python -m eval.benchmarks.load: many users at once against `ketarag serve`, each with conversations of its own.

    python -m eval.benchmarks.load                      50 users for five minutes, a server of its own with the real model
    python -m eval.benchmarks.load --kill               the same, the server killed (SIGKILL) and started again halfway
    python -m eval.benchmarks.load --url http://...     against one that runs; its documents are those of --corpus

Prints what was answered, what went wrong, how long it took, and the server's memory. Exit codes: 0 no error and no wrong
session, 1 something went wrong, 2 usage. While a killed server is away its clients' errors are expected, and counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np

from eval.benchmarks.server import Server
from eval.benchmarks.users import Book, Chat, User
from eval.cases import load_questions
from ketarag.config import shipped_corpus
from ketarag.indexing.load import load_corpus

_WRONG_SHOWN = 5
_TIMEOUT = 90.0
"""Seconds that a client waits for an answer: longer than the service's own limit, so that its error arrives."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs it, prints the figures, returns the exit code."""
    arguments = _parser().parse_args(argv)
    texts = {document.id: document.text for document in load_corpus(arguments.corpus).documents}
    chats = chats_of_cases()
    server = None if arguments.url else Server()
    try:
        if server is not None:
            server.start()
        book, memory = run(chats, texts, arguments.users, arguments.seconds, server, arguments.url, kill=arguments.kill)
    finally:
        if server is not None:
            server.stop()
    print(report(book, memory, arguments.users, arguments.seconds))
    return 1 if book.wrong or book.errors else 0


def chats_of_cases() -> list[Chat]:
    """The conversations of the dev and test cases, each ending in the question that the case is about."""
    cases = [*load_questions("dev"), *load_questions("test")]
    return list(dict.fromkeys((*case.history, case.question) for case in cases))


def run(
    chats: Sequence[Chat],
    texts: Mapping[str, str],
    users: int,
    seconds: float,
    server: Server | None = None,
    url: str | None = None,
    *,
    kill: bool = False,
) -> tuple[Book, tuple[float | None, float | None]]:
    """What `users` saw in `seconds`, and the server's memory before and after in 10^6 bytes (None where it is not ours).

    `server` is running; without one `url` is asked. With `kill` it is killed and started again halfway.
    """
    book = Book(texts)
    before = server.megabytes if server else None
    asyncio.run(_run(book, chats, users, seconds, server, url, kill))
    return book, (before, server.megabytes if server else None)


async def _run(
    book: Book, chats: Sequence[Chat], users: int, seconds: float, server: Server | None, url: str | None, kill: bool
) -> None:
    book.end = time.monotonic() + seconds

    def address() -> Iterator[str]:
        while True:
            yield server.address if server is not None else url or ""

    limits = httpx.Limits(max_connections=users, max_keepalive_connections=users)
    async with httpx.AsyncClient(timeout=_TIMEOUT, limits=limits) as client:
        asking = [User(number, chats, book).ask(client, address()) for number in range(users)]
        killing = [_kill(book, server, seconds / 2)] if kill and server is not None else []
        await asyncio.gather(*asking, *killing)


async def _kill(book: Book, server: Server, after: float) -> None:
    await asyncio.sleep(after)
    left = book.end - time.monotonic()
    book.down, book.end = True, math.inf  # the time without a server is not the users'
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    book.restarts += 1
    await asyncio.sleep(1)  # what was sent to the old one has failed by now
    book.down = False
    book.end = time.monotonic() + left


def report(book: Book, memory: tuple[float | None, float | None], users: int, seconds: float) -> str:
    """The figures, one a line."""
    lines = [
        f"{users} users, {seconds:g} s: {book.answered} answers ({book.answered / seconds:.1f} a second), "
        f"{book.abstained} of them abstained, {book.followed_up} to follow-ups",
        f"wrong session: {len(book.wrong)}",
        *(f"  {line}" for line in book.wrong[:_WRONG_SHOWN]),
        f"errors: {_counted(book.errors)}",
    ]
    if book.milliseconds:
        middle, high = np.quantile(book.milliseconds, [0.5, 0.95])
        lines.append(f"latency: p50 {middle:.0f} ms, p95 {high:.0f} ms, longest {max(book.milliseconds):.0f} ms")
    if book.restarts:
        lines.append(
            f"killed and started again: {_counted(book.while_down)} while it was away; "
            f"{book.continued} answers in conversations that began before"
        )
    if None not in memory:
        lines.append(f"server: {memory[0]:.0f} MB at the start, {memory[1]:.0f} MB at the end")
    return "\n".join(lines)


def _counted(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(errors.items())) or "none"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks.load", description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--corpus", type=Path, default=shipped_corpus(), help="the documents that it answers from")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--url", help="a service that runs (default: start one)")
    which.add_argument("--kill", action="store_true", help="kill it halfway and start it again")
    return parser


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
