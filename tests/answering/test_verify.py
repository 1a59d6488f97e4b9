import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from answering.sentences import make_passage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketarag.answering.verify import LONGEST_CLAIM, ExactVerifier
from ketarag.glossary import Glossary
from ketarag.indexing.chunk import chunk
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.load import load_corpus
from ketarag.indexing.segment import segment
from ketarag.protocols import Vectors
from ketarag.testing import HashEmbedder
from ketarag.text import normalise
from ketarag.types import Document, Passage, Verdict

CORPUS = Path(__file__).parents[2] / "corpus"
GLOSSARY = Glossary.load(CORPUS / "glossary.toml")

METHADONE = """Methadone in palliative care

Methadone is a synthetic strong opioid with a long and variable plasma half-life of 8 to 75 hours. It is well absorbed by
mouth, with an oral bioavailability of about 80%. Methadone also blocks the NMDA receptor and inhibits the re-uptake of
serotonin. Unlike morphine, it has no active metabolites and is not affected by renal impairment.

Because it accumulates, at least 5 days should pass before the dose is increased. The usual starting dose in frail adults is
2.5 mg PO every 12 hours, and no more than 30 mg per day should be given outside specialist centres. In children, doses of
50 microgram/kg are used. An ECG should be recorded before treatment, since methadone may prolong the QT interval.

In a trial in 103 patients with cancer pain, methadone was not superior to morphine (response 49 vs. 56%), and more patients
on methadone dropped out because of sedation. Withdrawal symptoms are rarely severe when the dose is reduced by 10-20% a week.
"""


def passages_of(document: Document) -> list[Passage]:
    return chunk(document, segment(document).sentences, lambda text: len(text.split()), 180)


SHIPPED = load_corpus(CORPUS).documents[0]
DOCUMENTS = {document.id: document for document in (SHIPPED, Document("methadone", "Methadone", METHADONE, ""))}
PASSAGES = {name: passages_of(document) for name, document in DOCUMENTS.items()}
SENTENCES = [(name, s) for name, passages in PASSAGES.items() for p in passages for s in p.sentences]
PLAIN = ExactVerifier(GLOSSARY, None)


@pytest.fixture(scope="module")
def verifier() -> ExactVerifier:
    return ExactVerifier(GLOSSARY, SentenceTransformerEmbedder())


def check(verifier: ExactVerifier, claim: str, document: str = "") -> Verdict:
    verdict = verifier.verify(claim, PASSAGES[document or SHIPPED.id])
    assert verdict.supported == (not verdict.problems)
    assert 0.0 <= verdict.score <= 1.0
    for citation in verdict.evidence:
        assert DOCUMENTS[citation.document_id].text[citation.start : citation.end] == citation.quote
    return verdict


@pytest.mark.parametrize(("document", "sentence"), SENTENCES)
def test_every_sentence_of_a_source_is_supported(verifier, document, sentence):
    verdict = check(verifier, sentence.clean, document)
    assert verdict.supported
    assert (verdict.evidence[0].start, verdict.evidence[0].end, verdict.evidence[0].marker) == (
        sentence.start,
        sentence.end,
        1,
    )
    assert check(PLAIN, f"Also: {sentence.clean}", document).supported  # not by being the same string


@pytest.mark.parametrize(("document", "sentence"), [row for row in SENTENCES if re.search(r"\d", row[1].clean)])
def test_no_other_number_is_supported(document, sentence):
    for match in re.finditer(r"\d+(?:\.\d+)?", sentence.clean):
        others = {f"{float(match.group()) + step:g}" for step in (1, 2, 10, 33)} | {
            match.group() + "0",
            "2",
            "5",
            "19",
            "25",
            "50",
        }
        for other in sorted(other for other in others if float(other) != float(match.group())):
            claim = sentence.clean[: match.start()] + other + sentence.clean[match.end() :]
            assert not check(PLAIN, claim, document).supported, claim


TRUE = [
    "The usual dose of a single IV infusion for depression is 0.5 mg/kg over 40 minutes.",
    "As many as 70% of patients respond to a single intravenous dose.",
    "The antidepressant benefit usually lasts less than seven days.",
    "Esketamine is twice as potent as racemic ketamine.",
    "Ketamine has a higher affinity for the NMDA receptor-channel than norketamine.",
    "It is not known whether norketamine relieves pain in humans.",
    "There is not enough robust evidence to judge the benefits and harms of ketamine as an adjunct to opioids in cancer pain.",
    "Ketamine can be given under the tongue.",
    "About one in four patients has vivid dreams after procedural anaesthesia with ketamine.",
    "Toxicity led to more withdrawals (19% versus 2%).",
    "Ketamine is excreted mostly in the urine, and it increases sympathetic nervous system activity.",
]
FALSE = [
    ("number", "Up to 80% of patients respond to a single IV dose.", "80%"),
    ("number", "Treatment failures were fewer at the maximum dose (19 vs. 50%).", "19"),
    ("number", "Treatment failures were fewer at the maximum dose (50 vs. 25%).", "other way round"),
    ("number", "The S-enantiomer is twice as potent as the R-enantiomer.", "something else"),
    ("unit", "The dose for depression is 500 mg/kg over 40 min.", "500 mg/kg"),
    ("unit", "After an IV dose, improvements are seen within days.", "'days'"),
    (
        "comparator",
        "At least 70% of patients respond to a single IV dose.",
        "'at least 70%' where the source says 'up to 70%'",
    ),
    ("comparator", "Exactly 90% of a parenteral dose is excreted in the urine.", "exactly"),
    ("comparator", "The duration of benefit is generally about one week.", "less than"),
    ("comparator", "Burst ketamine always has a long-lasting effect.", "always"),
    (
        "route",
        "Up to 70% of patients respond to a single oral dose of 500 microgram/kg.",
        "route PO: the source says IV",
    ),
    ("route", "Ketamine 100mg/24h by CSCI for 2 days in a cancer patient reduced opioid requirements by 70%.", "CIVI"),
    ("negation", "Ketamine is not a derivative of phencyclidine.", "does not deny"),
    (
        "negation",
        "There was a difference in the proportion responding in the ketamine and placebo arms.",
        "no difference",
    ),
    (
        "negation",
        "The exact mechanism is clear and includes the release of brain-derived neurotrophic factor.",
        "unclear",
    ),
    ("entity", "The R-enantiomer is associated with lower levels of undesirable effects.", "arketamine"),
    ("entity", "At rest the channel is blocked by zinc.", "zinc"),
    (
        "entity",
        "Norketamine is the most potent NMDA-receptor-channel blocker available for clinical use.",
        "norketamine",
    ),
    ("population", "Ketamine has a rapid antidepressant effect in children with major depression.", "children"),
    ("population", "Ketamine has been given by CIVI only in adults in combination with opioids.", "only"),
    ("direction", "Norketamine has a higher affinity for the NMDA-receptor-channel than ketamine.", "higher"),
    ("direction", "The R-enantiomer is about 4 times more potent than the S-enantiomer.", "sides"),
    ("direction", "There were fewer withdrawals due to toxicity with ketamine.", "fewer"),
    ("invented", "A toxicity monitoring form is available from the hospital pharmacy.", "pharmacy"),
    ("invented", "Up to 70% of patients respond, especially younger ones.", "younger"),
]


