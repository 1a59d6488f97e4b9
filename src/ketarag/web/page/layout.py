"""What stands where on the page, and what happens on a click: Gradio's components and their events.

Our own HTML stands in `gr.Markdown`, which sanitises it; `gr.HTML` does not, and needs `unsafe-eval`. What the page's
scripts and Python tell each other goes through components that are hidden (`_Hidden`), since Gradio's own way of
calling scripts needs `unsafe-eval` too. Not here: one session's conversation (`ketarag.web.page.chat`).
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from ketarag.answering.suggest import listed_questions
from ketarag.config import shipped_corpus
from ketarag.glossary import Glossary
from ketarag.web import render
from ketarag.web.cards import panel_html
from ketarag.web.failures import failure_of
from ketarag.web.page.chat import ROUTE, Chat
from ketarag.web.page.kept import Seal, reopened
from ketarag.web.source import Sources

if TYPE_CHECKING:
    from ketarag.types import Document
    from ketarag.web.service import Service

EXAMPLES = 4
"""Questions to click on a new page: the first that the first document lists."""

Update = tuple[Any, ...]
"""One update of the page: messages, header, quote cards, source, record, session.

The question box is emptied by the page's script: Gradio takes no question while an event that may write to the box is under way.
"""

_QUIET: Mapping[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
"""No entry in Gradio's own API, which would be an unversioned one; no overlay, for the messages say what is done; no
line of Gradio's, for questions wait in the service's, which has an end."""

_LONGEST_KEPT = 1_500_000
"""Characters that a browser may send back of what it kept; the page's script keeps less (`static/history.js`)."""


class _Hidden(NamedTuple):
    """How the page's scripts reach Python: `within` holds which documents are searched; `kept` is filled and `restore` clicked
    after a reload, `refresh` is clicked when the session's documents have changed; `record` tells the scripts what to keep."""

    within: gr.Textbox
    kept: gr.Textbox
    restore: gr.Button
    refresh: gr.Button
    record: gr.Markdown


def build_page(service: Service, glossary: Glossary | None = None) -> gr.Blocks:
    """The page for one service, which all sessions share; each session has a conversation of its own.

    `glossary` explains abbreviations in the source, the shipped one when None.
    """
    explained = Glossary.load(shipped_corpus() / "glossary.toml") if glossary is None else glossary
    desk = _Desk(service, Sources(service.documents, explained))
    with gr.Blocks(title="KetaRAG", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="kr-head"):
            header = gr.Markdown(render.header_html(service.documents))
            gr.Button("Source", elem_id="kr-open", **_SMALL)
            gr.Button("Export", elem_id="kr-export", **_SMALL)
            fresh = gr.Button("New conversation", elem_id="kr-new", **_SMALL)
        session = gr.State(None)
        with gr.Row(elem_id="kr-body"):
            with gr.Column(scale=3, min_width=320, elem_id="kr-left"):
                chat = _chatbot()
                examples = _example_buttons(service.documents)
                gr.Markdown('<div id="kr-which"></div>')  # for `static/within.js`
                box, send = _question_box()
            with gr.Column(scale=2, min_width=320, elem_id="kr-right"):
                panel, source = _source_column(desk.shared)
        gr.Markdown(render.FOOTER)
        hidden = _hidden()

        outputs = [chat, header, panel, source, hidden.record, session]
        asked = [gr.on([box.submit, send.click], desk.respond, [box, hidden.within, session], outputs, **_QUIET)]
        asked += [
            button.click(desk.respond, [button, hidden.within, session], outputs, **_QUIET) for button in examples
        ]
        asked += [hidden.restore.click(desk.restore, [hidden.kept, session], outputs, **_QUIET)]
        hidden.refresh.click(desk.refresh, session, outputs, **_QUIET)
        fresh.click(desk.restart, session, outputs, cancels=asked, **_QUIET)
    return page


