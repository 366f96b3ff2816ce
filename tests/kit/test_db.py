"""The database of a process: what a transaction keeps, what it tries again, what it forbids."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from kit.db import Database, Session
from kit.embedded import Servers

_PUT = (
    "INSERT INTO request (tenant_id, scope, key, input_hash, recorded_at)"
    " VALUES (1, 's', $1, '', $2)"
)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


async def put(session: Session, key: str) -> None:
    await session.fetch(_PUT, key, NOW)


async def keys(database: Database) -> list[str]:
    async with database.read() as session:
        return [row["key"] for row in await session.fetch("SELECT key FROM request ORDER BY key")]


async def test_transaction_keeps_all_or_nothing(database: Database) -> None:
    async with database.transaction() as session:
        await put(session, "a")
        assert await keys(database) == []
    with pytest.raises(LookupError):
        async with database.transaction() as session:
            await put(session, "b")
            raise LookupError
    assert await keys(database) == ["a"]


async def test_statements_alone_stand_alone(database: Database) -> None:
    with pytest.raises(LookupError):
        async with database.alone() as session:
            await put(session, "a")
            raise LookupError
    assert await keys(database) == ["a"]


async def test_read_sees_one_snapshot_and_cannot_write(database: Database) -> None:
    async with database.read() as session:
        assert await session.value("SELECT count(*) FROM request") == 0
        async with database.transaction() as other:
            await put(other, "a")
        assert await session.value("SELECT count(*) FROM request") == 0
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await put(session, "b")
    assert await keys(database) == ["a"]


async def test_deadlock_is_tried_again(database: Database) -> None:
    async with database.transaction() as session:
        await put(session, "a")
        await put(session, "b")
    tries = []

    holds = {"a": asyncio.Event(), "b": asyncio.Event()}

    async def swap(first: str, second: str) -> None:
        async def work(session: Session) -> None:
            tries.append(first)
            for key in (first, second):
                await session.fetch("UPDATE request SET scope = 's' WHERE key = $1", key)
                holds[first].set()
                await holds[second].wait()

        await database.write(work)

    await asyncio.gather(swap("a", "b"), swap("b", "a"))
    assert len(tries) > 2


async def test_unique_violation_is_tried_again_and_told_in_the_end(database: Database) -> None:
    tries = []

    async def work(session: Session) -> None:
        tries.append(1)
        await put(session, "a")
        await put(session, "a")

    with pytest.raises(asyncpg.UniqueViolationError):
        await database.write(work)
    assert len(tries) == 5
    assert await keys(database) == []


async def test_other_errors_are_told_at_once(database: Database) -> None:
    tries = []

    async def work(session: Session) -> None:
        tries.append(1)
        await session.fetch("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await database.write(work)
    assert len(tries) == 1


async def test_connections_that_the_server_ended_are_replaced(
    database: Database, admin: asyncpg.Connection
) -> None:
    async def pid() -> int:
        async with database.alone() as session:
            await asyncio.sleep(0.02)
            return int(await session.value("SELECT pg_backend_pid()"))

    pids = await asyncio.gather(*(pid() for _ in range(5)))
    for each in pids:
        await admin.execute("SELECT pg_terminate_backend($1)", each)
    await asyncio.sleep(0.1)
    again = await asyncio.gather(*(pid() for _ in range(5)))
    assert not set(pids) & set(again)


async def test_one_who_comes_alone_passes_over_all_that_were_ended(database: Database) -> None:
    async def ended() -> None:
        async with database.alone() as session:
            await asyncio.sleep(0.02)
            session.driver.terminate()

    await asyncio.gather(*(ended() for _ in range(5)))
    assert await keys(database) == []


@pytest.fixture
async def narrow(servers: Servers, database: Database) -> AsyncIterator[Database]:
    """The database over one connection: whoever comes next gets what the last one left."""
    del database
    narrow = Database(servers.database_url, pool_size=1)
    yield narrow
    await narrow.close()


@pytest.mark.parametrize("kind", ["read", "transaction"])
async def test_whoever_is_cancelled_leaves_no_transaction_behind(
    narrow: Database, kind: str
) -> None:
    async def work() -> None:
        async with getattr(narrow, kind)() as session:
            await session.value("SELECT pg_sleep(0.0005)")

    kept = []
    for steps in range(150):
        task = asyncio.create_task(work())
        # At every place where it waits: at the beginning, in the block, and at the end.
        for _ in range(steps % 50):
            await asyncio.sleep(0)
        await asyncio.sleep(steps % 3 * 0.0004)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None
        kept.append(str(steps))
        await narrow.write(lambda session: put(session, kept[-1]))
        async with narrow.alone() as session:
            assert not session.driver.is_in_transaction()
        assert await keys(narrow) == sorted(kept)


async def test_forgotten_transaction_is_ended_by_the_server(database: Database) -> None:
    async with database.read() as session:
        assert await session.value("SHOW idle_in_transaction_session_timeout") == "1min"
        assert await session.value("SHOW timezone") == "UTC"
