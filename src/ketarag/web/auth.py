"""Who may use the service: a middleware that lets nobody but known people and programs past it.

A request is let through for an API key (`Authorization: Bearer`), for the name that a trusted proxy gives, or for a
session cookie, in this order. Where no user, key or proxy is configured the service belongs to whoever sits at this
machine: it then answers only requests that were addressed to this machine by name, so that no website can reach it
through a name of its own. Not here: the pages for signing in (`ketarag.web.login`), the file of users
(`ketarag.web.accounts`), limits of size and rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.responses import RedirectResponse, Response

from ketarag.errors import SettingsError
from ketarag.web.accounts import AccountsFile, Known, checked_name
from ketarag.web.api_keys import find_key
from ketarag.web.arrival import (
    Arrival,
    Proxies,
    addressed_to_this_machine,
    header_values,
    is_loopback,
    sent_by_own_page,
)
from ketarag.web.failures import ServiceError
from ketarag.web.login import PATHS, Login, login_address
from ketarag.web.login_page import HEADERS, bounce_page
from ketarag.web.sessions import Sessions

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ketarag.config import Settings
    from ketarag.web.audit import AuditLog

OPEN = frozenset({"/healthz", "/readyz"})
"""What anybody may GET: they say nothing but that the service is there."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PRINCIPAL = "ketarag.principal"
_KINDS = {401: "unauthenticated", 403: "forbidden", 503: "cannot_authenticate"}
_POLICY_VIOLATION = 1008
"""The code with which a WebSocket is closed (RFC 6455); before it is accepted, servers make a 403 of it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user who signed in, the holder of an API key, whom the proxy named, or who sits at this machine.

    `str()` gives what the audit records: "user:anna", "key:open-webui", "proxy:anna@hospital.example", "local".
    """

    kind: Literal["user", "key", "proxy", "local"]
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def principal_of(scope: Scope) -> Principal:
    """Who sent the request that `Authentication` let through. Raises KeyError where it did not stand in the way."""
    principal = scope[_PRINCIPAL]
    assert isinstance(principal, Principal)
    return principal


def require_protection(host: str, settings: Settings) -> None:
    """Raises SettingsError, which says what to do, when others could reach `host` and nothing says who may.

    `host` is what the service listens on, or will; names are resolved, and "" , 0.0.0.0 and :: are every address.
    A file of users that is empty, missing although it was named, or damaged is an error on any address.
    """
    known = _accounts(settings).current()
    if known is not None and not known and settings.proxy_header is None:
        raise SettingsError(
            f"{settings.users_path}: holds no user and no key, so that nobody could use the service; "
            "add one with: ketarag users add NAME, or delete the file"
        )
    if known or settings.proxy_header is not None or is_loopback(host):
        return
    raise SettingsError(
        f"{host or 'every address'} can be reached from other machines, and nothing says who may use the service; add a user "
        "(ketarag users add NAME) or an API key (ketarag keys add NAME), or set KETARAG_PROXY_HEADER and "
        "KETARAG_TRUSTED_PROXIES, or listen on 127.0.0.1"
    )


