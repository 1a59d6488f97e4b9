"""LangChain's chat models as ours: loading them, what they are called, limits, retries, and what is kept from logs and tracers."""

from __future__ import annotations

import builtins
import logging
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from faulty_server import FAULTS, TEXT, FaultyServer, completion, free_port_url, refuses, says, streams, until
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.globals import set_debug
from langchain_core.language_models import BaseChatModel, FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.rate_limiters import InMemoryRateLimiter

from ketarag.errors import ChatModelError, SettingsError
from ketarag.integrations.langchain import calls as calls_module
from ketarag.integrations.langchain import models as models_module
from ketarag.integrations.langchain.models import LangChainModel, load_chat_model, wrap
from ketarag.protocols import ChatModel, Message

SECRET_QUESTION = "Is zebrafish ketamine safe?"
KEY = "sk-secret-1234"
ASKED = (Message("system", "Answer from the passages."), Message("user", SECRET_QUESTION))


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_API_KEY", "OLLAMA_HOST", "LANGSMITH_GATEWAY",
        "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
        "http_proxy", "https_proxy", "all_proxy", "OPENAI_PROXY",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "FIRST_WAIT", 0.02)


def written(model: ChatModel, seconds: float = 10.0, tokens: int = 100) -> str:
    return "".join(model.stream(ASKED, seconds=seconds, tokens=tokens))


class Blocking(BaseChatModel):
    """A library that knows no time limit and cannot be stopped."""

    release: Any = None

    @property
    def _llm_type(self) -> str:
        return "blocking"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.release.wait(60)
        return ChatResult(generations=[ChatGeneration(message=AIMessage("late"))])


# What is asked, and what comes back


def test_the_text_comes_in_pieces_and_the_request_says_what_it_should() -> None:
    with FaultyServer(says(TEXT, usage=(40, 20))) as server:
        model = load_chat_model("openai:some-model", server.url)
        pieces = list(model.stream(ASKED, seconds=10, tokens=100))
        written(model)
    assert "".join(pieces) == TEXT
    assert len(pieces) > 5
    assert all(pieces)
    request = server.requests[0]
    assert [(message["role"], message["content"]) for message in request["messages"]] == [
        ("system", ASKED[0].text),
        ("user", ASKED[1].text),
    ]
    assert (request["model"], request["stream"], request["temperature"]) == ("some-model", True, 0)
    assert request["max_tokens"] == 100
    assert request["seed"] == server.requests[1]["seed"]
    assert server.headers[0]["authorization"] == "Bearer none"
    assert (model.usage.calls, model.usage.input_tokens, model.usage.output_tokens) == (2, 80, 40)
    assert model.usage.estimated == 0


def test_a_server_that_does_not_stream_is_understood() -> None:
    with FaultyServer(lambda wire: wire.whole(200, completion(TEXT))) as server:
        model = load_chat_model("some-model", server.url)
        assert written(model) == TEXT
        assert model.usage.output_tokens == 7


def test_a_server_that_takes_few_parameters_is_asked_plainly_from_then_on() -> None:
    with FaultyServer(refuses(400), says(TEXT)) as server:
        model = load_chat_model("some-model", server.url)
        assert written(model) == TEXT
        assert written(model) == TEXT
    assert "temperature" in server.requests[0]
    for request in server.requests[1:]:
        assert not {"temperature", "seed", "stream_options", "max_tokens"} & set(request)
        assert request["max_completion_tokens"] == 100
    assert len(server.requests) == 3


def test_the_path_is_added_where_the_address_has_none() -> None:
    with FaultyServer() as server:
        for url in (server.url, server.url.removesuffix("/v1"), server.url.removesuffix("v1")):
            assert written(load_chat_model("some-model", url)) == TEXT
    assert server.paths == ["/v1/chat/completions"] * 3


@pytest.mark.parametrize("spec", ["openai:some-model", "some-model", "org/Some-Model:q4"])
def test_with_an_address_the_name_is_a_model_of_an_openai_compatible_server(spec: str) -> None:
    with FaultyServer() as server:
        written(load_chat_model(spec, server.url))
    assert server.requests[0]["model"] == spec.removeprefix("openai:")


