"""How much a chat model has written: as the server counts it, else by an estimate from bytes and pieces."""

from __future__ import annotations

from dataclasses import dataclass

from ketarag.integrations.langchain.calls import Piece

_BYTES = 4
"""Of UTF-8 in one token of English, on average."""
_MOST_BYTES = 6
"""As many bytes are surely a token: what is over the limit by this measure is over it by any."""
_LEAST_BYTES = 3
"""Pieces shorter than this on average are parts of tokens."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls and tokens. `estimated`: how many of the calls the server did not count."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.estimated + other.estimated,
        )


def estimate(size: int) -> int:
    """Tokens of text of `size` bytes."""
    return -(-size // _BYTES)


class Meter:
    """Counts one answer, over all attempts, and lets no more of it through than `tokens`.

    Servers send a token a piece, mostly; one that sends larger pieces is cut at `_MOST_BYTES` a token, half as much again as is usual,
    so that one that keeps to the limit is never cut.
    """

    def __init__(self, tokens: int, asked_bytes: int) -> None:
        """`tokens` of output at most; `asked_bytes` of UTF-8 were sent."""
        self.tokens = tokens
        self._asked = asked_bytes
        self._pieces = 0
        self._bytes = 0
        self._input_tokens = 0
        self._output_tokens = 0

    @property
    def began(self) -> bool:
        """Whether any text came."""
        return self._bytes > 0

    @property
    def full(self) -> bool:
        """Whether nothing more is let through."""
        return max(self._output_tokens, self._written()) >= self.tokens

    def take(self, piece: Piece) -> str:
        """The part of the piece's text that is within the limit."""
        self._input_tokens += piece.input_tokens
        self._output_tokens += piece.output_tokens
        if not piece.text:
            return ""
        room = self.tokens * _MOST_BYTES - self._bytes
        text = piece.text.encode(errors="ignore")[:room].decode(errors="ignore")
        self._pieces += 1
        self._bytes += len(text.encode())
        return text

    def usage(self) -> Usage:
        """Of the call that just ended. One that brought nothing and was not counted is taken to be free."""
        if self._input_tokens or self._output_tokens:
            return Usage(1, self._input_tokens, self._output_tokens)
        if not self.began:
            return Usage(1)
        return Usage(1, estimate(self._asked), round(self._written()), estimated=1)

    def _written(self) -> float:
        return max(min(self._pieces, self._bytes / _LEAST_BYTES), self._bytes / _MOST_BYTES)
