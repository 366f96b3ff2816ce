"""A version that is applied while others write."""

import asyncio
from datetime import timedelta

from api.sections import SECTIONS
from domain.earning.service import record_purchases
from domain.programmes import queries as programmes
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import opened_shop, purchase

YEAR = GOOD.replace('expires = "never"', "expires = { months = 12 }")
MONTH = GOOD.replace('expires = "never"', 'expires = { months = 1, after = "activity" }')


async def test_a_version_waits_for_who_writes_by_the_one_before(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, YEAR)
    now = clock.now()
    read, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        read.set()
        await go_on.wait()
        await record_purchases(
            session, now, shop.brand, timeline, [purchase("p1", "ann", 1000, now)]
        )

    writing = asyncio.create_task(database.write(slow))
    await read.wait()
    applying = asyncio.create_task(shop.apply(MONTH, now))
    await asyncio.sleep(0.3)
    assert not applying.done()
    go_on.set()
    await asyncio.gather(writing, applying)
    # Dated anew by the version that came in after it: a month after the latest activity.
    (end,) = (await shop.balance("ann")).upcoming
    assert (end.points, end.at.date().isoformat()) == (10, "2026-04-03")
    await assert_coherent(database)


async def test_buyers_newcomers_and_versions_at_once(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, YEAR)
    now = clock.now()

    async def buys(who: int) -> None:
        for number in range(6):
            name = f"m{who}-{number // 2}"
            (outcome,) = await shop.buy(purchase(f"{who}-{number}", name, 1000, now))
            assert outcome.status == "recorded"

    async def applies() -> None:
        for number, text in enumerate((MONTH, YEAR, MONTH)):
            await shop.apply(text, now + timedelta(microseconds=number))

    await asyncio.gather(*(buys(who) for who in range(4)), applies())
    async with database.read() as session:
        ends = await session.fetch("SELECT DISTINCT expires_at::date::text FROM lot")
    assert [row[0] for row in ends] == ["2026-04-03"]
    await assert_coherent(database)
