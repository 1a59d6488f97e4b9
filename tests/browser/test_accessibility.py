"""Everybody can use it: axe-core finds nothing serious, the keyboard is enough, large type and small screens fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from chat_page import Chat
from fake_assistant import QUOTES
from playwright.sync_api import expect
from serving import serving
from test_signing_in import users_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., Chat]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
"""axe-core itself, from a package that carries it: run here without that package's own code."""

SIZES = {"screen": (1280, 800), "phone": (390, 844), "200 %": (640, 400)}
"""CSS pixels of a window; one of 1280x800 has half of them at a zoom of 200 %."""


@pytest.fixture(scope="module")
def full_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with feedback."""
    with serving("tests/browser/full_service.py", str(tmp_path_factory.mktemp("f") / "feedback.jsonl")) as url:
        yield url


@pytest.fixture(scope="module")
def login_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page behind the login."""
    with serving("tests/browser/protected_service.py", str(users_file(tmp_path_factory.mktemp("users")))) as url:
        yield url


def findings(page: Page) -> list[str]:
    """What axe-core calls serious or critical."""
    page.evaluate(AXE)
    violations = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)")
    return [
        f"{one['impact']} {one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes']][:4]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]


def answered(chat: Chat) -> None:
    chat.ask("Which dose for my patient?")
    chat.ask("Tell it written: how is it eliminated?")


def abstained(chat: Chat) -> None:
    chat.ask("Is ketamine safe in pregnancy?")


def followed(chat: Chat) -> None:
    """On a phone this is the sheet."""
    chat.ask("dose")
    chat.page.locator("a.kr-marker").click()
    expect(chat.sentence(QUOTES["dose"][0])).to_be_focused()


def exporting(chat: Chat) -> None:
    chat.ask("dose")
    chat.page.get_by_role("button", name="Export").click()


def rating(chat: Chat) -> None:
    chat.ask("dose")
    chat.page.get_by_role("button", name="Not helpful").click()


def wrong(chat: Chat) -> None:
    chat.ask("full")


STATES = (answered, abstained, followed, exporting, rating, wrong)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", ["screen", "phone"])
def test_axe_finds_nothing_serious_on_the_page(open_chat: Open, full_url: str, size: str, dark: bool) -> None:
    found = {}
    for act in (lambda chat: None, *STATES):
        chat = open_chat(full_url, *SIZES[size], dark)
        act(chat)
        chat.page.wait_for_timeout(600)  # colours on their way are no colours to judge
        found[getattr(act, "__name__", "")] = findings(chat.page)
        chat.page.close()
    assert not any(found.values()), found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_login_page(browser: Browser, login_url: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{login_url}/login")
    assert findings(page) == []
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert findings(page) == []
    context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("act", STATES)
def test_nothing_is_cut_off(open_chat: Open, full_url: str, size: str, act: Callable[[Chat], None]) -> None:
    width, height = SIZES[size]
    chat = open_chat(full_url, width, height)
    act(chat)
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= width
    for shown in chat.page.locator("dialog[open], dialog[open] button").all():
        shown.scroll_into_view_if_needed()
        expect(shown).to_be_in_viewport(ratio=0.99)


def test_letters_grow_with_the_browsers_own_size(open_chat: Open, fake_url: str) -> None:
    chat = open_chat(fake_url)
    chat.ask("dose")
    size = "(one) => parseFloat(getComputedStyle(one).fontSize)"
    places = ["#kr-chat .kr-answer p", "#kr-source .kr-s", "#kr-panel .kr-quote", ".kr-foot", "#kr-new"]
    before = [chat.page.locator(place).first.evaluate(size) for place in places]
    chat.page.evaluate("document.documentElement.style.fontSize = '200%'")
    twice = [pytest.approx(2 * one) for one in before]
    for _ in range(40):  # a button's letters grow in a moment, not at once
        after = [chat.page.locator(place).first.evaluate(size) for place in places]
        if after == twice:
            break
        chat.page.wait_for_timeout(50)
    assert after == twice


def test_the_whole_task_with_the_keyboard_alone(open_chat: Open, full_url: str) -> None:
    chat = open_chat(full_url)
    expect(chat.box).to_be_focused()
    chat.page.keyboard.type("How is it eliminated?")
    chat.page.keyboard.press("Enter")
    chat.page.locator("#answer-1").wait_for()
    expect(chat.box).to_be_focused()
    reached = []
    for _ in range(12):
        chat.page.keyboard.press("Shift+Tab")
        reached.append(
            chat.page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
            )
        )
        if reached[-1] == "Citation 1: show in the source":
            break
    assert reached[-1] == "Citation 1: show in the source", reached
    assert {"Helpful", "Not helpful", "Copy with sources"} <= set(reached)
    chat.page.keyboard.press("Enter")
    expect(chat.sentence(QUOTES["eliminat"][0])).to_be_focused()
    chat.page.keyboard.press("Escape")
    assert chat.page.evaluate("document.activeElement.getAttribute('aria-label')") == reached[-1]


def test_nothing_hidden_can_be_reached_by_the_keyboard(open_chat: Open, fake_url: str) -> None:
    chat = open_chat(fake_url)
    chat.ask("dose")
    ids = set()
    for _ in range(40):
        chat.page.keyboard.press("Tab")
        ids.add(chat.page.evaluate("document.activeElement.closest('[id]')?.id ?? ''"))
    assert not {"kr-within", "kr-kept", "kr-restore", "kr-refresh", "kr-record"} & ids
