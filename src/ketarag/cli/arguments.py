"""What can be typed: commands, arguments, options, and their help. Loads nothing but argparse."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NoReturn

from ketarag.cli.commands import USAGE
from ketarag.cli.terminal import complain
from ketarag.presentation import printable

_USER_ACTIONS = {
    "add": "Add one; the password is asked for, or read from stdin.",
    "list": "Show their names.",
    "remove": "Remove one; a running service notices at once.",
    "passwd": "Change a password; browsers that are signed in must sign in again.",
}
_INDEX_ACTIONS = {
    "stats": "Say how large it is.",
    "verify": "Read every byte of it; exits 1 when something is damaged.",
    "compact": "Free the place of what is no longer used.",
}
_KEY_ACTIONS = {
    "add": "Make one and show it, this once.",
    "list": "Show their names.",
    "remove": "Remove one; a running service notices at once.",
}


class Parser(argparse.ArgumentParser):
    """Says a wrong argument in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        """Ends the program with the exit code for usage."""
        complain(f"{message} (see {self.prog} --help)")
        self.exit(USAGE)


def parser() -> Parser:
    """The parser of the whole command line; `command` of what it returns is the command's name."""
    made = Parser(
        prog="ketarag",
        description="Answers questions from its documents, with the very words of the source.",
        epilog="Exit codes: 0 answered, 3 the documents do not answer, 2 usage, 1 failure.",
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_questions(commands)
    _add_services(commands)
    _add_accounts(commands, "users", "Say who may sign in to the service.", _USER_ACTIONS)
    _add_accounts(commands, "keys", "Give programs API keys.", _KEY_ACTIONS)
    return made


def _add_questions(commands: argparse._SubParsersAction[Parser]) -> None:
    """What is asked, checked, found and indexed in the terminal."""
    where, store, llm, shown, within = _where(), _store(), _llm(), _json(), _within()
    ask = _add(commands, "ask", "Ask one question.", where, store, within, llm, shown)
    ask.add_argument("text", nargs="+", metavar="QUESTION")
    told = "Ask question after question; follow-ups are understood. Ctrl-D ends."
    _add(commands, "chat", told, where, store, within, llm)
    verify = _add(
        commands,
        "verify",
        "Check a claim against the documents; exits 3 when it is not supported.",
        where,
        store,
        shown,
    )
    verify.add_argument("text", nargs="+", metavar="CLAIM")
    retrieve = _add(commands, "retrieve", "Show the passages found for a question.", where, store, within, shown)
    retrieve.add_argument("text", nargs="+", metavar="QUESTION")
    retrieve.add_argument("-k", type=_positive, default=5, metavar="N", help="how many passages (default 5)")
    ingest = _add(commands, "ingest", "Read the documents and build the index; says what was left out.", where, store)
    told = "Ray cluster whose machines embed the passages, such as 10.1.2.3:6379 (default: this machine)"
    ingest.add_argument("--ray", metavar="ADDRESS", help=told)
    ingest.add_argument("--watch", action="store_true", help="go on, and build again whenever a document changes")
    index = _add(commands, "index", "Look after the index.")
    actions = index.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, told in _INDEX_ACTIONS.items():
        actions.add_parser(action, help=told, description=told, parents=[where])


def _add_services(commands: argparse._SubParsersAction[Parser]) -> None:
    """What runs until it is ended."""
    where, store, llm = _where(), _store(), _llm()
    serve = _add(commands, "serve", "Serve the chat in the browser.", where, store, llm)
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1: this machine only)")
    serve.add_argument("--port", type=_port, help="port to listen on (default 7860; 0 takes a free one)")
    serve.add_argument("--tls-certificate", type=Path, metavar="FILE", help="certificate for HTTPS, PEM")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, PEM")
    _add_users_file(serve)
    _add(commands, "mcp", "Serve Claude Desktop and other MCP clients, which start this themselves.", where, store, llm)


def _add(
    commands: argparse._SubParsersAction[Parser], name: str, summary: str, *options: Parser
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=summary, description=summary, parents=options)


def _add_accounts(
    commands: argparse._SubParsersAction[Parser], kind: str, summary: str, actions: Mapping[str, str]
) -> None:
    """`users` or `keys`: each action takes a name, but "list"."""
    group = _add(commands, kind, summary)
    choices = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, told in actions.items():
        command = choices.add_parser(action, help=told, description=told)
        _add_users_file(command)
        if action != "list":
            command.add_argument("name", metavar="NAME")


def _add_users_file(command: argparse.ArgumentParser) -> None:
    told = "file of users and keys (default: in your configuration folder)"
    command.add_argument("--users-file", type=Path, metavar="FILE", help=told)


def _where() -> Parser:
    """Which documents, which index, which embedding model."""
    where = Parser(add_help=False)
    where.add_argument("--corpus", type=Path, metavar="DIR", help="folder of documents (default: the one shipped)")
    where.add_argument("--index", type=Path, metavar="DIR", help="folder of the index (default: beside your caches)")
    where.add_argument("--model", metavar="PATH", help="folder of the embedding model (default: the one installed)")
    return where


def _within() -> Parser:
    """Which of the documents may answer."""
    within = Parser(add_help=False)
    within.add_argument("--published-from", type=_date, metavar="DATE", help="only documents of this day or later")
    within.add_argument("--published-to", type=_date, metavar="DATE", help="only documents of this day or earlier")
    told = "only documents of this publisher; give it again for others"
    within.add_argument("--publisher", action="append", default=[], metavar="NAME", help=told)
    told = "only documents with this tag; give it again for further ones"
    within.add_argument("--tag", action="append", default=[], metavar="TAG", help=told)
    return within


def _store() -> Parser:
    """Where vectors are searched."""
    store = Parser(add_help=False)
    told = (
        "where vectors are kept and searched: milvus://host:19530 or postgresql://host:5432/database "
        "(default: the folder of the index)"
    )
    store.add_argument("--store", metavar="ADDRESS", help=told)
    return store


def _llm() -> Parser:
    """Who writes the answers."""
    llm = Parser(add_help=False)
    told = (
        'chat model that writes answers, such as "ollama:llama3.2" (default: none, answers are the source\'s own words)'
    )
    llm.add_argument("--llm", metavar="NAME", help=told)
    llm.add_argument("--llm-url", metavar="URL", help="base URL of the OpenAI-compatible server that has it")
    return llm


def _json() -> Parser:
    shown = Parser(add_help=False)
    shown.add_argument("--json", action="store_true", help="write the whole result as JSON, and only that")
    return shown


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not a date such as 2020-04-04") from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not a whole number of at least 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not a port (0 to 65535)")
    return int(text)
