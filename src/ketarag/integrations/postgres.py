"""Vectors in PostgreSQL with pgvector, for who runs one already: a `VectorStore` like FAISS's, and passes the same contract.

Needs the extra `ketarag[postgres]`. A collection is a schema and a partition a table of it, with a graph (HNSW) of its own: a graph for all
would be walked past other partitions' vectors. Not here: passages, documents, the lexical index (`ketarag.indexing.folder`).
"""

from __future__ import annotations

import re
import struct
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from ketarag.errors import StoreError
from ketarag.protocols import Vectors
from ketarag.stores import Address, Login, check_columns, last_rows

if TYPE_CHECKING:
    from psycopg import Connection, Cursor, Error

T = TypeVar("T")

ID_LIMIT = 2600
"""Bytes of an id: PostgreSQL's index takes no more than 2,704."""

BATCH = 1000
"""Vectors of one transaction: 1.5 MB at 384 columns, and seconds of building the graph."""

SECONDS = 10.0
"""Time limit of connecting and of one request; six times as long for a batch that is written."""

_NEAREST: LiteralString = """
    SELECT id, -(vector <#> %(row)s::vector) FROM {table} ORDER BY vector <#> %(row)s::vector LIMIT %(k)s"""
_EXACT: LiteralString = """
    SELECT id, -(vector <#> %(row)s::vector) AS score FROM {table}
    WHERE %(within)s::text[] IS NULL OR id = ANY(%(within)s) ORDER BY score DESC LIMIT %(k)s"""
_PAGE: LiteralString = """
    SELECT id FROM {table} WHERE %(after)s::text IS NULL OR id > %(after)s ORDER BY id LIMIT 10000"""
_UPSERT: LiteralString = """
    INSERT INTO {table} AS held SELECT * FROM pg_temp.incoming
    ON CONFLICT (id) DO UPDATE SET vector = EXCLUDED.vector WHERE held.vector <> EXCLUDED.vector"""

_AWAY = "cannot be reached in time; start it, or name another with --store"
_CODES = {
    "0A000": "has no pgvector; install it beside the server",
    "42501": "does not let the user do this; have CREATE EXTENSION vector run, and GRANT CREATE ON the DATABASE",
    "57014": "took too long; ask again when it has less to do",
}
_WORDS = {  # who could not connect gets no code
    'pg_hba.conf|password|authentication failed|role "': "refused the user; check KETARAG_STORE_USER and KETARAG_STORE_PASSWORD",
    "SSL|certificate": "is not trusted; check its certificate, the host's name and KETARAG_STORE_CA",
    "database system is": _AWAY,
    "FATAL": "refused the connection; check that the database exists, its log says more",
}


