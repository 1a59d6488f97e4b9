"""Who may use the service: what is open, keys, proxies, cookies, and what is refused."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_accounts import HERE, KEY, OWN, PASSWORD, Service, sign_in, write_accounts
from starlette.types import Message

from ketarag.config import Settings
from ketarag.errors import SettingsError
from ketarag.web.auth import Principal, require_protection

PROXY = "10.1.2.3"
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
PATHS = [
    "/",
    "/v1/ask",
    "/metrics",
    "/gradio_api/queue/join",
    "/docs",
    "/healthz/",
    "/healthz/../v1/ask",
    "//healthz",
    "/HEALTHZ",
    "/login/",
    "/login/../",
    "/ketarag/page.js",
]


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return write_accounts(tmp_path / "users.jsonl")


@pytest.fixture
def service(users: Path) -> Service:
    return Service(Settings(users_file=users))


@pytest.fixture
def proxied(tmp_path: Path) -> Service:
    """Only a proxy, no file."""
    return Service(Settings(proxy_header="X-Remote-User", trusted_proxies=(PROXY,)))


@pytest.fixture
def alone() -> Service:
    """Nothing configured."""
    return Service(Settings())


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_but_what_is_meant_to_be_is_open(service: Service, path: str) -> None:
    for response in (await service.get(path), await service.post(path, **OWN)):
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="KetaRAG"'
        assert response.json()["error"]["type"] == "unauthenticated"
        assert response.headers["cache-control"] == "no-store"
    assert service.behind.scopes == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_open_to_look_at(service: Service, proxied: Service, alone: Service, path: str) -> None:
    for one in (service, proxied, alone):
        assert (await one.get(path, base="http://10.1.2.3:7860")).status_code == 200
    assert (await service.post(path, **OWN)).status_code == 401
    assert "ketarag.principal" not in service.behind.scopes[0]


@pytest.mark.parametrize("path", PATHS)
async def test_a_person_is_shown_the_login_page(service: Service, path: str) -> None:
    response = await service.get(path, accept=HTML)
    assert response.status_code == 303
    assert response.headers["location"].partition("?")[0] == "/login"


async def test_a_link_from_elsewhere_goes_through_a_page_of_ours(service: Service) -> None:
    """A cookie with SameSite=Strict does not come along a link; from our own page it does."""
    async with service.browser() as browser:
        await sign_in(browser)
        cookie = browser.cookies["ketarag"]
    response = await service.get("/source?at=1", accept=HTML, sec_fetch_site="cross-site")
    assert response.status_code == 200
    assert 'http-equiv="refresh" content="0; url=/login?next=/source%3Fat%3D1"' in response.text
    response = await service.get(
        "/login?next=/source%3Fat%3D1", cookie=f"ketarag={cookie}", sec_fetch_site="same-origin"
    )
    assert response.headers["location"] == "/source?at=1"


async def test_a_key_opens_everything(service: Service) -> None:
    for response in (
        await service.get("/v1/models", authorization=f"Bearer {KEY}"),
        await service.post("/v1/ask", authorization=f"bearer  {KEY} "),
        await service.post("/v1/ask", authorization=f"Bearer {KEY}", origin="http://evil.example"),
        await service.post(
            "/v1/ask", base="http://ketarag.example", address="192.0.2.7", authorization=f"Bearer {KEY}"
        ),
    ):
        assert response.status_code == 200
        assert response.json()["who"] == "key:robot"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY}x",
        f"Bearer {KEY.swapcase()}",
        KEY,
        f"Basic {KEY}",
        f"Token {KEY}",
        "Bearer \xff",
        f"Bearer {KEY},{KEY}",
    ],
)
async def test_what_is_no_key_opens_nothing(service: Service, authorization: str) -> None:
    async with service.browser() as browser:
        response = await browser.get("/v1/models", headers=[(b"authorization", authorization.encode("latin-1"))])
        assert response.status_code == 401


async def test_two_keys_open_nothing(service: Service) -> None:
    async with service.browser() as browser:
        both = [(b"authorization", f"Bearer {key}".encode()) for key in (KEY, "another")]
        assert (await browser.get("/v1/models", headers=both)).status_code == 401


async def test_a_wrong_key_is_not_made_good_by_a_cookie(service: Service) -> None:
    async with service.browser() as browser:
        await sign_in(browser)
        assert (await browser.get("/", headers={"authorization": "Bearer wrong"})).status_code == 401


async def test_a_key_that_is_removed_opens_nothing(service: Service, users: Path) -> None:
    assert (await service.get("/", authorization=f"Bearer {KEY}")).status_code == 200
    write_accounts(users, keys={})
    assert (await service.get("/", authorization=f"Bearer {KEY}")).status_code == 401


async def test_openai_clients_get_errors_that_they_know(service: Service) -> None:
    error = (await service.post("/v1/chat/completions")).json()["error"]
    assert error["code"] == "unauthenticated"
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site", "origin": HERE}, 403),
        (OWN, 200),
        ({"sec_fetch_site": "same-origin"}, 200),
    ],
)
async def test_another_sites_page_cannot_act_for_who_is_signed_in(
    service: Service, proxied: Service, headers: dict[str, str], status: int
) -> None:
    async with service.browser() as browser:
        await sign_in(browser)
        cookie = browser.cookies["ketarag"]
    response = await service.post("/v1/ask", cookie=f"ketarag={cookie}", **headers)
    assert response.status_code == status
    response = await proxied.post("/v1/ask", address=PROXY, x_remote_user="anna", **headers)
    assert response.status_code == status
    assert (await service.get("/", cookie=f"ketarag={cookie}", **headers)).status_code == 200


class TestProxy:
    async def test_it_says_who_asks(self, proxied: Service) -> None:
        response = await proxied.get("/", address=PROXY, x_remote_user="Anna@hospital.example")
        assert response.json()["who"] == "proxy:Anna@hospital.example"
        assert "x-remote-user" not in response.json()["headers"]

    @pytest.mark.parametrize("address", ["192.0.2.7", "127.0.0.1", "10.1.2.4", ""])
    async def test_nobody_else_does(self, proxied: Service, address: str) -> None:
        response = await proxied.get("/", address=address, x_remote_user="anna")
        assert response.status_code == 403
        assert "anna" not in response.text
        assert proxied.behind.scopes == []

    async def test_not_even_with_a_key_or_as_itself_in_the_list_of_hops(self, users: Path) -> None:
        service = Service(Settings(users_file=users, proxy_header="X-Remote-User", trusted_proxies=(PROXY,)))
        for more in ({"authorization": f"Bearer {KEY}"}, {"x_forwarded_for": PROXY}, {"forwarded": f"for={PROXY}"}):
            response = await service.get("/", address="192.0.2.7", x_remote_user="anna", **more)
            assert response.status_code == 403

    async def test_the_header_reaches_no_open_route_either(self, proxied: Service) -> None:
        response = await proxied.get("/healthz", address="192.0.2.7", x_remote_user="anna", x_forwarded_for="1.1.1.1")
        assert response.status_code == 200
        assert not {"x-remote-user", "x-forwarded-for"} & set(response.json()["headers"])

    @pytest.mark.parametrize("name", [b"", b"  ", b"x" * 65, b"a\x1bb", b"\xff\xfe", "\u202egro".encode()])
    async def test_a_name_that_is_none_opens_nothing(self, proxied: Service, name: bytes) -> None:
        async with proxied.browser(address=PROXY) as browser:
            response = await browser.get("/", headers=[(b"x-remote-user", name)])
        assert response.status_code == 401

    async def test_two_names_open_nothing(self, proxied: Service) -> None:
        async with proxied.browser(address=PROXY) as browser:
            both = [(b"X-Remote-User", b"anna"), (b"x-remote-user", b"admin")]
            assert (await browser.get("/", headers=both)).status_code == 401

    @given(name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=70))
    async def test_any_name_is_shown_safely_or_refused(self, name: str) -> None:
        service = Service(Settings(proxy_header="X-Remote-User", trusted_proxies=(PROXY,)))
        async with service.browser(address=PROXY) as browser:
            response = await browser.get("/", headers=[(b"x-remote-user", name.encode())])
        assert response.status_code in (200, 401)
        if response.status_code == 200:
            assert response.json()["who"].isprintable()

    async def test_without_the_header_a_person_is_told_to_come_through_it(self, proxied: Service) -> None:
        response = await proxied.get("/", address=PROXY, accept=HTML)
        assert response.status_code == 401
        assert "through the proxy" in response.json()["error"]["message"]
        assert (await proxied.get("/login", address=PROXY, accept=HTML)).status_code == 401

    async def test_users_may_sign_in_beside_it(self, users: Path) -> None:
        service = Service(Settings(users_file=users, proxy_header="X-Remote-User", trusted_proxies=(PROXY,)))
        async with service.browser() as browser:
            await sign_in(browser)
            assert (await browser.get("/")).json()["who"] == "user:anna"
        assert (await service.get("/", address=PROXY, x_remote_user="berta")).json()["who"] == "proxy:berta"

    async def test_the_address_behind_it_is_passed_on(self, proxied: Service) -> None:
        response = await proxied.get(
            "/", address=PROXY, x_remote_user="anna", x_forwarded_for="9.9.9.9, 192.0.2.7", x_forwarded_proto="https"
        )
        assert (response.json()["client"], response.json()["scheme"]) == ("192.0.2.7", "https")


class TestNothingConfigured:
    @pytest.mark.parametrize("base", [HERE, "http://localhost:7860", "http://[::1]:7860"])
    async def test_it_serves_this_machine(self, alone: Service, base: str) -> None:
        assert (await alone.get("/", base=base)).json()["who"] == "local"
        assert (await alone.post("/v1/ask", base=base)).json()["who"] == "local"

    async def test_a_website_cannot_reach_it_through_a_name_of_its_own(self, alone: Service) -> None:
        response = await alone.get("/", base="http://rebound.evil.example:7860")
        assert response.status_code == 403
        assert "ketarag users add" in response.json()["error"]["message"]

    @pytest.mark.parametrize(
        "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}]
    )
    async def test_a_website_cannot_make_it_act(self, alone: Service, headers: dict[str, str]) -> None:
        assert (await alone.post("/v1/ask", **headers)).status_code == 403

    async def test_the_first_user_closes_it_and_no_file_keeps_it_closed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        path = Settings().users_path
        assert path == tmp_path / "ketarag" / "users.jsonl"
        service = Service(Settings())
        assert (await service.get("/")).status_code == 200
        path.parent.mkdir()
        write_accounts(path)
        assert (await service.get("/")).status_code == 401
        path.unlink()
        assert (await service.get("/")).status_code == 503
        write_accounts(path)
        assert (await service.get("/", authorization=f"Bearer {KEY}")).status_code == 200


async def test_a_file_that_is_damaged_lets_nobody_in(
    service: Service, users: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with service.browser() as browser:
        await sign_in(browser)
        users.write_text('{"kind": "us')
        with caplog.at_level(logging.ERROR):
            assert (await browser.get("/")).status_code == 503
            assert (await browser.get("/login")).status_code == 503
            assert (await service.get("/", authorization=f"Bearer {KEY}")).status_code == 503
            assert (await service.get("/healthz")).status_code == 200
        assert [record.getMessage() for record in caplog.records] == [
            f"nobody is let in: {users}, line 1: is not JSON; correct the line, remove it, or restore the file from a backup"
        ]


async def test_with_keys_only_there_is_no_login_page(users: Path) -> None:
    write_accounts(users, users={})
    service = Service(Settings(users_file=users))
    for path in ("/", "/login", "/logout"):
        assert (await service.get(path, accept=HTML)).status_code == 401


async def websocket(service: Service, scheme: str = "ws", **headers: str) -> list[Message]:
    """What a WebSocket is answered."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    pairs = [(b"host", b"127.0.0.1")] + [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/ws",
        "scheme": scheme,
        "query_string": b"",
        "headers": pairs,
        "client": ("127.0.0.1", 1),
    }
    await service.app(scope, receive, send)
    return sent


