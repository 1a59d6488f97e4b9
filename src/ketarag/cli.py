"""The terminal: `ketarag ask | chat | verify | retrieve | ingest | serve | users | keys`.

Exit codes: 0 answered (or done), 3 abstained (or claim not supported), 2 usage (also an empty question), 1 failure.
Results go to stdout, progress and errors to stderr. Heavy libraries are imported by the command that needs them.
Not here: how results are written (`ketarag.presentation`), the web app and what `users` and `keys` do (`ketarag.web`).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ketarag.errors import KetaRAGError, QuestionError, SettingsError
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

Progress = Callable[[str], None]
Load = Callable[["Settings", Progress], "Assistant"]
Build = Callable[["Settings", Progress], "IndexSummary"]

ANSWERED, FAILURE, USAGE, ABSTAINED = 0, 1, 2, 3
_USER_ACTIONS = {
    "add": "Add one; the password is asked for, or read from stdin.",
    "list": "Show their names.",
    "remove": "Remove one; a running service notices at once.",
    "passwd": "Change a password; browsers that are signed in must sign in again.",
}
_KEY_ACTIONS = {
    "add": "Make one and show it, this once.",
    "list": "Show their names.",
    "remove": "Remove one; a running service notices at once.",
}
_WARM_UP = 200
"""Characters of a title that are asked as a first question; the answer is thrown away."""
INTERRUPTED = 130
"""What shells report for a program ended by Ctrl-C: 128 + SIGINT."""


def main(argv: Sequence[str] | None = None, *, load: Load | None = None, build: Build | None = None) -> int:
    """Run one command and return its exit code.

    `argv` is without the program's name, None for `sys.argv[1:]`. `load` and `build` stand in for
    `Assistant.load` and `build_index`. A mistake of the user is one line on stderr, never a traceback.
    """
    _make_tolerant(sys.stdin, sys.stdout, sys.stderr)
    arguments = _parser().parse_args(argv)
    _make_quiet()
    try:
        code = _run(arguments, load or _load, build or _build)
        sys.stdout.flush()
    except KetaRAGError as error:
        _complain(str(error))
        return USAGE if isinstance(error, (QuestionError, SettingsError)) else FAILURE
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return FAILURE
    return code


class _Parser(argparse.ArgumentParser):
    """Says a wrong argument in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        _complain(f"{message} (see {self.prog} --help)")
        self.exit(USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ketarag",
        description="Answers questions from its documents, with the very words of the source.",
        epilog="Exit codes: 0 answered, 3 the documents do not answer, 2 usage, 1 failure.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    where = _where()

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, parents=[where])

    def add_json(command: argparse.ArgumentParser) -> None:
        command.add_argument("--json", action="store_true", help="write the whole result as JSON, and only that")

    ask = add("ask", "Ask one question.")
    ask.add_argument("text", nargs="+", metavar="QUESTION")
    add_json(ask)
    add("chat", "Ask question after question; follow-ups are understood. Ctrl-D ends.")
    verify = add("verify", "Check a claim against the documents; exits 3 when it is not supported.")
    verify.add_argument("text", nargs="+", metavar="CLAIM")
    add_json(verify)
    retrieve = add("retrieve", "Show the passages found for a question.")
    retrieve.add_argument("text", nargs="+", metavar="QUESTION")
    retrieve.add_argument("-k", type=_positive, default=5, metavar="N", help="how many passages (default 5)")
    add_json(retrieve)
    add("ingest", "Read the documents and build the index; says what was left out.")
    serve = add("serve", "Serve the chat in the browser.")
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1: this machine only)")
    serve.add_argument("--port", type=_port, help="port to listen on (default 7860; 0 takes a free one)")
    serve.add_argument("--tls-certificate", type=Path, metavar="FILE", help="certificate for HTTPS, PEM")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, PEM")
    _add_users_file(serve)
    _add_accounts(commands, "users", "Say who may sign in to the service.", _USER_ACTIONS)
    _add_accounts(commands, "keys", "Give programs API keys.", _KEY_ACTIONS)
    return parser


