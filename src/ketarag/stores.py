"""A store of vectors from its address, such as `milvus://host:19530`. What speaks to it is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from ketarag.protocols import VectorStore

Connect = Callable[[int, str], VectorStore]
"""(columns, partition) -> the connected store. Raises StoreError. Two partitions of one store know nothing of each other."""


def connector(address: str) -> Connect:
    """How to connect to the store at an address; nothing is connected yet. Raises SettingsError on an address that is none."""
    from ketarag.integrations.milvus import Address, MilvusStore

    place = Address.parse(address)
    return lambda dimension, partition: MilvusStore(place, dimension, partition)
