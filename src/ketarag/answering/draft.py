"""The text of a chat model as it streams -> its sentences, each as soon as it is final.

A sentence is final once what follows it has begun: its markers may stand behind its full stop. Taken off on the way: thinking between tags,
headings, code fences, the beginning of a list. A list whose items are no sentences becomes one sentence with its lead-in.
Not here: markers and markup within a sentence (`marks`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ketarag.answering.marks import MARK, Drafted, drafted
from ketarag.text import normalise

LONGEST_SENTENCE = 1200
"""Characters without an end after which a text is not taken for sentences any more."""
MOST_REPEATS = 2
"""Sentences said again after which a model is taken to go in circles."""

_OPENED = re.compile(r"<\s*(think|thinking|thought|reasoning|analysis|reflection)\s*>", re.IGNORECASE)
_CLOSED = re.compile(r"<\s*/\s*(?:think|thinking|thought|reasoning|analysis|reflection)\s*>", re.IGNORECASE)
_LONGEST_TAG = 16
_FENCE = re.compile(r"\s*(?:```|~~~)\s*\w*\s*")
_NO_SENTENCE = re.compile(r"\s*(?:#{1,6}\s.*|\*\*[^*]+\*\*:?|__[^_]+__:?|[-=*_]{3,}|\|.*)\s*")
_BULLET = re.compile(r"\A\s*(?:[-*+•‣◦▪–—]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+(?=\S)")
_WAITS = re.compile(r"\s*(?:[#|`~>]|\*\*|__|[-=*_]{2})")
_STOP = re.compile(r"(?:[.!?…]+[\"'”’)*_]*|[。！？]+[”’」』)]*)")
_MARKS_BEHIND = re.compile(rf"(?:(?:[ \t]*{MARK}|[⁰¹²³⁴-⁹]{{1,2}})+[.]?)?", re.IGNORECASE)
_LEADING = re.compile(rf"\s*{MARK}\s*", re.IGNORECASE)
_ANY_MARK = re.compile(MARK, re.IGNORECASE)
_ABBREVIATED = re.compile(
    r"(?:\b(?i:vs|e\.g|i\.e|cf|ca|approx|incl|resp|avg|dr|mr|mrs|ms|prof|st|figs?|eq|refs?|vol|ch|sec|al|nos?|subcut|inj|tabs?)"
    r"|(?<![\w.])[A-Z]|\b[A-Z]\.[A-Z])$"
)
_OPENERS = "[(【［〔<⁰¹²³⁴⁵⁶⁷⁸⁹"
_LONGEST_MARK = 24
_SHORT_ITEM = 8  # words: a longer item of a list is a sentence


class Draft:
    """One draft. Feed it the pieces in order, then end it; each gives the sentences that have become final."""

    def __init__(self) -> None:
        """An empty draft."""
        self.over = ""
        """Why no more should be read: it goes in circles, or without an end; "" while it reads like sentences."""
        self._hidden = _Thinking()
        self._line = ""
        self._begun = False
        self._leading = False
        self._lead_in = ""
        self._items: list[str] = []
        self._said: set[str] = set()
        self._repeats = 0

    def feed(self, piece: str) -> list[Drafted]:
        """The sentences that `piece` makes final."""
        return self._taken(self._feed(self._hidden.visible(piece)))

    def end(self) -> list[Drafted]:
        """The rest; what has no end counts as a sentence."""
        return self._taken([*self._feed(self._hidden.rest() + "\n"), *self._list()])

    def _feed(self, text: str) -> Iterator[str]:
        *lines, rest = (self._line + text).split("\n")
        for line in lines:
            yield from self._whole(line)
        self._line = rest
        if not self._begun and self._undecided():
            return
        if not self._begun:
            yield from self._list()
        yield from self._sentences(final=False)
        if len(self._line) > LONGEST_SENTENCE:
            self.over = "it wrote no sentences"

    def _undecided(self) -> bool:
        """Whether it cannot be told yet what kind of line the one in hand is."""
        text = self._line.strip()
        mark = _LEADING.match(text)
        if len(text) < 4 or _WAITS.match(text) or _may_be_mark(text) or (mark and not text[mark.end() :]):
            return True
        return bool(self._lead_in and _BULLET.match(self._line))

    def _whole(self, line: str) -> Iterator[str]:
        """A line that is complete."""
        begun, self._line = self._begun, line
        if not begun and not line.strip():
            return
        if not begun and (_FENCE.fullmatch(line) or _NO_SENTENCE.fullmatch(line)):
            yield from self._list()
            self._line = ""
        elif not begun and self._lead_in and _BULLET.match(line):
            self._items.append(_BULLET.sub("", line, count=1).strip())
        else:
            yield from () if begun else self._list()
            yield from self._sentences(final=False)
            if self._line.rstrip(" *_").endswith(":"):
                self._lead_in = self._line.strip()
            else:
                yield from self._sentences(final=True)
        self._begun = self._leading = False
        self._line = ""

    def _list(self) -> Iterator[str]:
        """The list so far as sentences: its items, or, where they are none, one sentence with what leads them in."""
        lead_in, items, self._lead_in, self._items = self._lead_in, self._items, "", []
        if items and not any(_is_sentence(item) for item in items):
            yield f"{_BULLET.sub('', lead_in, count=1)} {'; '.join(items)}"
        else:
            yield from items

    def _sentences(self, final: bool) -> Iterator[str]:
        """The sentences at the beginning of the line in hand that are final."""
        if not self._begun:
            self._line = _BULLET.sub("", self._line, count=1)
            self._leading = _is_led(self._line)
            self._begun = bool(self._line.strip())
        while end := _end_of_first(self._line, self._leading, final):
            yield self._line[:end]
            self._line = self._line[end:].lstrip(" \t")
        if final and self._line.strip():
            yield self._line

    def _taken(self, raw: Iterator[str] | list[str]) -> list[Drafted]:
        """Cleaned, without what was said before."""
        new = []
        for sentence in map(drafted, raw):
            name = normalise(sentence.text).strip(" .!?")
            if not name:
                continue
            if name not in self._said:
                self._said.add(name)
                new.append(sentence)
                continue
            self._repeats += 1
            if self._repeats >= MOST_REPEATS:
                self.over = "it repeated itself"
        return new


class _Thinking:
    """Takes what stands between thinking tags out of a stream; tags may be cut anywhere."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = False

    def visible(self, piece: str) -> str:
        self._held += piece
        shown = ""
        while match := (_CLOSED if self._inside else _OPENED).search(self._held):
            shown += "" if self._inside else self._held[: match.start()]
            self._held = self._held[match.end() :]
            self._inside = not self._inside
        if not self._inside:
            self._held = _CLOSED.sub("\n", self._held)
        tail = self._held.rfind("<")
        cut = tail if tail >= 0 and len(self._held) - tail < _LONGEST_TAG else len(self._held)
        shown += "" if self._inside else self._held[:cut]
        self._held = self._held[cut:]
        return shown

    def rest(self) -> str:
        return "" if self._inside else self._held


