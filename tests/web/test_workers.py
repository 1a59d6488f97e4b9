"""Work in threads: bounded, in order, and stopped when nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest
import served

from ketarag.web.failures import ServiceError
from ketarag.web.workers import Workers


class Steps:
    """Items that come when they are let."""

    def __init__(self, count: int = 3) -> None:
        self.count = count
        self.made: list[int] = []
        self.go = threading.Semaphore(0)

    def __call__(self) -> Iterator[int]:
        for number in range(self.count):
            assert self.go.acquire(timeout=20)
            self.made.append(number)
            yield number


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(at_once=1, waiting=2)
    yield made
    made.close()


async def all_of(items: AsyncGenerator[int, None]) -> list[int]:
    async with aclosing(items):
        return [item async for item in items]


async def settled(workers: Workers) -> None:
    await asyncio.to_thread(served.until, lambda: workers.running == 0)


async def test_items_come_in_order(workers: Workers) -> None:
    assert await all_of(workers.run(lambda: iter(range(5)), 10)) == [0, 1, 2, 3, 4]
    await settled(workers)


async def test_what_it_raises_is_raised_after_what_it_gave(workers: Workers) -> None:
    def breaks() -> Iterator[int]:
        yield 1
        raise LookupError("here")

    items = workers.run(breaks, 10)
    assert await anext(items) == 1
    with pytest.raises(LookupError, match="here"):
        await anext(items)
    await settled(workers)


async def test_a_thread_survives_what_the_work_raises(workers: Workers) -> None:
    def exits() -> Iterator[int]:
        raise SystemExit(1)
        yield 1

    with pytest.raises(SystemExit):
        await all_of(workers.run(exits, 10))
    assert await all_of(workers.run(lambda: iter([7]), 10)) == [7]


async def test_the_line_is_served_in_order_and_refuses_when_full(workers: Workers) -> None:
    steps = [Steps(1) for _ in range(3)]
    order: list[int] = []

    async def ask(number: int) -> None:
        await all_of(workers.run(steps[number], 10))
        order.append(number)

    tasks = []
    for number in range(3):
        tasks.append(asyncio.create_task(ask(number)))
        await asyncio.sleep(0)
    assert (workers.running, workers.waiting, workers.full) == (1, 2, True)
    with pytest.raises(ServiceError) as refused:
        await all_of(workers.run(lambda: iter([1]), 10))
    assert (refused.value.status, refused.value.kind) == (503, "queue_full")
    for step in steps:
        step.go.release()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2]
    await settled(workers)


async def test_who_gives_up_in_line_leaves_it_and_is_never_begun(workers: Workers) -> None:
    first, second = Steps(1), Steps(1)
    running = asyncio.create_task(all_of(workers.run(first, 10)))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(all_of(workers.run(second, 10)))
    await asyncio.sleep(0)
    assert workers.waiting == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert workers.waiting == 0
    first.go.release()
    second.go.release()
    assert await running == [0]
    await settled(workers)
    assert second.made == []


async def test_time_is_up_in_line_too(workers: Workers) -> None:
    first = Steps(1)
    running = asyncio.create_task(all_of(workers.run(first, 10)))
    await asyncio.sleep(0)
    with pytest.raises(ServiceError) as late:
        await all_of(workers.run(lambda: iter([1]), 0.05))
    assert (late.value.status, late.value.kind) == (503, "timeout")
    assert workers.waiting == 0
    first.go.release()
    await running


async def test_work_that_nobody_waits_for_stops_after_its_step_and_is_counted_until_then(workers: Workers) -> None:
    steps = Steps(5)
    with pytest.raises(ServiceError):
        await all_of(workers.run(steps, 0.05))
    assert workers.running == 1
    for _ in range(5):
        steps.go.release()
    await settled(workers)
    assert steps.made == [0]


async def test_closing_finishes_what_was_taken_and_takes_no_more() -> None:
    workers = Workers(at_once=1, waiting=2)
    steps = [Steps(1), Steps(1)]
    tasks = [asyncio.create_task(all_of(workers.run(step, 10))) for step in steps]
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(workers.close))
    await asyncio.to_thread(served.until, lambda: not workers.open)
    with pytest.raises(ServiceError) as refused:
        await all_of(workers.run(lambda: iter([1]), 10))
    assert refused.value.kind == "shutting_down"
    for step in steps:
        step.go.release()
    assert await asyncio.gather(*tasks) == [[0], [0]]
    await closing
    assert workers.running == 0
