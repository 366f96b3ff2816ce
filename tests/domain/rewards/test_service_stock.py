"""How many of a reward there are: what staff add, what is taken, and what comes back."""

from datetime import UTC, datetime, timedelta

from domain.rewards.jobs import lapse
from domain.rewards.service_cancel import Cancel
from domain.rewards.service_fulfil import Fulfil
from domain.rewards.service_stock import StockChange
from domain.wallets.jobs import expire_holds
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.rewards import (
    cancelled,
    fulfilled,
    id_of,
    left,
    programme,
    redeemed,
    redemption,
    reward,
    stocked,
    wish,
)
from tests.support.shop import opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TRIP = reward("trip", "100", stock="2", fulfil='"by_staff"', fulfil_days="1")


async def test_staff_change_stock(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, programme(TRIP, reward("tea")))
    await shop.buy(purchase("p1", "ann", 1000_00, NOON))
    await redeemed(shop, wish("1", "ann", "trip", quantity=2))
    found = await stocked(
        shop,
        StockChange("a", "trip", 3, "came in", "eve"),
        StockChange("a", "trip", 3, "came in", "eve"),
        StockChange("a", "trip", 4, "came in", "eve"),
        StockChange("b", "trip", -4, "broken", "eve"),
        StockChange("c", "trip", -3, "broken", "eve"),
        StockChange("d", "trip", 0, "nothing", "eve"),
        StockChange("e", "tea", 5, "has no end", "eve"),
        StockChange("f", "cake", 5, "is none", "eve"),
        StockChange("g", "trip", 1, "\x00", "eve"),
        StockChange("h", "trip", 10**10, "many", "eve"),
    )
    assert [(each.left, each.code, each.replayed) for each in found] == [
        (3, None, False),
        (3, None, True),
        (None, "KEY_CONFLICT", False),
        (None, "INVALID_UNITS", False),
        (0, None, False),
        (None, "INVALID_UNITS", False),
        (None, "NO_SUCH_REWARD", False),
        (None, "NO_SUCH_REWARD", False),
        (None, "INVALID_INPUT", False),
        (None, "INVALID_UNITS", False),
    ]
    (again,) = await stocked(shop, StockChange("a", "trip", 3, "came in", "eve"))
    assert (again.left, again.replayed, await left(shop, "trip")) == (0, True, 0)
    await assert_coherent(database)


async def test_a_version_with_less_stock_than_is_taken(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, programme(reward("mug", "0", stock="5")))
    await shop.buy(purchase("p1", "ann", 1_00, NOON))
    await redeemed(shop, wish("1", "ann", "mug", quantity=4))
    await shop.apply(programme(reward("mug", "0", stock="1")), NOON + DAY)
    clock.move(DAY)
    assert await left(shop, "mug") == 0
    refused, more, back = await stocked(
        shop,
        StockChange("a", "mug", -1, "broken", "eve"),
        StockChange("b", "mug", 2, "found", "eve"),
        StockChange("c", "mug", 2, "found", "eve"),
    )
    assert (refused.code, more.left, back.left) == ("INVALID_UNITS", 0, 1)
    await assert_coherent(database)


async def test_what_had_no_end_is_counted_once_it_has_one(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, programme(reward("mug", "0"), reward("tea", "0")))
    await shop.buy(purchase("p1", "ann", 1_00, NOON))
    first, _ = await redeemed(shop, wish("1", "ann", "mug", quantity=4), wish("2", "ann", "tea"))
    async with database.read() as session:
        assert await session.fetch("SELECT FROM reward_stock") == []
    await shop.apply(programme(reward("mug", "0", stock="5", return_days="9")), NOON + DAY)
    # It is counted from when it is applied, also by the version before.
    await redeemed(shop, wish("3", "ann", "mug"))
    clock.move(DAY)
    assert await left(shop, "mug") == 0
    await shop.apply(programme(reward("mug", "0")), NOON + 2 * DAY)
    clock.move(DAY)
    await redeemed(shop, wish("4", "ann", "mug", quantity=2))
    assert await left(shop, "mug") is None
    await shop.apply(programme(reward("mug", "0", stock="8")), NOON + 3 * DAY)
    clock.move(DAY)
    assert await left(shop, "mug") == 1
    assert (await redemption(shop, id_of(first))).state == "fulfilled"
    await assert_coherent(database)


