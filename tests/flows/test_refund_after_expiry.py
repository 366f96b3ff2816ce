"""A refund takes back the same whether or not the job has booked an expiry before it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.earning.rules import Line
from domain.earning.rules_refund_request import Refund
from domain.ledger.rules import Kind, Resolution
from domain.wallets.jobs import expire_lots
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.shop import ROOT, Shop, opened_shop, purchase


async def _shop(database: Database, clock: MovableClock) -> Shop:
    text = (ROOT / "programmes" / "grocer.toml").read_text()
    assert 'expires = "never"' in text
    return await opened_shop(
        database, clock, text.replace('expires = "never"', "expires = { months = 1 }")
    )


@pytest.mark.parametrize("booked", [False, True])
async def test_points_lost_by_expiry_are_not_taken_twice(
    database: Database, clock: MovableClock, *, booked: bool
) -> None:
    shop = await _shop(database, clock)
    early: datetime = clock.now()
    await shop.buy(purchase("old", "ann", 1000, early))
    await shop.refund(Refund("r1", "old", early, amount=200))
    clock.move(timedelta(days=40))
    await shop.buy(purchase("new", "ann", 5000, clock.now()))
    if booked:
        async with database.transaction() as session:
            assert await expire_lots(session, clock.now()) == 1
    (rest,) = await shop.refund(Refund("r2", "old", clock.now()))
    assert (rest.points_due, rest.points_reversed) == (8, 0)
    assert (await shop.balance("ann")).total == 50
    async with database.transaction() as session:
        assert await expire_lots(session, clock.now()) == (0 if booked else 1)
    await assert_coherent(database)


async def test_what_an_earlier_refund_already_missed_counts_once(
    database: Database, clock: MovableClock
) -> None:
    shop = await _shop(database, clock)
    early = clock.now()
    await shop.buy(purchase("old", "ann", 1000, early))
    clock.move(timedelta(days=40))
    await shop.buy(purchase("new", "ann", 5000, clock.now()))
    parts = await shop.refund(
        Refund("r1", "old", clock.now(), amount=300), Refund("r2", "old", clock.now())
    )
    assert [(part.points_due, part.points_reversed) for part in parts] == [(3, 0), (7, 0)]
    assert (await shop.balance("ann")).total == 50


async def test_the_same_refund_twice_in_one_list_counts_once(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("b1", "ann", 1000, now))
    first = Refund("r1", "b1", now, amount=500)
    twice = await grocer.refund(first, Refund("r1", "b1", now, amount=500))
    other = await grocer.refund(Refund("r1", "b1", now, amount=400))
    assert [(o.status, o.points_reversed) for o in twice] == [("recorded", 5), ("replayed", 5)]
    assert other[0].code == "REFUND_CONFLICT"
    assert (await grocer.balance("ann")).total == 5


async def test_points_held_over_a_refund_are_taken_when_they_come_back(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("b1", "ann", 1000, now), purchase("b2", "ann", 300, now))
    (ann,) = await grocer.member_ids("ann")
    held = await grocer.hold(
        Hold(new_id(), ann, 8, now + timedelta(hours=1), "tea"),
        Hold(new_id(), ann, 5, now + timedelta(hours=1), "bun"),
    )
    (back,) = await grocer.refund(Refund("r1", "b1", now))
    assert (back.points_due, back.points_reversed) == (10, 0)
    tea, bun = (each.hold_id or 0 for each in held)
    await grocer.settle(Resolution(new_id(), tea, Kind.POST, "redemption", 2))
    assert (await grocer.balance("ann")).total == 0
    await grocer.settle(Resolution(new_id(), bun, Kind.VOID, "void"))
    assert (await grocer.balance("ann")).total == 1


async def test_a_free_basket_gives_back_what_its_price_earned(
    database: Database, clock: MovableClock
) -> None:
    text = (ROOT / "programmes" / "grocer.toml").read_text()
    shop = await opened_shop(database, clock, text.replace("after_discount", "before_discount"))
    free = replace(purchase("b1", "ann", 0, clock.now()), lines=(Line(amount=0, discount=1000),))
    (earned,) = await shop.buy(free)
    (back,) = await shop.refund(Refund("r1", "b1", clock.now()))
    (more,) = await shop.refund(Refund("r2", "b1", clock.now()))
    assert (earned.points, back.points_reversed, more.code) == (10, 10, "REFUND_EXCEEDS_PURCHASE")
    await assert_coherent(database)
