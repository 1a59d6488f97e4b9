"""Normalised text for comparisons: both sides of every comparison go through here, so they meet.

Not here: reference markers and sentences (`indexing.segment`), abbreviations (`glossary`), quantities
(`answering.quantities`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import Stemmer

_SAME = str.maketrans(
    dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("‘’‛′`´", "'")
    | dict.fromkeys("“”„″«»", '"')
    | {"µ": "u", "μ": "u", "\u00ad": "", "\u200b": ""}
)
_WORD = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*", re.IGNORECASE)
_DIGRAPH = re.compile(r"(?<=[a-z])[ao]e(?=[a-z]{2}|a$)|^oe(?=[a-z]{4})")
_BRITISH_S = re.compile(r"is(?=(?:e[ds]?|ing|ations?|ers?)$)(?<=[a-z]{4}is)")
_STEMMER = Stemmer.Stemmer("english")

STOP_WORDS = frozenset(
    (
        "a an the and or but if of at by for with about against between into through during before after to "
        "from in out on off over under again then once is are was were be been being am have has had having "
        "do does did doing done can could may might must shall should will would i me my we our you your he "
        "she they them his her their its it this that these those there here what which who whom whose when "
        "where why how all any both each few more most other some such no not nor only own same so than too "
        "very s t just now as also please tell explain describe give know get got much many long often mean "
        "means called let like say says said according text document article source page hi hello thanks ok "
        "okay actually really exactly list show"
    ).split()
)
"""Words that carry no topic: closed-class English, question words, and how people address an assistant."""


def normalise(text: str) -> str:
    """NFKC, dashes, quotes and micro signs unified, white space folded, lower case. Never digits or units."""
    folded = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
    return " ".join(folded.split()).casefold()


def words(text: str) -> list[str]:
    """The words and numbers of the normalised text, in order; a hyphenated word gives its parts."""
    return _WORD.findall(normalise(text))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Offsets of the words of a text that is normalised already, in order."""
    return [match.span() for match in _WORD.finditer(text)]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Snowball (Porter 2) English stem of a lower-case word, British spellings as American ones."""
    return str(_STEMMER.stemWord(_BRITISH_S.sub("iz", _DIGRAPH.sub("e", word))))


def content_stems(text: str) -> list[str]:
    """Stems of the words that are not stop words, in order, with repeats."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]
