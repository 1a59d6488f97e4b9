from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fake_assistant import TEXT, FakeAssistant, build_answer
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableLambda

from ketarag.assistant import Assistant
from ketarag.errors import IndexingError, QuestionError
from ketarag.indexing.build import ensure_index
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.folder import Index
from ketarag.integrations.langchain import KetaRAGEmbeddings, KetaRAGRetriever, KetaRAGVectorStore, answer_chain
from ketarag.integrations.langchain.documents import citation_document, passage_document
from ketarag.testing import HashEmbedder
from ketarag.types import Answer, Filter

TEXTS = ["Ketamine is given by mouth.", "Ketamine is excreted in the urine.", "Norketamine is weaker."]
FOLLOW_UP = "And how long does it last?"


@pytest.fixture
def store() -> KetaRAGVectorStore:
    metadatas = [{"page": 1}, {"page": 2}, {"page": 3}]
    return KetaRAGVectorStore.from_texts(TEXTS, KetaRAGEmbeddings(HashEmbedder()), metadatas, ids=["a", "b", "c"])


@pytest.fixture
def index(tmp_path: Path) -> Index:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "routes.md").write_text("# Routes\n\nKetamine is given PO.\n\n\f# Harm\n\nIt may cause cystitis.\n")
    return ensure_index(corpus, tmp_path / "index", HashEmbedder(), lambda _: None)


@pytest.fixture
def chain() -> Runnable[Any, Any]:
    return answer_chain(FakeAssistant())  # type: ignore[arg-type]


def test_the_score_is_the_cosine_and_the_relevance_lies_between_0_and_1(store: KetaRAGVectorStore) -> None:
    (best, score), *_ = store.similarity_search_with_score(TEXTS[0], k=3)
    assert (best.id, score) == ("a", pytest.approx(1.0))
    relevance = store.similarity_search_with_relevance_scores(TEXTS[0], k=3)
    assert relevance[0][1] == pytest.approx(1.0)
    assert all(0 <= value <= 1 for _, value in relevance)


def test_opposite_and_unrelated_vectors_have_the_relevance_that_belongs_to_them(store: KetaRAGVectorStore) -> None:
    relevance = store._select_relevance_score_fn()
    assert [relevance(cosine) for cosine in (1.0000001, 1.0, 0.0, -1.0)] == [1.0, 1.0, 0.5, 0.0]


def test_a_search_may_be_filtered(store: KetaRAGVectorStore) -> None:
    found = store.similarity_search(TEXTS[0], k=1, filter=lambda document: document.metadata["page"] > 1)
    assert [document.id for document in found] == ["b"]


def test_an_argument_that_is_not_known_is_refused(store: KetaRAGVectorStore) -> None:
    with pytest.raises(TypeError, match="filtre"):
        store.similarity_search(TEXTS[0], filtre=lambda _: True)


def test_vectors_of_any_length_find_the_same(store: KetaRAGVectorStore) -> None:
    vector = HashEmbedder().encode([TEXTS[1]])[0]
    for scale in (0.001, 1.0, 1000.0):
        assert store.similarity_search_by_vector((vector * scale).tolist(), k=1)[0].id == "b"


def test_marginal_relevance_prefers_what_differs(store: KetaRAGVectorStore) -> None:
    store.add_texts([TEXTS[0] + " Ketamine."], ids=["a again"])
    near = [document.id for document in store.similarity_search(TEXTS[0], k=2)]
    varied = [document.id for document in store.max_marginal_relevance_search(TEXTS[0], k=2, lambda_mult=0.1)]
    assert near == ["a", "a again"]
    assert varied[0] == "a"
    assert varied[1] != "a again"


def test_marginal_relevance_of_an_empty_store_is_nothing() -> None:
    assert KetaRAGVectorStore(KetaRAGEmbeddings(HashEmbedder())).max_marginal_relevance_search("x") == []


def test_what_is_found_is_a_copy(store: KetaRAGVectorStore) -> None:
    store.similarity_search(TEXTS[0], k=1)[0].metadata["page"] = 99
    assert store.get_by_ids(["a"])[0].metadata == {"page": 1}


def test_delete_without_ids_empties_the_store(store: KetaRAGVectorStore) -> None:
    assert store.delete() is True
    assert store.similarity_search(TEXTS[0]) == []
    store.add_texts(["New."], ids=["n"])
    assert [document.id for document in store.similarity_search("new")] == ["n"]


