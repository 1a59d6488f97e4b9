"""One user of a service: conversation after conversation, every answer checked to be its own.

An answer is somebody else's when it echoes another question, quotes what no document has there, gives back other turns
than were sent, or differs from what another user got for the same conversation. Not here: how many users there are, and
what is made of it (`load`).
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from ketarag.web.turns import TURNS_KEPT

Chat = tuple[str, ...]
"""The questions of one conversation, in order."""

_PAUSE = 0.5
"""Seconds at most between two questions, and before one that failed is asked again."""

_LONGEST_WAIT = 5.0
"""Seconds at most that a Retry-After is waited for."""


@dataclass
class Book:
    """What all users saw. `texts` are the documents by id."""

    texts: Mapping[str, str]
    end: float = 0.0
    """When users stop (`time.monotonic`)."""
    milliseconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    while_down: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    answered: int = 0
    abstained: int = 0
    followed_up: int = 0
    continued: int = 0
    """Answers in conversations that began before the server was killed, given by the one that took its place."""
    given: dict[Chat, Any] = field(default_factory=dict)
    """What was answered first to a conversation."""
    down: bool = False
    restarts: int = 0


class User:
    """Asks through `/v1/conversations` and the event stream of `/v1/ask` in turn."""

    def __init__(self, number: int, chats: Sequence[Chat], book: Book) -> None:
        """`number` makes its choices its own, and the same in every run."""
        self._random = random.Random(number)
        self._chats = chats
        self._book = book

    async def ask(self, client: httpx.AsyncClient, address: Iterator[str]) -> None:
        """Conversations until the book's end; the one begun is ended early. `address` gives the server's at the moment."""
        while time.monotonic() < self._book.end:
            chat = self._random.choice(self._chats)
            turns: list[Any] = []
            began = self._book.restarts
            for number in range(1, len(chat) + 1):
                answer = await self._answered(chat[:number], turns, client, address)
                if answer is None:
                    break
                self._book.continued += self._book.restarts > began
                self._book.followed_up += number > 1
                turns.append({"question": chat[number - 1], "answer": answer})
                await asyncio.sleep(self._random.uniform(0, _PAUSE))

    async def _answered(self, chat: Chat, turns: list[Any], client: httpx.AsyncClient, address: Iterator[str]) -> Any:
        """The checked answer, asked again until there is one; None when time is up."""
        while time.monotonic() < self._book.end:
            started = time.perf_counter()
            wait = _PAUSE
            try:
                streamed = self._random.random() < 0.5
                answer = await (_streamed if streamed else _conversed)(client, next(address), chat, turns, self._book)
            except _RefusedError as error:
                self._count(error.kind)
                wait = min(error.wait, _LONGEST_WAIT)
            except httpx.HTTPError as error:
                self._count(type(error).__name__)
            else:
                self._book.milliseconds.append((time.perf_counter() - started) * 1000)
                self._book.wrong += faults(chat, answer, self._book)
                self._book.answered += 1
                self._book.abstained += answer["abstained"]
                return answer
            await asyncio.sleep(wait)
        return None

    def _count(self, kind: str) -> None:
        (self._book.while_down if self._book.down else self._book.errors)[kind] += 1


class _RefusedError(Exception):
    """The service answered with an error. `wait` in seconds."""

    def __init__(self, kind: str, wait: float) -> None:
        super().__init__(kind)
        self.kind = kind
        self.wait = wait


async def _conversed(client: httpx.AsyncClient, address: str, chat: Chat, turns: list[Any], book: Book) -> Any:
    response = await client.post(f"{address}/v1/conversations", json={"question": chat[-1], "turns": turns})
    _require_success(response, response.content)
    body = response.json()
    asked = [turn["question"] for turn in body["turns"]]
    if asked != [*(turn["question"] for turn in turns), chat[-1]][-TURNS_KEPT:]:
        book.wrong.append(f"{chat[-1]!r}: the turns that came back are of another conversation: {asked}")
    return body["answer"]


async def _streamed(client: httpx.AsyncClient, address: str, chat: Chat, turns: list[Any], book: Book) -> Any:
    body = {"question": chat[-1], "history": turns}
    claims: list[Any] = []
    headers = {"accept": "text/event-stream"}
    async with client.stream("POST", f"{address}/v1/ask", json=body, headers=headers) as response:
        if response.is_error:
            _require_success(response, await response.aread())
        name = ""
        async for line in response.aiter_lines():
            key, _, value = line.partition(": ")
            name = value if key == "event" else name
            if key == "data" and name == "claim":
                claims.append(json.loads(value)["claim"])
            elif key == "data" and name == "error":
                raise _RefusedError(f"event {json.loads(value)['error']['type']}", _PAUSE)
            elif key == "data" and name == "answer":
                answer = json.loads(value)
                if claims != answer["claims"]:
                    book.wrong.append(f"{chat[-1]!r}: the claims of the stream are not those of its answer")
                return answer
    raise _RefusedError("the stream ended without an answer", _PAUSE)


def _require_success(response: httpx.Response, content: bytes) -> None:
    if not response.is_error:
        return
    try:
        kind = json.loads(content)["error"]["type"]
    except (ValueError, KeyError, TypeError):
        kind = "no JSON"
    wait = response.headers.get("retry-after", "")
    raise _RefusedError(f"{response.status_code} {kind}", float(wait) if wait.isdigit() else _PAUSE)


def faults(chat: Chat, answer: Any, book: Book) -> list[str]:
    """In what the answer is not that of this conversation."""
    found = []
    if answer["question"] != chat[-1].strip():
        found.append(f"{chat[-1]!r}: answered another question, {answer['question']!r}")
    for citation in [*answer["citations"], *answer["nearest"]]:
        text = book.texts.get(citation["document_id"], "")
        if not citation["quote"] or text[citation["start"] : citation["end"]] != citation["quote"]:
            found.append(f"{chat[-1]!r}: quotes what does not stand there, {citation['quote']!r}")
    content = {name: value for name, value in answer.items() if name != "timings_ms"}
    if book.given.setdefault(chat, content) != content:
        found.append(f"{chat[-1]!r}: answered otherwise than before after the same questions")
    return found
