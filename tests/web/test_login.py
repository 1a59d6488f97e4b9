"""Signing in and out: the cookie, the throttle, who may send the form, and where it leads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made_accounts import HERE, OWN, PASSWORD, Service, sign_in, write_accounts

from ketarag.config import Settings
from ketarag.web import login, passwords
from ketarag.web.login import safe_next

TLS = "https://ketarag.example"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return write_accounts(tmp_path / "users.jsonl", {"anna": PASSWORD, "Berta B.": PASSWORD + "b"})


@pytest.fixture
def service(users: Path) -> Service:
    return Service(Settings(users_file=users))


@pytest.fixture
def dummy(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What passwords were compared with, the dummy as None; each comparison is cheap."""
    compared: list[str | None] = []
    real = passwords.matches

    def matches(stored: str | None, password: str) -> bool:
        compared.append(stored)
        return stored is not None and real(stored, password)

    monkeypatch.setattr(passwords, "matches", matches)
    return compared


def cookies(response: httpx.Response) -> dict[str, dict[str, str]]:
    """The cookies that a response sets, with their attributes."""
    found = {}
    for value in response.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(value).items():
            found[name] = {"value": morsel.value, **{key: set_ for key, set_ in morsel.items() if set_}}
    return found


async def who(browser: httpx.AsyncClient) -> str | None:
    """Whom the app behind saw; None when it saw nobody."""
    response = await browser.get("/")
    return response.json()["who"] if response.status_code == 200 else None


async def test_signing_in_gives_a_cookie_that_opens_the_service(service: Service) -> None:
    async with service.browser() as browser:
        assert await who(browser) is None
        response = await sign_in(browser)
        assert (response.status_code, response.headers["location"]) == (303, "/")
        assert await who(browser) == "user:anna"
        assert (await browser.get("/login")).headers["location"] == "/"


@pytest.mark.parametrize("name", ["ANNA", " anna ", "Ａnna"])
async def test_a_name_may_be_typed_as_a_phone_types_it(service: Service, name: str) -> None:
    async with service.browser() as browser:
        await sign_in(browser, name)
        assert await who(browser) == "user:anna"


async def test_the_cookie_is_only_for_this_service_and_no_script(service: Service) -> None:
    async with service.browser() as browser:
        (session, _) = cookies(await sign_in(browser)).items()
    assert session[0] == "ketarag"
    assert len(session[1].pop("value")) == 43
    assert session[1] == {"path": "/", "httponly": True, "samesite": "strict"}


async def test_the_cookie_is_secure_behind_tls(users: Path) -> None:
    service = Service(Settings(users_file=users, trusted_proxies=("10.1.2.3",)))
    async with service.browser("http://ketarag.example", "10.1.2.3") as browser:
        browser.headers["x-forwarded-proto"] = "https"
        response = await browser.post("/login", data={"name": "anna", "password": PASSWORD}, headers={"origin": TLS})
    assert response.status_code == 303
    found = cookies(response)
    assert set(found) == {"__Host-ketarag", "__Host-ketarag-owner"}
    for attributes in found.values():
        assert attributes["secure"]
        assert (attributes["path"], attributes["samesite"]) == ("/", "strict")
        assert "domain" not in attributes


async def test_a_password_is_not_taken_over_a_connection_that_can_be_read(service: Service) -> None:
    async with service.browser("http://ketarag.example") as browser:
        page = await browser.get("/login")
        assert page.status_code == 403
        assert "https://" in page.text
        assert "<form" not in page.text
        response = await sign_in(browser)
        assert response.status_code == 403
        assert not response.headers.get_list("set-cookie")
    async with service.browser(TLS) as browser:
        assert (await sign_in(browser)).status_code == 303


async def test_anybody_can_claim_tls_and_gains_nothing(service: Service) -> None:
    async with service.browser("http://ketarag.example") as browser:
        browser.headers["x-forwarded-proto"] = "https"
        assert (await sign_in(browser)).status_code == 403


@pytest.mark.parametrize(
    "tried", ["wrong password 1", PASSWORD + " ", PASSWORD.upper(), "x" * 2000, "\x00" * 20, "ü" * 500]
)
async def test_a_wrong_password_opens_nothing(service: Service, tried: str) -> None:
    async with service.browser() as browser:
        response = await sign_in(browser, password=tried)
        assert response.status_code == 401
        assert not response.headers.get_list("set-cookie")
        assert tried not in response.text
        assert await who(browser) is None


