"""An `Embedder` as LangChain embeddings, and LangChain's vector store over our FAISS store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from ketarag.errors import IndexingError
from ketarag.indexing.folder import Index
from ketarag.indexing.store import FaissStore
from ketarag.integrations.langchain.documents import passage_document
from ketarag.pages import page_of
from ketarag.protocols import Embedder, Vectors
from ketarag.sequences import by_id

Filter = Callable[[Document], bool]
"""True for the documents that a search may return."""


class KetaRAGEmbeddings(Embeddings):
    """An `Embedder` as LangChain embeddings: unit vectors, the same for documents and queries."""

    def __init__(self, embedder: Embedder) -> None:
        """Any embedder, for example `SentenceTransformerEmbedder()`."""
        self.embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text, in order."""
        vectors: list[list[float]] = self.embedder.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text."""
        return self.embed_documents([text])[0]


class KetaRAGVectorStore(VectorStore):
    """Documents in memory, their vectors in FAISS; exact search by cosine.

    Vectors are brought to unit length, so any embeddings will do. Scores are cosines, higher is nearer; relevance
    scores are (1 + cosine) / 2. Writes are not meant to run beside searches of other threads.
    """

    def __init__(self, embedding: Embeddings) -> None:
        """An empty store; the first documents decide the dimension."""
        self._embedding = embedding
        self._vectors: FaissStore | None = None
        self._documents: dict[str, Document] = {}

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> KetaRAGVectorStore:
        """A store that holds `texts`."""
        store = cls(embedding)
        store.add_texts(texts, metadatas, ids=ids, **kwargs)
        return store

    @classmethod
    def from_index(cls, index: Index, embedder: Embedder) -> KetaRAGVectorStore:
        """A copy of a built index: its passages as documents; what is added or deleted leaves the index as it is.

        Raises IndexingError when `index` was built with another embedder.
        """
        if index.manifest.embedder != embedder.fingerprint:
            raise IndexingError(
                f"the index was built with {index.manifest.embedder}, not with {embedder.fingerprint}; "
                "open it with the same model, or build it again"
            )
        store = cls(KetaRAGEmbeddings(embedder))
        sources = by_id(index.documents)
        documents = [
            passage_document(passage, page_of(sources[passage.document_id], passage.start))
            for passage in index.passages
        ]
        store._hold(documents, index.vectors.vectors(index.passages.names))
        return store

    @property
    def embeddings(self) -> Embeddings:
        """What embeds texts and queries."""
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> list[str]:
        """Adds or, for an id that it holds, replaces; returns the ids. Raises ValueError when the lengths differ."""
        contents = list(texts)
        names = [name or str(uuid4()) for name in ids or [None] * len(contents)]
        about = metadatas or [{} for _ in contents]
        if not len(contents) == len(names) == len(about):
            raise ValueError(f"{len(contents)} texts with {len(names)} ids and {len(about)} metadatas; give one each")
        documents = [
            Document(id=name, page_content=text, metadata=dict(metadata))
            for name, text, metadata in zip(names, contents, about, strict=True)
        ]
        if documents:
            self._hold(documents, _unit(self._embedding.embed_documents(contents)))
        return names

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:  # noqa: ARG002
        """Forgets the ids, None for all; an unknown id is not an error."""
        gone = list(self._documents) if ids is None else ids
        if self._vectors is not None:
            self._vectors.delete(gone)
        for name in gone:
            self._documents.pop(name, None)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of the ids that it holds, in the order of `ids`."""
        return [_copy(self._documents[name]) for name in ids if name in self._documents]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The at most `k` nearest documents, best first; `filter` as in `similarity_search_with_score`."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, filter: Filter | None = None
    ) -> list[tuple[Document, float]]:
        """(document, cosine in [-1, 1]), best first; only documents for which `filter` is true."""
        return self._search(self._embedding.embed_query(query), k, filter)

    def similarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        filter: Filter | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> list[Document]:
        """The at most `k` documents nearest to a vector of any length but 0, best first."""
        return [document for document, _ in self._search(embedding, k, filter)]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """`k` of the `fetch_k` nearest that differ from each other: `lambda_mult` 1 for nearness, 0 for variety."""
        embedding = self._embedding.embed_query(query)
        return self.max_marginal_relevance_search_by_vector(embedding, k, fetch_k, lambda_mult, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> list[Document]:
        """Like `max_marginal_relevance_search`, for a vector."""
        found = [document for document, _ in self._search(embedding, fetch_k, filter)]
        if self._vectors is None or not found:
            return []
        vectors = list(self._vectors.vectors([str(document.id) for document in found]))
        chosen = maximal_marginal_relevance(np.array(embedding, dtype=np.float32), vectors, lambda_mult, k)
        return [found[at] for at in chosen]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: min(max((1 + cosine) / 2, 0.0), 1.0)

    def _hold(self, documents: Sequence[Document], vectors: Vectors) -> None:
        if self._vectors is None:
            self._vectors = FaissStore(vectors.shape[1])
        self._vectors.add([str(document.id) for document in documents], vectors)
        self._documents |= {str(document.id): document for document in documents}

    def _search(self, embedding: list[float], k: int, filter: Filter | None) -> list[tuple[Document, float]]:
        if self._vectors is None:
            return []
        found = self._vectors.search(_unit([embedding]), k if filter is None else len(self._vectors))
        documents = [(self._documents[name], score) for name, score in found]
        kept = [(_copy(document), score) for document, score in documents if filter is None or filter(document)]
        return kept[: max(k, 0)]


def _copy(document: Document) -> Document:
    """So that a caller who writes into what was found does not write into the store."""
    return document.model_copy(deep=True)


def _unit(rows: Sequence[Sequence[float]]) -> Vectors:
    vectors = np.array(rows, dtype=np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return vectors
