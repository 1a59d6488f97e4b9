"""Any `Verifier`. A new one passes by subclassing `VerifierContract` with its fixture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passages import DOCUMENT, PASSAGES

from ketarag.answering.entail import EntailmentVerifier
from ketarag.answering.verify import ExactVerifier
from ketarag.assistant import Assistant
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.protocols import Verifier
from ketarag.testing import FakePairModel, FakeVerifier

GLOSSARY = Glossary.load(shipped_corpus() / "glossary.toml")

WRONG = [
    "About 80% of a parenteral dose is excreted in the urine.",
    "Following a single IV dose of 500 mg/kg, up to 70% of patients respond.",
    "Following a single PO dose of 500 microgram/kg, up to 70% of patients respond.",
    "At least 70% of patients respond.",
    "The benefit lasts more than one week.",
    "The benefit lasts less than two weeks.",
    "Ketamine is never given PO or SC.",
    "The capital of France is Paris.",
]


class VerifierContract:
    @pytest.fixture
    def verifier(self) -> Verifier:
        raise NotImplementedError

    @pytest.mark.parametrize("sentence", [s.clean for passage in PASSAGES for s in passage.sentences])
    def test_the_source_supports_its_own_sentences(self, verifier: Verifier, sentence: str) -> None:
        assert verifier.verify(sentence, PASSAGES).supported

    @pytest.mark.parametrize("claim", WRONG)
    def test_an_altered_claim_is_not_supported_and_it_says_why(self, verifier: Verifier, claim: str) -> None:
        verdict = verifier.verify(claim, PASSAGES)
        assert not verdict.supported
        assert verdict.problems

    @pytest.mark.parametrize("claim", ["", "  ", "Ketamine is given PO or SC."])
    def test_nothing_is_supported_by_nothing(self, verifier: Verifier, claim: str) -> None:
        verdict = verifier.verify(claim, [])
        assert not verdict.supported
        assert verdict.score == 0
        assert verdict.evidence == ()
        assert verdict.problems

    @pytest.mark.parametrize("claim", [*WRONG, "The benefit lasts less than one week.", "", "的", "😀" * 50, "\0"])
    def test_a_verdict_is_whole(self, verifier: Verifier, claim: str) -> None:
        verdict = verifier.verify(claim, PASSAGES)
        assert verdict.supported == (not verdict.problems)
        assert 0 <= verdict.score <= 1
        assert all(DOCUMENT.text[item.start : item.end] == item.quote for item in verdict.evidence)
        assert verdict == verifier.verify(claim, PASSAGES)


class TestFakeVerifier(VerifierContract):
    @pytest.fixture
    def verifier(self) -> Verifier:
        return FakeVerifier()


class TestExactVerifier(VerifierContract):
    @pytest.fixture
    def verifier(self, embedder: SentenceTransformerEmbedder) -> Verifier:
        return ExactVerifier(GLOSSARY, embedder)


class TestEntailmentVerifier(VerifierContract):
    @pytest.fixture
    def verifier(self, assistant: Assistant) -> Verifier:
        assert isinstance(assistant._verifier, EntailmentVerifier)
        return assistant._verifier


class TestEntailmentVerifierOverTheFake(VerifierContract):
    @pytest.fixture
    def verifier(self) -> Verifier:
        return EntailmentVerifier(GLOSSARY, None, FakePairModel())


@given(st.text(max_size=80))
def test_the_fake_supports_only_words_that_stand_there(claim: str) -> None:
    verdict = FakeVerifier().verify(claim, PASSAGES)
    assert verdict.supported == (not verdict.problems)
