"""Counting in the database."""

import asyncio
from datetime import date
from uuid import UUID

from domain.tallies.queries import tallies
from domain.tallies.rules import Count, Tallies
from domain.tallies.service import count
from kit.db import Database
from kit.ids import new_id

DAY, NEXT = date(2026, 3, 2), date(2026, 3, 3)
BRAND = 1


async def read(database: Database, *member_ids: UUID, brand_id: int = BRAND) -> dict[UUID, Tallies]:
    async with database.read() as session:
        return await tallies(session, brand_id, member_ids)


async def write(database: Database, *changes: Count) -> None:
    await database.write(lambda session: count(session, BRAND, changes))


async def test_everyone_asked_for_is_there_with_what_was_counted(database: Database) -> None:
    ann, ben, eve = new_id(), new_id(), new_id()
    await write(database)
    await write(
        database,
        Count(ann, "purchase", DAY, 500, 5, 1),
        Count(ann, "purchase", DAY, 100, 1, 1),
        Count(ben, "check-in", NEXT, 0, 10, 1),
        Count(ann, "redemption", NEXT, 0, -3, 1),
    )
    await write(database, Count(ann, "purchase", DAY, -500, -5, -1))
    assert await read(database, ann, ben, eve) == {
        ann: {(DAY, "purchase"): [100, 1, 1], (NEXT, "redemption"): [0, -3, 1]},
        ben: {(NEXT, "check-in"): [0, 10, 1]},
        eve: {},
    }
    assert await read(database, ann, brand_id=BRAND + 1) == {ann: {}}


async def test_two_who_count_the_same_in_opposite_orders_both_count(database: Database) -> None:
    changes = [Count(new_id(), "purchase", DAY, 1, 1, 1) for _ in range(200)]
    await asyncio.gather(*(write(database, *changes[::way]) for way in (1, -1) * 5))
    found = await read(database, *(change.member_id for change in changes))
    assert all(each == {(DAY, "purchase"): [10, 10, 10]} for each in found.values())