class _Desk:
    """What the page does for whoever sits at it: every handler takes the session it is for and gives an `Update`."""

    def __init__(self, service: Service, shared: Sources) -> None:
        self.shared = shared
        self._service = service
        self._seal = Seal()

    async def respond(
        self, question: str, within: str, held: Chat | None, request: gr.Request
    ) -> AsyncGenerator[Update, None]:
        """Updates until the answer is final; one question of a session at a time. `within` as `Chat.ask` takes it."""
        chat = held or Chat(opened=self._opening(self._sources(request)))
        if chat.busy:
            yield _update()
            return
        chat.busy = True
        try:
            scope, before = request.request.scope, chat.answers
            async with aclosing(chat.ask(question, self._service, scope, within)) as changes:
                async for _ in changes:
                    answered = chat.answers is not before
                    more = await self._with_answer(chat, self._sources(request)) if answered else {}
                    yield _update(chat=list(chat.shown), session=chat, **more)
        finally:
            chat.busy = False

    async def restore(self, kept: str, held: Chat | None, request: gr.Request) -> Update:
        """After a reload: the conversation that the browser kept, as far as it holds; nothing where one has begun."""
        if (held and (held.answers or held.busy)) or len(kept) > _LONGEST_KEPT:
            return _update()
        assistant = self._service.assistant_for(request.request.scope)
        try:
            answers = await self._service.call(lambda: reopened(kept, assistant, self._seal))
        except Exception as error:
            told = f"The conversation before could not be shown again. {failure_of(error, ROUTE).message}"
            return _update(chat=[{"role": "assistant", "content": render.error_html(told)}])
        sources = self.shared.among(assistant.documents)
        chat = Chat(opened=self._opening(sources))
        chat.restore(answers, assistant.documents)
        return _update(
            chat=list(chat.shown),
            panel=panel_html(chat.answers, sources.documents),
            source=await asyncio.to_thread(sources.html, chat.opened),
            record=_record(1, [self._seal.record(answer) for answer in answers]),
            session=chat,
        )

    def refresh(self, held: Chat | None, request: gr.Request) -> Update:
        """The session's documents have changed: those that are gone leave the panel, new ones come first in it.

        Where nothing has been asked it leaves the session alone: `restore` may be about to make it.
        """
        sources = self._sources(request)
        opened = self._opening(sources)
        if held is not None:
            new = [id for id in opened if id not in held.opened]
            opened = held.opened = (*new, *(id for id in held.opened if id in sources.documents))
        return _update(
            header=render.header_html(sources.documents),
            panel=panel_html(held.answers if held else (), sources.documents),
            source=sources.html(opened),
        )

    def restart(self, held: Chat | None, request: gr.Request) -> Update:
        """An empty conversation; the panel shows what it showed at first."""
        sources = self._sources(request)
        opened = self._opening(sources)
        return _update(
            chat=[],
            panel=panel_html((), sources.documents),
            source=None if held is None or held.opened == opened else sources.html(opened),
            record=_record(1, []),
            session=Chat(opened=opened),
        )

    def _opening(self, sources: Sources) -> tuple[str, ...]:
        """The ids of the documents that an empty conversation shows: the session's own, then what everybody sees."""
        own = [id for id in sources.documents if id not in self.shared.documents] if sources is not self.shared else []
        return (*own, *(id for id in self.shared.first if id not in own))

    async def _with_answer(self, chat: Chat, sources: Sources) -> dict[str, str | None]:
        """What comes with a final answer: its quotes, the documents that it is the first to quote, its record."""
        number, answer = chat.answers[-1]
        return {
            "panel": panel_html(chat.answers, sources.documents),
            "source": await asyncio.to_thread(sources.html, chat.opened) if chat.open(answer) else None,
            "record": _record(number, [self._seal.record(answer)]),
        }

    def _sources(self, request: gr.Request) -> Sources:
        return self.shared.among(self._service.assistant_for(request.request.scope).documents)


def _update(
    *,
    chat: list[dict[str, str]] | None = None,
    header: str | None = None,
    panel: str | None = None,
    source: str | None = None,
    record: str | None = None,
    session: Chat | None = None,
) -> Update:
    """What is None stays as it is."""
    given = (chat, header, panel, source, record, session)
    return tuple(gr.skip() if one is None else one for one in given)


def _record(first: int, records: list[str]) -> str:
    """For the page's script: forget what is kept from answer number `first` on, then keep these. In base64, so that
    nothing in it is Markdown or HTML."""
    told = json.dumps({"first": first, "records": records})
    return f'<div class="kr-record">{base64.b64encode(told.encode()).decode()}</div>'


_SMALL: Mapping[str, Any] = {"size": "sm", "scale": 0, "min_width": 0}


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
    """A button for each example; none where the first document lists no questions."""
    first = next(iter(documents.values()), None)
    questions = listed_questions(first)[:EXAMPLES] if first else ()
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
        send = gr.Button("Ask", variant="primary", scale=0, min_width=88, elem_id="kr-send")
    return box, send


def _source_column(sources: Sources) -> tuple[gr.Markdown, gr.Markdown]:
    """The reader's own documents, for which `static/uploads.js` is; the quote cards; the source itself."""
    with gr.Row(elem_id="kr-panel-top"):
        gr.Markdown('<h2 class="kr-panel-title">Source</h2>')
        gr.Button("Close", elem_id="kr-close", **_SMALL)
    gr.Markdown('<div id="kr-uploads"></div>')
    panel = gr.Markdown(panel_html((), sources.documents), elem_id="kr-panel")
    return panel, gr.Markdown(sources.html(sources.first), elem_id="kr-source")


def _hidden() -> _Hidden:
    return _Hidden(
        within=gr.Textbox(visible="hidden", elem_id="kr-within", label="Within"),
        kept=gr.Textbox(visible="hidden", elem_id="kr-kept", label="Kept"),
        restore=gr.Button("Restore", visible="hidden", elem_id="kr-restore"),
        refresh=gr.Button("Refresh", visible="hidden", elem_id="kr-refresh"),
        record=gr.Markdown("", visible="hidden", elem_id="kr-record"),
    )