class Authentication:
    """ASGI middleware, the outermost: answers who is not known, and marks the rest with their `Principal`."""

    def __init__(self, app: ASGIApp, settings: Settings, audit: AuditLog | None = None) -> None:
        """Raises SettingsError when the file of users cannot be used. `audit` gets who signed in and out."""
        self._app = app
        self._proxies = Proxies(settings.trusted_proxies, settings.proxy_header)
        self._by_proxy = settings.proxy_header is not None
        self._accounts = _accounts(settings)
        self._login = Login(Sessions(settings.session_minutes * 60.0), audit)
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if self._audit is not None:
            self._audit.tidy()
        arrival = self._proxies.arrived(scope)
        if scope["type"] == "http" and scope["path"] in OPEN and scope["method"] in ("GET", "HEAD"):
            await self._app(arrival.scope, receive, send)
            return
        outcome = await self._decide(arrival, receive)
        if isinstance(outcome, Principal):
            await self._app({**arrival.scope, _PRINCIPAL: outcome}, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await outcome(scope, receive, send)

    async def _decide(self, arrival: Arrival, receive: Receive) -> Principal | Response:
        """Who it is, or the answer to somebody who may not pass."""
        scope = arrival.scope
        try:
            known = self._accounts.current()
        except SettingsError:  # the log says what is wrong with the file
            return _refuse(
                scope, 503, "The service cannot check who may use it. Tell whoever runs it: the log says why."
            )
        if arrival.claims and not arrival.trusted:
            return _refuse(scope, 403, "Only the proxy may say who asks.")
        if known is None and not self._by_proxy:
            return _local(scope)
        has_login = known is not None and any(kind == "user" for kind, _ in known)
        if known is not None and has_login and scope["type"] == "http" and scope["path"] in PATHS:
            return await self._login.respond(scope, receive, known)
        principal = self._principal(arrival, known or {})
        if principal is None:
            return _ask_to_sign_in(scope) if has_login else _refuse_unknown(scope, self._by_proxy)
        return principal if principal.kind == "key" else _unless_forged(scope, principal)

    def _principal(self, arrival: Arrival, known: Known) -> Principal | None:
        """Who it is, None when nothing says so. A key that is wrong is not made good by a cookie beside it."""
        sent = _bearer(arrival.scope)
        if sent is not None:
            key = find_key(sent, [account for (kind, _), account in known.items() if kind == "key"])
            return Principal("key", key.name) if key is not None else None
        if arrival.claims:
            return _claimed(arrival.claims)
        user = self._login.user(arrival.scope, known)
        return Principal("user", user.name) if user is not None else None


def _accounts(settings: Settings) -> AccountsFile:
    return AccountsFile(settings.users_path, required=settings.users_file is not None)


def _local(scope: Scope) -> Principal | Response:
    """Whoever sits at this machine, unless a website speaks through their browser."""
    if not addressed_to_this_machine(scope):
        return _refuse(
            scope,
            403,
            "This service is open to the machine that it runs on, as http://127.0.0.1 or http://localhost. For any other "
            "name it must know who may use it: ketarag users add NAME",
        )
    return _refuse_forged(scope) if sent_by_own_page(scope) is False and _acts(scope) else Principal("local")


def _unless_forged(scope: Scope, principal: Principal) -> Principal | Response:
    """A browser sends a cookie, and a proxy's word, along with whatever page made it ask: it must be one of ours."""
    return _refuse_forged(scope) if _acts(scope) and sent_by_own_page(scope) is not True else principal


def _acts(scope: Scope) -> bool:
    """Whether a request does something, and not just reads what another site's page cannot see."""
    return scope["type"] == "websocket" or scope["method"] not in _SAFE


def _bearer(scope: Scope) -> str | None:
    """The key that came along; None where none did. What came in two headers is none that anybody has."""
    sent = " ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization")
    scheme, _, key = sent.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def _claimed(claims: tuple[bytes, ...]) -> Principal | None:
    """The name that the proxy gave; None when it is empty, cannot be shown, or there are two."""
    try:
        name = claims[0].decode().strip() if len(claims) == 1 else ""
        return Principal("proxy", checked_name(name))
    except (UnicodeDecodeError, SettingsError):
        return None


def _ask_to_sign_in(scope: Scope) -> Response:
    """A person gets the login page, a program what it lacks."""
    reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
    if not reads or "text/html" not in " ".join(header_values(scope, b"accept")).lower():
        return _refuse_unknown(scope, by_proxy=False)
    if header_values(scope, b"sec-fetch-site") in (["cross-site"], ["same-site"]):
        return bounce_page(login_address(scope))
    return RedirectResponse(login_address(scope), 303, HEADERS)


def _refuse_unknown(scope: Scope, by_proxy: bool) -> Response:
    told = "Ask through the proxy, or send" if by_proxy else "Sign in, or send"
    return _refuse(scope, 401, f"Nobody is signed in. {told} an API key: Authorization: Bearer KEY")


def _refuse_forged(scope: Scope) -> Response:
    return _refuse(
        scope,
        403,
        "The request does not come from a page of this service. Programs send an API key: Authorization: Bearer KEY",
    )


def _refuse(scope: Scope, status: int, told: str) -> Response:
    challenge = {"www-authenticate": 'Bearer realm="KetaRAG"'} if status == 401 else {}
    return ServiceError(status, _KINDS[status], told, headers=HEADERS | challenge).response(scope["path"])
