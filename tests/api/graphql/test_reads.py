"""What an operation read from is given back, whatever becomes of the operation."""

import asyncio

import pytest

from api.graphql.reads import Reads
from kit.db import Database


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
