from __future__ import annotations

from dataclasses import dataclass

import pytest

from ketarag.sequences import Joined, JoinedById, by_id


@dataclass(frozen=True)
class Item:
    id: str


def items(names: str) -> list[Item]:
    return [Item(name) for name in names]


def test_joined_sequences_are_read_as_one() -> None:
    joined = Joined("ab", "", "cd")
    assert list(joined) == [joined[at] for at in range(len(joined))] == list("abcd")
    assert [joined[-1], joined[-4]] == ["d", "a"]
    assert joined[1:3] == ["b", "c"]
    assert "c" in joined


@pytest.mark.parametrize("at", [4, -5])
def test_beyond_the_end_there_is_nothing(at: int) -> None:
    with pytest.raises(IndexError):
        Joined("ab", "cd")[at]


def test_items_are_found_by_id_on_both_sides() -> None:
    joined = JoinedById(items("ab"), items("c"))
    assert [joined.by_id[name].id for name in "abc"] == list("abc")
    assert "d" not in joined.by_id
    assert by_id(joined) is joined.by_id


def test_what_is_added_later_to_the_shared_side_is_seen_as_it_is_not_copied() -> None:
    shared = items("a")
    joined = JoinedById(shared, items("b"))
    shared.append(Item("z"))
    assert [item.id for item in joined] == ["a", "z", "b"]


@pytest.mark.parametrize("added", ["a", "cc"])
def test_an_id_that_comes_twice_is_an_error(added: str) -> None:
    with pytest.raises(ValueError, match="one id"):
        JoinedById(items("ab"), items(added))
