"""What the page is told of: what is switched on, who is signed in, and what is kept."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import served
from fastapi import FastAPI
from made_accounts import HERE, sign_in, write_accounts

from ketarag.config import Settings
from ketarag.web import features
from ketarag.web.auth import Authentication
from ketarag.web.features import stored


async def told(settings: Settings, signed_in: bool = False, **headers: str) -> dict[str, object]:
    app = FastAPI()
    app.include_router(features.router(served.new_service(), settings))
    app.add_middleware(Authentication, settings=settings)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as browser:
        if signed_in:
            await sign_in(browser)
        got = await browser.get(
            "/v1/features", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        assert got.status_code == 200
        return got.json()  # type: ignore[no-any-return]


async def test_on_ones_own_machine() -> None:
    assert await told(Settings()) == {
        "feedback": False,
        "uploads": True,
        "documents": 1,
        "signed_in": None,
        "stored": "What you type is not stored.",
    }


async def test_what_is_switched_on_is_said(tmp_path: Path) -> None:
    got = await told(Settings(feedback_file=tmp_path / "f", uploads=False))
    assert (got["feedback"], got["uploads"]) == (True, False)


async def test_who_is_signed_in(tmp_path: Path) -> None:
    users = write_accounts(tmp_path / "users.jsonl")
    assert (await told(Settings(users_file=users), signed_in=True))["signed_in"] == "anna"
    by_proxy = Settings(proxy_header="X-Remote-User", trusted_proxies=("127.0.0.1",))
    assert (await told(by_proxy, x_remote_user="berta"))["signed_in"] == "berta"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(audit_file=Path("a")), "What you type is not stored; who asks and when is recorded, for 90 days."),
        (
            Settings(audit_file=Path("a"), audit_text=True, audit_days=30),
            "Your questions and the answers are recorded with your name, for 30 days.",
        ),
        (
            Settings(feedback_file=Path("f")),
            "What you type is not stored. When you rate an answer, it is kept with its question and your words, without your name.",
        ),
    ],
)
def test_what_the_operator_keeps_is_said_in_words(settings: Settings, said: str) -> None:
    assert stored(settings) == said


def test_no_place_on_the_machine_is_told() -> None:
    everything = Settings(audit_file=Path("/var/secret"), audit_text=True, feedback_file=Path("/var/secret"))
    assert "secret" not in stored(everything)
