"""Rankings fused by rank, abbreviations in both directions, and what the turn before cited."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import make_passage

from ketarag.answering.retrieve import LEXICAL_WEIGHT_IN_CONVERSATION, HybridRetriever
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary
from ketarag.indexing.lexical import LexicalIndex
from ketarag.testing import HashEmbedder, MemoryVectorStore
from ketarag.types import Hit, Passage

TEXTS = [
    "Ketamine is given by CSCI in hospital.",
    "A dose is excreted in the urine.",
    "Side effects include tachycardia.",
    "Relief may persist for weeks.",
    "The racemic mixture is marketed.",
]
PASSAGES = [make_passage([text], document=f"{number}.txt") for number, text in enumerate(TEXTS)]
GLOSSARY = Glossary.load(shipped_corpus() / "glossary.toml")


class Ranking:
    """Gives the same ranking for every query, and remembers what was asked; stands for both sides of the index."""

    def __init__(self, *ranking: int) -> None:
        self.ranking = ranking
        self.asked: list[str] = []

    def __len__(self) -> int:
        return len(PASSAGES)

    def search(self, query: object, k: int, within: object = None) -> list[tuple[int, float]]:
        self.asked.append(str(query))
        return [(at, 1.0) for at in self.ranking][:k]


class DenseRanking(Ranking):
    def search(self, query: object, k: int, within: object = None) -> list[tuple[str, float]]:  # type: ignore[override]
        return [(PASSAGES[at].id, score) for at, score in super().search(query, k)]


class Listening(HashEmbedder):
    """Remembers what it encoded."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def encode(self, texts: Sequence[str]):
        self.heard += texts
        return super().encode(texts)


def fused(dense: Sequence[int], lexical: Sequence[int]) -> HybridRetriever:
    return HybridRetriever(PASSAGES, DenseRanking(*dense), Ranking(*lexical), HashEmbedder(), Glossary())  # type: ignore[arg-type]


def real(glossary: Glossary = GLOSSARY, passages: Sequence[Passage] = PASSAGES) -> HybridRetriever:
    embedder = HashEmbedder()
    store = MemoryVectorStore(embedder.dimension)
    store.add([passage.id for passage in passages], embedder.encode([passage.clean for passage in passages]))
    return HybridRetriever(passages, store, LexicalIndex.build([p.clean for p in passages]), embedder, glossary)


def numbers(hits: Sequence[Hit]) -> list[int]:
    return [PASSAGES.index(hit.passage) for hit in hits]


def test_reciprocal_rank_fusion_as_reckoned_by_hand() -> None:
    hits = fused(dense=[0, 1, 2], lexical=[2, 0]).retrieve(["q"], 5)
    assert [(numbers([hit])[0], hit.rank, hit.retriever) for hit in hits] == [
        (0, 1, "dense+lexical"),  # 1/61 + 1/62
        (2, 2, "dense+lexical"),  # 1/63 + 1/61
        (1, 3, "dense"),  # 1/62
    ]
    assert [hit.score for hit in hits] == pytest.approx([1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])


def test_every_wording_counts_once() -> None:
    retriever = fused(dense=[0], lexical=[1])
    assert retriever.retrieve(["q", "q"], 5) == retriever.retrieve(["q"], 5)
    assert retriever.retrieve(["q", "other"], 5)[0].score == pytest.approx(2 / 61)


def test_equal_scores_are_ordered_by_id() -> None:
    assert numbers(fused(dense=[3], lexical=[1]).retrieve(["q"], 5)) == [1, 3]


def test_a_carried_passage_that_no_ranking_found_takes_the_last_place() -> None:
    hits = fused(dense=[0, 1], lexical=[0, 1]).retrieve(["q"], 2, carried=[PASSAGES[4].id])
    assert [(numbers([hit])[0], hit.retriever) for hit in hits] == [(0, "dense+lexical"), (4, "carried")]
    assert hits[1].score == 0


def test_a_carried_passage_that_was_found_keeps_its_place_and_says_both() -> None:
    hits = fused(dense=[0, 1], lexical=[0]).retrieve(["q"], 2, carried=[PASSAGES[0].id])
    assert [hit.retriever for hit in hits] == ["dense+lexical+carried", "dense"]


