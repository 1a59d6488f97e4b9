"""The server: headers, refused routes, health, and the address."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import socket

import httpx
import pytest
from fake_assistant import FakeAssistant
from fastapi import FastAPI

from ketarag.config import Settings
from ketarag.errors import SettingsError
from ketarag.web.server import create_app, serve


class Client:
    """Asks the app without a socket; an event loop for each request, since Gradio leaves none behind."""

    def __init__(self) -> None:
        self._app = asyncio.run(self._create())

    async def _create(self) -> FastAPI:
        return create_app(FakeAssistant())  # type: ignore[arg-type]

    def get(self, path: str, **headers: str) -> httpx.Response:
        return asyncio.run(self._send("GET", path, b"", headers))

    def post(self, path: str, content: bytes) -> httpx.Response:
        return asyncio.run(self._send("POST", path, content, {}))

    async def _send(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, content=content, headers=headers)


@pytest.fixture(scope="module")
def client() -> Client:
    return Client()


def directives(response: httpx.Response) -> dict[str, list[str]]:
    policy = response.headers["content-security-policy"]
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


def test_health(client: Client) -> None:
    response = client.get("/healthz")
    assert response.json() == {"status": "ok", "documents": 1}


@pytest.mark.parametrize("path", ["/", "/healthz", "/ketarag/page.js", "/nowhere", "/gradio_api/upload"])
def test_every_response_lets_nothing_load_from_elsewhere(client: Client, path: str) -> None:
    response = client.get(path)
    policy = directives(response)
    assert policy["default-src"] == ["'none'"]
    assert policy["connect-src"] == ["'self'"]
    assert not [value for values in policy.values() for value in values if "http" in value or "*" in value]
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "'unsafe-eval'" not in policy["script-src"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


def test_the_page_allows_just_its_own_inline_scripts(client: Client) -> None:
    response = client.get("/")
    allowed = set(directives(response)["script-src"]) - {"'self'"}
    inline = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", response.text, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in inline}
    assert allowed == hashes
    assert "fonts.googleapis.com" not in response.text


def test_the_page_is_not_cached_and_its_script_is_ours(client: Client) -> None:
    response = client.get("/")
    assert response.headers["cache-control"] == "no-store"
    assert "/ketarag/page.js" in response.text
    script = client.get("/ketarag/page.js")
    assert (script.status_code, script.headers["cache-control"]) == (200, "no-cache")
    again = client.get("/ketarag/page.js", **{"if-none-match": script.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_analytics_and_run_history_are_off(client: Client) -> None:
    config = (client.get("/config")).json()
    assert config["analytics_enabled"] is False
    assert config["run_history"] is False


@pytest.mark.parametrize(
    "path", ["upload", "file=/etc/passwd", "proxy=http://evil.example/", "run/ask", "runs", "api/x"]
)
def test_routes_that_the_page_does_not_need_are_refused(client: Client, path: str) -> None:
    assert (client.post(f"/gradio_api/{path}", content=b"x")).status_code == 404
    assert (client.get(f"/gradio_api/{path}")).status_code == 404


def test_a_request_that_is_too_large_is_refused(client: Client) -> None:
    response = client.post("/gradio_api/queue/join", content=b"x" * 2_000_001)
    assert response.status_code == 413


def test_an_address_in_use_is_an_error_that_says_what_to_do(assistant: FakeAssistant) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port}: .*--port"):
            serve(assistant, Settings(port=port))  # type: ignore[arg-type]


def test_a_host_that_is_none_is_an_error(assistant: FakeAssistant) -> None:
    with pytest.raises(SettingsError, match="cannot listen"):
        serve(
            assistant,
            Settings(host="203.0.113.7", port=0, proxy_header="X-Remote-User", trusted_proxies=("127.0.0.1",)),
        )  # type: ignore[arg-type]
