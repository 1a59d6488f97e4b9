"""Servers for the browser, each a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
READY = re.compile(r"KetaRAG is ready: (http://\S+)")


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Runs a server until the end of the block; gives its address."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}", "HF_HUB_OFFLINE": "1"}
    server = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    assert server.stdout is not None
    try:
        ready = next(filter(None, map(READY.search, server.stdout)), None)
        assert ready, f"the server ended with {server.wait()} before it was ready"
        yield ready[1]
    finally:
        server.terminate()
        server.wait(timeout=10)
        server.stdout.close()
