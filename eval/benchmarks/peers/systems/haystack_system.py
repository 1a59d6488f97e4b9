"""Haystack's first pipeline: its splitter (200 words), embedder and in-memory store. Without a chat model the answer is the first piece."""

from protocol import first, serve, texts


def ingest(folder, model):
    from haystack import Document
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )

    whole = [Document(content=text) for text in texts(folder)]
    splitter, embedder = DocumentSplitter(), SentenceTransformersDocumentEmbedder(model=model, progress_bar=False)
    asker = SentenceTransformersTextEmbedder(model=model, progress_bar=False)
    for part in (splitter, embedder, asker):
        if hasattr(part, "warm_up"):
            part.warm_up()
    pieces = embedder.run(splitter.run(whole)["documents"])["documents"]
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    store.write_documents(pieces)
    return (asker, InMemoryEmbeddingRetriever(store, top_k=10)), len(pieces)


def ask(held, question):
    return first(find(held, question))


def find(held, question):
    asker, retriever = held
    return [one.content for one in retriever.run(query_embedding=asker.run(question)["embedding"])["documents"]]


serve(ingest, ask, find)
