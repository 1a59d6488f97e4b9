"""What every chat model keeps to. Another one passes by a class with its three fixtures."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

import pytest

from ketarag.errors import ChatModelError
from ketarag.protocols import ChatModel, Message
from ketarag.testing import Reply, ScriptedChatModel

ASKED = [Message("system", "Answer in one sentence."), Message("user", "How long does the benefit last?")]


class ChatModelContract:
    @pytest.fixture
    def model(self) -> ChatModel:
        """Writes at least ten pieces of text."""
        raise NotImplementedError

    @pytest.fixture
    def broken(self) -> ChatModel:
        """Fails, at once or after some pieces."""
        raise NotImplementedError

    @pytest.fixture
    def slow(self) -> ChatModel:
        """Takes far longer than a second for its text."""
        raise NotImplementedError

    def test_it_writes_text_in_pieces_that_are_not_empty(self, model: ChatModel) -> None:
        pieces = list(model.stream(ASKED, seconds=30, tokens=200))
        assert pieces
        assert all(isinstance(piece, str) and piece for piece in pieces)

    def test_it_answers_each_call(self, model: ChatModel) -> None:
        assert list(model.stream(ASKED[1:], seconds=30, tokens=200))
        assert list(model.stream(ASKED, seconds=30, tokens=200))

    def test_it_ends_at_the_tokens(self, model: ChatModel) -> None:
        few = "".join(model.stream(ASKED, seconds=30, tokens=3))
        assert len(few.split()) <= 6
        assert len(few) < len("".join(model.stream(ASKED, seconds=30, tokens=200)))

    def test_it_can_be_left_in_the_middle(self, model: ChatModel) -> None:
        stream = model.stream(ASKED, seconds=30, tokens=200)
        assert next(stream)
        if isinstance(stream, Generator):
            stream.close()
            assert next(stream, "") == ""
        assert list(model.stream(ASKED, seconds=30, tokens=200))

    def test_what_fails_is_a_chat_model_error(self, broken: ChatModel) -> None:
        with pytest.raises(ChatModelError) as caught:
            list(broken.stream(ASKED, seconds=30, tokens=200))
        assert str(caught.value)

    def test_it_keeps_to_the_seconds(self, slow: ChatModel) -> None:
        began = time.monotonic()
        with pytest.raises(ChatModelError):
            list(slow.stream(ASKED, seconds=0.3, tokens=200))
        assert time.monotonic() - began < 3

    def test_it_says_who_it_is(self, model: ChatModel) -> None:
        assert model.name
        assert model.name == model.name.strip()
        assert isinstance(model.leaves_machine, bool)


class TestScriptedChatModel(ChatModelContract):
    @pytest.fixture
    def model(self) -> ScriptedChatModel:
        return ScriptedChatModel("The benefit lasts less than one week in most of the patients [1].")

    @pytest.fixture
    def broken(self) -> ScriptedChatModel:
        return ScriptedChatModel(Reply(["The ", "benefit"], error="scripted: gone"))

    @pytest.fixture
    def slow(self) -> ScriptedChatModel:
        return ScriptedChatModel(Reply(["a "] * 100, delay=0.2))

    def test_it_says_one_reply_after_the_other_and_remembers_what_it_was_asked(self) -> None:
        model = ScriptedChatModel("first one", Reply(["second"]))
        said = ["".join(model.stream(ASKED, seconds=1, tokens=9)) for _ in range(3)]
        assert said == ["first one", "second", "second"]
        assert model.calls == [tuple(ASKED)] * 3
        assert model.ended == 3

    def test_a_stream_that_is_closed_is_over(self) -> None:
        model = ScriptedChatModel("one two three")
        stream: Iterator[str] = model.stream(ASKED, seconds=1, tokens=9)
        assert next(stream) == "one"
        assert model.ended == 0
        stream.close()  # type: ignore[attr-defined]
        assert model.ended == 1