async def test_websockets_are_protected_too(service: Service, alone: Service) -> None:
    refused = [{"type": "websocket.close", "code": 1008}]
    accepted = [{"type": "websocket.accept"}]
    async with service.browser("https://127.0.0.1") as browser:
        await sign_in(browser)
        secure = f"__Host-ketarag={browser.cookies['__Host-ketarag']}"
    async with service.browser() as browser:
        await sign_in(browser)
        cookie = f"ketarag={browser.cookies['ketarag']}"
    assert await websocket(service) == refused
    assert await websocket(service, cookie=cookie) == refused
    assert await websocket(service, cookie=cookie, origin="http://evil.example") == refused
    assert await websocket(service, cookie=cookie, origin=HERE) == accepted
    assert await websocket(service, "wss", cookie=secure, origin="https://127.0.0.1") == accepted
    assert await websocket(service, "ws", cookie=secure, origin=HERE) == refused
    assert await websocket(service, authorization=f"Bearer {KEY}") == accepted
    assert await websocket(alone) == accepted
    assert await websocket(alone, origin="http://evil.example") == refused


async def test_the_life_of_the_app_is_passed_on(service: Service) -> None:
    await service.app({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert [scope["type"] for scope in service.behind.scopes] == ["lifespan"]


async def test_nothing_typed_or_secret_is_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with service.browser() as browser:
            await sign_in(browser, "sesame-name", "sesame-password")
            await sign_in(browser)
            await browser.get("/sesame-path?sesame=query", headers={"authorization": "Bearer sesame-key"})
        await service.get("/", x_remote_user="sesame-user")
    ours = [record for record in caplog.records if record.name.startswith("ketarag")]
    assert ours == []


def test_a_principal_in_words() -> None:
    assert str(Principal("local")) == "local"
    assert str(Principal("user", "anna")) == "user:anna"


class TestRequireProtection:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
    def test_this_machine_needs_none(self, host: str) -> None:
        require_protection(host, Settings())

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "0", "10.1.2.3", "192.0.2.1"])
    def test_any_other_address_does(self, host: str, users: Path) -> None:
        with pytest.raises(SettingsError) as refused:
            require_protection(host, Settings())
        for cure in ("ketarag users add NAME", "ketarag keys add NAME", "KETARAG_PROXY_HEADER", "127.0.0.1"):
            assert cure in str(refused.value)
        require_protection(host, Settings(users_file=users))
        require_protection(host, Settings(proxy_header="X-Remote-User", trusted_proxies=(PROXY,)))

    @pytest.mark.parametrize("kept", [{"users": {"anna": PASSWORD}, "keys": {}}, {"users": {}, "keys": {"robot": KEY}}])
    def test_a_user_or_a_key_is_enough(self, users: Path, kept: dict[str, dict[str, str]]) -> None:
        require_protection("0.0.0.0", Settings(users_file=write_accounts(users, **kept)))

    def test_a_name_is_resolved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)
        with pytest.raises(SettingsError, match=r"^ward7\.example can be reached"):
            require_protection("ward7.example", Settings())

    @pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
    def test_a_file_with_nobody_in_it_is_an_error_anywhere(self, users: Path, host: str) -> None:
        write_accounts(users, {}, {})
        with pytest.raises(SettingsError, match=r"no user and no key.*ketarag users add NAME"):
            require_protection(host, Settings(users_file=users))
        require_protection(host, Settings(users_file=users, proxy_header="X-A", trusted_proxies=(PROXY,)))

    def test_a_file_that_was_named_must_be_there_and_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "users.jsonl"
        with pytest.raises(SettingsError, match="no such file"):
            require_protection("127.0.0.1", Settings(users_file=path))
        path.write_text("x")
        with pytest.raises(SettingsError, match="line 1: is not JSON"):
            require_protection("127.0.0.1", Settings(users_file=path))