class PostgresStore:
    """Unit vectors by string id in one table, which is made when it is missing. Safe to share between threads."""

    def __init__(self, address: Address, dimension: int, partition: str = "") -> None:
        """Connects. User, password and the certificate to trust come from KETARAG_STORE_USER, _PASSWORD and _CA.

        Raises StoreError when the server cannot be reached, refuses us, lacks pgvector, or holds vectors of other columns there.
        """
        try:
            from psycopg import sql
        except ImportError as error:
            raise StoreError("PostgreSQL's client is missing; pip install 'ketarag[postgres]'") from error
        self.address, self.dimension = address, dimension
        name = sql.Identifier(address.collection, f"vectors_{partition}" if partition else "vectors")
        self._names = {"table": name, "schema": sql.Identifier(address.collection), "width": sql.Literal(dimension)}
        self._idle: list[Connection] = []  # as many as were in use at once
        weakref.finalize(self, _close, self._idle)
        self._asked(self._prepare)

    def __len__(self) -> int:
        """How many vectors it holds."""
        return int(self._found("SELECT count(*) FROM {table}", {})[0][0])

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Adds, or replaces where the id is held; the last of repeated ids wins. Adding the same again changes nothing.

        Raises ValueError unless `vectors` has shape (len(ids), dimension) and each id has at most 2,600 bytes; StoreError, after
        which a part may have been added: add all of it again.
        """
        rows = sorted(last_rows(ids, vectors, self.dimension, ID_LIMIT).items())  # in one order: no deadlocks
        for start in range(0, len(rows), BATCH):
            self._asked(partial(self._upsert, rows[start : start + BATCH], vectors))

    def delete(self, ids: Sequence[str]) -> None:
        """Forgets the ids; an unknown id is not an error. Raises StoreError."""
        self._found("DELETE FROM {table} WHERE id = ANY(%(ids)s) RETURNING 1", {"ids": list(ids)})

    def search(self, vector: Vectors, k: int, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The at most `k` nearest of one row, shape (1, dimension): (id, inner product), best first; of the ids `within`, None for all.

        For all the graph is walked; among some ids, and where it gives fewer than `k`, each vector is compared. Raises StoreError.
        """
        if k < 1:
            return []
        asked = {"row": str(vector[0].tolist()), "k": k, "within": None if within is None else list(within)}
        found = self._found(_NEAREST, asked) if within is None else []
        if len(found) < k:
            found = self._found(_EXACT, asked)
        return sorted(found, key=lambda pair: -pair[1])

    def ids(self) -> Iterator[str]:
        """All ids, in order, read page by page. Raises StoreError."""
        after = None
        while rows := self._found(_PAGE, {"after": after}):
            yield from (name for (name,) in rows)
            after = rows[-1][0]

    def _found(self, query: LiteralString, values: dict[str, Any]) -> list[Any]:
        return self._asked(lambda at: self._run(at, query, values).fetchall())

    def _run(self, at: Connection, query: LiteralString, values: dict[str, Any] | None = None) -> Cursor:
        from psycopg.sql import SQL

        return at.execute(SQL(query).format(**self._names), values)

    def _upsert(self, rows: Sequence[tuple[str, int]], vectors: Vectors, at: Connection) -> None:
        with at.transaction(), at.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {int(6000 * SECONDS)}")
            self._run(at, "CREATE TEMP TABLE incoming (LIKE {table}) ON COMMIT DROP")
            with cursor.copy("COPY pg_temp.incoming FROM STDIN (FORMAT BINARY)") as copy:
                for name, row in rows:  # a vector is its length, 0, and its numbers, all big-endian
                    copy.write_row((name, struct.pack(">hh", self.dimension, 0) + vectors[row].astype(">f4").tobytes()))
            self._run(at, _UPSERT)

    def _prepare(self, at: Connection) -> None:
        """The table, made where it is missing, by one at a time; its columns are checked."""
        with at.transaction():
            at.execute("SELECT pg_advisory_xact_lock(hashtext('ketarag'))")
            if not self._columns(at):
                at.execute("CREATE EXTENSION IF NOT EXISTS vector")
                self._run(at, "CREATE SCHEMA IF NOT EXISTS {schema}")
                self._run(at, 'CREATE TABLE {table} (id text COLLATE "C" PRIMARY KEY, vector vector({width}) NOT NULL)')
                self._run(at, "CREATE INDEX ON {table} USING hnsw (vector vector_ip_ops) WITH (ef_construction = 128)")
            check_columns(self.address, self._columns(at), self.dimension)

    def _columns(self, at: Connection) -> int:
        query = "SELECT atttypmod FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = 'vector'"
        row = at.execute(query, [self._names["table"].as_string(at)]).fetchone()
        return int(row[0]) if row else 0

    def _asked(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns; done again where the connection had ended while idle. Raises StoreError, which quotes no data."""
        from psycopg import Error, pq

        while True:
            idle = at = None
            with suppress(IndexError):
                idle = self._idle.pop()
            try:
                at = idle or _connect(self.address)
                return work(at)
            except Error as error:
                if not (idle and idle.closed):
                    raise StoreError(f"{self.address.shown}: {_said(error)}") from error
            finally:
                if at and at.info.transaction_status == pq.TransactionStatus.IDLE:
                    self._idle.append(at)
                elif at:
                    at.close()


def _connect(address: Address) -> Connection:
    from psycopg import connect

    login, wait = Login.from_environment(), int(1000 * SECONDS)
    # Of the graph 128 vectors are kept in view; where that is not enough pgvector goes on by itself (iterative scan).
    settings = f"-c statement_timeout={wait} -c hnsw.ef_search=128 -c hnsw.iterative_scan=relaxed_order"
    options: dict[str, Any] = {"host": address.host, "port": address.port, "dbname": address.database or None}
    options |= {"user": login.user or None, "password": login.password or None, "connect_timeout": int(SECONDS)}
    options |= {"tcp_user_timeout": wait, "client_encoding": "UTF8", "options": settings, "autocommit": True}
    options["prepare_threshold"] = None  # each query is planned for its own k and ids
    if address.encrypted:
        options |= {"sslmode": "verify-full", "sslrootcert": login.authority or "system"}
    return connect(**options)


def _said(error: Error) -> str:
    """The cause in words and the cure; what the server says of the data is left out."""
    if code := error.sqlstate:
        failed = f"failed ({type(error).__name__}, code {code}); its log says more"
        return _CODES.get(code, _AWAY if code[:2] in ("08", "57") else failed)
    return next((why for words, why in _WORDS.items() if re.search(words, str(error))), _AWAY)


def _close(connections: list[Connection]) -> None:
    while connections:
        connections.pop().close()
