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
