"""What is switched on, and what the operator keeps: `GET /v1/features`, by which the page knows what to offer and to say."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ketarag.config import Settings
from ketarag.protocols import ChatModel
from ketarag.web.api import FAILURES
from ketarag.web.auth import principal_of
from ketarag.web.failures import Route
from ketarag.web.service import Service


class Features(BaseModel):
    """What this client may use."""

    feedback: bool = Field(description="whether POST /v1/feedback keeps what is sent")
    uploads: bool = Field(description="whether documents of one's own can be asked")
    documents: int = Field(ge=0, description="how many this client can ask")
    signed_in: str | None = Field(description="the name of who is signed in, where there is a login")
    stored: str = Field(description="what is kept on the server and what is sent elsewhere, for people")


def router(service: Service, settings: Settings) -> APIRouter:
    """The one route."""
    refused: dict[int | str, dict[str, Any]] = {status: FAILURES[status] for status in (401, 403, 429, 503)}
    made = APIRouter(prefix="/v1", route_class=Route, tags=["page"], responses=refused)
    said = " ".join(filter(None, [stored(settings), sent(service.assistant.chat_model)]))

    @made.get("/features", summary="What is switched on, and what is kept")
    async def features(request: Request) -> Features:
        return Features(
            feedback=settings.feedback_file is not None,
            uploads=settings.uploads,
            documents=len(service.assistant_for(request.scope).documents),
            signed_in=_name(request),
            stored=said,
        )

    return made


def stored(settings: Settings) -> str:
    """What the operator keeps of what is asked, in one or two sentences without a name or a place."""
    days = f", for {settings.audit_days} days"
    if settings.audit_text:
        told = f"Your questions and the answers are recorded with your name{days}."
    elif settings.audit_file is not None:
        told = f"What you type is not stored; who asks and when is recorded{days}."
    else:
        told = "What you type is not stored."
    if settings.feedback_file is not None:
        told += " When you rate an answer, it is kept with its question and your words, without your name."
    return told


def sent(model: ChatModel | None) -> str:
    """Where questions go, "" where they stay on the server."""
    if model is None or not model.leaves_machine:
        return ""
    return f"Questions and passages are sent to {model.name.rpartition(' at ')[2]}."


def _name(request: Request) -> str | None:
    """Of a person; programs and whoever sits at this machine have none to show."""
    try:
        principal = principal_of(request.scope)
    except KeyError:
        return None
    return principal.name if principal.kind in ("user", "proxy") else None
