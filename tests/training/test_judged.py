"""What the public sets are scored with, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ketarag.protocols import Entailment
from ketarag.testing import FakePairModel
from training.judged_reading import claim_score, claims, covered, squad, word_coverage
from training.judged_retrieval import _turns, ndcg


def test_a_rare_word_covers_more_than_one_of_every_sentence() -> None:
    cover = word_coverage("ketamine glaucoma", ["ketamine acts", "ketamine glaucoma", "ketamine rests"])
    assert cover[1] == pytest.approx(1.0)
    assert 0 < cover[0] == cover[2] < 0.5


def test_coverage_of_a_claim_is_the_share_of_its_stems() -> None:
    assert covered("Patients respond quickly", "A patient responded.") == pytest.approx(2 / 3)
    assert covered("the of", "anything") == 0.0


def test_ndcg_by_hand() -> None:
    assert ndcg(["a", "b"], {"a": 1}) == 1.0
    assert ndcg(["b", "a"], {"a": 1}) == pytest.approx(1 / 1.5849625)
    assert ndcg(["b"], {"a": 1}) == 0.0
    assert ndcg(["a"], {}) == 0.0


def test_utterances_become_turns_whoever_speaks_first() -> None:
    said = [("user", "one?"), ("agent", "yes"), ("agent", "really"), ("user", "two?")]
    turns = _turns([{"role": role, "text": text} for role, text in said])
    assert [(turn.question, turn.answer.text) for turn in turns] == [("one?", "yes really"), ("two?", "")]
    assert _turns([{"role": "agent", "text": "hello"}])[0].question == "hello"


def test_squad_is_scored_by_answerability_and_by_the_gold_sentence(tmp_path: Path) -> None:
    context = "Cats purr loudly. Dogs bark at night."
    qas = [
        {
            "question": "When do dogs bark?",
            "answers": [{"text": "at night", "answer_start": 28}],
            "is_impossible": False,
        },
        {"question": "Which birds sing?", "answers": [], "is_impossible": True},
    ]
    file = tmp_path / "squad.json"
    file.write_text(json.dumps({"data": [{"title": "Pets", "paragraphs": [{"context": context, "qas": qas}]}]}))
    figures = squad(FakePairModel(), file, None)  # type: ignore[arg-type]
    assert figures["answerability AUROC"][0] == 1.0
    assert figures["gold sentence first: network"][0] == 1.0


class _Contradicting(FakePairModel):
    def entail(self, claim: str, sentences: list[str]) -> Entailment:  # type: ignore[override]
        return Entailment(0.2, 0.8, 0.0) if "bark" in sentences[-1] else Entailment(0.4, 0.3, 0.3)


def test_the_window_about_which_the_network_is_surest_decides() -> None:
    evidence = ["Cats purr.", "Cats sleep.", "Cats run.", "Dogs bark."]
    assert claim_score(_Contradicting(), "dogs sing", evidence) == pytest.approx(0.2 - 0.8 + 0.5)  # type: ignore[arg-type]


def test_claims_are_scored_against_each_label_and_all(tmp_path: Path) -> None:
    file = tmp_path / "claims.jsonl"
    rows = [("Cats purr", "SUPPORT"), ("Dogs fly", "REFUTE"), ("Fish sing", "NEUTRAL")]
    lines = [json.dumps({"claim": claim, "evidence": ["Cats purr."], "label": label}) for claim, label in rows]
    file.write_text("\n".join(lines))
    figures = claims(FakePairModel(), file)  # type: ignore[arg-type]
    assert figures["network and coverage: SUPPORT against REFUTE"][0] == 1.0
    assert figures["coverage: SUPPORT against the rest"][0] == 1.0
