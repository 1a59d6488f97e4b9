"""The pages for signing in: everything escaped, labelled, readable in light and dark, and without a script."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.web.login_page import STYLE_FILE, bounce_page, login_page, logout_page, problem_page

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def body(response: object) -> bytes:
    return bytes(response.body)  # type: ignore[attr-defined]


PAGES = [
    login_page("/", HOSTILE, HOSTILE, 401),
    login_page(HOSTILE),
    problem_page(HOSTILE, 403),
    logout_page(HOSTILE),
    bounce_page("/login?next=" + HOSTILE),
]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_becomes_an_element_and_no_script_is_needed(page: object) -> None:
    elements = Elements(body(page))
    assert {tag for tag, _ in elements.found} <= set(
        "html head meta title link body main p h1 form input label button strong a".split()
    )
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert "style" not in {name for _, attributes in elements.found for name in attributes}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_what_was_typed_is_shown_as_it_was(name: str) -> None:
    assert Elements(body(login_page("/", name=name))).of("input")[1]["value"] == name


@pytest.mark.parametrize("page", PAGES)
def test_every_page_holds_to_a_policy_without_scripts(page: object) -> None:
    headers = page.headers  # type: ignore[attr-defined]
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_browsers_say_where_the_form_was_sent_from() -> None:
    """With "no-referrer" the Origin of a form is "null"."""
    assert login_page("/").headers["referrer-policy"] == "same-origin"


def test_the_form_is_labelled_and_helps_password_managers() -> None:
    elements = Elements(body(login_page("/x")))
    hidden, name, password = elements.of("input")
    assert [label["for"] for label in elements.of("label")] == [name["id"], password["id"]] == ["name", "password"]
    assert (name["autocomplete"], password["autocomplete"]) == ("username", "current-password")
    assert password["type"] == "password"
    assert "value" not in password
    assert hidden == {"type": "hidden", "name": "next", "value": "/x"}
    assert elements.of("html") == [{"lang": "en"}]
    assert [form["action"] for form in elements.of("form")] == ["/login"]
    assert "autofocus" in name


def test_a_problem_is_announced_and_tied_to_the_fields() -> None:
    elements = Elements(body(login_page("/", "Not right.", "anna", 401)))
    (alert,) = [attributes for attributes in elements.of("p") if attributes.get("role") == "alert"]
    _, name, password = elements.of("input")
    assert alert["id"] == name["aria-describedby"] == password["aria-describedby"] == "problem"
    assert name["aria-invalid"] == "true"
    assert "autofocus" in password
    assert "autofocus" not in name


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast_is_aa_in_both_themes(theme: int) -> None:
    block = STYLE_FILE.read_text().split(":root {")[theme + 1].split("}")[0]
    colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for text, ground in [
        ("text", "surface"),
        ("text", "page"),
        ("soft", "surface"),
        ("accent", "surface"),
        ("accent-text", "accent"),
        ("error", "error-tint"),
    ]:
        assert contrast(colour[text], colour[ground]) >= 4.5, (text, ground)
    assert contrast(colour["edge"], colour["surface"]) >= 3.0  # of the fields (WCAG 1.4.11)


def test_the_style_loads_nothing() -> None:
    assert "url(" not in STYLE_FILE.read_text()
    assert "@import" not in STYLE_FILE.read_text()
