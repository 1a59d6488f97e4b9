"""Chromium, and servers on free ports: one with the fake assistant, one that is `python app.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chat_page import Chat
from serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what stands here, and skips it where there is no browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason=f"no {CHROMIUM}"))


@pytest.fixture(scope="session")
def fake_url() -> Iterator[str]:
    """The page over the fake assistant."""
    with serving("tests/fake_assistant.py") as url:
        yield url


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over the shipped document, as `make run` serves it."""
    with serving("app.py", "--port", "0", "--index", str(tmp_path_factory.mktemp("index"))) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module's tests, each of which opens contexts of its own.

    Playwright keeps an event loop running in this thread; no test with one of its own may come before it ends.
    """
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_chat(browser: Browser) -> Iterator[object]:
    """Opens the page as a new person each time; at the end nobody had an error or another host's request."""
    chats: list[Chat] = []

    def open_page(url: str, width: int = 1280, height: int = 800, dark: bool = False) -> Chat:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        chats.append(Chat(context.new_page(), url))
        return chats[-1]

    yield open_page
    for chat in chats:
        chat.page.context.close()
    assert [problem for chat in chats for problem in chat.problems] == []
