"""LlamaIndex' five lines: its own splitter (1,024 tokens) and store.

Without a chat model the answer is the first piece.
"""

from protocol import first, serve, texts


def ingest(folder, model):
    from llama_index.core import Document, Settings, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    Settings.embed_model = HuggingFaceEmbedding(model_name=model)
    Settings.llm = None
    index = VectorStoreIndex.from_documents([Document(text=text) for text in texts(folder)])
    return index, len(index.index_struct.nodes_dict)


def ask(index, question):
    return first([one.node.get_content() for one in index.as_retriever().retrieve(question)])


def find(index, question):
    return [one.node.get_content() for one in index.as_retriever(similarity_top_k=10).retrieve(question)]


serve(ingest, ask, find)
