"""What a filter can choose by, and what it leaves: `/v1/within`, by which the page offers it and says what is searched.

Not here: the filter itself (`ketarag.web.schemas`), asking within one (`ketarag.web.api`), which documents it leaves (`ketarag.within`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ketarag.web import schemas
from ketarag.web.api import FAILURES
from ketarag.web.failures import Route
from ketarag.web.service import Service
from ketarag.within import described


class Choice(BaseModel):
    """A publisher, a tag or a year, and how many documents have it."""

    name: str
    documents: int = Field(ge=1)


class Offered(BaseModel):
    """What a filter can choose by, of the documents that this client can ask."""

    documents: int = Field(ge=0, description="how many there are")
    publishers: list[Choice] = Field(description="by name; of very many the most frequent")
    tags: list[Choice] = Field(description="by name; of very many the most frequent")
    years: list[Choice] = Field(description="in which documents were published, ascending")


class Left(BaseModel):
    """What a filter leaves."""

    documents: int = Field(ge=0)
    of: int = Field(ge=0)
    told: str = Field(description='what they have in common, in words; "" for all')


def router(service: Service) -> APIRouter:
    """The two methods of the one route.

    They wait in no line, for what they say is to be known before a question is asked; once the documents are known they take no time.
    """
    refused: dict[int | str, dict[str, Any]] = {one: FAILURES[one] for one in (401, 403, 429, 500, 503)}
    made = APIRouter(prefix="/v1", route_class=Route, tags=["page"], responses=refused)

    @made.get("/within", summary="What a filter can choose by")
    async def offered(request: Request) -> Offered:
        choices = await asyncio.to_thread(service.assistant_for(request.scope).choices)
        return Offered(
            documents=choices.documents,
            publishers=_listed(choices.publishers),
            tags=_listed(choices.tags),
            years=[Choice(name=str(year), documents=times) for year, times in choices.years.items()],
        )

    @made.post("/within", summary="How many documents a filter leaves", responses=FAILURES)
    async def left(request: Request, body: schemas.Filter) -> Left:
        assistant, within = service.assistant_for(request.scope), body.noun()
        documents = await asyncio.to_thread(assistant.documents_within, within)
        return Left(documents=documents, of=len(assistant.documents), told=described(within))

    return made


def _listed(names: Mapping[str, int]) -> list[Choice]:
    """Those that a filter takes: a name may be too long for one."""
    return [Choice(name=name, documents=times) for name, times in names.items() if len(name) <= schemas.LONGEST_NAME]
