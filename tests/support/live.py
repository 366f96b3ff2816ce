"""What tests of lasting connections share: the worker for a moment, and a look at what is left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from api.announcing import Announcer
from api.runtime import Runtime

BALANCE = "subscription Balance { me { externalId balance { total } } }"


async def announced(runtime: Runtime) -> None:
    """Announce what was written, as the worker does, once it is handed out."""
    async with asyncio.timeout(20), runtime.database.alone() as session:
        while await session.value(
            "SELECT max(xid) >= pg_snapshot_xmin(pg_current_snapshot()) FROM fact"
        ):
            await asyncio.sleep(0.02)
    await Announcer(runtime.database, runtime.valkey).tick(runtime.clock.now())


@asynccontextmanager
async def leaving_nothing() -> AsyncIterator[None]:
    """Fail if the block leaves a task behind, but for the one that hears Valkey."""
    before = asyncio.all_tasks()
    yield
    left = _others(before)
    for _ in range(100):
        if not left:
            return
        await asyncio.sleep(0.02)
        left = _others(before)
    raise AssertionError(left)


def _others(before: set[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    mine = asyncio.current_task()
    found = asyncio.all_tasks() - before
    return [task for task in found if task is not mine and "Live" not in repr(task)]