async def test_a_name_that_is_not_known_is_answered_the_same_way(service: Service, dummy: list[str | None]) -> None:
    async with service.browser() as browser:
        known = await sign_in(browser, "anna", "wrong password")
        unknown = await sign_in(browser, "emma", "wrong password")
    assert known.status_code == unknown.status_code == 401
    assert known.text.replace("anna", "emma") == unknown.text
    assert list(known.headers.items()) == list(unknown.headers.items())
    assert dummy[0] is not None
    assert dummy[1:] == [None]


async def test_the_dummy_is_made_before_the_first_try(users: Path) -> None:
    passwords.nobodys_hash.cache_clear()
    Service(Settings(users_file=users))
    assert passwords.nobodys_hash.cache_info().currsize == 1


async def test_a_key_is_no_password_and_its_name_no_user(service: Service, dummy: list[str | None]) -> None:
    async with service.browser() as browser:
        assert (await sign_in(browser, "robot", "ketarag_" + "k" * 43)).status_code == 401
    assert dummy == [None]


async def test_a_user_is_throttled_wherever_they_try_from(service: Service, dummy: list[str | None]) -> None:
    for number in range(login.USER_TRIES):
        async with service.browser(address=f"192.0.2.{number}") as browser:
            assert (await sign_in(browser, "Anna", "wrong password")).status_code == 401
    async with service.browser(address="198.51.100.1") as browser:
        response = await sign_in(browser, "anna")  # the right one
        assert response.status_code == 429
        assert 0 < int(response.headers["retry-after"]) <= login.USER_SECONDS
        assert "Wait 1 minute," in response.text
        assert (await sign_in(browser, "berta b.", PASSWORD + "b")).status_code == 303
    assert len(dummy) == login.USER_TRIES + 1


async def test_an_unknown_name_is_throttled_like_a_known_one(service: Service, dummy: list[str | None]) -> None:
    async with service.browser() as browser:
        statuses = [(await sign_in(browser, "emma", "wrong password")).status_code for _ in range(12)]
    assert statuses == [401] * login.USER_TRIES + [429] * 2


async def test_an_address_is_throttled_whatever_name_it_tries(service: Service, dummy: list[str | None]) -> None:
    async with service.browser(address="192.0.2.7") as browser:
        statuses = [(await sign_in(browser, f"emma{n}", "wrong password")).status_code for n in range(32)]
    assert statuses == [401] * login.ADDRESS_TRIES + [429] * 2
    async with service.browser(address="192.0.2.8") as browser:
        assert (await sign_in(browser)).status_code == 303


async def test_a_ward_that_signs_in_is_not_throttled(service: Service) -> None:
    for _ in range(login.ADDRESS_TRIES + 5):
        async with service.browser(address="192.0.2.7") as browser:
            assert (await sign_in(browser)).status_code == 303


async def test_ones_own_account_does_not_wash_an_address_clean(service: Service, dummy: list[str | None]) -> None:
    async with service.browser(address="192.0.2.7") as browser:
        for number in range(login.ADDRESS_TRIES):
            await sign_in(browser, f"emma{number}", "wrong password")
            if number % 5 == 4 and number + 1 < login.ADDRESS_TRIES:
                await sign_in(browser, "anna")
        assert (await sign_in(browser, "anna")).status_code == 429


async def test_a_forged_address_does_not_help(users: Path, dummy: list[str | None]) -> None:
    service = Service(Settings(users_file=users, trusted_proxies=("10.1.2.3",)))
    statuses = []
    for number in range(login.ADDRESS_TRIES + 1):
        async with service.browser(address="192.0.2.7") as browser:
            browser.headers["x-forwarded-for"] = f"203.0.113.{number}"
            statuses.append((await sign_in(browser, f"emma{number}", "wrong password")).status_code)
    assert statuses[-1] == 429


async def test_success_gives_a_user_all_tries_back(service: Service) -> None:
    async with service.browser() as browser:
        for _ in range(2):
            for _ in range(login.USER_TRIES - 1):
                assert (await sign_in(browser, password="wrong password")).status_code == 401
            assert (await sign_in(browser)).status_code == 303


