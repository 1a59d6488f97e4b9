"""The learned layer of verifying: what it is asked, and that it never overrules the exact one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import make_passage

from ketarag.answering import entail
from ketarag.answering.analysis import Analysis
from ketarag.answering.entail import EntailmentVerifier, passes
from ketarag.answering.verify import Check
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary
from ketarag.indexing.chunk import chunk
from ketarag.indexing.load import load_corpus
from ketarag.indexing.segment import segment
from ketarag.protocols import Entailment
from ketarag.testing import FakePairModel
from ketarag.text import normalise
from ketarag.types import Citation, Document, Passage, Verdict

CORPUS = shipped_corpus()
GLOSSARY = Glossary.load(CORPUS / "glossary.toml")
SUPPORTED, CONTRADICTED, NOT_SAID = Entailment(1.0, 0.0, 0.0), Entailment(0.0, 1.0, 0.0), Entailment(0.0, 0.0, 1.0)
RELIEF = make_passage(
    [
        "Burst ketamine has been given by CIVI for three days.",
        "Toxicity was common.",
        "Up to 70% of patients respond to a single IV dose.",
        "Relief persists in many patients with cancer pain.",
    ],
    document="relief.txt",
)
_FIGURE = re.compile(r"(?<![\w.,-])[1-9]\d*(?![\d.,])")
PARAPHRASE = "Cancer pain patients have persisting relief."


def passages_of(document: Document) -> list[Passage]:
    return chunk(document, segment(document).sentences, lambda text: len(text.split()), 60)


SHIPPED = passages_of(load_corpus(CORPUS).documents[0])


class Opinion(FakePairModel):
    """Says what it is told to; keeps what it was asked."""

    def __init__(self, says: Entailment | Callable[[Sequence[str]], Entailment]) -> None:
        self.says = says
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def entail(self, claim: str, sentences: Sequence[str]) -> Entailment:
        self.asked.append((claim, tuple(sentences)))
        return self.says if isinstance(self.says, Entailment) else self.says(sentences)


@pytest.fixture(autouse=True)
def _round_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was chosen for the shipped network."""
    monkeypatch.setattr(entail, "LEAST_WITH_WORDS", 0.5)
    monkeypatch.setattr(entail, "LEAST_WITHOUT_WORDS", 0.7)


def verify(network: FakePairModel, claim: str, *passages: Passage) -> Verdict:
    return EntailmentVerifier(GLOSSARY, None, network).verify(claim, passages or [RELIEF])


def made(*, wording: bool) -> Check:
    problems = ["the cited passage says nothing of it"] if wording else []
    nothing = Analysis("", "", ())
    return Check([], problems, 0.5, Citation(1, "", "", "", "", 0, 0, 0), (), nothing, nothing)


@pytest.mark.parametrize(
    ("supported", "covered", "uncovered"),
    [(0.49, False, False), (0.5, True, False), (0.69, True, False), (0.7, True, True)],
)
def test_more_is_asked_of_the_network_where_words_are_not_covered(
    supported: float, covered: bool, uncovered: bool
) -> None:
    entailment = Entailment(supported, 0.0, 1 - supported)
    assert passes(made(wording=False), entailment) is covered
    assert passes(made(wording=True), entailment) is uncovered


def test_the_shipped_bounds_ask_more_where_words_are_not_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 0 < entail.LEAST_WITH_WORDS < entail.LEAST_WITHOUT_WORDS < 1


@pytest.mark.parametrize(
    ("entailment", "problem"),
    [
        (CONTRADICTED, "the cited passage says otherwise"),
        (NOT_SAID, "the cited passage does not say this"),
        (Entailment(0.3, 0.4, 0.3), "the cited passage says otherwise"),
        (Entailment(0.4, 0.3, 0.3), "the cited passage does not say this"),
    ],
)
def test_a_claim_that_the_network_does_not_find_is_refused_in_words(entailment: Entailment, problem: str) -> None:
    verdict = verify(Opinion(entailment), PARAPHRASE)
    assert not verdict.supported
    assert verdict.problems[-1] == problem
    assert verdict.score == pytest.approx(entailment.supported, abs=1e-5)
    assert verdict.evidence[0].quote == RELIEF.sentences[3].text


def test_words_without_a_counterpart_are_named_too() -> None:
    claim = "Relief persists and walks in forests calm the mind."
    assert verify(Opinion(SUPPORTED), claim).problems == ()
    first, second = verify(Opinion(NOT_SAID), claim).problems
    assert first == "the cited passage says nothing of walks, forests, calm, mind"
    assert second == "the cited passage does not say this"