@pytest.mark.parametrize("extra", [{"ids": ["a"]}, {"metadatas": [{}]}])
def test_lists_of_other_lengths_are_refused(store: KetaRAGVectorStore, extra: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one each"):
        store.add_texts(["x", "y"], **extra)


def test_a_store_is_a_retriever(store: KetaRAGVectorStore) -> None:
    retriever = store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.9})
    assert [document.id for document in retriever.invoke(TEXTS[2])] == ["c"]


def test_an_index_opens_as_a_store_with_the_place_of_each_passage(index: Index) -> None:
    store = KetaRAGVectorStore.from_index(index, HashEmbedder())
    (document,) = store.similarity_search("cystitis", k=1)
    source = index.documents[0].text
    assert document.page_content == source[document.metadata["start"] : document.metadata["end"]]
    assert (document.metadata["document_id"], document.metadata["page"]) == ("routes.md", 2)
    assert document.metadata["heading"] == "Harm"
    assert document.page_content == "It may cause cystitis."


def test_writing_into_an_opened_store_leaves_the_index_as_it_is(index: Index) -> None:
    store = KetaRAGVectorStore.from_index(index, HashEmbedder())
    store.delete()
    store.add_texts(["Something new."])
    assert len(index.vectors) == len(index.passages) == 2


def test_an_index_of_another_model_is_refused(index: Index) -> None:
    with pytest.raises(IndexingError, match="same model"):
        KetaRAGVectorStore.from_index(index, HashEmbedder(dimension=8))


def test_the_retriever_gives_passages_with_their_scores() -> None:
    retriever = KetaRAGRetriever(assistant=FakeAssistant(), k=1)
    (document,) = retriever.invoke("How long?")
    assert document.page_content == TEXT[document.metadata["start"] : document.metadata["end"]]
    assert document.metadata["heading"] == "Miscellaneous Ketamine Facts"
    assert document.metadata["score"] == 0.03


def test_some_of_the_documents_are_searched() -> None:
    old, new = Filter(published_to=date(2020, 4, 4)), Filter(published_from=date(2031, 1, 1))
    retriever = KetaRAGRetriever(assistant=FakeAssistant(), within=new)
    with pytest.raises(QuestionError, match="none of the 1 documents is published from 2031-01-01"):
        retriever.invoke("How long?")
    assert len(retriever.invoke("How long?", within=old)) == 1
    chain = answer_chain(FakeAssistant(), within=new)  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match="2031-01-01"):
        chain.invoke("What dose?")
    result = chain.invoke({"question": "What dose?", "history": ["How long?"], "within": old})["result"]
    assert result.warnings == ("Searched only what is published to 2020-04-04: 1 of 1 documents.",)
    assert chain.invoke({"question": "What dose?", "within": Filter()})["result"].warnings == ()


def test_the_chain_answers_a_question(chain: Runnable[Any, Any]) -> None:
    output = chain.invoke("How is it eliminated?")
    assert isinstance(output["result"], Answer)
    assert output["answer"] == output["result"].text
    assert [document.metadata["marker"] for document in output["context"]] == [1, 2]
    assert all(
        TEXT[document.metadata["start"] : document.metadata["end"]] == document.page_content
        for document in output["context"]
    )


def test_streamed_pieces_come_claim_by_claim_and_add_up_to_the_answer(chain: Runnable[Any, Any]) -> None:
    pieces = list(chain.stream("How is it eliminated?"))
    assert len(pieces) == 3
    assert sum(pieces[1:], pieces[0]) == chain.invoke("How is it eliminated?")
    assert [set(piece) for piece in pieces] == [
        {"answer", "context"},
        {"answer", "context"},
        {"answer", "context", "result"},
    ]


def test_text_can_be_picked_from_the_stream(chain: Runnable[Any, Any]) -> None:
    text = list(chain.pick("answer").stream("How is it eliminated?"))
    assert text[0].endswith("[1]")
    assert "".join(text) == chain.invoke("How is it eliminated?")["answer"]


def test_an_abstention_cites_nothing(chain: Runnable[Any, Any]) -> None:
    output = chain.invoke("Is it safe in pregnancy?")
    assert output["result"].abstained
    assert output["answer"] == output["result"].text
    assert output["context"] == []


