"""The questions that the shipped document's sidecar lists: each is answered, and the answer cites the place that answers it."""

from __future__ import annotations

import pytest

from ketarag import Assistant
from ketarag.answering.suggest import listed_questions

PLACES = {
    "What IV dose is used for depression?": "typically 500 microgram/kg over 40 min",
    "How is ketamine eliminated?": "About 90% of a parenteral dose of ketamine is excreted in the urine",
    "Which routes can ketamine be given by?": "It can also be administered IM, IV, SL, intranasally, PR and spinally",
    "Who should prescribe ketamine as an analgesic?": "should be restricted to specialists in pain or palliative care",
    "Which toxicity limits the use of ketamine?": "neuropsychiatric, urinary tract, and hepatobiliary toxicity",
    "How good is the evidence for ketamine in cancer pain?": "insufficient robust evidence to assess potential benefits and harms",
    "How long does the antidepressant effect last?": "the duration of benefit is generally less than one week",
    "How should ketamine be withdrawn?": "an attempt should be made to withdraw ketamine over 2–3 weeks",
    "When is long-term continuous ketamine acceptable?": "long-term continuous ketamine should be used only as a last resort",
    "What is ketamine derived from?": "Ketamine, a derivative of phencyclidine (PCP)",
    "Where on the NMDA receptor channel does ketamine bind?": "binding to the PCP site when the channels are in the open activated state",
    "What blocks the NMDA channel at rest?": "the channel is blocked by magnesium and is inactive",
    "What happens in the NMDA channel during prolonged excitation?": "the channel unblocks and calcium moves into the cell",
    "How do opioids lead to tolerance and hyperalgesia?": "thereby contributing towards tolerance and hyperalgesia",
    "Which actions does ketamine have besides blocking the NMDA receptor?": "opioid-like and anti-inflammatory effects",
    "Why can benefit go on after ketamine is stopped?": "could explain ongoing benefit even after discontinuation of ketamine",
    "How is ketamine usually given?": "Ketamine is generally administered PO or SC/CSCI",
    "Is the spinal route safe?": "concerns have been raised about the potential for neurotoxicity",
    "Can ketamine be given as a continuous intravenous infusion with opioids?": "Ketamine has been given by CIVI in adults and children",
    "Which form of ketamine is marketed in the USA?": "in the USA only the racemic mixture is marketed",
    "How potent is the S-enantiomer compared with the R-enantiomer?": "about 4 times more potent than the R−enantiomer",
    "Does the S-enantiomer have fewer undesirable effects?": "is also associated with lower levels of undesirable effects",
    "How much ketamine is excreted unchanged?": "Less than 5% is excreted unchanged",
    "What is the main metabolite of ketamine?": "Ketamine undergoes hepatic metabolism mainly to norketamine",
    "Why does oral ketamine give more norketamine than an injection?": "Because of extensive first-pass metabolism",
    "Is norketamine an analgesic?": "is analgesic in rodents, this remains to be clarified in humans",
    "Does ketamine induce its own metabolism?": "Ketamine causes hepatic enzyme induction and enhances its own metabolism",
    "How quickly does tolerance develop in people who misuse ketamine?": "about a 7-fold increase in dose after the first 2 months of use",
    "What does ketamine do to heart rate and intracranial pressure?": "causes tachycardia and intracranial hypertension",
    "How many patients have vivid dreams or hallucinations after procedural anesthesia?": "a quarter of patients experience vivid dreams",
    "Why is the use of ketamine for chronic pain expected to decline?": "will probably result in a decline in the use of ketamine",
    "Which patients in palliative care should have ketamine?": "reserved for pain which has failed to respond to standard analgesic drugs",
    "What did the review of ketamine for chronic non-cancer pain conclude?": "identified 29 RCTs and concluded that",
    "How long does relief last in complex regional pain syndrome?": "with relief persisting 4–6 weeks",
    "How long can the effect of burst ketamine last?": "several days to weeks and occasionally for months",
    "How far did burst ketamine reduce opioid requirements in a cancer patient?": "reduced opioid requirements by 70%",
    "What dose was infused for ischemic limb pain?": "a single 4h IV infusion of ketamine 600 microgram/kg",
    "How many patients had severe undesirable effects from burst ketamine?": "about a quarter of patients experienced severe",
    "Was ketamine better than placebo in the 5-day trial?": "there was no difference in the proportion responding",
    "Can ketamine help in severe mucositis?": "can provide analgesia in severe cancer treatment-related mucositis",
    "What has topical ketamine been used for?": "Topical ketamine has been applied to the skin in various non-cancer pains",
    "How many patients with depression respond to a single IV dose?": "up to 70% of patients respond",
    "By which mechanism may ketamine relieve depression?": "The exact mechanism is unclear but includes the release",
    "Is ketamine an established treatment for major depression?": "the use of ketamine to treat major depression is experimental",
    "Is ketamine used in status epilepticus?": "has been explored in the treatment of refractory status epilepticus",
    "Is there a form for monitoring toxicity?": "A toxicity monitoring form is available",
}
"""Question to words of the sentence that answers it."""


def test_every_listed_question_has_its_place(assistant: Assistant) -> None:
    assert [*listed_questions(assistant.documents[0])] == [*PLACES]


@pytest.mark.parametrize("question", PLACES)
def test_a_listed_question_is_answered_from_its_place(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert not answer.abstained
    assert any(PLACES[question] in " ".join(citation.quote.split()) for citation in answer.citations)


def test_every_section_of_the_document_is_asked_about(assistant: Assistant) -> None:
    cited = {citation.heading for question in PLACES for citation in assistant.ask(question).citations}
    assert len(cited) == 5
