"""What went wrong elsewhere with what points were spent on (loyalty research, section 3)."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

from domain.earning.rules_refund_request import Refund
from domain.rewards.jobs import lapse
from domain.rewards.service_cancel import Cancel, Return
from domain.rewards.service_fulfil import Fulfil
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
    returned,
    reward,
    vouchers_of,
    wish,
)
from tests.support.shop import Shop, opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TEA = reward("tea", "60", return_days="3")


async def points(shop: Shop, name: str = "ann") -> int:
    return (await shop.balance(name)).spendable


async def test_pitfall_2_a_refund_leaves_the_redemption_as_it_is(
    database: Database, clock: MovableClock
) -> None:
    """Odoo PR 212922 and 221928: a refund charged the redemption again; Square loses it."""
    shop = await opened_shop(database, clock, programme(TEA))
    await shop.buy(purchase("p1", "ann", 100_00, NOON), purchase("p2", "ann", 40_00, NOON))
    (asked,) = await redeemed(shop, wish("1", "ann", "tea"))
    assert await points(shop) == 80
    await shop.refund(Refund("r2", "p2", NOON))
    assert await points(shop) == 40
    assert (await redemption(shop, id_of(asked))).state == "fulfilled"
    # What was redeemed is given back when it is returned: all of it, once, and by nothing else.
    (back,) = await returned(shop, Return("b", id_of(asked), "eve", "cold"))
    again, other = await returned(
        shop,
        Return("b", id_of(asked), "eve", "cold"),
        Return("c", id_of(asked), "eve", "cold"),
    )
    assert (back.state, again.replayed, other.code) == ("returned", True, "NOT_FULFILLED")
    assert await points(shop) == 100
    await shop.refund(Refund("r1", "p1", NOON))
    assert await points(shop) == 0
    await assert_coherent(database)


async def test_pitfall_2_buy_redeem_refund_and_return_make_no_points(
    database: Database, clock: MovableClock
) -> None:
    """The reverse: points that a refund forgave because they were spent don't come back."""
    shop = await opened_shop(database, clock, programme(TEA))
    await shop.buy(purchase("p1", "ann", 60_00, NOON))
    (asked,) = await redeemed(shop, wish("1", "ann", "tea"))
    await shop.refund(Refund("r1", "p1", NOON))
    (back,) = await returned(shop, Return("b", id_of(asked), "eve", "cold"))
    assert (back.state, await points(shop)) == ("returned", 0)
    assert [each.state for each in await vouchers_of(shop, id_of(asked))] == ["returned"]
    await shop.buy(purchase("p2", "ann", 10_00, NOON))
    assert await points(shop) == 10
    await assert_coherent(database)


async def test_pitfall_12_an_abandoned_payment_gives_points_back_once(
    database: Database, clock: MovableClock
) -> None:
    """Mollie/magento2 #928 and nopCommerce #5595: the points were kept, then returned twice."""
    trip = reward("trip", "100", money='"20.00"', fulfil='"by_staff"', stock="3", fulfil_days="1")
    shop = await opened_shop(database, clock, programme(trip))
    ends = list(permutations(range(4)))
    names = [f"m{n}" for n in range(len(ends))]
    await shop.buy(*(purchase(name, name, 100_00, NOON) for name in names))
    for name, order in zip(names, ends, strict=True):
        start = clock.now()
        (asked,) = await redeemed(shop, wish(name, name, "trip"))
        assert (asked.state, await points(shop, name)) == ("held", 0)
        clock.move(DAY)
        assert (await redemption(shop, id_of(asked))).state == "lapsed"
        assert await left(shop, "trip") == 3
        for end in order:
            await _end(shop, end, id_of(asked), name)
        balance = await shop.balance(name)
        assert (balance.spendable, balance.held) == (100, 0), order
        assert await left(shop, "trip") == 3
        clock.set(start)
    await assert_coherent(database)


async def _end(shop: Shop, end: int, id_: UUID, name: str) -> None:
    """Do one of the things that may happen to what nobody paid."""
    now = shop.clock.now()
    match end:
        case 0:
            await shop.database.write(lambda session: lapse(session, now))
        case 1:
            await shop.database.write(lambda session: expire_holds(session, now))
        case 2:
            (late,) = await fulfilled(shop, Fulfil(f"f{name}", id_, "eve"))
            assert late.code == "DEADLINE_PASSED"
        case _:
            (late,) = await cancelled(shop, Cancel(f"c{name}", id_, name, ""))
            assert late.code == "DEADLINE_PASSED"


async def test_pitfall_12_a_cancelled_one_is_not_given_back_again(
    database: Database, clock: MovableClock
) -> None:
    trip = reward("trip", "100", money='"20.00"', fulfil='"by_staff"', fulfil_days="1")
    shop = await opened_shop(database, clock, programme(trip))
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    (asked,) = await redeemed(shop, wish("1", "ann", "trip"))
    await cancelled(shop, Cancel("c", id_of(asked), "ann", "too dear"))
    clock.move(DAY)
    assert await database.write(lambda session: lapse(session, clock.now())) == 0
    assert await database.write(lambda session: expire_holds(session, clock.now())) == 0
    (late,) = await fulfilled(shop, Fulfil("f", id_of(asked), "eve"))
    assert (late.code, await points(shop)) == ("NOT_HELD", 100)
    await assert_coherent(database)


async def test_points_that_ended_while_they_were_spent_do_not_live_on(
    database: Database, clock: MovableClock
) -> None:
    text = programme(reward("tea", "60", return_days="90")).replace("months = 12", "months = 1")
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p1", "ann", 60_00, NOON))
    (asked,) = await redeemed(shop, wish("1", "ann", "tea"))
    clock.move(20 * DAY)
    await shop.buy(purchase("p2", "ann", 5_00, clock.now()))
    clock.move(20 * DAY)
    (back,) = await returned(shop, Return("b", id_of(asked), "eve", "cold"))
    assert (back.state, await points(shop)) == ("returned", 5)
    await assert_coherent(database)
