"""The worker's list: what recurs does its work, and stops when told."""

import asyncio
from datetime import datetime
from typing import cast

from api.runtime import Runtime
from api.worker import ticking, work
from kit.db import Session
from tests.support.shop import Shop, purchase


async def test_a_tick_goes_on_until_nothing_is_left(runtime: Runtime) -> None:
    left, seen = [3, 2, 0, 9], []

    async def batch(session: Session, now: datetime) -> int:
        assert await session.value("SELECT 1") == 1
        seen.append(now)
        return left.pop(0)

    now = runtime.clock.now()
    await ticking(runtime.database, batch)(now)
    assert (left, seen) == ([9], [now] * 3)


async def test_the_ledger_is_rolled_up(runtime: Runtime, grocer: Shop) -> None:
    await grocer.buy(purchase("p1", "ana", 1_000, grocer.clock.now()))
    stop = asyncio.Event()
    working = asyncio.create_task(work(runtime, stop))
    try:
        async with asyncio.timeout(20):
            while not await rolled_up(grocer):
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await working


async def rolled_up(shop: Shop) -> int:
    async with shop.database.read() as session:
        return cast("int", await session.value("SELECT coalesce(sum(dr), 0)::bigint FROM rollup"))
