"""What people give for a chat model, and what becomes of it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from langchain_core.language_models import FakeListChatModel

from ketarag.chat import chat_model
from ketarag.errors import SettingsError
from ketarag.protocols import Message
from ketarag.testing import ScriptedChatModel


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_no_model(nothing: str | None) -> None:
    assert chat_model(nothing) is None


def test_one_of_ours_is_used_as_it_is() -> None:
    model = ScriptedChatModel("a")
    assert chat_model(model) is model


def test_one_of_langchains_is_wrapped() -> None:
    model = chat_model(FakeListChatModel(responses=["It lasts a week."]))
    assert model is not None
    assert "".join(model.stream([Message("user", "How long?")], seconds=20, tokens=50)) == "It lasts a week."


def test_a_name_is_loaded_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    model = chat_model("openai:small", "http://127.0.0.1:9/v1")
    assert model is not None
    assert model.name == "openai:small at http://127.0.0.1:9"
    assert not model.leaves_machine


@pytest.mark.parametrize("wrong", ["no-such-provider:x", object()])
def test_anything_else_is_a_settings_error(wrong: str) -> None:
    with pytest.raises(SettingsError):
        chat_model(wrong)


def test_langchain_is_not_loaded_without_a_model() -> None:
    code = "import sys, ketarag.assistant, ketarag.chat; ketarag.chat.chat_model(None); print('langchain_core' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