def test_a_batch_keeps_the_order(chain: Runnable[Any, Any]) -> None:
    questions = ["What dose?", "How long?", "How is it eliminated?"]
    assert [output["result"].question for output in chain.batch(questions)] == questions


async def test_the_asynchronous_forms_give_the_same(chain: Runnable[Any, Any]) -> None:
    question = "How is it eliminated?"
    expected = chain.invoke(question)
    assert await chain.ainvoke(question) == expected
    assert await chain.abatch([question]) == [expected]
    pieces = [piece async for piece in chain.astream(question)]
    assert len(pieces) == 3
    assert sum(pieces[1:], pieces[0]) == expected


@pytest.mark.parametrize(
    "history",
    [
        ["What dose is used for depression?"],
        [HumanMessage("What dose is used for depression?"), AIMessage("500 microgram/kg.")],
        [("human", "What dose is used for depression?"), ("ai", "500 microgram/kg.")],
        [{"role": "user", "content": "What dose is used for depression?"}],
        [SystemMessage("Be brief."), HumanMessage([{"type": "text", "text": "What dose is used for depression?"}])],
    ],
)
def test_a_follow_up_is_understood_from_its_history(chain: Runnable[Any, Any], history: list[Any]) -> None:
    result = chain.invoke({"question": FOLLOW_UP, "history": history})["result"]
    assert result.question == FOLLOW_UP
    assert "What dose is used for depression?" in result.standalone_question


def test_what_could_not_be_searched_in_the_history_does_no_harm(chain: Runnable[Any, Any]) -> None:
    result = chain.invoke({"question": FOLLOW_UP, "history": ["", "x" * 5000]})["result"]
    assert result.standalone_question == FOLLOW_UP


def test_of_a_long_history_the_latest_questions_are_asked_again(chain: Runnable[Any, Any]) -> None:
    history = [*["Is it slow?"] * 500, "What dose is used for depression?"]
    result = chain.invoke({"question": FOLLOW_UP, "history": history})["result"]
    assert "What dose is used for depression?" in result.standalone_question


@pytest.mark.parametrize("asked", ["", {"question": "  "}])
def test_an_empty_question_is_an_error(chain: Runnable[Any, Any], asked: Any) -> None:
    with pytest.raises(QuestionError):
        chain.invoke(asked)
    with pytest.raises(QuestionError):
        list(chain.stream(asked))


def test_the_chain_composes(chain: Runnable[Any, Any]) -> None:
    shouted = (
        RunnableLambda(lambda text: {"question": text.strip()}) | chain | (lambda output: output["answer"].upper())
    )
    assert "70%" in shouted.invoke("  What dose?  ")


def test_the_real_assistant_answers_through_the_chain(assistant: Assistant) -> None:
    chain = answer_chain(assistant)
    question = "What IV dose is used for depression?"
    output = chain.invoke(question)
    pieces = list(chain.stream(question))
    assert "500 microgram/kg" in output["answer"]
    assert output["answer"] == output["result"].text == "".join(piece["answer"] for piece in pieces)
    assert [document.page_content for document in output["context"]] == [c.quote for c in output["result"].citations]
    follow_up = chain.invoke({"question": FOLLOW_UP, "history": [question]})["result"]
    conversation = assistant.conversation()
    conversation.ask(question)
    assert follow_up.text == conversation.ask(FOLLOW_UP).text


def test_the_real_model_searches_by_meaning(embedder: SentenceTransformerEmbedder) -> None:
    store = KetaRAGVectorStore.from_texts(
        ["Ketamine is given PO.", "It may cause cystitis."], KetaRAGEmbeddings(embedder)
    )
    found = store.similarity_search("Is it bad for the bladder?", k=1)
    assert found == [Document(id=found[0].id, page_content="It may cause cystitis.")]


def test_the_page_is_in_the_metadata_where_there_is_one() -> None:
    assistant = FakeAssistant()
    (hit,) = assistant.retrieve("long")
    quote = build_answer("long").citations[0]
    assert passage_document(hit.passage, 12, score=1.0).metadata["page"] == 12
    assert citation_document(replace(quote, page=3)).metadata["page"] == 3
    assert all("page" not in one.metadata for one in (passage_document(hit.passage, None), citation_document(quote)))