def _add_accounts(
    commands: argparse._SubParsersAction[_Parser], kind: str, summary: str, actions: Mapping[str, str]
) -> None:
    """`users` or `keys`: each action takes a name, but "list"."""
    group = commands.add_parser(kind, help=summary, description=summary)
    choices = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, told in actions.items():
        command = choices.add_parser(action, help=told, description=told)
        _add_users_file(command)
        if action != "list":
            command.add_argument("name", metavar="NAME")


def _add_users_file(command: argparse.ArgumentParser) -> None:
    told = "file of users and keys (default: in your configuration folder)"
    command.add_argument("--users-file", type=Path, metavar="FILE", help=told)


def _where() -> _Parser:
    """The options of every command."""
    where = _Parser(add_help=False)
    where.add_argument("--corpus", type=Path, metavar="DIR", help="folder of documents (default: the one shipped)")
    where.add_argument("--index", type=Path, metavar="DIR", help="folder of the index (default: beside your caches)")
    where.add_argument("--model", metavar="PATH", help="folder of the embedding model (default: the one installed)")
    return where


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not a whole number of at least 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not a port (0 to 65535)")
    return int(text)


def _run(arguments: argparse.Namespace, load: Load, build: Build) -> int:
    """Dispatch to the command."""
    settings = _settings(arguments)
    if arguments.command in ("users", "keys"):
        from ketarag.web.manage import manage

        name = getattr(arguments, "name", "")
        manage("user" if arguments.command == "users" else "key", arguments.action, name, settings.users_path)
        return ANSWERED
    if arguments.command == "ingest":
        return _ingest(build(settings, _tell))
    if arguments.command == "serve":
        return _serve(settings, load)
    assistant = load(settings, _tell)
    if arguments.command == "chat":
        return _chat(assistant.conversation())
    text = " ".join(arguments.text).encode("utf-8", "replace").decode()  # bytes that are no UTF-8 become "?"
    if arguments.command == "ask":
        answer = assistant.ask(text)
        print(to_json(answer) if arguments.json else format_answer(answer))
        return ABSTAINED if answer.abstained else ANSWERED
    if arguments.command == "verify":
        verdict = assistant.verify(text)
        print(to_json(verdict) if arguments.json else format_verdict(verdict))
        return ANSWERED if verdict.supported else ABSTAINED
    hits = assistant.retrieve(text, k=arguments.k)
    print(to_json(hits) if arguments.json else format_hits(hits))
    return ANSWERED if hits else ABSTAINED


def _settings(arguments: argparse.Namespace) -> Settings:
    """The environment's settings, with what the command line says in their place."""
    from dataclasses import replace

    from ketarag.config import Settings

    names = ("corpus", "index", "model", "host", "port", "users_file", "tls_certificate", "tls_key")
    said = {name: getattr(arguments, name, None) for name in names}
    return replace(Settings.from_environment(), **{name: value for name, value in said.items() if value is not None})


def _ingest(summary: IndexSummary) -> int:
    print(format_summary(summary))
    return FAILURE if summary.unreadable else ANSWERED


def _serve(settings: Settings, load: Load) -> int:
    from ketarag.web.auth import require_protection

    require_protection(settings.host, settings)  # said before anybody waits for the models
    _tell("Starting KetaRAG: loading the models; the first time the index is built too (about 20 s) ...")
    from ketarag.web.server import serve

    assistant = load(settings, _tell)
    for document in assistant.documents[:1]:
        assistant.ask(document.title[:_WARM_UP])  # embeds its sentences now, so that the first person need not wait
    serve(assistant, settings)
    return ANSWERED


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
            _complain(str(error))


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

    return Assistant.load(settings.corpus, settings.index, settings.model, progress=progress)


def _build(settings: Settings, progress: Progress) -> IndexSummary:
    from ketarag import build_index

    return build_index(settings.corpus, settings.index, settings.model, progress=progress)


def _tell(message: str) -> None:
    print(printable(message), file=sys.stderr, flush=True)


def _complain(message: str) -> None:
    print(f"ketarag: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)


def _make_quiet() -> None:
    """Before anything heavy is imported: no progress bars and warnings of the model libraries on the terminal."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")


def _make_tolerant(*streams: object) -> None:
    """A character that a stream cannot read or show becomes its escape instead of a UnicodeError."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_stdout() -> None:
    """The reader of a pipe has gone: let the interpreter's last flush write to nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