async def test_passwords_are_checked_a_few_at_a_time_and_the_rest_is_told_to_come_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go, running, most = threading.Event(), 0, 0
    lock = threading.Lock()

    def slow(stored: str | None, password: str) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go.wait(30)
        with lock:
            running -= 1
        return False

    monkeypatch.setattr(passwords, "matches", slow)

    async def attempt(number: int) -> int:
        async with service.browser(address=f"192.0.2.{number}") as browser:
            return (await sign_in(browser, f"emma{number}", "wrong password")).status_code

    tries = [asyncio.create_task(attempt(number)) for number in range(login.WAITING + 3)]
    done, _ = await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result() for task in done} == {429}
    assert (await service.get("/healthz")).status_code == 200  # the loop is free
    go.set()
    statuses = await asyncio.gather(*tries)
    assert sorted(statuses) == [401] * login.WAITING + [429] * 3
    assert most == login.AT_ONCE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": HERE + ":8000"},
        {"origin": HERE, "sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_a_form_of_another_site_is_refused(service: Service, path: str, headers: dict[str, str]) -> None:
    async with service.browser() as browser:
        await sign_in(browser)
        response = await browser.post(path, data={"name": "Berta B.", "password": PASSWORD + "b"}, headers=headers)
        assert response.status_code == 403
        assert not response.headers.get_list("set-cookie")
        assert await who(browser) == "user:anna"


async def test_signing_in_never_keeps_an_id_that_came_with_the_request(service: Service) -> None:
    async with service.browser() as browser:
        browser.cookies.set("ketarag", "x" * 43)
        first = cookies(await sign_in(browser))["ketarag"]["value"]
        second = cookies(
            await browser.post(
                "/login", data={"name": "anna", "password": PASSWORD}, headers=OWN | {"cookie": f"ketarag={first}"}
            )
        )["ketarag"]["value"]
    assert len({first, second, "x" * 43}) == 3
    for id, status in ((first, 401), ("x" * 43, 401), (second, 200)):
        assert (await service.get("/", cookie=f"ketarag={id}")).status_code == status


@pytest.mark.parametrize(
    "cookie",
    ["", "ketarag", "ketarag=", "ketarag=x; ketarag=y", "=;;=", "ketarag=\xff", "ketarag=" + "x" * 8000, "other=1"],
)
async def test_a_cookie_that_is_none_opens_nothing(service: Service, cookie: str) -> None:
    async with service.browser() as browser:
        assert (await browser.get("/", headers=[(b"cookie", cookie.encode("latin-1"))])).status_code == 401


async def test_our_cookie_is_found_among_others(service: Service) -> None:
    async with service.browser() as browser:
        id = cookies(await sign_in(browser))["ketarag"]["value"]
    assert (await service.get("/", cookie=f"a=b; xketarag=1; ketarag={id}; c=d")).json()["who"] == "user:anna"


async def test_a_session_ends_after_idleness(users: Path) -> None:
    service = Service(Settings(users_file=users, session_minutes=1))
    async with service.browser() as browser:
        await sign_in(browser)
        assert await who(browser) == "user:anna"
        held = service.app._login._sessions._held
        for session in held.values():
            session.seen -= 60.0
        assert await who(browser) is None


async def test_who_is_removed_or_has_a_new_password_is_out_at_once(service: Service, users: Path) -> None:
    async with service.browser() as browser, service.browser() as other:
        await sign_in(browser)
        await sign_in(other, "Berta B.", PASSWORD + "b")
        write_accounts(users, {"anna": PASSWORD, "Berta B.": PASSWORD + "b"})  # the same passwords with other salts
        assert await who(browser) is None
        await sign_in(browser)
        assert await who(browser) == "user:anna"
        write_accounts(users, {"Berta B.": PASSWORD + "b"})
        assert await who(browser) is None
        assert (await sign_in(browser)).status_code == 401


async def test_signing_out_ends_the_session_and_empties_the_browser(service: Service) -> None:
    async with service.browser() as browser:
        id = cookies(await sign_in(browser))["ketarag"]["value"]
        page = await browser.get("/logout")
        assert "<strong>anna</strong>" in page.text
        assert await who(browser) == "user:anna"  # to look is not to leave
        response = await browser.post("/logout", headers=OWN)
        assert (response.status_code, response.headers["location"]) == (303, "/login")
        assert response.headers["clear-site-data"] == '"storage"'
        assert {name: one["max-age"] for name, one in cookies(response).items()} == {
            "ketarag": "0",
            "ketarag-owner": "0",
        }
        assert await who(browser) is None
    assert (await service.get("/", cookie=f"ketarag={id}")).status_code == 401


async def test_signing_out_without_being_in_leads_to_the_login_page(service: Service) -> None:
    for response in (await service.get("/logout"), await service.post("/logout", **OWN)):
        assert (response.status_code, response.headers["location"]) == (303, "/login")


async def test_what_another_user_left_in_the_browser_goes_when_the_next_one_comes(service: Service) -> None:
    async with service.browser() as browser:
        assert (await sign_in(browser)).headers["clear-site-data"] == '"storage"'  # who knows whose it was
        assert "clear-site-data" not in (await sign_in(browser)).headers  # their own
        response = await sign_in(browser, "Berta B.", PASSWORD + "b")
        assert response.headers["clear-site-data"] == '"storage"'
        owner = cookies(response)["ketarag-owner"]["value"]
        assert re.fullmatch("[0-9a-f]{32}", owner)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"name=anna", "application/x-www-form-urlencoded"),
        (b"password=x", "application/x-www-form-urlencoded"),
        (b"name=+++&password=x", "application/x-www-form-urlencoded"),
        (b"name=anna&password=%ff%fe", "application/x-www-form-urlencoded"),
        (b"name=anna&password=\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % i for i in range(9)), "application/x-www-form-urlencoded"),
        (b"name=anna&password=x&next=" + b"y" * 20_000, "application/x-www-form-urlencoded"),
        (b'{"name": "anna", "password": "x"}', "application/json"),
        (b"name=anna&password=x", "text/plain"),
        (b"name=anna&password=x", ""),
    ],
)
async def test_what_is_no_form_is_refused_unhashed(
    service: Service, dummy: list[str | None], body: bytes, kind: str
) -> None:
    async with service.browser() as browser:
        response = await browser.post("/login", content=body, headers=OWN | {"content-type": kind})
    assert response.status_code == 400
    assert dummy == []


