"""LangChain: our embedder, vector store, retriever and the whole answering chain under LangChain's own interfaces.

    vectors = KetaRAGVectorStore.from_index(read_index(folder), embedder)
    retriever = KetaRAGRetriever(assistant=assistant, k=5)
    chain = answer_chain(assistant)
    chain.invoke("How long does it last?")["result"]                   # the Answer
    chain.pick("answer").stream("How long does it last?")              # its text, claim by claim, each one verified
    chain.invoke({"question": "And by mouth?", "history": messages})   # a follow-up

The only package that imports langchain, and only `langchain-core`. Not here: chat models that write answers.
"""

from ketarag.integrations.langchain.answers import KetaRAGRetriever, Question, answer_chain
from ketarag.integrations.langchain.vectors import KetaRAGEmbeddings, KetaRAGVectorStore

__all__ = ["KetaRAGEmbeddings", "KetaRAGRetriever", "KetaRAGVectorStore", "Question", "answer_chain"]
