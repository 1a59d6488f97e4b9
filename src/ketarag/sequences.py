"""Sequences seen as one. Imports nothing of ours."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Protocol, TypeVar, cast, overload

T = TypeVar("T")


class Identified(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """Its name among its like."""
        ...


ItemT = TypeVar("ItemT", bound=Identified)


def by_id(items: Sequence[ItemT]) -> Mapping[str, ItemT]:
    """The items by their ids; a sequence that keeps them so itself, as an index's documents do, is not read for it."""
    kept: Mapping[str, ItemT] | None = getattr(items, "by_id", None)
    return {item.id: item for item in items} if kept is None else kept


class Joined(Sequence[T]):
    """Sequences one after the other, not copied."""

    def __init__(self, *parts: Sequence[T]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        """The item; a list for a slice. Raises IndexError."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        for part in self._parts:
            if 0 <= place < len(part):
                return part[place]
            place -= len(part)
        raise IndexError(at)

    def __iter__(self) -> Iterator[T]:
        for part in self._parts:
            yield from part


class JoinedById(Joined[ItemT]):
    """Items of a shared sequence and further ones, found by their ids too, and none of them copied."""

    def __init__(self, shared: Sequence[ItemT], added: Sequence[ItemT]) -> None:
        """Raises ValueError where an id comes twice."""
        super().__init__(shared, added)
        own, known = {item.id: item for item in added}, by_id(shared)
        if len(own) < len(added) or any(id in known for id in own):
            raise ValueError("two documents have one id; give each an id of its own")
        self.by_id: Mapping[str, ItemT] = ChainMap(own, cast(MutableMapping[str, ItemT], known))  # only ever read
