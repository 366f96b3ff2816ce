"""Facts: each subscriber gets each fact once, in order, none skipped."""

import asyncio
from collections import Counter

import pytest

from kit.clock import MovableClock
from kit.db import Database
from kit.facts import Fact, StoredFact, again, miss, missing, record, take, waiting
from kit.log import bind_correlation


def fact(number: int, tenant: int = 1) -> Fact:
    return Fact(tenant, "Counted", str(number), {"number": number})


async def write(database: Database, clock: MovableClock, *numbers: int) -> None:
    async with database.transaction() as session:
        await record(session, clock.now(), [fact(number) for number in numbers])


async def taken(database: Database, subscriber: str = "one", limit: int = 500) -> list[int]:
    async with database.transaction() as session:
        return numbers(await take(session, subscriber, limit=limit))


async def handed_out(database: Database) -> None:
    """Wait until no older transaction holds facts back: those of other databases do as well."""
    async with database.alone() as session:
        last = await session.value("SELECT max(xid)::text FROM fact")
        while not await session.value(
            "SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8", last
        ):
            await asyncio.sleep(0.02)


def numbers(facts: list[StoredFact]) -> list[int]:
    return [each.payload["number"] for each in facts]


async def test_fact_arrives_as_it_was_recorded(database: Database, clock: MovableClock) -> None:
    with bind_correlation() as correlation:
        async with database.transaction() as session:
            await record(session, clock.now(), [Fact(7, "Seen", "it", {"deep": [1, {"a": None}]})])
    await handed_out(database)
    async with database.transaction() as session:
        (found,) = await take(session, "one")
    assert (found.tenant_id, found.kind, found.subject) == (7, "Seen", "it")
    assert found.payload == {"deep": [1, {"a": None}]}
    assert found.recorded_at == clock.now()
    assert found.correlation_id == str(correlation)


async def test_fact_without_a_correlation_has_none(database: Database, clock: MovableClock) -> None:
    await write(database, clock, 1)
    await handed_out(database)
    async with database.transaction() as session:
        (found,) = await take(session, "one")
    assert found.correlation_id is None


async def test_facts_come_in_order_and_once_per_subscriber(
    database: Database, clock: MovableClock
) -> None:
    for start in range(0, 30, 10):
        await write(database, clock, *range(start, start + 10))
    await handed_out(database)
    assert await taken(database, limit=7) == list(range(7))
    assert await taken(database, limit=7) == list(range(7, 14))
    assert await taken(database) == list(range(14, 30))
    assert await taken(database) == []
    assert await taken(database, "two") == list(range(30))


async def test_rolled_back_fact_never_was(database: Database, clock: MovableClock) -> None:
    with pytest.raises(LookupError):
        async with database.transaction() as session:
            await record(session, clock.now(), [fact(1)])
            raise LookupError
    await write(database, clock, 2)
    await handed_out(database)
    assert await taken(database) == [2]


async def test_cursor_rolls_back_with_the_subscribers_effects(
    database: Database, clock: MovableClock
) -> None:
    await write(database, clock, 1, 2, 3)
    await handed_out(database)
    assert await taken(database, limit=1) == [1]
    with pytest.raises(LookupError):
        async with database.transaction() as session:
            assert numbers(await take(session, "one", limit=1)) == [2]
            raise LookupError
    assert await taken(database) == [2, 3]


async def test_two_workers_of_a_subscriber_share_without_overlap(
    database: Database, clock: MovableClock
) -> None:
    await write(database, clock, *range(40))
    await handed_out(database)
    order: list[int] = []

    async def worker() -> None:
        while True:
            async with database.transaction() as session:
                got = numbers(await take(session, "one", limit=3))
                await asyncio.sleep(0.002)
                order.extend(got)
            if not got:
                return

    await asyncio.gather(worker(), worker(), worker())
    assert order == list(range(40))


async def test_low_id_that_commits_late_is_not_skipped(
    database: Database, clock: MovableClock
) -> None:
    async with database.transaction() as slow:
        await record(slow, clock.now(), [fact(1)])
        await write(database, clock, 2)
        await write(database, clock, 3)
        assert await taken(database) == []
    await handed_out(database)
    assert await taken(database) == [1, 2, 3]


async def test_low_transaction_that_records_late_is_not_skipped(
    database: Database, clock: MovableClock
) -> None:
    async with database.transaction() as slow:
        await slow.fetch("SELECT pg_current_xact_id()")
        await write(database, clock, 2)
        assert await taken(database) == []
        await record(slow, clock.now(), [fact(1)])
    await handed_out(database)
    # Its id is the higher one, its transaction the lower one.
    assert await taken(database, limit=1) == [1]
    assert await taken(database) == [2]


async def test_every_fact_comes_once_while_many_write(
    database: Database, clock: MovableClock
) -> None:
    seen: Counter[int] = Counter()
    done = asyncio.Event()

    async def writer(worker: int) -> None:
        for n in range(20):
            async with database.transaction() as session:
                await record(session, clock.now(), [fact(worker * 100 + n)])
                await asyncio.sleep(0.001 * (worker % 4))

    async def reader() -> None:
        while True:
            finished = done.is_set()
            got = await taken(database, limit=9)
            seen.update(got)
            if finished and not got:
                return

    readers = [asyncio.create_task(reader()) for _ in range(2)]
    await asyncio.gather(*(writer(worker) for worker in range(10)))
    done.set()
    await asyncio.gather(*readers)
    assert seen == Counter(worker * 100 + n for worker in range(10) for n in range(20))


async def test_a_subscriber_knows_whether_facts_wait(
    database: Database, clock: MovableClock
) -> None:
    async def waits() -> bool:
        async with database.alone() as session:
            return await waiting(session, "one")

    assert await waits()
    assert await taken(database) == []
    assert not await waits()
    await write(database, clock, 1, 2)
    await handed_out(database)
    assert await waits()
    assert await taken(database, limit=1) == [1]
    assert await waits()
    assert await taken(database, subscriber="two") == [1, 2]
    assert await waits()
    assert await taken(database) == [2]
    assert not await waits()


async def test_what_one_tenant_missed_comes_again(database: Database, clock: MovableClock) -> None:
    for start in (1, 3):
        async with database.transaction() as session:
            them = [fact(number, tenant=number % 2) for number in (start, start + 1)]
            await record(session, clock.now(), them)
    await handed_out(database)
    async with database.transaction() as session:
        for _ in range(2):
            found = await take(session, "one", limit=2)
            await miss(session, "one", [each for each in found if each.tenant_id == 1])
        assert await missing(session, "one") == [1]
        assert await missing(session, "on") == []
        assert numbers(await again(session, "one", 1, limit=1)) == [1]
        assert await missing(session, "one") == [1]
    # What is taken by nobody yet was missed by nobody.
    async with database.transaction() as session:
        await record(session, clock.now(), [fact(5)])
    await handed_out(database)
    async with database.transaction() as session:
        assert numbers(await again(session, "one", 1)) == [3]
        assert await missing(session, "one") == []
        assert numbers(await take(session, "one")) == [5]


async def test_a_part_that_fails_is_undone_alone(database: Database, clock: MovableClock) -> None:
    async with database.transaction() as session:
        await record(session, clock.now(), [fact(1)])
        with pytest.raises(ValueError, match="no"):
            async with session.part():
                await record(session, clock.now(), [fact(2)])
                raise ValueError("no")
        await record(session, clock.now(), [fact(3)])
    await handed_out(database)
    assert await taken(database) == [1, 3]
