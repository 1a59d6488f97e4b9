"""While the store of vectors is down: no question is answered, none wrongly, and all else goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import served
from fake_assistant import FakeAssistant, FakeConversation

from ketarag.errors import StoreError
from ketarag.types import Answer, Filter, StreamEvent, Turn

WHY = "milvus://10.1.2.3:19530: cannot be reached within 10 s; start it, or name another with --store"


class OnStore(FakeAssistant):
    """`retrieve` and every question need the store."""

    down = False

    def ask(self, question: str, within: Filter | None = None) -> Answer:
        self._needed()
        return super().ask(question, within)

    def conversation(self, turns: tuple[Turn, ...] = (), within: Filter | None = None) -> FakeConversation:  # type: ignore[override]
        needed = self._needed

        class Conversation(FakeConversation):
            def stream(self, question: str) -> Iterator[StreamEvent]:
                needed()
                yield from super().stream(question)

        return Conversation(turns)

    def _needed(self) -> None:
        if self.down:
            raise StoreError(WHY)


async def test_questions_are_refused_until_it_is_up_again_and_the_rest_works(caplog: pytest.LogCaptureFixture) -> None:
    assistant = OnStore()
    async with served.client(served.new_service(assistant)) as client:
        asked = {"question": "What dose?"}
        assert (await client.get("/readyz")).status_code == 200
        before = (await client.post("/v1/ask", json=asked)).json()
        assistant.down = True
        response = await client.post("/v1/ask", json=asked)
        assert (response.status_code, response.json()["error"]["type"]) == (503, "store_unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert "10.1.2.3" not in response.text
        assert WHY in caplog.text
        assert (await client.get("/readyz")).status_code == 503, "although it was ready a moment ago"
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.post("/v1/verify", json={"claim": "90% respond"})).status_code == 200
        streamed = await client.post("/v1/ask", json=asked, headers={"accept": "text/event-stream"})
        assert "store_unavailable" in streamed.text
        chat = {"model": "ketarag", "messages": [{"role": "user", "content": "What dose?"}]}
        response = await client.post("/v1/chat/completions", json=chat)
        assert (response.status_code, response.json()["error"]["code"]) == (503, "store_unavailable")
        assistant.down = False
        after = (await client.post("/v1/ask", json=asked)).json()
        assert (after["text"], after["citations"]) == (before["text"], before["citations"])
        assert (await client.get("/readyz")).status_code == 200