def _is_led(line: str) -> bool:
    """True for a line whose markers stand before their sentences: "[1] It lasts a week. [2] It ..."."""
    match = _LEADING.match(line)
    return match is not None and bool(line[match.end() :].strip())


def _is_sentence(item: str) -> bool:
    text = _ANY_MARK.sub("", item).rstrip()
    return len(text.split()) > _SHORT_ITEM or text.endswith((".", "!", "?", "。"))


def _end_of_first(line: str, leading: bool, final: bool) -> int:
    """Where the first sentence of `line` ends, its markers included; 0 while that cannot be told."""
    for stop in _STOP.finditer(line):
        end = stop.end()
        if stop.group().startswith(".") and _ABBREVIATED.search(line, max(0, stop.start() - 10), stop.start()):
            continue
        if not leading:
            end = _behind(line, end)
        rest = line[end:]
        following = rest.lstrip()
        if not following:
            return end if final else 0
        if _may_be_mark(following) and not final and not leading:
            return 0
        marked = end > stop.end() or stop.group()[0] in "。！？"
        if marked or (rest[0].isspace() and not following[0].islower()):
            return end
    return 0


def _behind(line: str, end: int) -> int:
    """Just behind the markers that follow the full stop before `end`."""
    match = _MARKS_BEHIND.match(line, end)
    return match.end() if match else end


def _may_be_mark(text: str) -> bool:
    """True while what begins here may still become a marker."""
    return text[0] in _OPENERS and len(text) < _LONGEST_MARK and not any(c in text for c in "])】>］〕")
