"""What holds for every test: no network but this machine, no file of the user touched. The real model, read once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from pytest_socket import socket_allow_hosts

from ketarag.config import shipped_corpus

if TYPE_CHECKING:
    from ketarag.answering.cross_encoder import CrossEncoder
    from ketarag.assistant import Assistant
    from ketarag.indexing.embed import SentenceTransformerEmbedder
    from ketarag.indexing.runtime import OpenVinoEmbedder
    from ketarag.types import Document

LOOPBACK = ["127.0.0.1", "::1"]

settings.register_profile("default", deadline=None)  # a busy machine is no bug
settings.register_profile("thorough", deadline=None, max_examples=5000)  # pytest --hypothesis-profile thorough
settings.load_profile("default")

# Set before anything of Hugging Face is imported. Playwright looks for its browsers in the cache that is moved below.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault(
    "PLAYWRIGHT_BROWSERS_PATH", str(Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ms-playwright")
)


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Connections to other machines raise; pytest-socket lifts this after each test."""
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's settings and cache are out of sight; an index by default goes into a folder of this session."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("KETARAG_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
        patch.delenv("XDG_CONFIG_HOME", raising=False)  # a developer's own users file is there
        yield


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    """The bundled model."""
    from ketarag.indexing.embed import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder()


@pytest.fixture(scope="session")
def fast_embedder(embedder: SentenceTransformerEmbedder, tmp_path_factory: pytest.TempPathFactory) -> OpenVinoEmbedder:
    """The same model, converted."""
    from ketarag.indexing.convert import convert
    from ketarag.indexing.runtime import OpenVinoEmbedder

    folder = tmp_path_factory.mktemp("models") / "minilm"
    return OpenVinoEmbedder(convert(embedder.model, embedder.fingerprint, folder), folder)


@pytest.fixture(scope="session")
def network() -> CrossEncoder:
    """The shipped network of the trained reader."""
    from ketarag.answering.cross_encoder import CrossEncoder

    return CrossEncoder.load()


@pytest.fixture(scope="session")
def article() -> Document:
    """The shipped document."""
    from ketarag.indexing.load import load_corpus

    return load_corpus(shipped_corpus()).documents[0]


@pytest.fixture(scope="session")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """The real assistant over the shipped document."""
    from ketarag.assistant import Assistant

    return Assistant.load(index=tmp_path_factory.mktemp("index"))
