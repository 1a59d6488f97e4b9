"""Faults are planted one at a time: the gate fails for the right one and names the case. What is not a fault passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from made_records import claim, declined, given, place, question, run, with_case

from eval.figures import figures
from eval.gate import SLOWER_CASE, Thresholds, changed, compare, compare_cases
from eval.record import Comparison, Run

NONE = Thresholds({}, {})


def never(names: Sequence[str]) -> Mapping[str, float]:
    raise AssertionError(f"{names} are timed again")


def as_before(run_: Run):
    """Timed again, every case takes what it took in the run."""
    times = {record.id: record.timings_ms["all"] for record in run_.questions}
    return lambda names: {name: times[name] for name in names}


def gate(now: Run, before: Run | None = None, thresholds: Thresholds = NONE) -> Comparison:
    return compare(now, figures(now), run() if before is None else before, thresholds, as_before(now))


def only(comparison: Comparison) -> tuple[str, str, tuple[str, ...]]:
    (failure,) = comparison.failures
    return failure.kind, failure.name, failure.cases


def test_the_same_run_passes_and_nothing_changed() -> None:
    found = compare(run(), figures(run()), run(), NONE, never)
    assert (found.failures, found.changes) == ((), ())


@pytest.mark.parametrize(
    "scores",
    [
        {"facts": 0.0, "exact": 0.0},
        {"facts": 0.5, "exact": 0.0},
        {"cited_on_gold": 0.0, "citation_recall": 0.0},
        {"citation_recall": 0.5},
        {"carried": 0.6},
        {"verbatim": 0.0},
    ],
    ids=lambda scores: next(iter(scores)),
)
def test_one_answer_that_got_worse_fails_and_is_named(scores: dict[str, float]) -> None:
    found = gate(with_case(run(), "q3", scores=scores, answer=given("Another. [1]")))
    assert only(found) == ("worse", "q3", ("q3",))
    name = next(iter(scores))
    assert f"{name.replace('_', ' ')} 1.00 -> {scores[name]:.2f}" in found.failures[0].message


def test_an_abstention_lost_fails_and_is_named() -> None:
    found = gate(with_case(run(), "n2", scores={"abstention_right": 0.0, "exact": 0.0}, answer=given()))
    assert only(found) == ("worse", "n2", ("n2",))
    assert "abstention right 1.00 -> 0.00" in found.failures[0].message


def test_an_answer_lost_to_an_abstention_fails_and_is_named() -> None:
    scores = {
        "abstention_right": 0.0,
        "facts": 0.0,
        "exact": 0.0,
        "cited_on_gold": 0.0,
        "citation_recall": 0.0,
        "carried": None,
    }
    assert only(gate(with_case(run(), "q0", scores=scores, answer=declined()))) == ("worse", "q0", ("q0",))


def test_a_claim_judged_wrong_that_was_right_fails_and_is_named() -> None:
    assert only(gate(with_case(run(), "a1", accepted=True))) == ("worse", "a1", ("a1",))


def test_a_crash_fails_and_is_named() -> None:
    found = gate(with_case(run(), "q5", error="boom", answer=None))
    assert ("crashed", "q5", ("q5",)) in {(f.kind, f.name, f.cases) for f in found.failures}


def test_one_slow_case_is_timed_again_and_then_named() -> None:
    found = gate(with_case(run(), "q7", timings_ms={"all": 100 * SLOWER_CASE + 50}))
    assert only(found) == ("slower", "q7", ("q7",))
    assert "3.5 times the median; it was 1.0 times" in found.failures[0].message


def test_a_case_that_was_slow_by_chance_passes() -> None:
    now = with_case(run(), "q7", timings_ms={"all": 900.0})
    assert compare(now, figures(now), run(), NONE, lambda names: dict.fromkeys(names, 110.0)).failures == ()


def test_all_answers_slower_fail_once_with_the_cases_that_were_timed_again() -> None:
    slow = run([question(f"q{at}", ms=200.0) for at in range(12)])
    kind, name, cases = only(gate(slow, run([question(f"q{at}") for at in range(12)])))
    assert (kind, name) == ("slower", "latency_p50_ms")
    assert set(cases) <= {record.id for record in slow.questions}


def test_a_slower_machine_is_no_slower_program() -> None:
    slow = run([question(f"q{at}", ms=250.0) for at in range(12)], speed_unit_ms=25.0)
    assert gate(slow, run([question(f"q{at}") for at in range(12)])).failures == ()


def test_a_figure_below_its_threshold_fails() -> None:
    bounds = Thresholds({"facts": 0.95}, {"answerable_declined": 0.1})
    half = with_case(run(), "q0", scores={"facts": 0.0})
    kinds = {(f.kind, f.name) for f in gate(half, half, bounds).failures}
    assert kinds == {("threshold", "facts")}


def test_a_figure_that_was_not_measured_fails() -> None:
    found = gate(run(), run(), Thresholds({"facts_follow_up": 0.8}, {}))
    assert only(found)[:2] == ("missing", "facts_follow_up")


@pytest.mark.parametrize("name", ["corpus", "cases"])
def test_other_documents_or_cases_need_a_new_baseline(name: str) -> None:
    now = run(hashes={"corpus": "c", "cases": "k"} | {name: "another"})
    assert only(gate(now))[:2] == ("stale", name)


def test_without_a_baseline_it_fails() -> None:
    found = compare(run(), figures(run()), None, NONE, never)
    assert only(found)[:2] == ("stale", "baseline")


def test_a_case_that_was_left_out_fails_and_is_named() -> None:
    now = run([record for record in run().questions if record.id != "q4"])
    assert only(gate(now)) == ("missing", "cases", ("q4",))


def test_a_figure_that_fell_by_more_than_chance_fails_although_no_case_is_worse() -> None:
    before = run([question(f"q{at}") for at in range(40)])
    now = run(
        [
            record.model_copy(update={"scores": {**record.scores, "citation_precision": 0.5}})
            for record in before.questions
        ]
    )
    found = gate(now, before)
    assert only(found)[:2] == ("baseline", "citation_precision")
    assert found.p_values["citation_precision"] < 0.01 < found.p_values["facts"]


def test_a_better_answer_passes_and_is_told() -> None:
    before = with_case(run(), "q2", scores={"facts": 0.0, "exact": 0.0}, answer=given("Another. [1]"))
    found = gate(run(), before)
    assert found.failures == ()
    assert [(change.id, change.verdict) for change in found.changes] == [("q2", "better")]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (given("As good. [1]"), "another text"),
        (given(citations=(place(0, 12),)), "other citations"),
        (given(confidence=0.8), "confidence 0.900 -> 0.800"),
        (given(reason="why"), "another reason"),
    ],
)
def test_an_answer_that_is_as_good_passes_and_is_told(answer: object, why: str) -> None:
    found = gate(with_case(run(), "q1", answer=answer))
    assert found.failures == ()
    (change,) = found.changes
    assert (change.id, change.verdict) == ("q1", "changed")
    assert why in change.why[0]


def test_some_cases_are_compared_case_by_case_only() -> None:
    part = run([with_case(run(), "q3", scores={"facts": 0.0}).questions[3]], [])
    assert only(compare_cases(part, run())) == ("worse", "q3", ("q3",))
    assert compare_cases(part, None).failures == ()


@for_all(st.lists(st.sampled_from(["q0", "q5", "q11", "n0", "c0", "a1"]), unique=True))
def test_exactly_the_cases_that_got_worse_are_named(worse: list[str]) -> None:
    now = run()
    for name in worse:
        now = (
            with_case(now, name, scores={"abstention_right": 0.0})
            if name[0] in "qn"
            else with_case(now, name, accepted=name[0] == "a")
        )
    assert {change.id for change in changed(now, run()) if change.verdict == "worse"} == set(worse)


def test_a_claim_with_other_problems_is_told() -> None:
    before = run(claims=[claim("a0", supported=False, problems=("one",))])
    (change,) = changed(run(claims=[claim("a0", supported=False, problems=("two",))]), before)
    assert (change.id, change.verdict) == ("a0", "changed")
