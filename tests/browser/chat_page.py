"""One person at the page, for the browser tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


LEFT_EARLY = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
"""What Gradio writes when its page is reloaded or closed while an event is under way."""


class Chat:
    """One person at the page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("console", lambda said: said.type == "error" and self._note(said.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: (self.problems.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._check(request.url, url))
        page.goto(url)
        self.box = page.get_by_role("textbox", name="Your question")
        self.box.wait_for()
        page.locator("#kr-stored:not(:empty)").wait_for()  # the scripts have begun

    def _note(self, said: str) -> None:
        if not said.startswith(LEFT_EARLY):
            self.problems.append(said)

    def _check(self, requested: str, url: str) -> None:
        if not requested.startswith((url, "data:")):
            self.problems.append(f"request to {requested}")

    def ask(self, question: str) -> None:
        """Types the question, sends it with Enter, and waits until the answer is final."""
        replies = self.page.locator("#kr-chat .bot-row .kr-answer")
        before = replies.count()
        self.box.fill(question)
        self.box.press("Enter")
        replies.nth(before).wait_for()
        self.page.locator("#kr-chat .kr-working").wait_for(state="detached")

    def sentence(self, words: str) -> Locator:
        """The sentence of the source that holds these words."""
        return self.page.locator("#kr-source .kr-s", has_text=words)

    @property
    def last(self) -> str:
        """The text of the latest reply."""
        return self.page.locator("#kr-chat .bot-row .kr-answer").last.inner_text()

    @property
    def cards(self) -> str:
        """The text of the panel."""
        return self.page.locator("#kr-panel").inner_text()
