"""Users, keys and a service behind `Authentication`, for the tests of who may use it. Hashes that cost nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from ketarag.config import Settings
from ketarag.web.api_keys import hash_key
from ketarag.web.auth import Authentication, principal_of

PASSWORD = "correct horse battery staple"
KEY = "ketarag_" + "k" * 43
HERE = "http://127.0.0.1"
OWN = {"origin": HERE}
"""What a browser says of a form of the service's own page."""

cheap_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash


def line(kind: str, name: str, hash: str) -> str:
    return json.dumps({"kind": kind, "name": name, "hash": hash, "added": "2026-11-25T12:00:00Z"}) + "\n"


def write_accounts(path: Path, users: Mapping[str, str] | None = None, keys: Mapping[str, str] | None = None) -> Path:
    """A file with these passwords by user and keys by name; by default anna and the key "robot"."""
    users = {"anna": PASSWORD} if users is None else users
    keys = {"robot": KEY} if keys is None else keys
    text = "".join(line("user", name, cheap_hash(password)) for name, password in users.items())
    text += "".join(line("key", name, hash_key(key)) for name, key in keys.items())
    path.unlink(missing_ok=True)  # so that it is another file, as after a command
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


class Echo:
    """The app behind: says who asks and what it can see of the request; keeps the scopes that reached it."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "lifespan":
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        who = str(principal_of(scope)) if "ketarag.principal" in scope else None
        seen = {"who": who, "client": scope["client"][0], "scheme": scope["scheme"], "path": scope["path"]}
        seen["headers"] = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        await JSONResponse(seen)(scope, receive, send)


class Service:
    """Authentication around `Echo`, asked without a socket."""

    def __init__(self, settings: Settings, **more: Any) -> None:
        self.behind = Echo()
        self.app = Authentication(self.behind, settings, **more)

    def browser(self, base: str = HERE, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """A client with cookies of its own that follows no redirect."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url=base)

    async def get(
        self, path: str = "/", base: str = HERE, address: str = "127.0.0.1", **headers: str
    ) -> httpx.Response:
        """One GET by somebody without cookies; `headers` with underscores for hyphens."""
        async with self.browser(base, address) as browser:
            return await browser.get(path, headers=_named(headers))

    async def post(
        self, path: str = "/", base: str = HERE, address: str = "127.0.0.1", **headers: str
    ) -> httpx.Response:
        async with self.browser(base, address) as browser:
            return await browser.post(path, headers=_named(headers))


async def sign_in(
    browser: httpx.AsyncClient, name: str = "anna", password: str = PASSWORD, **more: str
) -> httpx.Response:
    """Send the form as the page would."""
    origin = str(browser.base_url).rstrip("/")
    return await browser.post("/login", data={"name": name, "password": password, **more}, headers={"origin": origin})


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
