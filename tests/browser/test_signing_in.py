"""Signing in and out in Chromium: by keyboard, without a script, and two people one after the other at one machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import expect
from serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[2]
PASSWORDS = {"anna": "correct horse battery", "berta": "staple battery horse"}


def users_file(folder: Path) -> Path:
    """A file of users with anna and berta."""
    path = folder / "users.jsonl"
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    entries = [{"kind": "user", "name": n, "hash": hasher.hash(p), "added": ""} for n, p in PASSWORDS.items()]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page behind the login, for anna and berta."""
    with serving("tests/browser/protected_service.py", str(users_file(tmp_path_factory.mktemp("users")))) as url:
        yield url


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that nobody used yet."""
    context = browser.new_context()
    yield context
    context.close()


def sign_in(page: Page, name: str, password: str | None = None) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password or PASSWORDS[name])
    page.get_by_role("button", name="Sign in").click()


def test_signing_in_by_keyboard_leads_to_the_page_which_answers(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORDS["anna"])
    page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Your question")
    box.fill("What IV dose is used?")
    box.press("Enter")
    expect(page.locator("#kr-chat .bot-row .kr-answer")).to_contain_text("500 microgram/kg", timeout=60_000)
    (session, owner) = sorted(context.cookies(), key=lambda cookie: cookie["name"])
    assert (session["name"], owner["name"]) == ("ketarag", "ketarag-owner")
    assert session["httpOnly"]
    assert session["sameSite"] == "Strict"
    assert session["expires"] == -1
    assert page.evaluate("document.cookie") == ""


def test_the_form_needs_no_script_and_says_what_was_wrong(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/ketarag/page.js")
    assert page.title() == "404" or page.url.startswith(f"{url}/login?next=/ketarag/page.js")
    sign_in(page, "anna", "<b>wrong</b> password")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is not right.")
    expect(page.get_by_label("Name")).to_have_value("anna")
    expect(page.get_by_label("Password")).to_have_value("")
    sign_in(page, "anna")
    page.wait_for_url(f"{url}/ketarag/page.js")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_whole_form(browser: Browser, url: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 568}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}/login")
    expect(page.get_by_role("button", name="Sign in")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert (
        page.evaluate("getComputedStyle(document.body).backgroundColor")
        == {
            "light": "rgb(245, 246, 248)",
            "dark": "rgb(16, 21, 27)",
        }[scheme]
    )
    context.close()


def test_a_link_on_another_site_opens_the_page_without_signing_in_again(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}/login")
    sign_in(page, "anna")
    page.get_by_role("textbox", name="Your question").wait_for()
    page.route(
        "http://portal.example/",
        lambda route: route.fulfill(body=f'<a href="{url}/">Ask</a>', content_type="text/html"),
    )
    page.goto("http://portal.example/")
    page.get_by_role("link", name="Ask").click()
    page.get_by_role("textbox", name="Your question").wait_for()
    assert page.url == f"{url}/"


def test_another_site_can_neither_sign_anybody_in_nor_out(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}/login")
    sign_in(page, "anna")
    page.get_by_role("textbox", name="Your question").wait_for()
    form = f'<form method="post" action="{url}/logout"><button>Win</button></form>'
    page.route("http://evil.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto("http://evil.example/")
    with page.expect_response(f"{url}/logout") as response:
        page.get_by_role("button", name="Win").click()
    assert response.value.status == 403
    page.goto(url)
    page.goto(url)
    page.get_by_role("textbox", name="Your question").wait_for()


def test_the_next_person_finds_nothing_of_the_last_one(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}/login")
    sign_in(page, "anna")
    page.get_by_role("textbox", name="Your question").wait_for()
    page.evaluate("localStorage.setItem('conversation', 'of anna')")
    page.goto(f"{url}/logout")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("localStorage.getItem('conversation')") is None
    assert page.request.get(f"{url}/").status == 401

    sign_in(page, "anna")
    page.get_by_role("textbox", name="Your question").wait_for()
    page.evaluate("localStorage.setItem('conversation', 'of anna')")
    context.clear_cookies(name="ketarag")  # as after an hour
    page.goto(url)
    sign_in(page, "anna")
    page.get_by_role("textbox", name="Your question").wait_for()
    assert page.evaluate("localStorage.getItem('conversation')") == "of anna"
    context.clear_cookies(name="ketarag")
    page.goto(url)
    sign_in(page, "berta")
    page.get_by_role("textbox", name="Your question").wait_for()
    assert page.evaluate("localStorage.getItem('conversation')") is None
