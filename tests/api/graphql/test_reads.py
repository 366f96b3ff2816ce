"""What an operation read from is given back, whatever becomes of the operation."""

import asyncio

import pytest

from api.graphql.reads import Reads
from domain.members.service import NewMember
from kit.db import Database, Session
from kit.embedded import Servers
from tests.support.shop import Shop


async def test_who_leaves_and_is_ended_twice_gives_the_connection_back(database: Database) -> None:
    reads = Reads(database)
    leaves = asyncio.Event()

    async def reader() -> None:
        async with reads.session():
            raise AssertionError

    async def operation() -> None:
        async with reads.session() as session:
            waiting = asyncio.create_task(reader())
            await session.value("SELECT 1")
        leaves.set()
        try:
            await reads.close()
        finally:
            await asyncio.wait([waiting])
            assert waiting.cancelled()

    leaving = asyncio.create_task(operation())
    await leaves.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    assert database.connections_in_use() == 0


async def test_who_comes_when_all_have_left_opens_nothing(database: Database) -> None:
    reads = Reads(database)
    async with reads.session() as session:
        assert await session.value("SELECT 1") == 1
    await reads.close()
    await reads.close()
    with pytest.raises(asyncio.CancelledError):
        async with reads.session():
            raise AssertionError
    assert database.connections_in_use() == 0


async def test_what_is_made_when_it_is_asked_for_needs_no_second_connection(
    servers: Servers, grocer: Shop
) -> None:
    """Five operations read over five connections, all there are, and each has to write."""
    await grocer.enrol(NewMember("ann", grocer.clock.now()))
    few = Database(servers.database_url, pool_size=5)
    met = asyncio.Barrier(5)

    async def operation(name: str) -> str:
        reads = Reads(few)
        async with reads.session() as session:
            await session.value("SELECT 1")
        await met.wait()

        async def work(session: Session) -> None:
            said = "UPDATE member SET display_name = $1 WHERE external_id = 'ann'"
            await session.fetch(said, name)

        await reads.apart(work)
        async with reads.session() as session:
            found: str = await session.value("SELECT display_name FROM member")
        await reads.close()
        with pytest.raises(asyncio.CancelledError):
            await reads.apart(work)
        return found

    async with asyncio.timeout(20):
        found = await asyncio.gather(*(operation(name) for name in "abcde"))
    assert set(found) <= set("abcde")
    assert few.connections_in_use() == 0
    await few.close()
