"""What `tests/conftest.py` promises to every test."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ketarag.config import Settings


def test_no_other_machine_can_be_reached() -> None:
    with socket.socket() as one, pytest.raises((RuntimeError, UserWarning), match=r"192\.0\.2\.1"):
        one.connect(("192.0.2.1", 80))


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 5):
        pass


def test_the_cache_is_not_the_users(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings.from_environment({})
    assert settings.index_path.is_relative_to(tmp_path_factory.getbasetemp())
    assert Path.home().is_relative_to(tmp_path_factory.getbasetemp())
    assert [name for name in os.environ if name.startswith("KETARAG_")] == []
