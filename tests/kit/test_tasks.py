"""Tasks that are told to end do end."""

import asyncio
from contextlib import suppress

from kit.tasks import ended


async def test_tasks_end_even_if_they_lose_a_cancellation() -> None:
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while lost < 3:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            lost += 1
        await asyncio.Event().wait()

    async def failing() -> None:
        await asyncio.sleep(0)
        raise ValueError

    tasks = [asyncio.create_task(work()) for work in (deaf, failing)]
    await asyncio.sleep(0.01)
    await ended(*tasks)
    assert lost == 3
    assert [task.cancelled() for task in tasks] == [True, False]


async def test_nothing_to_end() -> None:
    await ended()
