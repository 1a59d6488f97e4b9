from __future__ import annotations

import pytest
from made_records import claim, declined, given, place, question, run

from eval.figures import figures, question_figures, would_be_right


def test_a_perfect_run_is_perfect() -> None:
    found = figures(run())["test"]
    for name in (
        "facts",
        "exact",
        "cited_on_gold",
        "verbatim",
        "near_declined",
        "near_auroc",
        "claims_supported_accepted",
    ):
        assert found[name].value == 1.0, name
    assert (found["facts"].count, found["near_declined"].count) == (12, 6)
    assert (found["answerable_declined"].value, found["errors"].value, found["risk_area"].value) == (
        0.0,
        0.0,
        pytest.approx(1 / 3, abs=0.34),
    )


def test_splits_are_kept_apart() -> None:
    mixed = run([question("a"), question("b", split="dev", scores={"facts": 0.0})], [])
    found = figures(mixed)
    assert (found["test"]["facts"].value, found["dev"]["facts"].value) == (1.0, 0.0)


def test_first_questions_and_follow_ups_are_kept_apart() -> None:
    records = [question("a"), question("b", history=("x",), scores={"facts": 0.5})]
    found = question_figures(records)
    assert (found["facts"].value, found["facts_follow_up"].value) == (1.0, 0.5)


def test_what_no_case_scores_is_not_there() -> None:
    assert "facts_follow_up" not in question_figures([question("a")])
    assert question_figures([]) == {}


def test_a_case_that_crashed_counts_against() -> None:
    crashed = question("b", answer=None, error="boom", scores={"facts": 0.0, "exact": 0.0, "abstention_right": 0.0})
    found = question_figures([question("a"), crashed])
    assert (found["facts"].value, found["errors"].value, found["verbatim"].count) == (0.5, 0.5, 1)


def test_intervals_hold_the_value_and_narrow_with_cases() -> None:
    def facts(count: int):
        return question_figures([question(f"q{at}", scores={"facts": float(at % 2)}) for at in range(count)])["facts"]

    few, many = facts(10), facts(200)
    assert few.low <= few.value <= few.high
    assert many.high - many.low < few.high - few.low


def test_cases_of_one_conversation_widen_the_interval() -> None:
    def facts(cluster: bool):
        records = [
            question(f"q{at}", cluster=str(at // 10) if cluster else str(at), scores={"facts": float(at % 20 < 10)})
            for at in range(100)
        ]
        return question_figures(records)["facts"]

    assert facts(True).high - facts(True).low > 1.5 * (facts(False).high - facts(False).low)


def test_an_abstention_is_right_by_what_it_points_at() -> None:
    near = declined().model_copy(update={"nearest": (place(5, 20),)})
    assert would_be_right(question("a", answer=near))
    assert not would_be_right(question("a", answer=declined()))
    assert not would_be_right(question("a", answer=given(citations=(place(10, 20),))))
    assert not would_be_right(question("a", answerable=False))


def test_claims_by_kind() -> None:
    found = figures(run([], [claim("a"), claim("b", accepted=False), claim("c", supported=False)]))["test"]
    assert found["claims_paraphrase"].value == 0.5
    assert (found["claims_number"].value, found["claims_altered_rejected"].value) == (1.0, 1.0)


def test_latency_is_of_what_was_answered() -> None:
    found = question_figures(
        [question("a", ms=100.0), question("b", ms=300.0), question("c", ms=9.0, error="x", answer=None)]
    )
    assert found["latency_p50_ms"].value == pytest.approx(200.0)
