"""What went wrong elsewhere with balances, lots and ends (loyalty research, section 3)."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.ledger.rules import Kind, Resolution
from domain.wallets import jobs
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
MONTH = GOOD.replace('expires = "never"', "expires = { months = 1 }")


async def opened(database: Database, clock: MovableClock, text: str = MONTH) -> Shop:
    clock.set(NOON)
    return await opened_shop(database, clock, text)


async def held(shop: Shop, points: int, *, hours: int = 1) -> int:
    (ann,) = await shop.member_ids("ann")
    until = shop.clock.now() + hours * HOUR
    (outcome,) = await shop.hold(Hold(new_id(), ann, points, until, "tea"))
    assert outcome.code is None
    return outcome.hold_id or 0


async def refusal(shop: Shop, points: int) -> str | None:
    (ann,) = await shop.member_ids("ann")
    wanted = Hold(new_id(), ann, points, shop.clock.now() + HOUR, "tea")
    return (await shop.hold(wanted))[0].code


async def expire(shop: Shop) -> int:
    return await shop.database.write(lambda session: jobs.expire_lots(session, shop.clock.now()))


async def test_pitfall_5_giving_back_restores_no_snapshot(
    database: Database, clock: MovableClock
) -> None:
    """The-Leetcode-City PR 180, #690: what came and went meanwhile stays."""
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    first = await held(shop, 60)
    await shop.buy(purchase("b2", "ann", 500, NOON))
    second = await held(shop, 45)
    await shop.settle(Resolution(new_id(), second, Kind.POST, "redemption"))
    assert (await shop.balance("ann")).spendable == 0
    await shop.settle(Resolution(new_id(), first, Kind.VOID, "void"))
    assert (await shop.balance("ann")).spendable == 60
    await assert_coherent(database)


@pytest.mark.parametrize("booked", [False, True])
async def test_pitfall_6_what_was_spent_of_ended_points_is_not_taken_from_new_ones(
    database: Database, clock: MovableClock, *, booked: bool
) -> None:
    """FloCafe #78: expired credits were dropped while old debits still counted."""
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    await shop.settle(Resolution(new_id(), await held(shop, 80), Kind.POST, "redemption"))
    clock.move(40 * DAY)
    assert await expire(shop) == 1 if booked else True
    await shop.buy(purchase("b2", "ann", 500, clock.now()))
    assert (await shop.balance("ann")).spendable == 5
    await assert_coherent(database)


async def test_pitfall_7_nobody_needs_a_job_or_a_label_for_points_to_end(
    database: Database, clock: MovableClock
) -> None:
    """vm0 #10299, ecommerce-laravel PR 1056: ended points were spendable until a job ran."""
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    clock.set(datetime(2026, 2, 6, 4, 59, 59, 999_999, tzinfo=UTC))
    first = await held(shop, 1)
    clock.set(datetime(2026, 2, 6, 5, tzinfo=UTC))
    assert await refusal(shop, 1) == "INSUFFICIENT_POINTS"
    balance = await shop.balance("ann")
    assert (balance.total, balance.upcoming) == (0, ())
    await shop.settle(Resolution(new_id(), first, Kind.VOID, "void"))
    assert (await shop.balance("ann")).total == 0
    assert [await expire(shop), await expire(shop)] == [1, 0]
    await assert_coherent(database)


async def test_pitfall_8_what_is_checked_is_what_is_taken(
    database: Database, clock: MovableClock
) -> None:
    """Erpnext #59050: the check was on the total, the deduction from a part."""
    text = MONTH.replace("[earning]", "pending_days = 3\n[earning]", 1)
    shop = await opened(database, clock, text)
    await shop.buy(purchase("b1", "ann", 1_000, NOON - 29 * DAY))
    await shop.buy(purchase("b2", "ann", 2_000, NOON - 40 * DAY))
    await shop.buy(purchase("b3", "ann", 500, NOON - 5 * DAY), purchase("b4", "ann", 400, NOON))
    # 20 have ended, 4 can't be spent yet.
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.pending, balance.total) == (15, 4, 19)
    assert await refusal(shop, 16) == "INSUFFICIENT_POINTS"
    await shop.settle(Resolution(new_id(), await held(shop, 15), Kind.POST, "redemption"))
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.pending) == (0, 4)
    await assert_coherent(database)


@pytest.mark.parametrize(
    ("zone", "earned", "gone"),
    [
        # The last days of a month with another offset at its end than at its beginning.
        ("America/New_York", "2026-02-15T04:30", "2026-03-15T04:00"),
        ("Europe/London", "2026-02-28T23:59", "2026-03-29T00:00"),
        ("Asia/Ho_Chi_Minh", "2026-02-28T17:00", "2026-04-01T17:00"),
        ("Pacific/Chatham", "2026-03-05T10:14", "2026-04-05T11:15"),
    ],
)
async def test_pitfall_10_a_day_is_the_brands_to_its_last_moment(
    database: Database, clock: MovableClock, zone: str, earned: str, gone: str
) -> None:
    """Kademi #4759: an end was shifted by 11 hours; qwcrm #1480: at the start of the last day."""
    instant, end = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (earned, gone))
    clock.set(instant)
    text = MONTH.replace("America/New_York", zone)
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("b1", "ann", 10_000, instant))
    assert [each.at for each in (await shop.balance("ann")).upcoming] == [end]
    clock.set(end - timedelta(microseconds=1))
    assert (await shop.balance("ann")).spendable == 100
    clock.set(end)
    assert (await shop.balance("ann")).spendable == 0


async def test_pitfall_12_what_is_abandoned_comes_back_once(
    database: Database, clock: MovableClock
) -> None:
    """mollie/magento2 #928, nopCommerce #5595: kept for good, and then given back twice."""
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    abandoned = await held(shop, 70)
    clock.move(HOUR)
    expire_holds = lambda session: jobs.expire_holds(session, clock.now())  # noqa: E731
    assert [await database.write(expire_holds), await database.write(expire_holds)] == [1, 0]
    assert (await shop.balance("ann")).spendable == 100
    late = Resolution(new_id(), abandoned, Kind.VOID, "void")
    again = Resolution(new_id(), abandoned, Kind.POST, "redemption")
    assert [each.refusal for each in await shop.settle(late, again)] == ["HOLD_RESOLVED"] * 2
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.held) == (100, 0)
    await assert_coherent(database)
