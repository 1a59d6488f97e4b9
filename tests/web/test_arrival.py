"""Where requests come from: proxies that are believed, and everybody else's headers."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.errors import SettingsError
from ketarag.web.arrival import (
    FORWARDED,
    Proxies,
    addressed_to_this_machine,
    is_loopback,
    is_private,
    sent_by_own_page,
)

PROXY, OTHER = "10.1.2.3", "10.9.9.9"


def scope(client: str | None = OTHER, scheme: str = "http", **headers: str | list[str]) -> dict[str, Any]:
    """A request; headers with underscores for hyphens, a list for a header that comes several times."""
    pairs = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    address = (client, 5000) if client is not None else None
    return {"type": "http", "method": "GET", "path": "/", "scheme": scheme, "client": address, "headers": pairs}


def names(of: Any) -> set[bytes]:
    return {name for name, _ in of["headers"]}


def test_a_proxy_that_is_named_says_who_asks_from_where_and_how() -> None:
    proxies = Proxies(["10.1.2.0/28"], "X-Remote-User")
    arrival = proxies.arrived(
        scope(PROXY, x_remote_user="anna", x_forwarded_for="192.0.2.7", x_forwarded_proto="https", accept="x")
    )
    assert arrival.trusted
    assert arrival.claims == (b"anna",)
    assert arrival.scope["client"] == ("192.0.2.7", 0)
    assert arrival.scope["scheme"] == "https"
    assert names(arrival.scope) == {b"accept"}


def test_anybody_elses_word_is_removed_before_anything_sees_it() -> None:
    proxies = Proxies(["10.1.2.0/28"], "X-Remote-User")
    headers: Any = {name.decode().replace("-", "_"): "192.0.2.7" for name in FORWARDED}
    arrival = proxies.arrived(
        scope(OTHER, x_remote_user="anna", accept="x", **headers | {"x_forwarded_proto": "https"})
    )
    assert not arrival.trusted
    assert arrival.claims == (b"anna",)
    assert arrival.scope["client"] == (OTHER, 5000)
    assert arrival.scope["scheme"] == "http"
    assert names(arrival.scope) == {b"accept"}


@pytest.mark.parametrize("client", [None, "", "testclient", "10.1.2.300", "10.1.2.3.evil.example", "::", "0.0.0.0"])
def test_what_is_no_address_of_a_proxy_is_not_believed(client: str | None) -> None:
    assert not Proxies([PROXY], "X-Remote-User").arrived(scope(client)).trusted


@pytest.mark.parametrize(
    ("network", "client"),
    [
        ("10.1.2.3", "::ffff:10.1.2.3"),
        ("fd00::/8", "fd00::5"),
        ("fe80::1", "fe80::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("10.1.2.9/28", "10.1.2.3"),
    ],
)
def test_an_address_is_known_in_any_spelling(network: str, client: str) -> None:
    assert Proxies([network], None).arrived(scope(client)).trusted


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("1.1.1.1, 192.0.2.7", "192.0.2.7"),
        (["1.1.1.1", "192.0.2.7, 10.1.2.4"], "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("10.1.2.4", "10.1.2.4"),
        ("192.0.2.7, unknown", PROXY),
        ("192.0.2.7, unknown, 10.1.2.4", "10.1.2.4"),
        ("", PROXY),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy(hops: str | list[str], client: str) -> None:
    arrival = Proxies(["10.1.2.0/28"], None).arrived(scope(PROXY, x_forwarded_for=hops))
    assert arrival.scope["client"][0] == client


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=20), max_size=5))
def test_what_a_client_writes_into_the_list_does_not_change_who_it_is(forged: list[str]) -> None:
    """A proxy appends the address that it saw."""
    arrival = Proxies([PROXY], None).arrived(scope(PROXY, x_forwarded_for=[*forged, "192.0.2.7"]))
    assert arrival.scope["client"][0] == "192.0.2.7"


@pytest.mark.parametrize(
    ("said", "scheme"), [("https", "https"), ("http", "http"), ("https, http", "http"), ("", "http"), ("HTTPS", "http")]
)
def test_the_last_proxy_says_how_it_was_asked(said: str, scheme: str) -> None:
    assert Proxies([PROXY], None).arrived(scope(PROXY, x_forwarded_proto=said)).scope["scheme"] == scheme


def test_the_servers_own_scope_is_left_alone() -> None:
    came = scope(PROXY, x_remote_user="anna", x_forwarded_for="192.0.2.7")
    before = {**came, "headers": list(came["headers"])}
    Proxies([PROXY], "X-Remote-User").arrived(came)
    assert came == before


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:7860",
        "127.0.0.1",
        "127.0.0.1:7860",
        "127.9.9.9",
        "[::1]:7860",
        "[::1]",
        "app.localhost",
        "localhost.",
    ],
)
def test_loopback_names(host: str) -> None:
    assert addressed_to_this_machine(scope(host=host))
    assert is_private(scope(host=host))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "ketarag.hospital.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:127",
        "10.1.2.3",
        "[::2]",
        "[",
        "a:b:c",
        "localhost:x",
        "127.0.0.1:99999",
    ],
)
def test_other_names(host: str) -> None:
    assert not addressed_to_this_machine(scope(host=host))
    assert not is_private(scope(host=host))
    assert is_private(scope(host=host, scheme="https"))


def test_no_host_is_not_this_machine() -> None:
    assert not addressed_to_this_machine(scope())


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, None),
        ({"origin": "http://ketarag.example"}, True),
        ({"origin": "HTTP://KETARAG.example:80"}, True),
        ({"origin": "https://ketarag.example"}, True),
        ({"origin": "http://ketarag.example:8000"}, False),
        ({"origin": "https://ketarag.example.evil"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://ketarag.example@evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://["}, False),
        ({"origin": "http://ketarag.example:x"}, False),
        ({"origin": "http://ketarag.example, http://evil.example"}, False),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-origin", "origin": "null"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site", "origin": "http://ketarag.example"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": ["same-origin", "cross-site"]}, False),
    ],
)
def test_which_page_sent_it(headers: dict[str, Any], own: bool | None) -> None:
    assert sent_by_own_page(scope(host="ketarag.example", **headers)) is own


def test_the_port_is_part_of_the_origin() -> None:
    assert sent_by_own_page(scope(host="127.0.0.1:7860", origin="http://127.0.0.1:7860"))
    assert sent_by_own_page(scope(host="127.0.0.1:7860", origin="http://127.0.0.1:8000")) is False
    assert sent_by_own_page(scope(host="[::1]:7860", origin="http://[::1]:7860"))


@given(st.text(st.characters(max_codepoint=255), max_size=30), st.text(st.characters(max_codepoint=255), max_size=30))
def test_any_host_and_origin_can_come(host: str, origin: str) -> None:
    assert sent_by_own_page(scope(host=host, origin=origin)) in (True, False, None)
    assert addressed_to_this_machine(scope(host=host)) in (True, False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "127.0.0.2", "::1", "localhost", "::ffff:127.0.0.1"])
def test_addresses_of_this_machine_only(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "0", "::", "::0", "10.1.2.3", "::ffff:10.1.2.3", "fe80::1", "192.0.2.1"]
)
def test_addresses_that_others_can_reach(host: str) -> None:
    assert not is_loopback(host)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)


def test_a_name_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "127.0.0.1", "::1")
    assert is_loopback("this-machine")
    resolving(monkeypatch, "127.0.0.1", "10.1.2.3")
    assert not is_loopback("this-machine-and-more")
    resolving(monkeypatch)
    assert not is_loopback("nothing")


def test_a_name_that_is_none_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(SettingsError, match=r"'no\.such\.name'.*--host"):
        is_loopback("no.such.name")
    monkeypatch.undo()
    with pytest.raises(SettingsError, match="--host"):
        is_loopback("x" * 300 + ".example")
