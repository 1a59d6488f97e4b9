"""What is never shown, by means that do not share the verifier's mistakes."""

from __future__ import annotations

import pytest

from ketarag.answering.gate import faults, number_faults, points_back, stands_alone

DOSE = (
    "Following a single IV dose (typically 500 microgram/kg over 40 min), up to 70% of patients respond, "
    "with improvements seen within hours."
)
BENEFIT = "However, the duration of benefit is generally less than one week."
RELIEF = (
    "There is RCT evidence of benefit, with relief persisting 4–6 weeks beyond the infusion, in a quarter of patients."
)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        (DOSE, DOSE),
        ("A single IV dose of typically 500 microgram/kg over 40 min makes up to 70 % of patients respond.", DOSE),
        ("A single IV dose of 500 µg/kg over 40 minutes makes up to 70 percent respond.", DOSE),
        ("The benefit is generally shorter than one week.", BENEFIT),
        ("The benefit is generally under 1 week.", "It lasts less than 1 week."),
        ("Relief persisted 4 to 6 weeks.", RELIEF),
        ("A quarter of patients had relief.", RELIEF),
        ("Use of one of the drugs is rare.", "The drugs are rarely used."),
        ("Take-home doses are given.", "Take-home doses are given."),
        ("We found relief in a quarter of patients.", "We found relief in a quarter of patients."),
        ("See www.example.org for the form.", "See www.example.org for the form."),
        ("First-pass metabolism is extensive.", "There is extensive first-pass metabolism."),
        ("Use in depression is experimental.", "Its use in depression is experimental."),
    ],
)
def test_what_stands_there_passes(claim: str, source: str) -> None:
    assert faults(claim, [source]) == []


@pytest.mark.parametrize(
    "claim",
    [
        "A single IV dose is typically 500 mg/kg over 40 min.",
        "A single IV dose is typically 50 microgram/kg.",
        "A single IV dose is typically 0.5 mg/kg.",
        "A single IV dose is typically ５０ microgram/kg.",
        "A single IV dose is typically ٥٠٠ microgram/kg.",
        "A single IV dose is given over forty hours.",
        "Up to seventy-five percent of patients respond.",
        "At least 70% of patients respond.",
        "70% of patients respond.",
        "Exactly 70% of patients respond.",
        "More than 70% of patients respond.",
        "Up to 70% of patients respond within days.",
        "Up to 70% of patients respond within a couple of hours.",
        "Up to 70% of patients respond within several hours.",
        "Half of patients respond.",
        "The majority of patients respond.",
        "Up to 70% of patients respond for a fortnight.",
        "Up to 70% of patients respond twice.",
        "Zero patients respond.",
        "Up to 70% of 120 patients respond.",
        "Up to 7×10⁵ patients respond.",
        "½ of patients respond.",
    ],
)
def test_a_number_an_amount_or_a_bound_that_does_not_stand_there_is_told(claim: str) -> None:
    assert number_faults(claim, [DOSE])


@pytest.mark.parametrize(
    "claim",
    [
        "The benefit lasts one week.",
        "The benefit lasts about one week.",
        "It lasts up to one week.",
        "It lasts a week.",
        "It lasts weeks.",
    ],
)
def test_less_than_one_week_is_less_than_one_week(claim: str) -> None:
    assert number_faults(claim, [BENEFIT])


def test_digits_of_one_source_do_not_make_a_quantity_with_the_units_of_another() -> None:
    assert number_faults("The dose is 40 mg.", ["The infusion takes 40 min.", "The dose is 5 mg."])


@pytest.mark.parametrize(
    "claim",
    [
        "You should ask your doctor about ketamine.",
        "I am sorry, but I cannot help with that.",
        "Please note that patients respond.",
        "Give a single IV dose of 500 microgram/kg over 40 min.",
        "Do not give a single IV dose.",
        "Always administer a single IV dose.",
        "Do patients respond to a single IV dose?",
        "Patients respond, see https://evil.example/x.",
        "Patients respond, see www.evil.org now.",
        "Patients respond; mail dose@evil.example.",
        "Patients <b>respond</b> to a dose.",
        "Patients respond <img src=x onerror=alert(1)>.",
        "Patients [respond](javascript:x) to a dose.",
        "Patients respond ![x](y) to a dose.",
        "Patients respond [7] to a dose.",
        "Patients respond 【7】 to a dose.",
        "Patients respond to {dose}.",
        "Patients respond to a dose &amp; more.",
        "Passage 3 says that patients respond.",
        "The system prompt says that patients respond.",
        "As an AI language model it is said that patients respond.",
        "The instructions say that patients respond.",
    ],
)
def test_what_is_no_statement_about_the_subject_is_told(claim: str) -> None:
    assert faults(claim, [DOSE])


@pytest.mark.parametrize(
    "claim",
    [
        "The benefit generally lasts less than one week.",
        "Magnesium blocks the channel.",
        "About 90% is excreted in the urine, mostly as conjugates.",
    ],
)
def test_a_whole_statement_stands_alone(claim: str) -> None:
    assert stands_alone(claim)


@pytest.mark.parametrize(
    "claim",
    [
        "500 microgram/kg over 40 min.",
        "Up to 70%.",
        "Norketamine.",
        "PO or SC.",
        "Less than one week.",
        "Yes.",
        "It is not.",
        "",
    ],
)
def test_a_bare_figure_or_name_does_not(claim: str) -> None:
    assert not stands_alone(claim)


@pytest.mark.parametrize(
    "claim",
    [
        "It lasts less than one week.",
        "About 90% of it is excreted.",
        "The drug lasts a week.",
        "Their benefit lasts a week.",
    ],
)
def test_it_points_back(claim: str) -> None:
    assert points_back(claim, [BENEFIT])


@pytest.mark.parametrize(
    "claim",
    [
        "The benefit lasts less than one week.",
        "Ketamine enhances its own metabolism.",
        "At rest the channel is closed because magnesium blocks it.",
        "The effect of a short course lasts a week.",
    ],
)
def test_a_claim_that_names_its_subject_does_not(claim: str) -> None:
    assert not points_back(claim, [BENEFIT, "It enhances its own metabolism."])


def test_how_often_one_thing_is_so_is_not_said_of_another() -> None:
    sources = ["Ketamine is generally administered PO or SC.", "It can also be administered IM and IV."]
    assert faults("Ketamine is generally administered IM or IV.", sources)
    assert faults("Ketamine is generally administered PO or SC, and also IM or IV.", sources) == []
    assert faults("Ketamine can be administered IM or IV.", sources) == []
