"""Tasks that are told to end do end; what must be done is done."""

import asyncio
from contextlib import suppress

import pytest

from kit.tasks import completed, ended


async def deaf(lost: list[int]) -> None:
    """Lose three cancellations."""
    while len(lost) < 3:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        lost.append(1)
    await asyncio.Event().wait()


async def test_tasks_end_even_if_they_lose_a_cancellation() -> None:
    lost: list[int] = []

    async def failing() -> None:
        await asyncio.sleep(0)
        raise ValueError

    tasks = [asyncio.create_task(work) for work in (deaf(lost), failing())]
    await asyncio.sleep(0.01)
    await ended(*tasks)
    assert len(lost) == 3
    assert [task.cancelled() for task in tasks] == [True, False]


async def test_who_ends_tasks_and_is_ended_ends_them_all_the_same() -> None:
    inner = asyncio.create_task(deaf([]))

    async def owner() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await ended(inner)

    outer = asyncio.create_task(owner())
    await asyncio.sleep(0.01)
    await ended(outer)
    assert (inner.cancelled(), outer.cancelled()) == (True, True)


async def test_nothing_to_end() -> None:
    await ended()


async def test_what_must_be_done_is_done_though_cancelled() -> None:
    steps: list[int] = []

    async def work() -> None:
        for step in range(5):
            await asyncio.sleep(0.001)
            steps.append(step)

    task = asyncio.create_task(completed(work()))
    while not task.done():
        await asyncio.sleep(0)
        task.cancel()
    assert (task.cancelled(), steps) == (True, [0, 1, 2, 3, 4])


async def test_what_must_be_done_tells_of_its_failure() -> None:
    async def failing() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await completed(failing())
