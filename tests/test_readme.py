"""The examples of the README run as they stand there."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from ketarag.assistant import Assistant

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(block: str) -> str:
    """What a block prints, run in a namespace of its own."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})
    return said.getvalue()


def test_there_are_examples() -> None:
    assert BLOCKS
    assert len(BLOCKS) == README.count("```py")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.strip().splitlines()[-1][:40])
def test_the_example_runs_and_shows_something(block: str) -> None:
    assert run(block).strip()


def test_the_first_example_shows_the_very_words_of_the_source(assistant: Assistant) -> None:
    said = run(BLOCKS[0])
    (document,) = assistant.documents
    quotes = re.findall(r"^1 (\d+) (\d+) (.*)$", said, re.MULTILINE)
    assert quotes
    for start, end, quote in quotes:
        assert document.text[int(start) : int(end)].startswith(quote)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_no_place_is_left_to_be_filled_in() -> None:
    assert not re.search(r"^(?:FIGURES|TODO|TBD|XXX)", README, re.MULTILINE)


def test_every_file_that_is_linked_or_shown_is_there() -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", README):
        if not target.startswith(("http://", "https://")):
            assert (ROOT / target).exists(), target


def test_every_make_target_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in set(re.findall(r"\bmake ([a-z]+)\b(?=`|\s+#|$)", README, re.MULTILINE)):
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name
