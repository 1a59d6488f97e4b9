"""LangChain's retrieval tutorial: pieces of 1,000 characters with 200 of overlap, vectors in FAISS, four pieces a question.

Without a chat model the answer is the first piece.
"""

from protocol import first, serve, texts


def ingest(folder, model):
    from langchain_community.vectorstores import FAISS
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    whole = [Document(page_content=text) for text in texts(folder)]
    pieces = splitter.split_documents(whole)
    return FAISS.from_documents(pieces, HuggingFaceEmbeddings(model_name=model)), len(pieces)


def ask(store, question):
    return first([one.page_content for one in store.similarity_search(question, k=4)])


def find(store, question):
    return [one.page_content for one in store.similarity_search(question, k=10)]


serve(ingest, ask, find)
