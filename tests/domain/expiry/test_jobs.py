"""Members are told before points end: once, in time, and by the day of the brand."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from api.sections import SECTIONS
from domain.expiry.jobs import warn
from kit.clock import MovableClock
from kit.db import Database
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase

DAY = timedelta(days=1)
NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
WARNED = GOOD.replace(
    'expires = "never"', 'expires = { months = 1, after = "activity" }\nwarn_days = [7, 1]'
)


@pytest.fixture
async def shop(database: Database, clock: MovableClock) -> Shop:
    clock.set(NOON)
    return await opened_shop(database, clock, WARNED)


async def run(shop: Shop, limit: int = 500) -> int:
    now = shop.clock.now()
    return await shop.database.write(lambda session: warn(session, now, SECTIONS, limit))


async def told(shop: Shop) -> list[tuple[int, str, int]]:
    async with shop.database.read() as session:
        rows = await session.fetch(
            "SELECT payload FROM fact WHERE kind = 'PointsExpiring' ORDER BY id"
        )
    facts = [row[0] for row in rows]
    return [(fact["points"], fact["expiresAt"][:16], fact["days"]) for fact in facts]


async def test_each_warning_is_given_once_from_the_start_of_its_day(shop: Shop) -> None:
    await shop.buy(purchase("b1", "ann", 10_000, NOON), purchase("b2", "ann", 500, NOON))
    # The end is 6 February, 0:00: seven days before begins on 30 January, 5:00 UTC.
    shop.clock.set(datetime(2026, 1, 30, 4, 59, tzinfo=UTC))
    assert await run(shop) == 0
    shop.clock.set(datetime(2026, 1, 30, 5, tzinfo=UTC))
    assert (await run(shop), await run(shop)) == (1, 0)
    first = (105, "2026-02-06T05:00", 7)
    assert await told(shop) == [first]
    shop.clock.set(datetime(2026, 2, 5, 5, tzinfo=UTC))
    assert (await run(shop), await run(shop)) == (1, 0)
    assert await told(shop) == [first, (105, "2026-02-06T05:00", 1)]
    shop.clock.move(2 * DAY)
    assert await run(shop) == 0
    async with shop.database.read() as session:
        assert await session.value("SELECT count(*) FROM expiry_warning") == 0


async def test_what_is_due_twice_is_told_once_by_the_nearest(shop: Shop) -> None:
    await shop.buy(*(purchase(f"b{n}", f"m{n}", 10_000, NOON) for n in range(3)))
    shop.clock.set(datetime(2026, 2, 5, 12, tzinfo=UTC))
    assert [await run(shop, 2) for _ in range(3)] == [2, 1, 0]
    assert await told(shop) == [(100, "2026-02-06T05:00", 1)] * 3


async def test_an_end_that_has_moved_is_told_of_anew(shop: Shop) -> None:
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    shop.clock.set(datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert await run(shop) == 1
    await shop.buy(purchase("b2", "ann", 100, shop.clock.now()))
    assert await run(shop) == 0
    shop.clock.set(datetime(2026, 2, 22, 12, tzinfo=UTC))
    assert await run(shop) == 1
    assert await told(shop) == [(100, "2026-02-06T05:00", 7), (101, "2026-03-01T05:00", 7)]


async def test_two_workers_warn_once(shop: Shop) -> None:
    await shop.buy(*(purchase(f"b{n}", f"m{n}", 10_000, NOON) for n in range(20)))
    shop.clock.set(datetime(2026, 1, 31, 12, tzinfo=UTC))
    counts = await asyncio.gather(*(run(shop, 15) for _ in range(4)))
    while more := await run(shop, 15):
        counts.append(more)
    assert sum(counts) == len(await told(shop)) == 20


async def test_nobody_is_warned_where_no_file_says_so(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, "coffee")
    clock.move(-3650 * DAY)
    assert await run(shop) == 0