async def status_of_form(service: Service, receive: Callable[[], Awaitable[dict[str, object]]]) -> object:
    """The status that the form of the login gets when its body comes from `receive`."""
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        sent.append(message)  # type: ignore[arg-type]

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/login",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"origin", HERE.encode())],
        "client": ("127.0.0.1", 1),
    }
    await service.app(scope, receive, send)  # type: ignore[arg-type]
    return sent[0]["status"]


async def test_a_body_without_end_is_not_read_to_the_end(service: Service) -> None:
    taken = 0

    async def receive() -> dict[str, object]:
        nonlocal taken
        taken += 4096
        return {"type": "http.request", "body": b"x" * 4096, "more_body": True}

    assert await status_of_form(service, receive) == 400
    assert taken < 3 * login.FORM_LIMIT


async def test_a_form_that_does_not_arrive_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "READ_SECONDS", 0.01)

    async def never() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    assert await status_of_form(service, never) == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_refused(service: Service, method: str) -> None:
    async with service.browser() as browser:
        assert (await browser.request(method, "/login", headers=OWN)).status_code == 405


async def test_the_style_is_there_for_everybody(service: Service) -> None:
    response = await service.get("/login/style.css")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/css")


PLACES = st.text(st.sampled_from("/\\.?#@:%evilhost \t\r\n\x00éht"), max_size=12) | st.text(max_size=20)


@given(
    PLACES.map(lambda text: f"/{text}")
    | PLACES
    | st.builds("{}{}".format, st.sampled_from(["//", "/\\", "/\t/", "http://", "/%2f/", "\\/", "javascript:"]), PLACES)
)
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("/login?next=/x")
def test_nobody_is_sent_elsewhere(path: str) -> None:
    found = safe_next(path)
    assert found in (path, "/")
    assert re.fullmatch(r"[\x21-\x7e]+", found)
    as_browsers_read_it = re.sub(r"[\t\r\n]", "", found).replace("\\", "/")
    assert urlsplit(urljoin("http://127.0.0.1/login", as_browsers_read_it)).netloc == "127.0.0.1"
    assert found.split("?")[0] not in ("/login", "/logout")


@pytest.mark.parametrize(
    "path", ["/", "/v1/ask?q=1&b=2", "/ketarag/page.js", "/a/b/c?x=%C3%A9", "/?next=//evil.example"]
)
def test_places_of_this_service_are_kept(path: str) -> None:
    assert safe_next(path) == path


async def test_after_signing_in_one_is_where_one_wanted_to_be(service: Service) -> None:
    async with service.browser() as browser:
        first = await browser.get("/source/a doc?at=12&b=é", headers={"accept": "text/html"})
        assert first.status_code == 303
        asked = parse_qs(urlsplit(first.headers["location"]).query)["next"][0]
        page = await browser.get(first.headers["location"])
        assert f'value="{asked.replace("&", "&amp;")}"' in page.text
        response = await sign_in(browser, next=asked)
        assert response.headers["location"] == "/source/a%20doc?at=12&b=%C3%A9"


@pytest.mark.parametrize(
    "next", ["//evil.example", "https://evil.example", "/\r\nset-cookie: a=b", "javascript:alert(1)"]
)
async def test_a_bad_next_is_ignored_everywhere(service: Service, next: str) -> None:
    async with service.browser() as browser:
        page = await browser.get("/login", params={"next": next})
        assert 'name="next" value="/"' in page.text
        response = await sign_in(browser, next=next)
        assert response.headers["location"] == "/"
        assert set(cookies(response)) == {"ketarag", "ketarag-owner"}
        assert (await browser.get("/login", params={"next": next})).headers["location"] == "/"
