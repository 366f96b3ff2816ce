"""What several fields of one operation wait for."""

import asyncio

from api.graphql.loaders import Loaders
from api.graphql.reads import Reads
from domain.members.queries import Member
from tests.support.shop import Shop, purchase


async def test_who_gives_up_waiting_ends_it_for_nobody_else(grocer: Shop) -> None:
    await grocer.buy(purchase("p1", "ana", 100, grocer.clock.now()))
    reads = Reads(grocer.database)
    loaders = Loaders(reads, grocer.brand, grocer.clock.now())

    async def waits() -> Member | None:
        return await loaders.members_by_external_id.load("ana")

    # A field beside it has failed, and the answer has no place for it any more.
    first, second = (asyncio.create_task(waits()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    found = await second
    assert first.cancelled()
    assert found is not None
    assert found.external_id == "ana"
    await reads.close()


async def test_who_waits_for_what_was_given_up_waits_no_longer(grocer: Shop) -> None:
    await grocer.buy(purchase("p1", "ana", 100, grocer.clock.now()))
    (member_id,) = await grocer.member_ids("ana")
    reads = Reads(grocer.database)
    loaders = Loaders(reads, grocer.brand, grocer.clock.now())
    before = asyncio.all_tasks()

    async def waits() -> None:
        await loaders.standings.load((member_id, grocer.clock.now()))

    for steps in range(30):
        waiting = asyncio.create_task(waits())
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()
        await reads.close()
        async with asyncio.timeout(5):
            while left := asyncio.all_tasks() - before:
                await asyncio.wait(left)
        assert grocer.database.connections_in_use() == 0
        reads = Reads(grocer.database)
        loaders = Loaders(reads, grocer.brand, grocer.clock.now())
