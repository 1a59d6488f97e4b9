"""The standard suites of langchain-tests: what LangChain itself asks of a vector store, a retriever and embeddings."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests

from ketarag.assistant import Assistant
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.integrations.langchain import KetaRAGEmbeddings, KetaRAGRetriever, KetaRAGVectorStore
from ketarag.testing import HashEmbedder


class TestVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return KetaRAGVectorStore(self.get_embeddings())


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _real(self, assistant: Assistant) -> None:
        self._assistant = assistant

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return KetaRAGRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"assistant": self._assistant}

    @property
    def retriever_query_example(self) -> str:
        return "How is ketamine given?"


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[KetaRAGEmbeddings]:
        return KetaRAGEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"embedder": HashEmbedder()}


class TestEmbeddingsIntegration(EmbeddingsIntegrationTests):
    @pytest.fixture(autouse=True)
    def _real(self, embedder: SentenceTransformerEmbedder) -> None:
        self._embedder = embedder

    @property
    def embeddings_class(self) -> type[KetaRAGEmbeddings]:
        return KetaRAGEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"embedder": self._embedder}