@pytest.mark.parametrize("claim", TRUE)
def test_a_true_paraphrase_is_supported(verifier, claim):
    assert check(verifier, claim).problems == ()


@pytest.mark.parametrize(("kind", "claim", "problem"), FALSE)
def test_an_altered_claim_is_refused_and_told_why(verifier, kind, claim, problem):
    assert any(problem in text for text in check(verifier, claim).problems), check(verifier, claim).problems


@pytest.mark.xfail(
    strict=True, reason="an invented detail in words near to the source's own is not told from a paraphrase"
)
def test_a_related_invention_is_refused(verifier):
    claim = "Up to 70% of patients respond, and responders are then given maintenance infusions."
    assert not check(verifier, claim).supported


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        ("Frail adults usually start on 2.5 mg by mouth twice daily.", True),
        ("Outside specialist centres the daily dose should not exceed 30 mg.", True),
        ("Methadone was no better than morphine in a trial of 103 patients with cancer pain.", True),
        ("Renal impairment does not affect methadone.", True),
        ("The starting dose is 2.5 mg SC every 12 hours.", False),
        ("At most 5 days should pass before the dose is increased.", False),
        ("Methadone inhibits the re-uptake of dopamine.", False),
        ("In adults, doses of 50 microgram/kg are used.", False),
        ("Methadone may shorten the QT interval.", False),
        ("Methadone has active metabolites.", False),
    ],
)
def test_another_document(verifier, claim, supported):
    assert check(verifier, claim, "methadone").supported is supported


def test_facts_of_two_places_cite_both(verifier):
    verdict = check(verifier, "Ketamine causes tachycardia; up to 70% of patients respond to a single IV dose.")
    assert [citation.marker for citation in verdict.evidence] == [1, 2]


@pytest.mark.parametrize("claim", ["", "  \n", "?!", "•"])
def test_an_empty_claim_is_not_supported(claim):
    assert check(PLAIN, claim).problems


def test_no_passages_support_nothing():
    assert not PLAIN.verify("Ketamine is an anesthetic.", []).supported


def test_a_claim_of_many_pages_is_refused():
    begun = time.perf_counter()
    assert "longest" in check(PLAIN, "a 5 mg " * LONGEST_CLAIM).problems[0]
    assert time.perf_counter() - begun < 5


@given(st.text())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_text_gives_a_verdict(text):
    check(PLAIN, text)


@given(st.lists(st.sampled_from(SHIPPED.text.split()), max_size=30).map(" ".join))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_words_of_the_source_give_a_verdict(text):
    check(PLAIN, text)


@given(st.text(min_size=1, max_size=300))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_document_supports_its_own_sentences(text):
    passages = passages_of(Document("any", "any", text, ""))
    for passage in passages:
        for sentence in passage.sentences:
            if normalise(sentence.clean):
                verdict = PLAIN.verify(sentence.clean, passages)
                assert verdict.supported
                assert text[verdict.evidence[0].start : verdict.evidence[0].end] == verdict.evidence[0].quote


def test_the_same_claim_gives_the_same_verdict(verifier):
    claim = FALSE[0][1]
    assert check(verifier, claim) == check(verifier, claim) == check(ExactVerifier(GLOSSARY, verifier._embedder), claim)


class Counting(HashEmbedder):
    """Counts the characters that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.read += sum(map(len, texts))
        return super().encode(texts)


@pytest.mark.parametrize(
    "claim",
    [
        "blah " * 399,
        "ketamine, blah, " * 120,
        " ".join(f"word{chr(97 + at % 26)}{chr(97 + at // 26)}" for at in range(280)),
        "ketamine blah blub; " * 95,
    ],
)
def test_a_long_claim_of_unknown_words_is_not_read_once_for_each(claim: str) -> None:
    counting = Counting()
    verdict = ExactVerifier(Glossary(), counting).verify(
        claim, [make_passage(["Ketamine is given by mouth.", "It is an analgesic."])]
    )
    assert not verdict.supported
    assert counting.read < 40_000
