"""Signing in and out: the form is checked, throttled and answered with a cookie that says nothing but a random id.

Not here: what the pages look like (`ketarag.web.login_page`), what a session is (`ketarag.web.sessions`), which requests
need one (`ketarag.web.auth`).
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote

from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from ketarag.web import passwords
from ketarag.web.accounts import Account, Known, same_name
from ketarag.web.arrival import header_values, is_private, sent_by_own_page
from ketarag.web.limits import address_of
from ketarag.web.login_page import (
    HEADERS,
    LOGIN,
    LOGOUT,
    STYLE,
    STYLE_FILE,
    UNKNOWN,
    WITHOUT_HTTPS,
    login_page,
    logout_page,
    problem_page,
)
from ketarag.web.sessions import Sessions
from ketarag.web.throttle import Throttle

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

    from ketarag.web.audit import AuditLog

PATHS = frozenset({LOGIN, LOGOUT, STYLE})
"""What is served here, to anybody."""

FORM_LIMIT = 16_384
"""Bytes of a form: the longest name and password, each character as twelve."""
AT_ONCE = 2
"""Passwords checked at the same time: each takes 64 MiB and 0.1 s of up to four cores."""
WAITING = 20
"""Passwords that may wait for that: about a second's worth; a further one is told to come back."""

USER_TRIES, USER_SECONDS = 10, 60.0
"""Tries for one name, then one a minute: 1,450 guesses a day."""
ADDRESS_TRIES, ADDRESS_SECONDS = 30, 10.0
"""Tries from one address, behind which a whole ward may be, then one each 10 s; those that succeed do not count."""

READ_SECONDS = 10.0
"""Seconds in which a form must have arrived."""
OWNER_SECONDS = 365 * 86_400
"""Seconds that a browser remembers whose conversations it keeps."""

_NEXT = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*|/")
"""A path of this service: printable ASCII without backslash, and no second slash that would make it another host."""


class Form(NamedTuple):
    """What was typed into the form, and where to go then."""

    name: str
    password: str
    next: str


class Login:
    """The pages at `PATHS`, and the cookie."""

    def __init__(self, sessions: Sessions, audit: AuditLog | None = None) -> None:
        self._sessions = sessions
        self._audit = audit
        self._by_user = Throttle(USER_TRIES, USER_SECONDS)
        self._by_address = Throttle(ADDRESS_TRIES, ADDRESS_SECONDS)
        self._checkers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ketarag-password")
        self._recorder = ThreadPoolExecutor(1, thread_name_prefix="ketarag-audit")  # one, for their order
        self._checking = 0
        passwords.nobodys_hash()  # made now, so that the first unknown name takes no longer than the second

    def user(self, scope: Scope, known: Known) -> Account | None:
        """Who is signed in with the cookie of this request; None when nobody, or no longer a user of that password."""
        session = self._sessions.find(_cookie(scope, _session_cookie(scope)))
        user = known.get(("user", session.user)) if session is not None else None
        return user if user is not None and session is not None and user.hash == session.hash else None

    async def respond(self, scope: Scope, receive: Receive, known: Known) -> Response:
        """The answer to a request for one of `PATHS`."""
        if scope["path"] == STYLE:
            return FileResponse(STYLE_FILE, headers=HEADERS | {"cache-control": "max-age=3600"})
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Method not allowed", 405, HEADERS | {"allow": "GET, HEAD, POST"})
        if scope["method"] == "POST" and sent_by_own_page(scope) is not True:
            return problem_page("The form did not come from this service. Open its page and try again.", 403)
        user = self.user(scope, known)
        if scope["path"] == LOGOUT:
            return self._log_out(scope, user)
        if scope["method"] == "POST":
            return await self._log_in(scope, receive, known)
        next = safe_next(parse_qs(scope["query_string"].decode("latin-1")).get("next", ["/"])[0])
        if user is not None:
            return RedirectResponse(next, 303, HEADERS)
        return login_page(next) if is_private(scope) else problem_page(WITHOUT_HTTPS, 403)

    async def _log_in(self, scope: Scope, receive: Receive, known: Known) -> Response:
        if not is_private(scope):
            return problem_page(WITHOUT_HTTPS, 403)
        form = await _read_form(scope, receive)
        if form is None:
            return login_page("/", "The form was not complete. Type your name and your password.", status=400)
        key = same_name(form.name)
        user = known.get(("user", key))
        wait = self._by_address.take(address_of(scope)) or self._by_user.take(key)
        if wait:
            return self._refuse_for_now(form, wait)
        if self._checking >= WAITING:
            return self._refuse_for_now(form, 5.0)
        if not await self._matches(user, form.password):
            self._note(user, "sign-in refused")
            return login_page(form.next, UNKNOWN, form.name, 401)
        assert user is not None
        self._by_address.give_back(address_of(scope))
        self._by_user.forget(key)
        self._note(user, "signed in")
        return self._signed_in(scope, user, key, form.next)

    async def _matches(self, user: Account | None, password: str) -> bool:
        """The same work whether or not there is such a user, in a thread of its own."""
        stored = user.hash if user is not None else None
        self._checking += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._checkers, passwords.matches, stored, password)
        finally:
            self._checking -= 1

    def _refuse_for_now(self, form: Form, wait: float) -> Response:
        minutes = math.ceil(wait / 60)
        told = f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        page = login_page(form.next, told, form.name, 429)
        page.headers["retry-after"] = str(math.ceil(wait))
        return page

    def _signed_in(self, scope: Scope, user: Account, key: str, next: str) -> Response:
        """A new id always, so that nobody can hand out one beforehand; what another user left in the browser goes."""
        self._sessions.close(_cookie(scope, _session_cookie(scope)))
        response = RedirectResponse(next, 303, HEADERS)
        _set_cookie(response, scope, _session_cookie(scope), self._sessions.open(key, user.hash))
        owner = hashlib.sha256(f"owner\0{user.hash}".encode()).hexdigest()[:32]
        if _cookie(scope, _owner_cookie(scope)) != owner:
            response.headers["clear-site-data"] = '"storage"'
            _set_cookie(response, scope, _owner_cookie(scope), owner, OWNER_SECONDS)
        return response

    def _log_out(self, scope: Scope, user: Account | None) -> Response:
        if user is None:
            return RedirectResponse(LOGIN, 303, HEADERS)
        if scope["method"] != "POST":
            return logout_page(user.name)
        self._sessions.close(_cookie(scope, _session_cookie(scope)))
        self._note(user, "signed out")
        response = RedirectResponse(LOGIN, 303, HEADERS | {"clear-site-data": '"storage"'})
        for name in (_session_cookie(scope), _owner_cookie(scope)):
            _set_cookie(response, scope, name, "", 0)
        return response

    def _note(self, user: Account | None, event: str) -> None:
        """In the audit, outside the event loop. A name that is not a user's may be a mistyped password: not told."""
        if self._audit is not None:
            who = f"user:{user.name}" if user is not None else "unknown"
            self._recorder.submit(self._audit.record, who, LOGIN, event)


