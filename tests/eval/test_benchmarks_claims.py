"""Claims: each score by hand, against each label and against all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from bench_files import claim_file

from eval.benchmarks.claims import claim_score, claims, covered, nearest
from eval.benchmarks.files import LabelledClaim, read_lines
from ketarag.protocols import Entailment
from ketarag.testing import FakePairModel, HashEmbedder


def test_coverage_of_a_claim_is_the_share_of_its_stems() -> None:
    assert covered("Patients respond quickly", "A patient responded.") == pytest.approx(2 / 3)
    assert covered("the of", "anything") == 0.0


def test_the_nearest_sentence_counts() -> None:
    evidence = ["Fish swim.", "Cats purr.", "Cats sleep."]
    assert nearest(HashEmbedder(), "cats purr", evidence) == pytest.approx(1.0)
    assert nearest(HashEmbedder(), "cats run", evidence) == pytest.approx(0.5)


class _Contradicting(FakePairModel):
    def entail(self, claim: str, sentences: Sequence[str]) -> Entailment:
        return Entailment(0.2, 0.8, 0.0) if "bark" in sentences[-1] else Entailment(0.4, 0.3, 0.3)


def test_the_window_about_which_the_network_is_surest_decides() -> None:
    evidence = ["Cats purr.", "Cats sleep.", "Cats run.", "Dogs bark."]
    assert claim_score(_Contradicting(), "dogs sing", evidence) == pytest.approx(0.2 - 0.8 + 0.5)


def test_only_the_windows_that_cover_most_are_read() -> None:
    read: list[list[str]] = []

    class _Listening(FakePairModel):
        def entail(self, claim: str, sentences: Sequence[str]) -> Entailment:
            read.append(list(sentences))
            return super().entail(claim, sentences)

    claim_score(_Listening(), "dogs bark", [*(f"Cats  purr {at}." for at in range(8)), "Dogs bark."])
    assert len(read) == 4
    assert read[0] == ["Cats purr 6.", "Cats purr 7.", "Dogs bark."]


def test_support_against_each_label_and_all(tmp_path: Path) -> None:
    rows = read_lines(claim_file(tmp_path / "claims.jsonl"), LabelledClaim)
    figures = claims(rows, HashEmbedder(), FakePairModel())
    for way in ("network and coverage", "coverage", "cosine"):
        for other, count in (("REFUTE", 2), ("NEUTRAL", 2), ("the rest", 3)):
            one = figures[f"SUPPORT against {other}: {way}"]
            assert one is not None
            assert (one.value, one.count) == (1.0, count)
    assert len(figures) == 9


def test_a_file_without_support_is_not_scored() -> None:
    row = LabelledClaim(id="a", claim="Cats purr", evidence=("Cats purr.",), label="REFUTE")
    figures = claims([row], HashEmbedder(), FakePairModel())
    assert set(figures.values()) == {None}
