"""A store of vectors from its address, such as `milvus://host:19530`. What speaks to it is imported when it is asked for.

Not here: the stores themselves (`ketarag.integrations.milvus`, `ketarag.integrations.postgres`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ketarag.errors import SettingsError, StoreError
from ketarag.protocols import Vectors, VectorStore

Connect = Callable[[int, str], VectorStore]
"""(columns, partition) -> the connected store. Raises StoreError. Two partitions of one store know nothing of each other."""

PORTS = {"milvus": 19530, "milvus+tls": 19530, "milvus+lite": 0, "postgresql": 5432, "postgresql+tls": 5432}
"""The schemes of an address, with each one's own port: encrypted with `+tls`; `+lite` is a file, served inside this process."""

PLACES = (
    "milvus://host:19530, milvus+lite:///path/file.db or postgresql://host:5432/database; "
    "encrypted milvus+tls:// and postgresql+tls://"
)

NAME_LIMIT = 63
"""Characters of a collection's name: PostgreSQL cuts longer ones, so that two would be one."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is. `scheme` is one of `PORTS`; `host` is a name or an address without brackets, "" where `file` is set."""

    scheme: str
    host: str
    port: int
    database: str
    collection: str
    file: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """From `milvus://host[:port][/database][?collection=name]`, the same with another scheme, or `milvus+lite:///path/file.db`.

        Raises SettingsError for anything else, also for a password, which other users of the machine could read.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise SettingsError(f"the store {_safe(text)!r} names no host or port; write {PLACES}") from error
        if parts.scheme not in PORTS:
            raise SettingsError(f"the store {_safe(text)!r} is not of a kind known here; write {PLACES}")
        if parts.username or parts.password or "@" in parts.netloc:
            raise SettingsError(
                "a store's address must not hold a user or password; set KETARAG_STORE_USER and KETARAG_STORE_PASSWORD"
            )
        collection = _collection(parts.query)
        if parts.scheme == "milvus+lite":
            if not parts.path.endswith(".db"):
                raise SettingsError(f"the store {_safe(text)!r} names no file ending in .db; write {PLACES}")
            return cls(parts.scheme, "", 0, "", collection, parts.path)
        if not parts.hostname:
            raise SettingsError(f"the store {_safe(text)!r} names no host; write {PLACES}")
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], parts.path.strip("/"), collection)

    @property
    def encrypted(self) -> bool:
        """Whether nothing may be sent in the clear."""
        return self.scheme.endswith("+tls")

    @property
    def place(self) -> str:
        """Host and port as a URL has them, or the file."""
        if self.file:
            return self.file
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def shown(self) -> str:
        """Safe to print."""
        return f"{self.scheme}://{self.place}"


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks, "" for nobody in particular, and the PEM file of the authority that must have signed the store's certificate."""

    user: str
    password: str
    authority: str

    @classmethod
    def from_environment(cls) -> Login:
        """KETARAG_STORE_USER, _PASSWORD and _CA. Raises SettingsError when the last names no file."""
        user, password, authority = (os.environ.get(f"KETARAG_STORE_{name}", "") for name in ("USER", "PASSWORD", "CA"))
        if authority and not Path(authority).is_file():
            raise SettingsError(f"KETARAG_STORE_CA names {authority!r}, which is no file; name a PEM file")
        return cls(user, password, authority)


def connector(address: str) -> Connect:
    """How to connect to the store at an address; nothing is connected yet. Raises SettingsError on an address that is none."""
    place = Address.parse(address)
    if place.scheme.startswith("postgresql"):
        from ketarag.integrations.postgres import PostgresStore

        return lambda dimension, partition: PostgresStore(place, dimension, partition)
    from ketarag.integrations.milvus import MilvusStore

    return lambda dimension, partition: MilvusStore(place, dimension, partition)


def last_rows(ids: Sequence[str], vectors: Vectors, dimension: int, limit: int) -> dict[str, int]:
    """The row of each id that is to be added, the last one of a repeated id.

    Raises ValueError unless `vectors` has shape (len(ids), dimension) and each id has at most `limit` bytes.
    """
    if vectors.shape != (len(ids), dimension):
        raise ValueError(f"{len(ids)} ids need vectors of shape ({len(ids)}, {dimension}), got {vectors.shape}")
    if long := [name for name in ids if len(name.encode()) > limit]:
        raise ValueError(f"the id {long[0][:40]!r}... has over {limit} bytes; shorten the document's path")
    return {name: row for row, name in enumerate(ids)}


def check_columns(address: Address, held: int, dimension: int) -> None:
    """Raises StoreError unless the vectors that a store holds have as many columns as the model makes."""
    if held != dimension:
        raise StoreError(
            f"{address.shown}: the collection {address.collection!r} holds vectors of {held} columns, the model makes "
            f"{dimension}; name another one with ?collection="
        )


def _collection(query: str) -> str:
    told = parse_qs(query)
    if others := told.keys() - {"collection"}:
        raise SettingsError(
            f"a store's address may end in ?collection=name, not in {sorted(others)[0][:40]!r}; login and certificate "
            "are set with KETARAG_STORE_USER, _PASSWORD and _CA"
        )
    name = told.get("collection", ["ketarag"])[-1]
    if not (name.isidentifier() and name.isascii() and len(name) <= NAME_LIMIT) or name.startswith("pg_"):
        raise SettingsError(
            f"the collection {name[:80]!r} is no name for one; use up to {NAME_LIMIT} letters, digits and _, not pg_ first"
        )
    return name


def _safe(text: str) -> str:
    """An address without what stands before an @ or behind a ?."""
    scheme, found, rest = text.partition("://")
    return f"{scheme}{found}{rest.rpartition('@')[2].partition('?')[0]}"[:80]
