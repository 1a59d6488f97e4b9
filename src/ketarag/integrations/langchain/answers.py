"""The assistant as LangChain's retriever and as a Runnable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NotRequired, TypedDict

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage, MessageLikeRepresentation, convert_to_messages
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import AddableDict, Runnable, RunnableLambda
from langchain_core.runnables.config import run_in_executor
from pydantic import SkipValidation

from ketarag.assistant import Assistant, Conversation
from ketarag.errors import QuestionError
from ketarag.integrations.langchain.documents import citation_document, passage_document
from ketarag.types import Filter, Final, StreamEvent, VerifiedClaim

REPEATED = 8
"""Latest questions of a history that are asked again: longer chains of follow-ups than people keep in mind."""


class KetaRAGRetriever(BaseRetriever):
    """The assistant's own retrieval (dense and lexical, glossary, fusion): passages as documents, best first.

    `metadata` holds document_id, heading, start, end, score and, where there are pages, page; `page_content` is the source's own text.
    """

    assistant: SkipValidation[Assistant]
    k: int = 5
    """How many documents at most; `invoke(question, k=3)` overrides it once."""
    within: Filter | None = None
    """Which of the assistant's documents are searched, all when None; `invoke(question, within=...)` overrides it once."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
        k: int | None = None,
        within: Filter | None = None,
    ) -> list[Document]:
        hits = self.assistant.retrieve(query, self.k if k is None else k, self.within if within is None else within)
        return [passage_document(hit.passage, hit.page, score=hit.score) for hit in hits]


class Question(TypedDict):
    """A question with the conversation before it. A plain string in `history` is an earlier question.

    `within`: which documents may answer this one, in the place of the chain's own filter; `Filter()` for all.
    """

    question: str
    history: NotRequired[Sequence[MessageLikeRepresentation]]
    within: NotRequired[Filter | None]


def answer_chain(assistant: Assistant, within: Filter | None = None) -> Runnable[str | Question, AddableDict]:
    """The whole flow as a Runnable: `invoke`, `stream`, `batch` and their async forms.

    The output is LangChain's retrieval-chain dictionary: "answer" (text with [1] markers), "context" (the cited
    quotes as documents, in the order of their markers) and "result" (the `Answer`). Streamed pieces add up to it: one
    for each claim as soon as it is verified, the "result" last. Of the history the latest questions count: they are
    asked again, which gives the same answers; what an AI message says is never a source. `within`: which documents may
    answer, all when None.
    Raises QuestionError when the question cannot be searched, or no document is left.
    """

    def answer(asked: str | Question) -> Iterator[AddableDict]:
        question = Question(question=asked) if isinstance(asked, str) else asked
        conversation = assistant.conversation(within=question.get("within") or within)
        _resume(conversation, question.get("history", ()))
        yield from _pieces(conversation.stream(question["question"]))

    async def answer_async(asked: str | Question) -> AsyncIterator[AddableDict]:
        pieces = answer(asked)
        while (piece := await run_in_executor(None, next, pieces, None)) is not None:
            yield piece

    return RunnableLambda(answer, answer_async, name="ketarag")


def _resume(conversation: Conversation, history: Sequence[MessageLikeRepresentation]) -> None:
    """Asks the latest questions of `history`."""
    asked = [message.text for message in convert_to_messages(history) if isinstance(message, HumanMessage)]
    for question in asked[-REPEATED:]:
        with suppress(QuestionError):  # what could not be searched then is no part of the conversation now
            conversation.ask(question)


def _pieces(events: Iterable[StreamEvent]) -> Iterator[AddableDict]:
    """Each claim as it becomes final; what the whole answer's text has beyond them and the `Answer` come last."""
    said = ""
    for event in events:
        if isinstance(event, VerifiedClaim):
            markers = "".join(f" [{marker}]" for marker in event.claim.markers)
            piece = f"{' ' if said else ''}{event.claim.text}{markers}"
            said += piece
            yield AddableDict(answer=piece, context=[citation_document(citation) for citation in event.citations])
        elif isinstance(event, Final):
            yield AddableDict(answer=event.answer.text.removeprefix(said), context=[], result=event.answer)