def test_many_threads_share_a_model() -> None:
    with FaultyServer(says(TEXT)) as server:
        model = load_chat_model("some-model", server.url)
        said: list[str] = []
        threads = [threading.Thread(target=lambda: said.append(written(model))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert said == [TEXT] * 12
    assert model.usage.calls == 12


# Names, and where questions go


def test_the_name_holds_no_user_password_or_query() -> None:
    model = load_chat_model("openai:gpt", "http://user:pass@127.0.0.1:8080/secret/v1?key=hidden#part")
    assert model.name == "openai:gpt at http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("url", "leaves"),
    [
        ("http://127.0.0.1:8080/v1", False),
        ("http://127.8.9.10/v1", False),
        ("http://localhost:1234", False),
        ("http://models.localhost/v1", False),
        ("http://[::1]:8080/v1", False),
        ("http://[::ffff:127.0.0.1]/v1", False),
        ("http://10.1.2.3:8080/v1", True),
        ("http://192.168.0.7/v1", True),
        ("http://[fe80::1]/v1", True),
        ("http://localhost.example.org/v1", True),
        ("https://llm.example.org/v1", True),
        ("http://2130706433/v1", True),
    ],
)
def test_only_loopback_is_this_machine(url: str, leaves: bool) -> None:
    assert load_chat_model("openai:gpt", url).leaves_machine is leaves


def test_a_provider_in_the_cloud_is_named_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    openai, anthropic = load_chat_model("openai:gpt-4o-mini"), load_chat_model("anthropic:claude-x")
    assert openai.name == "openai:gpt-4o-mini at https://api.openai.com"
    assert anthropic.name == "anthropic:claude-x at https://api.anthropic.com"
    assert openai.leaves_machine
    assert anthropic.leaves_machine
    assert KEY not in openai.name + anthropic.name


def test_an_address_that_the_environment_sets_is_the_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert load_chat_model("openai:gpt").name == "openai:gpt at http://127.0.0.1:9"
    assert not load_chat_model("openai:gpt").leaves_machine
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    assert load_chat_model("openai:gpt").name == "openai:gpt at https://gateway.smith.langchain.com"
    assert load_chat_model("openai:gpt").leaves_machine


def test_ollama_is_on_this_machine_unless_its_variable_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_chat_model("ollama:llama3.2")
    assert (model.name, model.leaves_machine) == ("ollama:llama3.2 at http://127.0.0.1:11434", False)
    monkeypatch.setenv("OLLAMA_HOST", "http://10.0.0.5:11434")
    assert load_chat_model("ollama:llama3.2").leaves_machine


def test_no_proxy_is_taken_to_reach_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyServer() as server, FaultyServer(says("from the proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("OPENAI_PROXY", proxy.url)
        assert written(load_chat_model("some-model", server.url)) == TEXT
    assert proxy.requests == []


def test_an_instance_behind_a_proxy_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_ollama import ChatOllama

    assert not wrap(ChatOllama(model="x")).leaves_machine
    monkeypatch.setenv("HTTP_PROXY", "http://10.9.9.9:3128")
    assert wrap(ChatOllama(model="x")).leaves_machine


def test_a_redirect_is_not_followed() -> None:
    with FaultyServer() as other:

        def redirects(wire: Any) -> None:
            wire.whole(307, b"", Location=f"{other.url}/chat/completions")

        with FaultyServer(redirects) as server, pytest.raises(ChatModelError, match="redirects"):
            written(load_chat_model("some-model", server.url))
    assert other.requests == []


def test_an_instance_is_wrapped_with_its_name() -> None:
    model = wrap(GenericFakeChatModel(messages=iter([AIMessage("The dose is 5 mg [1].")])))
    assert written(model) == "The dose is 5 mg [1]."
    assert not model.leaves_machine
    assert wrap(Blocking()).leaves_machine
    assert not wrap(Blocking(), leaves=False).leaves_machine


def test_what_is_no_chat_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="str is no LangChain chat model"):
        wrap("ollama:llama3.2")  # type: ignore[arg-type]


# What cannot be loaded


def test_a_provider_that_is_not_known_names_the_known_ones() -> None:
    with pytest.raises(SettingsError) as raised:
        load_chat_model("opnai:gpt-4o")
    assert "opnai:gpt-4o" in str(raised.value)
    assert all(name in str(raised.value) for name in ("openai", "ollama", "anthropic", "azure_openai"))


@pytest.mark.parametrize("spec", ["", "  ", "openai:", "ollama: "])
def test_a_name_without_a_model_is_refused(spec: str) -> None:
    with pytest.raises(SettingsError, match="names no model"):
        load_chat_model(spec)


@pytest.mark.parametrize(
    ("spec", "variable"),
    [
        ("openai:gpt", "OPENAI_API_KEY"),
        ("anthropic:claude", "ANTHROPIC_API_KEY"),
        ("azure_openai:gpt", "AZURE_OPENAI_ENDPOINT"),
    ],
)
def test_a_missing_key_is_named_by_its_variable(spec: str, variable: str) -> None:
    with pytest.raises(SettingsError, match=f"set .*{variable}"):
        load_chat_model(spec)


def test_azure_is_set_up_from_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com/")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    model = load_chat_model("azure_openai:gpt")
    assert (model.name, model.leaves_machine) == ("azure_openai:gpt at https://mine.openai.azure.com", True)


@pytest.mark.parametrize(
    ("spec", "package", "extra"),
    [
        ("openai:gpt", "langchain_openai", "ketarag[openai]"),
        ("azure_openai:gpt", "langchain_openai", "ketarag[openai]"),
        ("anthropic:claude", "langchain_anthropic", "ketarag[anthropic]"),
        ("ollama:llama3.2", "langchain_ollama", "ketarag[ollama]"),
        ("groq:llama", "langchain_groq", "langchain-groq"),
    ],
)
def test_a_missing_package_names_what_to_install(
    spec: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from langchain.chat_models import base

    real = builtins.__import__
    monkeypatch.setattr(base.importlib, "import_module", lambda name, *_: real(f"missing_{name}"))
    base._get_chat_model_creator.cache_clear()
    with pytest.raises(SettingsError) as raised:
        load_chat_model(spec)
    base._get_chat_model_creator.cache_clear()
    assert extra in str(raised.value)
    assert package.split("_")[1] in str(raised.value)


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1/v1", "http://", "http://127.0.0.1:port/v1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="http://host:port/v1"):
        load_chat_model("openai:gpt", url)


# Limits


def test_a_library_that_blocks_is_left_behind() -> None:
    release = threading.Event()
    model = wrap(Blocking(release=release))
    started = time.monotonic()
    with pytest.raises(ChatModelError, match="in time"):
        written(model, seconds=0.3)
    assert time.monotonic() - started < 2
    release.set()


def test_a_model_whose_calls_all_hang_is_not_asked_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "HANGING", 2)
    monkeypatch.setattr(calls_module, "_GRACE", 0.0)
    release = threading.Event()
    model = wrap(Blocking(release=release))
    for _ in range(2):
        with pytest.raises(ChatModelError, match="in time"):
            written(model, seconds=0.05)
    with pytest.raises(ChatModelError, match="2 calls to it still hang"):
        written(model, seconds=5)
    release.set()
    until(lambda: not any(call.alive for call in model._given_up))
    assert written(model) == "late"


def test_the_process_ends_while_a_call_hangs() -> None:
    program = """
        import threading
        from faulty_server import FAULTS, FaultyServer
        from ketarag.integrations.langchain.models import load_chat_model
        from ketarag.protocols import Message
        with FaultyServer(FAULTS["never answers"]) as server:
            pieces = load_chat_model("m", server.url).stream([Message("user", "x")], seconds=300, tokens=9)
            threading.Thread(target=lambda: next(pieces), daemon=True).start()
            while not server.requests:
                pass
            import os, sys
            sys.exit(0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0


@pytest.mark.parametrize("fault", ["slow first token", "endless pings", "slow between tokens", "never answers"])
def test_the_time_limit_holds_and_the_thread_ends(fault: str) -> None:
    with FaultyServer(FAULTS[fault]) as server:
        model = load_chat_model("some-model", server.url)
        started = time.monotonic()
        with pytest.raises(ChatModelError, match="in time"):
            written(model, seconds=0.5)
        assert time.monotonic() - started < 1.5
        until(lambda: not any(call.alive for call in model._given_up), seconds=3)


def test_what_is_not_read_to_the_end_is_closed() -> None:
    with FaultyServer(FAULTS["endless stream"]) as server:
        model = load_chat_model("some-model", server.url)
        pieces = model.stream(ASKED, seconds=20, tokens=1000)
        assert next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert server.gone.wait(5)


@pytest.mark.parametrize("fault", ["endless stream", "huge single chunk", "repetition"])
def test_reading_stops_at_the_token_limit(fault: str) -> None:
    with FaultyServer(FAULTS[fault]) as server:
        model = load_chat_model("some-model", server.url)
        said = written(model, tokens=50)
    assert 0 < len(said.split()) <= 5 * 50
    assert len(said) <= 6 * 50
    assert model.usage.output_tokens == 50
    assert model.usage.estimated == 1


def test_a_model_that_keeps_to_the_limit_is_not_cut() -> None:
    text = "Norketamine is an active metabolite with a longer half-life. " * 5
    with FaultyServer(streams(list(text))) as server:  # a character a piece
        assert written(load_chat_model("some-model", server.url), tokens=len(text) // 3 + 1) == text


def test_nothing_is_asked_where_no_time_or_tokens_are_left() -> None:
    with FaultyServer() as server:
        model = load_chat_model("some-model", server.url)
        for seconds, tokens in ((0.0, 10), (-1.0, 10), (5.0, 0)):
            with pytest.raises(ChatModelError, match="nothing is left"):
                written(model, seconds=seconds, tokens=tokens)
    assert server.requests == []


# Retries


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with FaultyServer(refuses(status), refuses(status), says(TEXT)) as server:
        assert written(load_chat_model("some-model", server.url)) == TEXT
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 402, 403, 404, 413])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    with FaultyServer(refuses(status)) as server, pytest.raises(ChatModelError, match=str(status)):
        written(load_chat_model("some-model", server.url))
    assert len(server.requests) == 1


def test_a_server_that_is_down_is_tried_again_and_then_said_to_be_down() -> None:
    model = load_chat_model("some-model", free_port_url())
    with pytest.raises(ChatModelError, match="cannot be reached"):
        written(model)
    assert model.usage.calls == models_module.ATTEMPTS


def test_the_time_that_the_server_asks_for_is_waited() -> None:
    with FaultyServer(refuses(429, Retry_After="1"), says(TEXT)) as server:
        started = time.monotonic()
        assert written(load_chat_model("some-model", server.url)) == TEXT
        assert 1 <= time.monotonic() - started < 4


def test_a_wait_beyond_the_limit_is_not_begun() -> None:
    with FaultyServer(refuses(429, Retry_After="3600")) as server:
        started = time.monotonic()
        with pytest.raises(ChatModelError, match="KETARAG_LLM_SECONDS"):
            written(load_chat_model("some-model", server.url), seconds=20)
        assert time.monotonic() - started < 5


def test_retries_share_one_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "ATTEMPTS", 1000)
    monkeypatch.setattr(models_module, "FIRST_WAIT", 0.0)
    with FaultyServer(refuses(500)) as server:
        started = time.monotonic()
        with pytest.raises(ChatModelError):
            written(load_chat_model("some-model", server.url), seconds=1)
        assert time.monotonic() - started < 3
    assert len(server.requests) > 3


def test_nothing_is_tried_again_once_text_came() -> None:
    with FaultyServer(FAULTS["cut mid-stream"], says(TEXT)) as server:
        pieces = load_chat_model("some-model", server.url).stream(ASKED, seconds=10, tokens=100)
        assert next(pieces)
        with pytest.raises(ChatModelError, match="connection broke"):
            list(pieces)
    assert len(server.requests) == 1


# What is kept from logs, errors and tracers


def test_no_question_and_no_key_is_in_a_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    with FaultyServer(refuses(500, SECRET_QUESTION), says(TEXT), refuses(400, f"{SECRET_QUESTION} {KEY}")) as server:
        url = server.url.replace("http://", "http://user:hidden-password@")
        model = load_chat_model("some-model", url)
        assert written(model) == TEXT
        with pytest.raises(ChatModelError) as raised:
            written(model)
    logged = caplog.text + str(raised.value) + repr(raised.value.__cause__)
    for hidden in (SECRET_QUESTION, "passages", KEY, "hidden-password", TEXT[:20]):
        assert hidden not in logged
    assert server.headers[0]["authorization"] != "Bearer none"


@pytest.mark.parametrize("variable", ["LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2"])
def test_no_trace_is_sent_whatever_the_environment_says(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from langsmith import utils

    with FaultyServer() as smith, FaultyServer() as server:
        monkeypatch.setenv(variable, "true")
        monkeypatch.setenv("LANGSMITH_API_KEY", KEY)
        monkeypatch.setenv("LANGSMITH_ENDPOINT", smith.url)
        utils.get_env_var.cache_clear()
        try:
            assert written(load_chat_model("some-model", server.url)) == TEXT
            assert written(wrap(FakeListChatModel(responses=["Yes."]))) == "Yes."
            time.sleep(0.5)  # a tracer sends in the background
        finally:
            utils.get_env_var.cache_clear()
    assert smith.requests == []


def test_callbacks_and_the_debug_printer_see_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Spy(BaseCallbackHandler):
        seen: list[object] = []  # noqa: RUF012

        def on_chat_model_start(self, *arguments: Any, **more: Any) -> None:
            self.seen.append(arguments)

        def on_llm_new_token(self, *arguments: Any, **more: Any) -> None:
            self.seen.append(arguments)

    set_debug(True)
    try:
        assert written(wrap(FakeListChatModel(responses=["Yes."], callbacks=[Spy()]))) == "Yes."
    finally:
        set_debug(False)
    assert Spy.seen == []
    assert SECRET_QUESTION not in capsys.readouterr().out


def test_the_rate_limiter_of_an_instance_counts() -> None:
    limiter = InMemoryRateLimiter(requests_per_second=0.01, check_every_n_seconds=0.01, max_bucket_size=1)
    limiter.available_tokens = 1.0
    model = wrap(FakeListChatModel(responses=["Yes."], rate_limiter=limiter))
    assert written(model) == "Yes."
    with pytest.raises(ChatModelError, match="in time"):
        written(model, seconds=0.2)


def test_the_instance_given_is_left_as_it_was() -> None:
    from langchain_openai import ChatOpenAI

    with FaultyServer() as server:
        given = ChatOpenAI(model="m", base_url=server.url, api_key="x", max_tokens=900, max_retries=0)  # type: ignore[arg-type, call-arg]
        assert written(wrap(given), tokens=80) == TEXT
    assert given.max_tokens == 900
    assert server.requests[0]["max_completion_tokens"] == 80


# Every fault


@pytest.fixture
def faulty(request: pytest.FixtureRequest) -> Iterator[LangChainModel]:
    with FaultyServer(FAULTS[request.param]) as server:
        yield load_chat_model("some-model", server.url)


@pytest.mark.parametrize("faulty", FAULTS, indirect=True)
def test_every_fault_ends_in_text_or_in_an_error_of_ours_within_the_limit(faulty: LangChainModel) -> None:
    started = time.monotonic()
    with suppress(ChatModelError):
        assert 0 < len(written(faulty, seconds=1, tokens=50)) <= 6 * 50
    assert time.monotonic() - started < 2.5
    until(lambda: not any(call.alive for call in faulty._given_up), seconds=5)
