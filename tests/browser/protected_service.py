"""The page over the fake assistant, behind the login: `python tests/browser/protected_service.py USERS_FILE`."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1]))

from fake_assistant import FakeAssistant

from ketarag.config import Settings
from ketarag.web.server import create_app


async def main(users: Path) -> None:
    app = create_app(FakeAssistant(), Settings(users_file=users))  # type: ignore[arg-type]
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"KetaRAG is ready: http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201
    await uvicorn.Server(uvicorn.Config(app, log_level="warning", proxy_headers=False)).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