def safe_next(path: str) -> str:
    """`path` when it leads to a place of this service, else "/": nobody is sent elsewhere after signing in."""
    inside = _NEXT.fullmatch(path) and path.partition("?")[0] not in PATHS
    return path if inside else "/"


def login_address(scope: Scope) -> str:
    """The login page, and after it what this request asked for."""
    asked = quote(scope["path"]) + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    return LOGIN if safe_next(asked) == "/" else f"{LOGIN}?next={quote(asked, safe='/')}"


async def _read_form(scope: Scope, receive: Receive) -> Form | None:
    """What was sent; None when it is too long, not a form, or lacks something."""
    body, more = b"", True
    with suppress(TimeoutError):
        async with asyncio.timeout(READ_SECONDS):
            while more and len(body) <= FORM_LIMIT:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
    kind = (header_values(scope, b"content-type") or [""])[0].partition(";")[0].strip().lower()
    if more or len(body) > FORM_LIMIT or kind != "application/x-www-form-urlencoded":
        return None
    try:
        fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8))
    except ValueError:
        return None
    name, password = fields.get("name", "").strip(), fields.get("password", "")
    return Form(name, password, safe_next(fields.get("next", "/"))) if name and password else None


def _session_cookie(scope: Scope) -> str:
    """With the prefix that browsers let no other host of the domain set, where there is HTTPS."""
    return "__Host-ketarag" if _is_secure(scope) else "ketarag"


def _owner_cookie(scope: Scope) -> str:
    return f"{_session_cookie(scope)}-owner"


def _is_secure(scope: Scope) -> bool:
    """Encrypted; without that nobody can sign in but at the machine itself, where browsers may refuse secure cookies."""
    return scope["scheme"] in ("https", "wss")


def _set_cookie(response: Response, scope: Scope, name: str, value: str, seconds: int | None = None) -> None:
    """Until the browser is closed unless for `seconds`; unseen by scripts and by requests that another site makes."""
    response.set_cookie(name, value, seconds, path="/", secure=_is_secure(scope), httponly=True, samesite="strict")


def _cookie(scope: Scope, name: str) -> str:
    """The value of a cookie, "" where there is none."""
    for part in "; ".join(v.decode("latin-1") for k, v in scope["headers"] if k == b"cookie").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""
