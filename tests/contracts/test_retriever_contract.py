"""Any `Retriever`. A new one passes by subclassing `RetrieverContract` with its fixture over `PASSAGES`."""

from __future__ import annotations

import pytest
from passages import PASSAGES

from ketarag.answering.retrieve import HybridRetriever
from ketarag.glossary import Glossary
from ketarag.indexing.chunk import embedded_text
from ketarag.indexing.lexical import LexicalIndex
from ketarag.protocols import Retriever
from ketarag.testing import FakeRetriever, HashEmbedder, MemoryVectorStore


class RetrieverContract:
    @pytest.fixture
    def retriever(self) -> Retriever:
        raise NotImplementedError

    def test_the_passage_that_speaks_of_it_comes_first(self, retriever: Retriever) -> None:
        assert retriever.retrieve(["excreted in the urine"], 3)[0].passage.heading == "Elimination"

    def test_ranks_count_from_one_and_no_passage_comes_twice(self, retriever: Retriever) -> None:
        hits = retriever.retrieve(["ketamine dose", "given PO"], 5)
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert len({hit.passage.id for hit in hits}) == len(hits)
        assert all(hit.retriever for hit in hits)

    def test_at_most_k_are_found(self, retriever: Retriever) -> None:
        assert len(retriever.retrieve(["ketamine dose"], 1)) == 1
        assert len(retriever.retrieve(["ketamine dose"], 100)) <= len(PASSAGES)

    def test_a_carried_passage_is_a_candidate(self, retriever: Retriever) -> None:
        carried = PASSAGES[-1].id
        hits = retriever.retrieve(["urine"], len(PASSAGES), [carried, "unknown"])
        assert carried in {hit.passage.id for hit in hits}
        assert any("carried" in hit.retriever for hit in hits)

    @pytest.mark.parametrize("kept", [0, 1, 3])
    def test_only_passages_within_are_found_whatever_is_carried(self, retriever: Retriever, kept: int) -> None:
        within = {passage.id for passage in PASSAGES[:kept]}
        hits = retriever.retrieve(["ketamine dose", "urine"], 50, [PASSAGES[-1].id, PASSAGES[0].id], "", within)
        assert {hit.passage.id for hit in hits} <= within
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert (PASSAGES[0].id in {hit.passage.id for hit in hits}) == bool(kept)

    def test_a_passage_that_all_others_beat_is_found_when_it_alone_is_within(self, retriever: Retriever) -> None:
        last = retriever.retrieve(["ketamine dose given in the urine"], len(PASSAGES))[-1].passage
        (hit,) = retriever.retrieve(["ketamine dose given in the urine"], 1, within=[last.id])
        assert hit.passage == last

    def test_the_same_question_finds_the_same(self, retriever: Retriever) -> None:
        assert retriever.retrieve(["how is it given?"], 3) == retriever.retrieve(["how is it given?"], 3)

    @pytest.mark.parametrize("query", ["", "😀", "x" * 5000, "\0\x1b", "的"])
    def test_an_odd_question_is_no_error(self, retriever: Retriever, query: str) -> None:
        assert len(retriever.retrieve([query], 2)) <= 2


class TestFakeRetriever(RetrieverContract):
    @pytest.fixture
    def retriever(self) -> Retriever:
        return FakeRetriever(PASSAGES)


class TestHybridRetriever(RetrieverContract):
    @pytest.fixture
    def retriever(self) -> Retriever:
        embedder = HashEmbedder()
        texts = [embedded_text(passage.heading, passage.clean) for passage in PASSAGES]
        vectors = MemoryVectorStore(embedder.dimension)
        vectors.add([passage.id for passage in PASSAGES], embedder.encode(texts))
        return HybridRetriever(PASSAGES, vectors, LexicalIndex.build(texts), embedder, Glossary())
