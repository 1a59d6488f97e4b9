"""Groups of people and animals that a claim names and the source does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ketarag.answering.analysis import Analysis
from ketarag.answering.population import population_problems
from ketarag.glossary import Glossary


def problems(claim: str, source: str) -> list[str]:
    read = [Analysis.of(text, Glossary()) for text in (claim, source, "")]
    return population_problems(*read)


def test_a_group_that_the_source_does_not_name_is_told() -> None:
    assert problems("It was given to women.", "It was given.") == ["says women, the source does not"]
    assert problems("It was given to children.", "It was given to adults.") == [
        "says children where the source says adults"
    ]
    assert problems("It was given to adults.", "It was given to adults.") == []


def test_problems_come_in_the_same_order_in_every_process() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/answering'); from test_population import problems; "
        "print(problems('Adults, pregnant women, mice and infants were given it.', 'It was given.'))"
    )
    root = Path(__file__).parents[2]
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(4)
    }
    assert len(said) == 1
    assert "women" in said.pop()