def test_a_passage_that_is_no_longer_there_is_not_carried() -> None:
    assert numbers(fused(dense=[0], lexical=[]).retrieve(["q"], 3, carried=["gone.txt#0-1", ""])) == [0]


RANKINGS = st.lists(st.integers(0, 4), unique=True)


@given(RANKINGS, RANKINGS, st.integers(1, 6), RANKINGS)
def test_carried_passages_are_among_at_most_k_hits(
    dense: list[int], lexical: list[int], k: int, carried: list[int]
) -> None:
    hits = fused(dense, lexical).retrieve(["q"], k, [PASSAGES[at].id for at in carried])
    found = numbers(hits)
    assert len(found) == min(k, len({*dense, *lexical, *carried}))
    assert len(set(found)) == len(found)
    assert set(carried[:k]) <= set(found)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("Who gets it as a continuous subcutaneous infusion?", 0),
        ("who gets it csci", 0),
        ("Does it make the heart race: a fast heartbeat?", 2),
        ("adverse reactions", 2),
        ("S.C. infusion? racemate", 4),
    ],
)
def test_an_abbreviation_and_its_full_form_find_each_other(question: str, passage: int) -> None:
    assert numbers(real().retrieve([question], 1)) == [passage]


def test_without_the_glossary_they_do_not() -> None:
    hits = real(Glossary()).retrieve(["adverse reactions"], 5)
    assert all("lexical" not in hit.retriever for hit in hits)


def test_the_abbreviation_of_a_question_finds_the_full_form_of_a_document() -> None:
    passages = [
        make_passage(["It was given under the skin."], document="0"),
        make_passage(["It was given in May."], document="1"),
    ]
    (hit,) = real(passages=passages).retrieve(["given sc?"], 1)
    assert hit.passage == passages[0]


def test_the_embedder_reads_plain_words_and_the_lexical_side_all_forms() -> None:
    embedder, lexical = Listening(), Ranking()
    HybridRetriever(PASSAGES, DenseRanking(), lexical, embedder, GLOSSARY).retrieve(["Is it given SC?"], 1)  # type: ignore[arg-type]
    assert embedder.heard == ["Is it given subcutaneously?"]
    assert lexical.asked[0].startswith("Is it given SC? subcutaneously subcutaneous under the skin")


@pytest.mark.parametrize("question", ["", "?", "the of", "💊", "x" * 2000, "SELECT * FROM t; --", "\0"])
def test_an_odd_question_is_no_error(question: str) -> None:
    assert len(real().retrieve([question], 2)) <= 2


def test_the_same_question_finds_the_same(assistant) -> None:
    question = "Which dose is given by continuous infusion?"
    assert assistant.retrieve(question, 8) == assistant.retrieve(question, 8)
    assert real().retrieve([question], 5) == real().retrieve([question], 5)


def test_another_order_of_the_passages_finds_the_same() -> None:
    question = "a dose that may persist in the urine"
    assert real(passages=PASSAGES[::-1]).retrieve([question], 3) == real().retrieve([question], 3)


def test_a_conversation_leans_the_vector_and_lightens_the_words() -> None:
    embedder = Listening()
    lexical = Ranking(1)
    retriever = HybridRetriever(PASSAGES, DenseRanking(0), lexical, embedder, GLOSSARY)  # type: ignore[arg-type]
    hits = retriever.retrieve(["and then?"], 2, history="urine dose")
    assert embedder.heard == ["and then?", "and then? urine dose"]
    assert [hit.passage.id for hit in hits] == [PASSAGES[0].id, PASSAGES[1].id]
    assert hits[1].score == pytest.approx(LEXICAL_WEIGHT_IN_CONVERSATION / 61)


def test_what_was_said_before_finds_what_the_question_does_not_name() -> None:
    first = [real().retrieve(["tell me more"], 5, history=history)[0].passage for history in (TEXTS[1], TEXTS[4])]
    assert first == [PASSAGES[1], PASSAGES[4]]


def test_the_conversation_belongs_to_the_first_wording_only() -> None:
    embedder = Listening()
    HybridRetriever(PASSAGES, DenseRanking(), Ranking(), embedder, GLOSSARY).retrieve(["a b", "c d"], 1, history="e")  # type: ignore[arg-type]
    assert embedder.heard == ["a b", "a b e", "c d"]