async def test_what_is_overdue_frees_its_unit_for_the_next(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, programme(TRIP))
    await shop.buy(purchase("p1", "ann", 200_00, NOON), purchase("p2", "bob", 200_00, NOON))
    (late,) = await redeemed(shop, wish("1", "ann", "trip", quantity=2))
    clock.move(DAY - timedelta(microseconds=1))
    (early,) = await redeemed(shop, wish("2", "bob", "trip"))
    clock.move(timedelta(microseconds=1))
    (next_,) = await redeemed(shop, wish("3", "bob", "trip", quantity=2))
    assert (early.code, next_.state) == ("OUT_OF_STOCK", "held")
    # A till whose clock is behind can't fulfil what somebody else got.
    clock.move(-timedelta(microseconds=1))
    (refused,) = await fulfilled(shop, Fulfil("f", id_of(late), "eve"))
    (too_late,) = await cancelled(shop, Cancel("c", id_of(late), "ann", ""))
    assert (refused.code, too_late.code) == ("DEADLINE_PASSED", "DEADLINE_PASSED")
    clock.move(timedelta(microseconds=1))
    assert await left(shop, "trip") == 0
    # Its points are back for the next thing that Ann does.
    (again,) = await redeemed(shop, wish("4", "ann", "trip"))
    assert again.code == "OUT_OF_STOCK"
    assert (await shop.balance("ann")).spendable == 200
    await assert_coherent(database)


async def test_a_hold_that_ended_for_another_clock_is_over(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, programme(TRIP))
    await shop.buy(purchase("p1", "ann", 200_00, NOON))
    (late,) = await redeemed(shop, wish("1", "ann", "trip"))
    await database.write(lambda session: expire_holds(session, NOON + DAY))
    (refused,) = await fulfilled(shop, Fulfil("f", id_of(late), "eve"))
    assert refused.code == "DEADLINE_PASSED"
    clock.move(DAY)
    await database.write(lambda session: lapse(session, clock.now()))
    await assert_coherent(database)


async def test_the_job_books_what_has_lapsed(database: Database, clock: MovableClock) -> None:
    # The newest version knows the reward no more.
    shop = await opened_shop(database, clock, programme(TRIP, reward("tea")))
    await shop.buy(purchase("p1", "ann", 1000_00, NOON))
    found = await redeemed(
        shop, wish("1", "ann", "trip"), wish("2", "ann", "trip"), wish("3", "ann", "tea")
    )
    await shop.apply(programme(reward("tea")), NOON + timedelta(hours=1))
    assert await database.write(lambda session: lapse(session, clock.now())) == 0
    clock.move(DAY)
    assert (await redemption(shop, id_of(found[0]))).state == "lapsed"
    jobs = [
        await database.write(lambda session: lapse(session, clock.now(), limit=1)) for _ in range(3)
    ]
    assert jobs == [1, 1, 0]
    assert await database.write(lambda session: expire_holds(session, clock.now())) == 2
    states = [(await redemption(shop, id_of(each))).state for each in found]
    assert states == ["lapsed", "lapsed", "fulfilled"]
    assert (await shop.balance("ann")).spendable == 900
    async with database.read() as session:
        facts = await session.fetch(
            "SELECT subject, payload ->> 'redemption' AS id, payload ->> 'points' AS points"
            " FROM fact WHERE kind = 'RedemptionLapsed'"
        )
    assert {(row["id"], row["points"]) for row in facts} == {
        (str(id_of(each)), "100") for each in found[:2]
    }
    await assert_coherent(database)
