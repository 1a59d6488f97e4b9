"""One text, read once for all checks: its words with stems and clauses, its quantities, its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ketarag.answering.lexicon import NEGATORS, vocabulary
from ketarag.answering.quantities import Quantity, quantities
from ketarag.glossary import Glossary
from ketarag.text import STOP_WORDS, content_stems, normalise, stem

_PREFIXES = "non|anti|sub|down|up|post|pre|un|dis|de|re|co|s|r|hyper|neuro|inter|intra"
_WORD = re.compile(
    rf"(?<![a-z0-9])(?:(?:{_PREFIXES})-|non )[a-z]+|[a-z]+(?:'[a-z]+)?[0-9]*[a-z0-9]*|(?<![0-9])[0-9]+[a-z]+[a-z0-9]*|[,;:().]"
)
_CLAUSE_WORDS = vocabulary("but although though while whereas however because")
_MARKS = frozenset(",;:().")
_CAPITALS = re.compile(r"(?<![\w.])(?=[\w-]{0,40}[A-Z])[A-Za-z][\w-]*")


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `clause` counts clauses from 0; `content` is False for stop words and parts of quantities."""

    text: str
    stem: str
    start: int
    clause: int
    content: bool

    @property
    def end(self) -> int:
        """Just behind its last letter, where no hyphen was dropped from it."""
        return self.start + len(self.text)

    @property
    def negates(self) -> bool:
        """True for "no", "without", "insufficient", "doesn't", ..."""
        return self.text in NEGATORS or self.text.endswith("n't")


@dataclass(frozen=True)
class Analysis:
    """A claim or a stretch of a source. `canonical` has the glossary's forms folded and is normalised."""

    raw: str
    canonical: str
    routes: tuple[str, ...]

    @classmethod
    def of(cls, text: str, glossary: Glossary) -> Analysis:
        """Reads `text`, which has no reference markers."""
        plain = " ".join(text.split())
        routes = [entry.forms[0] for entry, _ in glossary.found_in(plain, question=True) if entry.kind == "route"]
        return cls(plain, normalise(glossary.canonical(plain, question=True)), tuple(dict.fromkeys(routes)))

    @cached_property
    def quantities(self) -> list[Quantity]:
        """Left to right, offsets into `canonical`."""
        return quantities(self.canonical)

    @cached_property
    def words(self) -> list[Word]:
        """All words in order."""
        return list(self._read_words())

    @cached_property
    def content(self) -> list[Word]:
        """The words that carry topic, in order."""
        return [word for word in self.words if word.content]

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of the content words."""
        return frozenset(word.stem for word in self.content)

    @cached_property
    def all_stems(self) -> frozenset[str]:
        """The stems of all words, stop words too."""
        return frozenset(word.stem for word in self.words)

    @cached_property
    def plain_stems(self) -> frozenset[str]:
        """The stems of the content words as written, before the glossary's forms were folded."""
        return frozenset(content_stems(self.raw))

    @cached_property
    def texts(self) -> frozenset[str]:
        """The words as written."""
        return frozenset(word.text for word in self.words)

    @cached_property
    def names(self) -> frozenset[str]:
        """Words with capitals that do not begin a sentence, and words with digits: lower case, hyphens dropped."""
        capital = {
            m.group() for m in _CAPITALS.finditer(self.raw) if m.start() > 0 and self.raw[m.start() - 2] not in ".?!:•"
        }
        return frozenset(stem(name.casefold().replace("-", "")) for name in capital) | frozenset(
            word.stem for word in self.content if any(c.isdigit() for c in word.text)
        )

    def _read_words(self) -> Iterable[Word]:
        taken = bytearray(len(self.canonical) + 1)
        for quantity in self.quantities:
            taken[quantity.start : quantity.end] = b"\x01" * (quantity.end - quantity.start)
        clause = 0
        for match in _WORD.finditer(self.canonical):
            text = match.group().replace("-", "").replace(" ", "").removesuffix("'s")
            if text in _MARKS or text in _CLAUSE_WORDS:
                clause += 1
            if text in _MARKS:
                continue
            content = not taken[match.start()] and text not in STOP_WORDS and len(text) > 1
            yield Word(text, stem(text), match.start(), clause, content)
