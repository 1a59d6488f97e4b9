"""A real Milvus on loopback, from the environment that `make milvus` makes: the client and the server cannot share one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from filelock import FileLock

SERVER = Path(__file__).parents[1] / ".venv-milvus" / "bin" / "milvus-server"
"""What `make milvus` installs: the package milvus 2.3.5, the C++ standalone server."""

STARTS_WITHIN = 120.0
"""Seconds; 7 on free cores."""


class MilvusServer:
    """One server with its own data folder, TLS and login. A second one on the same host does not start, so it is waited for its end."""

    USER, PASSWORD = "root", "Milvus"

    def __init__(self, data: Path) -> None:
        self._alone = FileLock(Path(tempfile.gettempdir()) / "ketarag-tests-milvus.lock")
        self._alone.acquire()
        self.data = data
        self.port = free_port()
        self.certificate = data / "server.pem"
        self._process: subprocess.Popen[bytes] | None = None
        make_certificate(self.certificate, data / "server.key")

    @property
    def address(self) -> str:
        return f"milvus+tls://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs."""
        return {
            "KETARAG_STORE_USER": self.USER,
            "KETARAG_STORE_PASSWORD": self.PASSWORD,
            "KETARAG_STORE_CA": str(self.certificate),
        }

    def start(self) -> None:
        """The first time through the package's wrapper, which writes the configuration; again without it, for it would
        take other ports while the old ones are not free for it yet."""
        server = self.data / "bin" / "milvus"
        first = not server.is_file()
        wrapper = [SERVER, "--data", self.data, "--proxy-port", str(self.port), "--tls-mode", "1"]
        wrapper += ["--authorization-enabled", "true", "--server-pem-path", self.certificate]
        wrapper += ["--server-key-path", self.data / "server.key", "--ca-pem-path", self.certificate]
        environment = {
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(free_port()),
            "MILVUS_RUN_DIR": str(self.data / "run"),
            "LD_LIBRARY_PATH": str(server.parent),
        }
        self._process = subprocess.Popen(
            wrapper if first else [server, "run", "standalone"],
            cwd=self.data,
            env=os.environ | ({} if first else environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # its wrapper does not end its child: the group is ended
        )
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            if self._healthy():
                return
            time.sleep(0.3)
        self.kill()
        raise RuntimeError(f"Milvus did not start within {STARTS_WITHIN:g} s")

    def kill(self) -> None:
        """SIGKILL to the server and its wrapper."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Ends it for good: another one may start."""
        self.kill()
        self._alone.release()

    def _healthy(self) -> bool:
        from grpc import RpcError
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException

        options = {
            "user": self.USER,
            "password": self.PASSWORD,
            "server_pem_path": str(self.certificate),
            "secure": True,
        }
        try:
            socket.create_connection(("localhost", self.port), 1).close()
            client = MilvusClient(f"https://localhost:{self.port}", timeout=5, **options)
            client.list_collections(timeout=5)
            client.close()
        except (OSError, MilvusException, RpcError):
            return False
        return True


def make_certificate(certificate: Path, key: Path) -> None:
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    command = ["openssl", *options.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
