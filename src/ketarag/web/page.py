"""The chat: questions on the left, the quotes and the source itself on the right, as a Gradio page.

One browser session holds one `Session`; nothing of it outlives the session or is written anywhere. Not here: what
the messages and cards look like (`ketarag.web.render`, `static/page.css`), what a document looks like
(`ketarag.web.source`), what a click does (`static/page.js`), the server and its headers (`ketarag.web.server`).

Our own HTML stands in `gr.Markdown`, which sanitises it; `gr.HTML` does not, and needs `unsafe-eval`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr

from ketarag.config import shipped_corpus
from ketarag.errors import KetaRAGError
from ketarag.glossary import Glossary
from ketarag.types import Answer, Claim, Document, Final, Progress, VerifiedClaim
from ketarag.web import render
from ketarag.web.source import Sources

if TYPE_CHECKING:
    from ketarag.assistant import Assistant, Conversation

logger = logging.getLogger(__name__)

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "ketamine-pharmacology-and-cancer-pain.txt": (
        "What IV dose is used for depression?",
        "How is ketamine eliminated?",
        "Which routes can ketamine be given by?",
        "Is ketamine safe in pregnancy?",
    )
}
"""Questions to click, by the id of the document that they are about; the last one it does not answer."""

QUESTIONS_AT_ONCE = 4
"""How many users' questions run at the same time; further ones wait in Gradio's queue."""

Messages = list[dict[str, str]]

_HIDDEN: Mapping[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""No entry in Gradio's own API, which would be an unversioned one; no overlay, for the messages say what is done."""


@dataclass
class Session:
    """What one browser session has asked. `shown` are the chat's messages; `answers` are (number, answer).

    `opened` are the ids of the documents that its panel holds.
    """

    conversation: Conversation
    shown: Messages = field(default_factory=list)
    answers: list[tuple[int, Answer]] = field(default_factory=list)
    opened: tuple[str, ...] = ()
    busy: bool = False

    def ask(self, question: str) -> Iterator[str]:
        """Answer and yield the HTML of the reply as it grows; a question that cannot be answered yields why."""
        turn, step, claims = len(self.answers) + 1, None, list[Claim]()
        try:
            for event in self.conversation.stream(question):
                if isinstance(event, Final):
                    self.answers.append((turn, event.answer))
                    yield render.answer_html(event.answer, turn)
                    return
                step = event.step if isinstance(event, Progress) else step
                claims += [event.claim] if isinstance(event, VerifiedClaim) else []
                yield render.working_html(step, claims, turn)
        except KetaRAGError as error:
            yield render.error_html(str(error))
        except Exception as error:  # a fault of ours: the user needs a sentence; its text may quote the question
            logger.error("a question failed with %s", type(error).__name__)
            yield render.error_html("Something went wrong while answering. Please try again or ask differently.")


def build_page(assistant: Assistant, glossary: Glossary | None = None) -> gr.Blocks:
    """The page for one assistant, which all sessions share; each session has a conversation of its own.

    `glossary` explains abbreviations in the source, the shipped one when None.
    """
    documents = {document.id: document for document in assistant.documents}
    sources = Sources(documents, Glossary.load(shipped_corpus() / "glossary.toml") if glossary is None else glossary)
    with gr.Blocks(title="KetaRAG", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="kr-head"):
            gr.Markdown(render.header_html(assistant.documents))
            gr.Button("Source", size="sm", scale=0, min_width=0, elem_id="kr-open")
            fresh = gr.Button("New conversation", size="sm", scale=0, min_width=0, elem_id="kr-new")
        session = gr.State(None)
        with gr.Row(elem_id="kr-body"):
            with gr.Column(scale=3, min_width=320, elem_id="kr-left"):
                chat = _chatbot()
                examples = _example_buttons(documents)
                box, send = _question_box()
            with gr.Column(scale=2, min_width=320, elem_id="kr-right"):
                with gr.Row(elem_id="kr-panel-top"):
                    gr.Markdown('<h2 class="kr-panel-title">Source</h2>')
                    gr.Button("Close", size="sm", scale=0, min_width=0, elem_id="kr-close")
                panel = gr.Markdown(render.panel_html((), documents), elem_id="kr-panel")
                source = gr.Markdown(sources.html(sources.first), elem_id="kr-source")
        gr.Markdown(render.FOOTER)

        def respond(question: str, held: Session | None) -> Iterator[tuple[Any, ...]]:
            yield from _respond(question, held or Session(assistant.conversation(), opened=sources.first), sources)

        def restart(held: Session | None) -> tuple[Any, ...]:
            kept = held is None or held.opened == sources.first
            shown = gr.skip() if kept else sources.html(sources.first)
            return [], render.panel_html((), documents), shown, "", None

        outputs = [chat, panel, source, box, session]
        asking = {**_HIDDEN, "concurrency_limit": QUESTIONS_AT_ONCE, "concurrency_id": "ask"}
        running = [gr.on([box.submit, send.click], respond, [box, session], outputs, **asking)]
        running += [button.click(respond, [button, session], outputs, **asking) for button in examples]
        fresh.click(restart, session, outputs, cancels=running, **_HIDDEN)
    return page


def _chatbot() -> gr.Chatbot:
    return gr.Chatbot(
        elem_id="kr-chat",
        label="Conversation",
        show_label=False,
        placeholder=render.PLACEHOLDER,
        latex_delimiters=[],
        buttons=[],
        layout="bubble",
        height="100%",
        container=False,
        feedback_options=None,
    )


def _example_buttons(documents: Mapping[str, Document]) -> list[gr.Button]:
    """A button for each example of the documents at hand; none for documents of the user's own."""
    questions = [question for id, some in EXAMPLES.items() if id in documents for question in some]
    with gr.Row(elem_id="kr-examples", visible=bool(questions)):
        return [gr.Button(question, size="sm", variant="secondary", min_width=0) for question in questions]


def _question_box() -> tuple[gr.Textbox, gr.Button]:
    with gr.Row(elem_id="kr-ask"):
        box = gr.Textbox(
            placeholder="Ask about the document ...",
            label="Your question",
            show_label=False,
            container=False,
            lines=1,
            max_lines=5,
            scale=1,
        )
        send = gr.Button("Ask", variant="primary", scale=0, min_width=88)
    return box, send


def _respond(question: str, held: Session, sources: Sources) -> Iterator[tuple[Any, ...]]:
    """Yield (messages, quotes, source, question box, session) until the answer is final; one question at a time."""
    if held.busy:
        yield (gr.skip(),) * 5
        return
    held.busy = True
    try:
        held.shown += [_message("user", render.question_html(question))] if question.strip() else []
        held.shown.append(_message("assistant", render.working_html(None)))
        yield list(held.shown), gr.skip(), gr.skip(), "", held
        known = len(held.answers)
        for reply in held.ask(question):
            held.shown[-1] = _message("assistant", reply)
            panel, source = gr.skip(), gr.skip()
            if len(held.answers) > known:
                panel, source = render.panel_html(held.answers, sources.documents), _opened(held, sources)
            yield list(held.shown), panel, source, gr.skip(), held
    finally:
        held.busy = False


def _opened(held: Session, sources: Sources) -> Any:
    """The source panel with the documents that the latest answer quotes; nothing where it holds them already."""
    _, answer = held.answers[-1]
    quoted = [citation.document_id for citation in (*answer.citations, *answer.nearest)]
    opened = tuple(dict.fromkeys([*held.opened, *quoted]))
    if opened == held.opened:
        return gr.skip()
    held.opened = opened
    return sources.html(opened)


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
