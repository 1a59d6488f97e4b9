"""Abbreviations and spellings that mean the same: read from `glossary.toml`, matched in both directions.

An entry is one meaning with all its written forms. Forms of up to three capitals (PO, SC, IM) match in documents
only as written, and in questions in any case: a document spells them properly, a person in a hurry does not.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ketarag.errors import CorpusError
from ketarag.text import content_stems, normalise

_LONGEST_CASED = 3
_SPOKEN = ("route", "frequency")
_WORD = re.compile(r"\w+|^")
_DOTTED = {"İ", "ı"}
"""Letters that match an "i" without being folded to one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One meaning. `forms[0]` is the preferred one; `kind` is "route", "unit", "term", ...; `meaning` is for people."""

    forms: tuple[str, ...]
    kind: str
    meaning: str

    @property
    def spoken(self) -> str:
        """Of a route or frequency the first form in plain words, which an embedder knows; else the preferred form."""
        plain = (form for form in self.forms if not form.isupper())
        return next(plain, self.forms[0]) if self.kind in _SPOKEN else self.forms[0]


@dataclass(frozen=True)
class Glossary:
    """All entries, in file order."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Glossary:
        """Reads `glossary.toml`; a missing file is an empty glossary. Raises CorpusError on a malformed one."""
        if not path.is_file():
            return cls()
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(
                tuple(
                    Entry(tuple(map(str, row["forms"])), str(row["kind"]), str(row["meaning"]))
                    for row in table["entry"]
                )
            )
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise CorpusError(
                f"{path}: not a glossary ({error}); it needs [[entry]] tables with forms = [...], kind and meaning"
            ) from error

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal entries."""
        return hashlib.sha256(repr(self.entries).encode()).hexdigest()[:16]

    def found_in(self, text: str, *, question: bool = False) -> list[tuple[Entry, re.Match[str]]]:
        """Every (entry, match) in `text`, left to right; of forms that overlap the longest."""
        taken: list[tuple[Entry, re.Match[str]]] = []
        occupied = bytearray(len(text))  # not a scan of `taken`: a long text has thousands of matches
        for entry, match in sorted(self._matches(text, question), key=lambda pair: pair[1].start() - pair[1].end()):
            if not any(occupied[match.start() : match.end()]):
                taken.append((entry, match))
                occupied[match.start() : match.end()] = b"\x01" * (match.end() - match.start())
        return sorted(taken, key=lambda pair: pair[1].start())

    def expansions(self, question: str) -> list[str]:
        """The other forms of every entry that the question uses, in order, without repeats."""
        found = [entry for entry, _ in self.found_in(question, question=True)]
        present = normalise(question)
        forms = (form for entry in dict.fromkeys(found) for form in entry.forms)
        return [form for form in dict.fromkeys(forms) if normalise(form) not in present]

    def canonical(self, text: str, *, question: bool = False) -> str:
        """`text` with every form replaced by its entry's preferred form: two spellings become one."""
        return self._replaced(text, question, lambda entry: entry.forms[0])

    def spelled_out(self, text: str, *, question: bool = False) -> str:
        """`text` with every form replaced by `Entry.spoken`: two spellings become one, and routes become words."""
        return self._replaced(text, question, lambda entry: entry.spoken)

    def stems(self, text: str) -> frozenset[str]:
        """Content stems of a document's text, as written and with every form spelled out."""
        spelled = self.spelled_out(text)
        return frozenset(content_stems(text if spelled == text else f"{spelled}\n{text}"))

    def _replaced(self, text: str, question: bool, form: Callable[[Entry], str]) -> str:
        pieces: list[str] = []
        at = 0
        for entry, match in self.found_in(text, question=question):
            pieces += [text[at : match.start()], form(entry)]
            at = match.end()
        return "".join([*pieces, text[at:]])

    def _matches(self, text: str, question: bool) -> Iterator[tuple[Entry, re.Match[str]]]:
        present = None if _DOTTED & set(text) else {"", *_WORD.findall(text.casefold())}
        for beginnings, (entry, cased, loose) in zip(self._beginnings, self._patterns, strict=True):
            if present is not None and present.isdisjoint(beginnings):
                continue
            yield from ((entry, match) for match in loose.finditer(text))
            if cased is not None:
                pattern = re.compile(cased.pattern, re.IGNORECASE) if question else cased
                yield from ((entry, match) for match in pattern.finditer(text))

    @cached_property
    def _beginnings(self) -> list[frozenset[str]]:
        """For each entry the first words of its forms: a text without any of them is not searched for it; "" is in every text."""
        return [frozenset(_WORD.findall(form.casefold())[0] for form in entry.forms) for entry in self.entries]

    @cached_property
    def _patterns(self) -> list[tuple[Entry, re.Pattern[str] | None, re.Pattern[str]]]:
        compiled = []
        for entry in self.entries:
            short = [form for form in entry.forms if len(form) <= _LONGEST_CASED and form.isupper()]
            rest = [form for form in entry.forms if form not in short]
            compiled.append((entry, _any_of(short) if short else None, _any_of(rest, re.IGNORECASE)))
        return compiled


def _any_of(forms: list[str], flags: int = 0) -> re.Pattern[str]:
    alternatives = "|".join(
        re.escape(form).replace(r"\ ", r"\s+").replace(r"\-", "[-‐‑‒–—−]")
        for form in sorted(forms, key=len, reverse=True)
    )
    return re.compile(rf"(?<!\w)(?:{alternatives or r'(?!)'})(?!\w)", flags)
