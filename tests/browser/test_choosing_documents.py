"""Which documents are searched, chosen on the page: said beside the box and with each answer, kept through a reload."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_page import Chat
from fake_assistant import QUOTES
from library_service import HOSTILE
from playwright.sync_api import expect
from serving import serving
from test_accessibility import findings

REFUSED = "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
"""What Chromium writes of a choice that leaves nothing."""

Open = Callable[..., Chat]


@pytest.fixture(scope="module")
def library_url() -> Iterator[str]:
    """The page over five documents."""
    with serving("tests/browser/library_service.py") as url:
        yield url


def test_the_choice_of_documents(open_chat: Open, library_url: str, tmp_path: Path) -> None:
    chat = open_chat(library_url)
    panel, told = chat.page.locator("details.kr-which"), chat.page.locator(".kr-which .kr-told")
    expect(told).to_have_text("all 5 documents")
    expect(panel.get_by_label("Publisher")).to_be_hidden()

    # With the keyboard alone, and heard.
    panel.locator("summary").focus()
    chat.page.keyboard.press("Enter")
    chat.page.keyboard.press("Tab")
    expect(panel.get_by_label("Publisher")).to_be_focused()
    assert panel.get_by_label("Publisher").locator("option").all_inner_texts()[1] == f"{HOSTILE} (1)"
    chat.page.keyboard.type("Society")
    expect(told).to_have_text("3 of 5 documents: by Society of Elbows")
    expect(chat.page.locator("#kr-status")).to_have_text(f"Searched from now on: {told.inner_text()}.")
    chat.ask("dose")
    assert "Searched only what is by Society of Elbows: 3 of 5 documents." in chat.last
    assert chat.last.startswith(QUOTES["dose"][0])

    # Nothing left is said before anything is asked, and never searched in silence.
    panel.get_by_label("<script>").check()
    alert = chat.page.get_by_role("alert").filter(
        has_text="None of the 5 documents is by Society of Elbows, tagged <scr"
    )
    expect(alert).to_be_visible()
    chat.ask("dose")
    assert chat.last.startswith("none of the 5 documents is by Society of Elbows, tagged <script>")
    chat.problems.remove(REFUSED)
    chat.page.screenshot(path=tmp_path / "nothing.png")
    panel.get_by_label("<script>").uncheck()
    expect(alert).to_have_count(0)
    panel.get_by_label("Published from").select_option("2021")
    expect(told).to_have_text("1 of 5 documents: published from 2021-01-01, by Society of Elbows")
    assert findings(chat.page) == []
    chat.page.screenshot(path=tmp_path / "screen.png")

    chat.page.reload()
    expect(told).to_have_text("1 of 5 documents: published from 2021-01-01, by Society of Elbows")
    expect(chat.page.locator("#kr-chat .bot-row .kr-answer")).to_have_count(1)
    chat.ask("how long")
    assert "Searched only what is published from 2021-01-01, by Society of Elbows: 1 of 5 documents." in chat.last
    panel.locator("summary").click()
    expect(panel.get_by_label("Publisher")).to_have_value("Society of Elbows")

    chat.page.get_by_role("button", name="New conversation").click()
    expect(told).to_have_text("all 5 documents")
    chat.page.locator(".kr-welcome").wait_for()
    assert chat.page.evaluate("sessionStorage.getItem('ketarag.conversation')") is None
    chat.ask("dose")
    assert "Searched only" not in chat.last
    assert chat.page.locator(".kr-which img, .kr-which b, .kr-which script").count() == 0


def test_a_phone_in_the_dark_and_a_choice_that_somebody_wrote(
    open_chat: Open, library_url: str, tmp_path: Path
) -> None:
    chat = open_chat(library_url, 390, 844, True)
    chat.page.locator(".kr-which > summary").click()
    chat.page.get_by_label("Published up to").select_option("2020")
    chat.page.get_by_label("adults").check()
    expect(chat.page.locator(".kr-told")).to_have_text("1 of 5 documents: published to 2020-12-31, tagged adults")
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(chat.box).to_be_in_viewport(ratio=1)
    chat.page.wait_for_timeout(600)
    assert findings(chat.page) == []
    chat.page.screenshot(path=tmp_path / "phone.png")
    written = {"published_from": "2021-99-99", "published_to": None, "publishers": [], "tags": []}
    chat.page.evaluate(
        """(within) => {
          const entry = JSON.parse(sessionStorage.getItem("ketarag.conversation"));
          sessionStorage.setItem("ketarag.conversation", JSON.stringify({ ...entry, within }));
        }""",
        json.dumps(written),
    )
    chat.page.reload()
    expect(chat.page.get_by_role("alert").filter(has_text="published_from")).to_be_visible()
    chat.problems.remove(REFUSED)
    chat.ask("dose")
    assert "cannot be understood" in chat.last
    chat.page.locator(".kr-which > summary").click()
    chat.page.get_by_role("button", name="Search all documents").click()
    chat.ask("dose")
    assert chat.last.startswith(QUOTES["dose"][0])
