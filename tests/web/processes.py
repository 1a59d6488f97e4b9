"""The whole server as a process of its own, over the assistant without models."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


class Server:
    """A server in a process of its own."""

    def __init__(self, **settings: str) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "KETARAG_PORT": "0"} | settings
        command = [sys.executable, str(Path(__file__).with_name("slow_service.py"))]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        ready = re.search(r"KetaRAG is ready: (http://\S+)", self.process.stdout.readline())
        assert ready, self.process.communicate()
        self.address = ready[1]

    def ask(self, question: str = "slow dose", **headers: str) -> httpx.Response:
        return httpx.post(f"{self.address}/v1/ask", json={"question": question}, headers=headers, timeout=60)

    def waits(self) -> float:
        text = httpx.get(f"{self.address}/metrics").text
        return sum(float(n) for n in re.findall(r"^ketarag_(?:in_flight|queue_length) (\S+)", text, re.MULTILINE))

    def end(self, signal_number: int, seconds: float) -> tuple[int, str]:
        """Send a signal: the exit code and what was logged. Fails when it takes longer."""
        self.process.send_signal(signal_number)
        return self.wait(seconds)

    def wait(self, seconds: float) -> tuple[int, str]:
        _, logged = self.process.communicate(timeout=seconds)
        return self.process.returncode, logged


@contextmanager
def serving(**settings: str) -> Iterator[Server]:
    server = Server(**settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()
