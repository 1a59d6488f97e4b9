"""`/v1/within`: what a filter can choose by and what it leaves, of the documents that a client can ask."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

import served
from fake_assistant import DOCUMENT, FakeAssistant

from ketarag.types import Document

TAGS = MappingProxyType({"tags": "dose\n" + "x" * 201})
MINE = Document("mine.txt", "Mine", "Words.", "0" * 64, date(2024, 1, 1), "Me <b>", metadata=TAGS)


class Library(FakeAssistant):
    documents = (DOCUMENT, MINE)  # type: ignore[assignment]


async def test_what_there_is_to_choose() -> None:
    async with served.client(served.new_service(Library())) as client:
        got = (await client.get("/v1/within")).json()
    assert got == {
        "documents": 2,
        "publishers": [{"name": DOCUMENT.publisher, "documents": 1}, {"name": "Me <b>", "documents": 1}],
        "tags": [{"name": "dose", "documents": 1}],
        "years": [{"name": "2020", "documents": 1}, {"name": "2024", "documents": 1}],
    }


async def test_what_a_filter_leaves_is_counted_and_nothing_is_an_error() -> None:
    async with served.client(served.new_service(Library())) as client:
        some = await client.post("/v1/within", json={"published_from": "2021-01-01", "tags": ["DOSE"]})
        every = await client.post("/v1/within", json={})
        none = await client.post("/v1/within", json={"publishers": ["WHO"]})
        wrong = await client.post("/v1/within", json={"publisher": "WHO"})
    assert some.json() == {"documents": 1, "of": 2, "told": "published from 2021-01-01, tagged DOSE"}
    assert every.json() == {"documents": 2, "of": 2, "told": ""}
    assert (none.status_code, wrong.status_code) == (422, 422)
    assert none.json()["error"]["message"].startswith("none of the 2 documents is by WHO")


async def test_each_session_chooses_among_the_documents_that_it_can_ask() -> None:
    service = served.new_service()
    service.assistant_for = lambda scope: Library() if b"cookie" in dict(scope["headers"]) else service.assistant  # type: ignore[assignment,return-value]
    async with served.client(service) as client:
        assert (await client.get("/v1/within")).json()["documents"] == 1
        assert (await client.get("/v1/features")).json()["documents"] == 1
        cookie = {"cookie": "a=b"}
        assert (await client.get("/v1/within", headers=cookie)).json()["documents"] == 2
        assert (await client.get("/v1/features", headers=cookie)).json()["documents"] == 2
        mine = await client.post("/v1/within", json={"publishers": ["me <b>"]}, headers=cookie)
        assert mine.json() == {"documents": 1, "of": 2, "told": "by me <b>"}
