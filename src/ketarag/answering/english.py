"""How often a word is used in English, from `wordfreq`, whose lists take a third of a second to read.

So its commoner words are written once into a table in the user's cache, which a later start reads in a few milliseconds.
The table is named by the hash of the list that it was made from and checked by its own; where it cannot be written, or a
word is not one of plain letters, `wordfreq` itself is asked. Not here: what a frequency says of a word (`rarity`).
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from ketarag.checked import read_checked, write_checked

LEAST = 2.0
"""Zipf frequency up to which words are left out: once in ten million words. All of `rarity` beyond it is the same."""

_LONGEST = 24
"""Letters of a word in the table; the list has few longer ones above LEAST."""

_ROW = np.dtype([("word", f"S{_LONGEST}"), ("zipf", "<f4")])
_LIST = Path("data", "large_en.msgpack.gz")


def zipf(word: str) -> float:
    """Base-10 logarithm of uses in a billion words (van Heuven et al. 2014), to two digits; at most LEAST for rarer and unknown words."""
    lower = word.lower()
    if not (lower.isascii() and lower.isalpha() and len(lower) <= _LONGEST):
        from wordfreq import zipf_frequency  # it knows how to take numbers, hyphens and other alphabets apart

        return float(zipf_frequency(word, "en"))
    table = _table()
    at = int(np.searchsorted(table["word"], lower.encode()))
    return round(float(table["zipf"][at]), 2) if at < len(table) and table["word"][at] == lower.encode() else 0.0


@lru_cache(maxsize=1)
def _table() -> NDArray[np.void]:
    """Plain words with a frequency above LEAST, in ascending order."""
    path = _path()
    if path is None:
        return _made()
    kept = read_checked(path)
    if kept is not None:
        return np.frombuffer(kept, dtype=_ROW)
    table = _made()
    with suppress(OSError):
        write_checked(path, table.tobytes())
    return table


def _path() -> Path | None:
    """Where the table of the installed list is; None where there is no list as we know it."""
    found = find_spec("wordfreq")
    if found is None or found.origin is None:
        return None
    try:
        digest = hashlib.sha256((Path(found.origin).parent / _LIST).read_bytes()).hexdigest()
    except OSError:
        return None
    return Path(platformdirs.user_cache_path("ketarag")) / "english" / f"{digest[:16]}.table"


def _made() -> NDArray[np.void]:
    from wordfreq import freq_to_zipf, get_frequency_dict

    words = {
        word.encode(): round(freq_to_zipf(frequency), 2)
        for word, frequency in get_frequency_dict("en").items()
        if word.isascii() and word.isalpha() and len(word) <= _LONGEST
    }
    return np.array(sorted((word, value) for word, value in words.items() if value > LEAST), dtype=_ROW)
