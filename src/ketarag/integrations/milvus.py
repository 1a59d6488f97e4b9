"""Vectors in Milvus, for more passages than one machine holds: a `VectorStore` like FAISS's, and passes the same contract.

Needs the extra `ketarag[milvus]`. Not here: passages, documents and the lexical index, which stay in the index folder
(`ketarag.indexing.folder`).

Milvus gives no read-your-writes with the fast `Bounded` level, and its `Strong` level takes 0.2 to 0.4 s (version 2.3.5). So the first
search after a write of this process is `Strong`, and the others are `Bounded`.

The primary key is a hash of the id: Milvus' client writes keys into an expression between quotes as Python would, so that the name of a
file could break it, or say something else than was meant.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ketarag.errors import StoreError
from ketarag.protocols import Vectors
from ketarag.stores import Address, Login, check_columns, last_rows

if TYPE_CHECKING:
    from pymilvus import MilvusClient

T = TypeVar("T")

ID_LIMIT = 8192
"""Bytes of an id: a document's path and two offsets."""

BATCH = 1000
"""Vectors of one request: 1.5 MB at 384 columns, far below the 64 MB that a server takes."""

KEYS = 10_000
"""Of one condition: 0.4 MB."""

SECONDS = 10.0
"""Time limit of one request; as long Milvus' client tries again by itself when the server cannot be reached or is busy."""

_M, _EF_CONSTRUCTION = 16, 200
"""HNSW as it was measured with FAISS: .993 of the ten nearest at 10^6 with `ef` 64."""

_LEAST_EF = 128

_KEY_DIGITS = 40
"""Hexadecimal, 160 bits: no two of 10^9 ids share a key."""


