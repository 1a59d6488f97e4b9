"""What is measured of a question and a sentence, with an embedder that counts words."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import hits_of, make_passage

from ketarag.answering import features as module
from ketarag.answering.features import SENTENCE_FEATURES, FeatureExtractor, candidates, word_coverage
from ketarag.answering.question_type import Kind
from ketarag.answering.rarity import TermStatistics
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary
from ketarag.testing import HashEmbedder
from ketarag.types import Passage

GLOSSARY = Glossary.load(shipped_corpus() / "glossary.toml")
DOSE = make_passage(
    ["A dose of 500 mg is given SC.", "It is repeated weekly.", "Relief persists."],
    document="dose.txt",
    paragraphs="001",
)
HARM = make_passage(
    ["Tachycardia is common.", "Dreams may be vivid."], document="harm.txt", heading="Undesirable effects"
)
HITS = hits_of(DOSE, HARM)
FOUND = candidates(HITS)


def extractor() -> FeatureExtractor:
    return FeatureExtractor(HashEmbedder(), GLOSSARY, TermStatistics.of([DOSE, HARM], GLOSSARY))


def column(name: str, question: str, context: str = "", carried: tuple[str, ...] = ()) -> list[float]:
    features = extractor()
    rows = features.sentence_features(features.view(question, context), FOUND, carried)
    return [float(value) for value in rows[:, SENTENCE_FEATURES.index(name)]]


def test_every_sentence_of_every_hit_is_a_candidate_in_order() -> None:
    assert [c.sentence for c in FOUND] == [*DOSE.sentences, *HARM.sentences]
    assert [c.rank for c in FOUND] == [1, 1, 1, 2, 2]
    assert candidates([]) == []


def test_up_to_two_sentences_before_it_in_its_passage_belong_to_a_candidate() -> None:
    first, second, third = DOSE.sentences
    assert [c.before for c in FOUND] == [(), (first,), (first, second), (), (HARM.sentences[0],)]
    assert third not in FOUND[-1].before


def test_the_same_words_have_cosine_one() -> None:
    assert column("cosine", "Relief persists.")[2] == pytest.approx(1.0)
    assert column("cosine", "Relief persists.")[3] == pytest.approx(0.0, abs=0.01)


def test_coverage_is_the_share_of_the_questions_weight() -> None:
    assert column("coverage", "vivid dreams") == pytest.approx([0, 0, 0, 0, 1])
    assert column("coverage", "vivid xylophones")[4] == pytest.approx(0.5, abs=0.2)


def test_the_heading_counts_as_words_of_its_sentences() -> None:
    assert column("coverage", "undesirable effects") == pytest.approx([0, 0, 0, 1, 1])


def test_the_window_holds_the_two_sentences_before() -> None:
    coverage, window = column("coverage", "weekly dose"), column("window_coverage", "weekly dose")
    assert coverage[1] < window[1] == pytest.approx(1.0)
    assert coverage[2] == 0
    assert window[2] == pytest.approx(1.0)
    assert window[3:] == [0, 0]


def test_an_abbreviation_is_covered_by_its_full_form() -> None:
    assert column("coverage", "subcutaneously")[0] == pytest.approx(1.0)
    assert column("coverage", "sc")[0] == pytest.approx(1.0)
    assert column("coverage", "adverse reactions")[3] == pytest.approx(1.0)


def test_a_measure_that_is_asked_for_is_held_or_missing() -> None:
    assert column("measure_held", "What dose?") == [1, 0, 0, 0, 0]
    assert column("measure_missing", "What dose?") == [0, 1, 1, 1, 1]
    assert set(column("kind_held", "What dose?")) == {0}


def test_of_other_kinds_the_absence_is_told_apart() -> None:
    assert set(column("measure_missing", "Why does it help?")) == {0}
    assert set(column("kind_missing", "Why does it help?")) == {1}


def test_nothing_is_held_or_missing_where_nothing_particular_is_asked() -> None:
    for name in ("measure_held", "measure_missing", "kind_held", "kind_missing"):
        assert set(column(name, "Is ketamine safe?")) == {0}


def test_rank_and_carried_come_from_the_hits() -> None:
    assert column("passage_rank", "relief") == [1, 1, 1, 0.5, 0.5]
    assert column("carried", "relief", carried=(HARM.id,)) == [0, 0, 0, 1, 1]


def test_the_conversation_weighs_less_than_the_question() -> None:
    view = extractor().view("and vivid ones?", "weekly relief")
    alone = extractor().view("weekly relief")
    assert view.own == {"vivid", "one"}
    assert view.weights["relief"] == pytest.approx(alone.weights["relief"] / 2)
    assert view.weights["vivid"] == pytest.approx(extractor().view("vivid").weights["vivid"])


def test_a_follow_up_that_asks_nothing_particular_asks_what_the_conversation_did() -> None:
    assert extractor().view("and children?", "What dose is given?").kind is Kind.DOSE
    assert extractor().view("why?", "What dose is given?").kind is Kind.REASON
    assert extractor().view("Is ketamine given in severe pain?", "What dose is given?").kind is Kind.NONE


def test_what_no_passage_speaks_of_is_named_in_the_words_of_the_question() -> None:
    features = extractor()
    view = features.view("Which xylophone doses are given s.c. in glaucoma, glaucoma?")
    assert features.uncovered(view, [DOSE]) == ["xylophone", "glaucoma"]
    assert features.uncovered(view, []) != []


def test_words_of_the_conversation_are_not_named() -> None:
    features = extractor()
    assert features.uncovered(features.view("and glaucoma?", "xylophone"), [HARM]) == ["glaucoma"]


def test_the_unknown_share_is_of_words_that_stand_nowhere() -> None:
    features = extractor()
    assert features.unknown_share(features.view("relief")) == 0
    assert features.unknown_share(features.view("xylophone")) == 1
    assert features.unknown_share(features.view("the of")) == 1
    assert 0 < features.unknown_share(features.view("xylophone relief")) < 1


def test_word_coverage_of_nothing_is_none() -> None:
    features = extractor()
    nothing = np.zeros((0, 256), dtype=np.float32)
    assert word_coverage(features.view("relief"), {"relief"}, nothing) == (0.0, 0.0, 1.0)
    assert word_coverage(features.view("the of"), {"relief"}, HashEmbedder().encode(["relief"])) == (0.0, 0.0, 1.0)


def test_word_coverage_of_the_same_words_is_full() -> None:
    features = extractor()
    view = features.view("vivid dreams")
    soft, rare, strangest = word_coverage(view, {"vivid", "dream"}, HashEmbedder().encode(["vivid", "dreams"]))
    assert (soft, rare, strangest) == pytest.approx((1.0, 1.0, 0.0), abs=1e-6)


def test_what_is_kept_of_earlier_questions_changes_nothing() -> None:
    fresh, used = extractor(), extractor()
    used.sentence_features(used.view("relief"), candidates(hits_of(HARM)), ())
    question = "What dose is given?"
    rows = [one.sentence_features(one.view(question), FOUND, ()) for one in (fresh, used)]
    assert np.allclose(rows[0], rows[1], atol=1e-6)


def test_threads_that_push_out_what_others_keep_do_not_disturb_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CACHED_PASSAGES", 1)
    features = extractor()
    expected = features.sentence_features(features.view("relief"), FOUND, ())
    failed: list[object] = []

    def work(passage: Passage) -> None:
        for _ in range(200):
            try:
                rows = features.sentence_features(features.view("relief"), FOUND, ())
                features.sentence_features(features.view("dose"), candidates(hits_of(passage)), ())
                if not np.allclose(rows, expected):
                    failed.append(rows)
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=work, args=(passage,)) for passage in (DOSE, HARM) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@settings(max_examples=50)
@given(st.text(max_size=80), st.text(max_size=40))
def test_features_are_finite_whatever_is_asked(question: str, context: str) -> None:
    features = extractor()
    view = features.view(question, context)
    rows = features.sentence_features(view, FOUND, ())
    assert rows.shape == (len(FOUND), len(SENTENCE_FEATURES))
    assert np.isfinite(rows).all()
    for name in ("coverage", "window_coverage", "rare_coverage", "strangest_word"):
        values = rows[:, SENTENCE_FEATURES.index(name)]
        assert (values >= -1e-6).all()
        assert (values <= 1 + 1e-6).all()
