"""The pages for signing in and out: own HTML, no script, everything escaped; their style is `static/login.css`.

Pure functions. Not here: who gets which page (`ketarag.web.login`).
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from starlette.responses import HTMLResponse

LOGIN, LOGOUT, STYLE = "/login", "/logout", "/login/style.css"
STYLE_FILE = Path(__file__).with_name("static") / "login.css"

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
"""Of every response of ours. With the referrer policy "no-referrer" browsers hide the Origin of a form that is sent."""

UNKNOWN = "The name or the password is not right."
WITHOUT_HTTPS = (
    "This connection is not encrypted: a password typed here could be read on the way. Open the address that begins with "
    "https://. Whoever runs this service: see “TLS” in docs/operating.md."
)


def login_page(next: str, problem: str = "", name: str = "", status: int = 200) -> HTMLResponse:
    """The form. `next` is where to go afterwards, `name` what was typed before, `problem` why it is shown again."""
    alert = f'<p class="problem" id="problem" role="alert">{escape(problem)}</p>' if problem else ""
    wrong = ' aria-invalid="true" aria-describedby="problem"' if problem else ""
    first, second = ("", " autofocus") if name else (" autofocus", "")
    form = (
        f'{alert}<form method="post" action="{LOGIN}"><input type="hidden" name="next" value="{escape(next)}">'
        f'<label for="name">Name</label><input id="name" name="name" value="{escape(name)}" required maxlength="256" '
        f'autocomplete="username" autocapitalize="none" spellcheck="false"{wrong}{first}>'
        '<label for="password">Password</label><input id="password" name="password" type="password" required '
        f'maxlength="1024" autocomplete="current-password"{wrong}{second}><button type="submit">Sign in</button></form>'
        '<p class="note">No account, or the password forgotten? Ask whoever runs this service.</p>'
    )
    return _page("Sign in", form, status)


def problem_page(problem: str, status: int) -> HTMLResponse:
    """Why nobody can sign in here and now."""
    return _page("Sign in", f'<p class="problem" role="alert">{escape(problem)}</p>', status)


def logout_page(user: str) -> HTMLResponse:
    """The button that signs out; a link alone must not, for any page could hold one."""
    return _page(
        "Sign out",
        f"<p>You are signed in as <strong>{escape(user)}</strong>. Signing out also removes the conversations that this "
        f'browser kept.</p><form method="post" action="{LOGOUT}"><button type="submit">Sign out</button></form>'
        '<p class="note"><a href="/">Back to the questions</a></p>',
    )


def bounce_page(target: str) -> HTMLResponse:
    """Goes on to `target` at once, from here: a cookie with SameSite=Strict is not sent along a link from elsewhere."""
    onward = f'<meta http-equiv="refresh" content="0; url={escape(target)}">'
    return _page("One moment", f'<p><a href="{escape(target)}">Go on</a></p>', head=onward)


def _page(title: str, body: str, status: int = 200, head: str = "") -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<title>{title} · KetaRAG</title><link rel="icon" href="data:,"><link rel="stylesheet" href="{STYLE}">{head}</head>'
        f'<body><main><p class="brand">KetaRAG</p><h1>{title}</h1>{body}</main></body></html>',
        status,
        HEADERS,
    )
