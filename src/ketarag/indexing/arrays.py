"""Numbers and words on the disk, read through memory maps: opened at once whatever their size, never unpickled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def save_array(path: Path, values: NDArray[Any]) -> None:
    """Writes `path` in NumPy's own format."""
    np.save(path, values, allow_pickle=False)


def open_array(path: Path) -> NDArray[Any]:
    """What `save_array` wrote, read-only and mapped: a page of it is read when it is first looked at.

    Raises OSError and ValueError on a file that is none.
    """
    values: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return values


class Vocabulary:
    """Distinct words in ascending order, numbered from 0; found by bisection over mapped bytes."""

    def __init__(self, text: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        """Use `of` or `open`. Word i is `text[ends[i]:ends[i + 1]]` in UTF-8."""
        self._text = text
        self._ends = ends

    @classmethod
    def of(cls, words: Iterable[str]) -> Vocabulary:
        """The distinct words of `words`."""
        encoded = [word.encode() for word in sorted(set(words))]
        ends = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(word) for word in encoded], out=ends[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), ends)

    @classmethod
    def open(cls, folder: Path, name: str) -> Vocabulary:
        """What `save` wrote."""
        return cls(open_array(folder / f"{name}.text.npy"), open_array(folder / f"{name}.ends.npy"))

    def save(self, folder: Path, name: str) -> None:
        """Writes two arrays into `folder`."""
        save_array(folder / f"{name}.text.npy", self._text)
        save_array(folder / f"{name}.ends.npy", self._ends)

    def __len__(self) -> int:
        """How many words there are."""
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        """The word with a number from 0. Raises IndexError."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._text[self._ends[number] : self._ends[number + 1]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        """The words in ascending order."""
        text, ends = self._text.tobytes(), self._ends.tolist()
        return (text[start:end].decode() for start, end in pairwise(ends))

    def __contains__(self, word: object) -> bool:
        """Whether it is one of the words."""
        return isinstance(word, str) and self.find(word) >= 0

    def find(self, word: str) -> int:
        """The number of a word, -1 where there is none such."""
        wanted, low, high = word.encode("utf-8", "surrogatepass"), 0, len(self)
        while low < high:
            middle = (low + high) // 2
            there = self._text[self._ends[middle] : self._ends[middle + 1]].tobytes()
            if there == wanted:
                return middle
            low, high = (middle + 1, high) if there < wanted else (low, middle)
        return -1