class MilvusStore:
    """Unit vectors by string id in one Milvus collection, which is made when it is missing. Safe to share between threads."""

    def __init__(self, address: Address, dimension: int, partition: str = "") -> None:
        """Connects. User, password and the certificate to trust come from KETARAG_STORE_USER, _PASSWORD and _CA.

        `partition` is made when it is missing, and no other one is seen or changed; "" is the collection's own.
        Raises StoreError when the server cannot be reached, refuses us, or holds vectors of other columns there.
        """
        self._address = address
        self.dimension = dimension
        self._partition = partition
        self._written = threading.Event()
        self._client = self._asked(lambda: _connect(address))
        self._asked(self._prepare)

    @property
    def address(self) -> str:
        """Where it is, without secrets."""
        return self._address.shown

    def __len__(self) -> int:
        """How many vectors it holds, this process's own writes included."""
        rows = self._asked(
            lambda: self._client.query(
                self._name,
                filter="",
                output_fields=["count(*)"],
                consistency_level="Strong",
                timeout=SECONDS,
                **self._among,
            )
        )
        return int(rows[0]["count(*)"])

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Adds, or replaces where the id is held; the last of repeated ids wins. Adding the same again changes nothing.

        Raises ValueError unless `vectors` has shape (len(ids), dimension) and each id has at most 8,192 bytes; StoreError, after
        which a part may have been added: add all of it again.
        """
        last = last_rows(ids, vectors, self.dimension, ID_LIMIT)
        rows = [{"key": _key(name), "id": name, "vector": vectors[row].tolist()} for name, row in last.items()]
        for batch in _batches(rows):
            self._write(partial(self._client.upsert, self._name, batch, timeout=SECONDS, **self._into))

    def delete(self, ids: Sequence[str]) -> None:
        """Forgets the ids; an unknown id is not an error. Raises StoreError."""
        for batch in _batches([_key(name) for name in dict.fromkeys(ids)]):
            self._write(partial(self._client.delete, self._name, ids=batch, timeout=SECONDS, **self._into))

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first; of the ids `within`, None for all.

        One request for each `KEYS` of them. Raises StoreError.
        """
        if k < 1:
            return []
        if within is None:
            return self._search(vector, k, "")
        keys = [_key(name) for name in within]
        parts = [", ".join(f'"{key}"' for key in keys[at : at + KEYS]) for at in range(0, len(keys), KEYS)]
        found = [pair for part in parts for pair in self._search(vector, k, f"key in [{part}]")]
        return sorted(found, key=lambda pair: -pair[1])[:k]

    def _search(self, vector: Vectors, k: int, condition: str) -> list[tuple[str, float]]:
        fresh = self._written.is_set()
        found = self._asked(
            lambda: self._client.search(
                self._name,
                data=[vector[0].tolist()],
                anns_field="vector",
                filter=condition,
                limit=k,
                output_fields=["id"],
                search_params={"metric_type": "IP", "params": {"ef": max(_LEAST_EF, 2 * k)}},
                consistency_level="Strong" if fresh else "Bounded",
                timeout=SECONDS,
                **self._among,
            )
        )
        if fresh:
            self._written.clear()
        return [(str(hit["entity"]["id"]), float(hit["distance"])) for hit in found[0]]

    def ids(self) -> Iterator[str]:
        """All ids, in no order. Raises StoreError."""
        if not len(self):  # and waits until every write is seen, which an iterator does not (2.3.5)
            return
        walk = self._asked(
            lambda: self._client.query_iterator(
                self._name, batch_size=BATCH, filter="", output_fields=["id"], **self._among
            )
        )
        while rows := self._asked(walk.next):
            yield from (str(row["id"]) for row in rows)
        walk.close()

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    @property
    def _name(self) -> str:
        return self._address.collection

    @property
    def _into(self) -> dict[str, Any]:
        return {"partition_name": self._partition} if self._partition else {}

    @property
    def _among(self) -> dict[str, Any]:
        return {"partition_names": [self._partition]} if self._partition else {}

    def _write(self, write: Callable[[], Any]) -> None:
        """Marked as written before and after: a search between the two must not be the one that clears the mark."""
        self._written.set()
        self._asked(write)
        self._written.set()

    def _prepare(self) -> None:
        """The collection, made where it is missing; its columns are checked."""
        from pymilvus import DataType

        if not self._client.has_collection(self._name, timeout=SECONDS):
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("key", DataType.VARCHAR, max_length=_KEY_DIGITS, is_primary=True)
            schema.add_field("id", DataType.VARCHAR, max_length=ID_LIMIT)
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self.dimension)
            index = self._client.prepare_index_params()
            built = {"M": _M, "efConstruction": _EF_CONSTRUCTION}
            index.add_index("vector", index_type="HNSW", metric_type="IP", params=built)
            self._client.create_collection(
                self._name, schema=schema, index_params=index, consistency_level="Bounded", timeout=6 * SECONDS
            )
        fields = self._client.describe_collection(self._name, timeout=SECONDS)["fields"]
        held = next((int(one["params"]["dim"]) for one in fields if one["name"] == "vector"), 0)
        check_columns(self._address, held, self.dimension)
        if self._partition and not self._client.has_partition(self._name, self._partition, timeout=SECONDS):
            self._client.create_partition(self._name, self._partition, timeout=6 * SECONDS)
        self._client.load_collection(self._name, timeout=6 * SECONDS)

    def _asked(self, call: Callable[[], T]) -> T:
        """What `call` returns. Raises StoreError, which quotes no data."""
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException

        try:
            return call()
        except (MilvusException, RpcError) as error:
            raise StoreError(f"{self.address}: {_said(error)}") from error


def _connect(address: Address) -> MilvusClient:
    try:
        from pymilvus import MilvusClient
    except ImportError as error:
        raise StoreError("Milvus' client is missing; pip install 'ketarag[milvus]'") from error

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs every failed call with a traceback
    options: dict[str, Any] = {"timeout": SECONDS}
    login = Login.from_environment()
    if login.user:
        options |= {"user": login.user, "password": login.password}
    if address.database:
        options["db_name"] = address.database
    if address.encrypted:
        options["secure"] = True
        if login.authority:
            options["server_pem_path"] = login.authority
    return MilvusClient(_uri(address), **options)


def _uri(address: Address) -> str:
    """What Milvus' client takes for an address."""
    if address.file:
        return address.file
    return f"{'https' if address.encrypted else 'http'}://{address.place}"


def _said(error: Exception) -> str:
    """The cause in words and the cure; what the server says of the data is left out."""
    said = f"{error} {error.__cause__}".lower()  # of a connection that is refused only the inner one says why
    if "auth" in said or "permission" in said or "privilege" in said:
        return "refused the user; check KETARAG_STORE_USER and KETARAG_STORE_PASSWORD"
    if any(word in said for word in ("unavailable", "fail connecting", "timeout", "deadline", "not ready", "retry")):
        return f"cannot be reached within {SECONDS:g} s; start it, or name another with --store"
    code = getattr(error, "code", None)
    return f"failed ({type(error).__name__}, code {code}); its log says more"


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:_KEY_DIGITS]


def _batches(items: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), BATCH):
        yield list(items[start : start + BATCH])
