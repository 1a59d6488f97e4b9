"""A `ketarag serve` of our own that can be killed and started again, and how much memory it takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SERVE = (sys.executable, "-m", "ketarag.cli", "serve", "--port", "0")
"""The real one, at a free port."""

_READY = "KetaRAG is ready: "


class Server:
    """A process that says where it listens. `address` changes with every start."""

    def __init__(self, command: Sequence[str] = SERVE) -> None:
        """`command` prints what `ketarag serve` prints. Use `start`."""
        self._command = list(command)
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> None:
        """Start it and wait until it is ready. Raises RuntimeError when it ends instead."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_READY):
                self.address = line.removeprefix(_READY).strip()
                return
        code = self._process.wait()
        self._ended()
        raise RuntimeError(f"the server ended with exit code {code} before it was ready")

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None:
            self._process.terminate()
            self._ended()

    @property
    def megabytes(self) -> float | None:
        """Resident memory of the process, where this system tells."""
        return None if self._process is None else resident_megabytes(self._process.pid)

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None


def resident_megabytes(process: int | str = "self") -> float | None:
    """Resident memory in 10^6 bytes; None where there is no /proc, or the process has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return int(kilobytes) * 1024 / 1e6 if kilobytes else None
