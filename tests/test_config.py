"""Settings: from the environment, from arguments, and what is refused."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketarag.config import BUNDLED_MODEL, Settings, default_index, shipped_corpus
from ketarag.errors import SettingsError


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings() == Settings(shipped_corpus(), None, BUNDLED_MODEL, "127.0.0.1", 7860)


def test_every_setting_has_its_variable() -> None:
    environment = {
        "KETARAG_CORPUS": "my/corpus",
        "KETARAG_INDEX": "my/index",
        "KETARAG_MODEL": "my-model",
        "KETARAG_HOST": "0.0.0.0",
        "KETARAG_PORT": "8080",
        "KETARAG_USERS_FILE": "my/users.jsonl",
        "KETARAG_SESSION_MINUTES": "15",
        "KETARAG_PROXY_HEADER": "X-Remote-User",
        "KETARAG_TRUSTED_PROXIES": "10.1.2.3, fd00::/64,",
        "KETARAG_TLS_CERTIFICATE": "my/cert.pem",
        "KETARAG_TLS_KEY": "my/key.pem",
        "KETARAG_AUDIT_FILE": "my/audit.jsonl",
        "KETARAG_AUDIT_TEXT": "1",
        "KETARAG_AUDIT_DAYS": "30",
        "KETARAG_FEEDBACK_FILE": "my/feedback.jsonl",
        "KETARAG_UPLOADS": "0",
        "KETARAG_LLM": "openai:gpt-4o-mini",
        "KETARAG_LLM_URL": "http://127.0.0.1:8080/v1",
        "KETARAG_LLM_SECONDS": "45",
        "KETARAG_LLM_TOKENS": "900",
        "KETARAG_STORE": "milvus://store:19530",
        "KETARAG_RAY": "10.1.2.3:6379",
        "KETARAG_ANSWERS_AT_ONCE": "8",
        "KETARAG_ANSWERS_WAITING": "0",
        "KETARAG_ANSWER_SECONDS": "90",
        "KETARAG_CLIENT_RATE": "5",
        "KETARAG_CLIENT_BURST": "10",
        "KETARAG_REQUEST_BYTES": "20000",
        "KETARAG_OTHER": "ignored",
    }
    expected = Settings(
        Path("my/corpus"),
        Path("my/index"),
        "my-model",
        "0.0.0.0",
        8080,
        users_file=Path("my/users.jsonl"),
        session_minutes=15,
        proxy_header="X-Remote-User",
        trusted_proxies=("10.1.2.3", "fd00::/64"),
        tls_certificate=Path("my/cert.pem"),
        tls_key=Path("my/key.pem"),
        audit_file=Path("my/audit.jsonl"),
        audit_text=True,
        audit_days=30,
        feedback_file=Path("my/feedback.jsonl"),
        uploads=False,
        llm="openai:gpt-4o-mini",
        llm_url="http://127.0.0.1:8080/v1",
        llm_seconds=45,
        llm_tokens=900,
        store="milvus://store:19530",
        ray="10.1.2.3:6379",
        answers_at_once=8,
        answers_waiting=0,
        answer_seconds=90,
        client_rate=5,
        client_burst=10,
        request_bytes=20_000,
    )
    assert {f"KETARAG_{one.name.upper()}" for one in fields(Settings)} == environment.keys() - {"KETARAG_OTHER"}
    assert Settings.from_environment(environment) == expected


@pytest.mark.parametrize(
    "name",
    "CORPUS INDEX MODEL HOST USERS_FILE PROXY_HEADER TRUSTED_PROXIES TLS_CERTIFICATE TLS_KEY AUDIT_FILE AUDIT_TEXT "
    "FEEDBACK_FILE UPLOADS LLM LLM_URL".split(),
)
def test_an_empty_variable_is_an_unset_one(name: str) -> None:
    assert Settings.from_environment({f"KETARAG_{name}": ""}) == Settings()


def test_without_an_argument_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETARAG_MODEL", "of-the-process")
    assert Settings.from_environment().model == "of-the-process"


@pytest.mark.parametrize("port", ["http", "", "-1", "70000", "80.5", "٣", "1e3", " 80"])
def test_a_port_that_cannot_work_is_refused_with_its_value_and_the_variable(port: str) -> None:
    with pytest.raises(SettingsError, match=r"KETARAG_PORT") as refused:
        Settings.from_environment({"KETARAG_PORT": port})
    assert port in str(refused.value)


@given(st.integers())
def test_a_port_is_between_0_and_65535(port: int) -> None:
    if 0 <= port <= 65535:
        assert Settings(port=port).port == port
    else:
        with pytest.raises(SettingsError, match=str(port)):
            Settings(port=port)


NUMBERS = "SESSION_MINUTES AUDIT_DAYS LLM_SECONDS LLM_TOKENS ANSWERS_AT_ONCE ANSWER_SECONDS CLIENT_RATE CLIENT_BURST REQUEST_BYTES".split()


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("number", ["0", "-1", "soon", "", "1.5", "999999999", "9" * 5000])
def test_a_number_that_cannot_work_is_refused_with_its_variable(name: str, number: str) -> None:
    with pytest.raises(SettingsError, match=f"KETARAG_{name} is "):
        Settings.from_environment({f"KETARAG_{name}": number, "KETARAG_AUDIT_FILE": "a.jsonl"})


def test_nobody_need_be_able_to_wait_but_not_everybody() -> None:
    assert Settings(answers_waiting=0).answers_waiting == 0
    with pytest.raises(
        SettingsError, match="KETARAG_ANSWERS_WAITING is 100001; set it to a number between 0 and 100000"
    ):
        Settings(answers_waiting=100_001)


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8080",
        "ftp://host/v1",
        "http://",
        "http://:80",
        "http://host:http",
        "http://host:0",
        "http://[::1",
        "http://h/\n",
        "http://h /v1",
    ],
)
def test_an_address_of_a_model_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"KETARAG_LLM_URL is .* such as http://127\.0\.0\.1:8080/v1"):
        Settings(llm_url=url)


@pytest.mark.parametrize(
    "url", ["http://me:secret-key@host/v1", "https://host/v1?key=secret-key", "https://h/v1#secret-key"]
)
def test_a_key_in_the_address_of_a_model_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="KETARAG_LLM_URL holds more than an address") as refused:
        Settings(llm_url=url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://models.example/v1/", "http://[::1]:8080/v1"])
def test_an_address_of_a_model_is_taken_as_it_is(url: str) -> None:
    assert Settings(llm_url=url).llm_url == url


@pytest.mark.parametrize(
    "header",
    ["", "X Remote", "X-Remote-User:", "X_Remote\n", "ä", "-", "Host", "COOKIE", "authorization", "X-Forwarded-For"],
)
def test_a_header_that_cannot_say_who_asks_is_refused(header: str) -> None:
    with pytest.raises(SettingsError, match=r"KETARAG_PROXY_HEADER is .* name a header of your own"):
        Settings(proxy_header=header, trusted_proxies=("10.1.2.3",))


def test_a_header_without_a_proxy_to_set_it_is_refused() -> None:
    with pytest.raises(SettingsError, match="set KETARAG_TRUSTED_PROXIES"):
        Settings(proxy_header="X-Remote-User")


@pytest.mark.parametrize(
    "proxy", ["", "proxy.example", "10.1.2", "10.1.2.3/33", "10.1.2.3:80", "0.0.0.0/0", "::/0", "*"]
)
def test_a_proxy_that_is_no_address_or_everybody_is_refused(proxy: str) -> None:
    with pytest.raises(SettingsError, match="KETARAG_TRUSTED_PROXIES names"):
        Settings(trusted_proxies=("10.1.2.3", proxy))


@pytest.mark.parametrize("given", [{"tls_certificate": Path("c")}, {"tls_key": Path("k")}])
def test_https_needs_a_certificate_and_its_key(given: dict[str, Path]) -> None:
    with pytest.raises(SettingsError, match="HTTPS needs both"):
        Settings(**given)  # type: ignore[arg-type]


def test_text_is_not_recorded_to_nowhere() -> None:
    with pytest.raises(SettingsError, match="KETARAG_AUDIT_FILE"):
        Settings(audit_text=True)
    with pytest.raises(SettingsError, match="KETARAG_AUDIT_TEXT is 'yes'"):
        Settings.from_environment({"KETARAG_AUDIT_TEXT": "yes", "KETARAG_AUDIT_FILE": "a.jsonl"})


def test_users_are_kept_in_ones_configuration_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert Settings().users_path == tmp_path / "ketarag" / "users.jsonl"
    assert Settings(users_file=Path("u")).users_path == Path("u")


def test_what_is_none_is_not_overridden() -> None:
    settings = Settings(Path("c"), Path("i"), "m", "h", 1)
    assert settings.overridden(None, None, None) == settings
    assert settings.overridden("x", None, None) == Settings(Path("x"), Path("i"), "m", "h", 1)
    assert settings.overridden(None, Path("y"), "z") == Settings(Path("c"), Path("y"), "z", "h", 1)
    assert settings.overridden(None, None, None, "ollama:x") == Settings(
        Path("c"), Path("i"), "m", "h", 1, llm="ollama:x"
    )


def test_the_shipped_corpus_holds_the_document() -> None:
    assert (shipped_corpus() / "ketamine-pharmacology-and-cancer-pain.txt").is_file()


def test_every_corpus_has_an_index_of_its_own(tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "corpus", tmp_path / "b" / "corpus"
    assert default_index(one) != default_index(other)
    assert default_index(one).name.startswith("corpus-")
    assert default_index(tmp_path / "a" / ".." / "a" / "corpus") == default_index(one)


def test_a_named_index_is_used_as_it_is(tmp_path: Path) -> None:
    assert Settings(index=tmp_path).index_path == tmp_path
    assert Settings(corpus=tmp_path).index_path == default_index(tmp_path)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]
