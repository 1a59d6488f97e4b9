"""What each command does. Heavy libraries are imported by the command that needs them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ketarag.cli.terminal import complain, tell
from ketarag.errors import QuestionError, StoreError
from ketarag.presentation import (
    format_answer,
    format_citation,
    format_hits,
    format_summary,
    format_verdict,
    printable,
    to_json,
)

if TYPE_CHECKING:
    from ketarag.assistant import Assistant, Conversation
    from ketarag.config import Settings
    from ketarag.indexing.build import IndexSummary
    from ketarag.types import Filter

Progress = Callable[[str], None]
Load = Callable[["Settings", Progress], "Assistant"]
Build = Callable[["Settings", Progress], "IndexSummary"]

ANSWERED, FAILURE, USAGE, ABSTAINED = 0, 1, 2, 3
"""Exit codes."""

_WARM_UP = 200
"""Characters of a title that are asked as a first question; the answer is thrown away."""

_SAID = (
    "corpus",
    "index",
    "model",
    "llm",
    "llm_url",
    "store",
    "ray",
    "host",
    "port",
    "users_file",
    "tls_certificate",
    "tls_key",
)
"""Options that are settings of the same name."""


def run(arguments: argparse.Namespace, load: Load | None = None, build: Build | None = None) -> int:
    """Do what the parsed `arguments` say and return the exit code. Raises KetaRAGError.

    `load` and `build` stand in for `Assistant.load` and `build_index`.
    """
    settings, load = _settings(arguments), load or _load
    if arguments.command in ("users", "keys"):
        return _manage(arguments, settings)
    if arguments.command == "ingest":
        return _watch(settings) if arguments.watch else _ingest((build or _build)(settings, tell))
    if arguments.command == "index":
        return _look_after(arguments.action, settings)
    if arguments.command == "serve":
        return _serve(settings, load)
    if arguments.command == "mcp":
        return _mcp(settings, load)
    assistant = load(settings, tell)
    if arguments.command == "chat":
        return _chat(assistant.conversation(within=_filter(arguments)))
    return _answer(arguments, assistant)


def _settings(arguments: argparse.Namespace) -> Settings:
    """The environment's settings, with what the command line says in their place."""
    from dataclasses import replace

    from ketarag.config import Settings

    said = {name: getattr(arguments, name, None) for name in _SAID}
    return replace(Settings.from_environment(), **{name: value for name, value in said.items() if value is not None})


def _watch(settings: Settings) -> int:
    from ketarag.api import watch_corpus

    watch_corpus(settings, tell, lambda summary: print(format_summary(summary), flush=True))
    return ANSWERED


def _look_after(action: str, settings: Settings) -> int:
    from ketarag.api import compact_index, index_stats, verify_index
    from ketarag.indexing.upkeep import told

    if action == "verify":
        problems = verify_index(settings, tell)
        print("\n".join(map(printable, problems)) or "The index is whole.")
        return FAILURE if problems else ANSWERED
    print(told(index_stats(settings) if action == "stats" else compact_index(settings, tell)))
    return ANSWERED


def _answer(arguments: argparse.Namespace, assistant: Assistant) -> int:
    """`ask`, `verify` and `retrieve`: one text in, one result out."""
    text = " ".join(arguments.text).encode("utf-8", "replace").decode()  # bytes that are no UTF-8 become "?"
    if arguments.command == "ask":
        answer = assistant.ask(text, within=_filter(arguments))
        print(to_json(answer) if arguments.json else format_answer(answer))
        return ABSTAINED if answer.abstained else ANSWERED
    if arguments.command == "verify":
        verdict = assistant.verify(text)
        print(to_json(verdict) if arguments.json else format_verdict(verdict))
        return ANSWERED if verdict.supported else ABSTAINED
    hits = assistant.retrieve(text, k=arguments.k, within=_filter(arguments))
    print(to_json(hits) if arguments.json else format_hits(hits))
    return ANSWERED if hits else ABSTAINED


def _filter(arguments: argparse.Namespace) -> Filter:
    from ketarag.types import Filter

    said = arguments
    return Filter(said.published_from, said.published_to, tuple(said.publisher), tuple(said.tag))


def _manage(arguments: argparse.Namespace, settings: Settings) -> int:
    from ketarag.web.manage import manage

    name = getattr(arguments, "name", "")
    manage("user" if arguments.command == "users" else "key", arguments.action, name, settings.users_path)
    return ANSWERED


def _ingest(summary: IndexSummary) -> int:
    print(format_summary(summary))
    return FAILURE if summary.unreadable else ANSWERED


def _serve(settings: Settings, load: Load) -> int:
    from ketarag.web.auth import require_protection

    require_protection(settings.host, settings)  # said before anybody waits for the models
    tell("Starting KetaRAG: loading the models; the first time the index is built too (about 20 s) ...")
    from ketarag.web.server import serve

    assistant = load(settings, tell)
    _warm_up(assistant)
    serve(assistant, settings)
    return ANSWERED


def _mcp(settings: Settings, load: Load) -> int:
    from ketarag.web.mcp_server import serve_stdio  # says what to install, before anybody waits for the models

    assistant = load(settings, tell)
    _warm_up(assistant)
    serve_stdio(assistant, settings)
    return ANSWERED


def _warm_up(assistant: Assistant) -> None:
    """Reads what a first question would have to read, so that the first person need not wait."""
    for document in assistant.documents[:1]:
        try:
            assistant.ask(document.title[:_WARM_UP])
        except StoreError as error:  # it may come up again, and what needs no store works
            tell(f"Questions cannot be answered yet: {error}")


def _chat(conversation: Conversation) -> int:
    """Ask until the end of input; a question that cannot be searched is said and the chat goes on."""
    with suppress(ImportError):
        import readline  # noqa: F401  (gives `input` line editing; its history stays in memory)
    interactive = sys.stdin.isatty()
    if interactive:
        print("Ask about the documents. A follow-up may lean on what was said. Ctrl-D ends.\n")
    while True:
        try:
            question = input("> " if interactive else "")
        except EOFError:
            return ANSWERED
        if not question.strip():
            continue
        try:
            _tell_answer(conversation, question)
        except QuestionError as error:
            complain(str(error))


def _tell_answer(conversation: Conversation, question: str) -> None:
    """Print each claim as soon as it is verified, then the quotes; an abstention as a whole."""
    from ketarag.types import Final, VerifiedClaim

    streamed = False
    for event in conversation.stream(question):
        if isinstance(event, VerifiedClaim):
            streamed = True
            markers = "".join(f" [{marker}]" for marker in event.claim.markers)
            print(f"{printable(event.claim.text)}{markers}", flush=True)
        elif isinstance(event, Final) and streamed:
            for warning in event.answer.warnings:
                print(f"\nNote: {printable(warning)}")
            for citation in event.answer.citations:
                print(f"\n{format_citation(citation)}")
            print(flush=True)
        elif isinstance(event, Final):
            print(f"{format_answer(event.answer)}\n", flush=True)


def _load(settings: Settings, progress: Progress) -> Assistant:
    from ketarag import Assistant

    model, url = settings.llm, settings.llm_url
    return Assistant.load(
        settings.corpus, settings.index, settings.model, progress=progress, llm=model, llm_url=url, store=settings.store
    )


def _build(settings: Settings, progress: Progress) -> IndexSummary:
    from ketarag import build_index

    return build_index(
        settings.corpus, settings.index, settings.model, progress=progress, store=settings.store, ray=settings.ray
    )
