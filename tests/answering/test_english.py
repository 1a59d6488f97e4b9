"""Word frequencies from a table that is made once: the same as wordfreq's, whatever happens to the table."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordfreq import iter_wordlist, zipf_frequency

from ketarag.answering import english
from ketarag.answering.english import LEAST, zipf


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache with nothing in it."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _name: tmp_path / "cache")
    english._table.cache_clear()
    yield tmp_path / "cache"
    english._table.cache_clear()


def same(word: str) -> bool:
    """As wordfreq has it, where that is above LEAST; else nothing above LEAST."""
    expected = zipf_frequency(word, "en")
    return zipf(word) == expected if expected > LEAST else zipf(word) <= LEAST


def test_it_is_what_wordfreq_says() -> None:
    words = list(iter_wordlist("en"))
    sample = [*words[:3000], *random.Random(7).sample(words, 3000)]
    assert [word for word in sample if not same(word)] == []


@given(st.one_of(st.text(max_size=30), st.from_regex(r"\A[A-Za-z]{1,30}\Z"), st.from_regex(r"\A[a-z0-9'-]{1,12}\Z")))
def test_it_is_what_wordfreq_says_of_anything(word: str) -> None:
    assert same(word)


@pytest.mark.parametrize("word", ["Pain", "KETAMINE", "don't", "500", "5-ht", "naïve", "a" * 40, ""])
def test_special_words(word: str) -> None:
    assert same(word)


def test_the_table_is_made_once_and_read_again(cache: Path) -> None:
    expected = zipf("pain")
    (table,) = (cache / "english").iterdir()
    made = table.stat().st_mtime_ns
    english._table.cache_clear()
    assert zipf("pain") == expected > LEAST
    assert [(path, path.stat().st_mtime_ns) for path in (cache / "english").iterdir()] == [(table, made)]


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_table_is_made_again(cache: Path, damage: bytes | None) -> None:
    expected = zipf("pain")
    (table,) = (cache / "english").iterdir()
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(bytes(data) if damage is None else damage)
    english._table.cache_clear()
    assert zipf("pain") == expected
    english._table.cache_clear()
    assert len(table.read_bytes()) == len(data)


def test_where_nothing_can_be_written_it_is_reckoned(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert same("pain")


def test_a_later_start_reads_no_list_of_wordfreq(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, platformdirs; platformdirs.user_cache_path = lambda _: pathlib.Path(sys.argv[1]);"
        "from ketarag.answering.english import zipf; print(zipf('pain'), 'wordfreq' in sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert [run.split()[1] for run in runs] == ["True", "False"]
    assert runs[0].split()[0] == runs[1].split()[0]