def test_a_paraphrase_that_the_network_finds_is_supported() -> None:
    verdict = verify(Opinion(Entailment(0.75, 0.0, 0.25)), PARAPHRASE)
    assert (verdict.supported, verdict.problems) == (True, ())
    assert verdict.score == pytest.approx(0.75, abs=1e-5)


@pytest.mark.parametrize(("least", "supported"), [(0.74, True), (0.76, False)])
def test_the_least_support_decides(monkeypatch: pytest.MonkeyPatch, least: float, supported: bool) -> None:
    monkeypatch.setattr(entail, "LEAST_WITH_WORDS", least)
    monkeypatch.setattr(entail, "LEAST_WITHOUT_WORDS", least)
    assert verify(Opinion(Entailment(0.75, 0.0, 0.25)), PARAPHRASE).supported is supported


def test_the_network_reads_the_sentence_and_the_two_before_it() -> None:
    network = Opinion(SUPPORTED)
    verify(network, PARAPHRASE)
    assert network.asked == [(PARAPHRASE, tuple(s.clean for s in RELIEF.sentences[1:]))]


def test_the_window_that_the_network_supports_best_is_cited() -> None:
    twins = make_passage(["Ketamine relieves pain in adults.", "Ketamine relieves pain in trials."])
    for at, sentence in enumerate(twins.sentences):
        says = {True: Entailment(0.9, 0.0, 0.1), False: Entailment(0.6, 0.4, 0.0)}
        network = Opinion(lambda read, says=says, best=sentence: says[read[-1] == best.clean])  # type: ignore[misc]
        verdict = verify(network, "Pain is relieved by ketamine.", twins)
        assert len(network.asked) == 2
        assert verdict.evidence[0].start == twins.sentences[at].start
        assert verdict.score == pytest.approx(0.9, abs=1e-5)


WRONG = [
    ("Up to 80% of patients respond to a single IV dose.", "80%"),
    ("At least 70% of patients respond to a single IV dose.", "at least 70%"),
    ("Up to 70% of patients respond to a single oral dose.", "PO"),
    ("Up to 70% of patients do not respond to a single IV dose.", "not"),
    ("Burst ketamine has been given by CIVI for five days.", "five days"),
    ("Relief persists in many patients with glaucoma.", "glaucoma"),
]


@pytest.mark.parametrize(("claim", "problem"), WRONG)
def test_what_is_exactly_wrong_is_never_overruled(claim: str, problem: str) -> None:
    network = Opinion(SUPPORTED)
    verdict = verify(network, claim)
    assert not verdict.supported
    assert any(problem in text for text in verdict.problems)
    assert network.asked == []


def test_a_tenfold_figure_is_refused_whatever_the_network_says() -> None:
    verifier = EntailmentVerifier(GLOSSARY, None, Opinion(SUPPORTED))
    sentences = [s.clean for passage in SHIPPED for s in passage.sentences]
    places = [(text, match) for text in sentences for match in re.finditer(_FIGURE, text)]
    assert len(places) > 20
    for text, match in places:
        claim = f"{text[: match.end()]}0{text[match.end() :]}"
        assert not verifier.verify(claim, SHIPPED).supported, claim


def test_the_words_of_the_source_are_supported_without_the_network() -> None:
    network = Opinion(CONTRADICTED)
    verifier = EntailmentVerifier(GLOSSARY, None, network)
    for passage in SHIPPED:
        for sentence in passage.sentences:
            for claim in (sentence.clean, sentence.text):
                verdict = verifier.verify(claim, SHIPPED)
                assert (verdict.supported, verdict.problems) == (True, ())
    assert network.asked == []
    assert not verifier.verify("Ketamine belongs to the arylcyclohexylamines.", SHIPPED).supported


@given(st.text(min_size=1, max_size=200))
def test_any_document_supports_its_own_sentences_whatever_the_network_says(text: str) -> None:
    passages = passages_of(Document("any", "any", text, ""))
    network = Opinion(CONTRADICTED)
    for passage in passages:
        for sentence in passage.sentences:
            if normalise(sentence.clean):
                assert verify(network, sentence.clean, *passages).supported
    assert network.asked == []


def test_the_fingerprint_names_the_network() -> None:
    other = FakePairModel()
    other.fingerprint = "other"
    verifiers = [EntailmentVerifier(GLOSSARY, None, network) for network in (FakePairModel(), other)]
    assert [verifier.fingerprint for verifier in verifiers] == ["exact+fake-pair-model", "exact+other"]
