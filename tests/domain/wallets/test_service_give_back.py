"""Spendings undone: the very lots, their ends, what was forgiven, and farming."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.earning.rules_refund_request import Refund
from domain.ledger.rules import Kind, Resolution
from domain.wallets import jobs, queries, service_give_back
from domain.wallets.service_give_back import GiveBack, GivenBack
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.spending import back, expire, give_back, lots, spend, totals

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
MONTH = GOOD.replace('expires = "never"', "expires = { months = 1 }")
IDLE = GOOD.replace('expires = "never"', 'expires = { months = 1, after = "activity" }')


async def opened(database: Database, clock: MovableClock, text: str = GOOD) -> Shop:
    clock.set(NOON)
    return await opened_shop(database, clock, text)


async def test_points_go_back_into_their_lots_the_longest_lived_first(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, MONTH)
    await shop.buy(purchase("b1", "ann", 6_000, NOON))
    clock.move(10 * DAY)
    await shop.buy(purchase("b2", "ann", 4_000, clock.now()))
    hold = await spend(shop, "ann", 90, of=95)
    assert await lots(shop, "ann") == [(60, 0, "2026-02-06"), (40, 10, "2026-02-16")]
    outcomes = await give_back(shop, back(hold, 30), back(hold, 10), back(hold, 51))
    assert [(each.points, each.collected, each.code) for each in outcomes] == [
        (30, 0, None),
        (10, 0, None),
        (0, 0, "EXCEEDS_SPENDING"),
    ]
    # As if 50 had been spent to begin with.
    assert await lots(shop, "ann") == [(60, 10, "2026-02-06"), (40, 40, "2026-02-16")]
    assert await totals(shop) == (100, 50, 0, 0, 50)
    (last,) = await give_back(shop, back(hold, 50))
    assert last.code is None
    assert await totals(shop) == (100, 0, 0, 0, 100)
    assert [each.code for each in await give_back(shop, back(hold, 1))] == ["EXCEEDS_SPENDING"]
    await assert_coherent(database)


async def test_a_return_is_known_by_its_key_and_refusals_are_not(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    hold = await spend(shop, "ann", 70)
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, 30, NOON + HOUR, "bun"))
    first = back(hold, 40)
    other = GiveBack(first.key, hold, 30, "tea", "cold")
    outcomes = await give_back(
        shop, first, first, other, back(held.hold_id or 0, 30), back(10**9, 1), back(hold, 0)
    )
    assert [(each.points, each.code, each.replayed) for each in outcomes] == [
        (40, None, False),
        (40, None, True),
        (0, "KEY_CONFLICT", True),
        (0, "HOLD_NOT_FOUND", False),
        (0, "HOLD_NOT_FOUND", False),
        (0, "INVALID_AMOUNT", False),
    ]
    too_much = back(hold, 31)
    assert [each.code for each in await give_back(shop, too_much)] == ["EXCEEDS_SPENDING"]
    clock.move(HOUR)
    again = await give_back(shop, first, GiveBack(too_much.key, hold, 30, "tea", "cold"))
    assert again[0] == GivenBack(outcomes[0].journal_id, 40, 0, replayed=True)
    assert (again[1].code, again[1].replayed) == (None, False)
    assert (await shop.balance("ann")).spendable == 100
    await assert_coherent(database)


@pytest.mark.parametrize("booked", [False, True])
async def test_what_ended_meanwhile_comes_back_and_is_gone_at_once(
    database: Database, clock: MovableClock, *, booked: bool
) -> None:
    shop = await opened(database, clock, MONTH)
    await shop.buy(purchase("b1", "ann", 6_000, NOON))
    clock.move(10 * DAY)
    await shop.buy(purchase("b2", "ann", 4_000, clock.now()))
    hold = await spend(shop, "ann", 80)
    clock.set(datetime(2026, 2, 6, 5, tzinfo=UTC))
    assert await expire(shop) == 0 if booked else True
    assert (await give_back(shop, back(hold, 80)))[0].code is None
    assert (await shop.balance("ann")).spendable == 40
    assert await totals(shop) == (100, 0, 60, 0, 40)
    assert await lots(shop, "ann") == [(60, 0, "2026-02-06"), (40, 40, "2026-02-16")]
    # Before it came back it was spent, so nothing had expired by then.
    clock.move(-HOUR)
    assert await totals(shop) == (100, 80, 0, 0, 20)
    await assert_coherent(database)


async def test_pitfall_1_spend_refund_and_return_leave_nothing(
    database: Database, clock: MovableClock
) -> None:
    """Odoo PR 257854: a refund left the points; here two returns in the other order would."""
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    hold = await spend(shop, "ann", 100)
    (refund,) = await shop.refund(Refund("r1", "b1", NOON))
    assert (refund.points_due, refund.points_reversed) == (100, 0)
    (done,) = await give_back(shop, back(hold, 100))
    assert (done.points, done.collected) == (100, 100)
    assert (await shop.balance("ann")).total == 0
    assert await totals(shop) == (100, 0, 0, 100, 0)
    await assert_coherent(database)


async def test_what_is_spent_after_it_was_forgiven_comes_back_whole(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    first = await spend(shop, "ann", 100)
    await shop.refund(Refund("r1", "b1", NOON))
    await shop.buy(purchase("b2", "ann", 5_000, NOON))
    second = await spend(shop, "ann", 50)
    outcomes = await give_back(shop, back(second, 50), back(first, 60), back(first, 40))
    assert [each.collected for each in outcomes] == [0, 60, 40]
    assert (await shop.balance("ann")).total == 50
    await assert_coherent(database)


async def test_what_came_to_its_end_after_it_was_forgiven_would_have_been_taken(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, MONTH)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    first = await spend(shop, "ann", 100)
    clock.move(20 * DAY)
    await shop.buy(purchase("b2", "ann", 10_000, clock.now()))
    second = await spend(shop, "ann", 100)
    await shop.refund(Refund("r1", "b1", clock.now()))
    clock.set(datetime(2026, 2, 6, 5, tzinfo=UTC))
    outcomes = await give_back(shop, back(first, 100), back(second, 100))
    assert [each.collected for each in outcomes] == [100, 0]
    assert (await shop.balance("ann")).total == 100
    await assert_coherent(database)


@pytest.mark.parametrize("posted", [True, False])
async def test_what_a_hold_owes_is_forgiven_once_it_is_spent(
    database: Database, clock: MovableClock, *, posted: bool
) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, 100, NOON + HOUR, "tea"))
    await shop.refund(Refund("r1", "b1", NOON))
    hold = held.hold_id or 0
    kind = Kind.POST if posted else Kind.VOID
    await shop.settle(Resolution(new_id(), hold, kind, "redemption"))
    if posted:
        assert [each.collected for each in await give_back(shop, back(hold, 100))] == [100]
    assert (await shop.balance("ann")).total == 0
    await assert_coherent(database)


async def test_what_is_owed_while_a_hold_is_open_is_taken_from_what_comes_back(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 15_000, NOON), purchase("b2", "ann", 10_000, NOON))
    hold = await spend(shop, "ann", 150)
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, 100, NOON + HOUR, "tea"))
    await shop.refund(Refund("r1", "b2", NOON))
    await give_back(shop, back(hold, 150))
    assert (await shop.balance("ann")).spendable == 50
    await shop.settle(Resolution(new_id(), held.hold_id or 0, Kind.VOID, "void"))
    assert (await shop.balance("ann")).spendable == 150
    await assert_coherent(database)


async def test_what_comes_back_pays_a_debt(database: Database, clock: MovableClock) -> None:
    text = GOOD.replace("[earning]", 'negative_balance = { limit = "30" }\n[earning]', 1)
    shop = await opened(database, clock, text)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    hold = await spend(shop, "ann", 100)
    await shop.refund(Refund("r1", "b1", NOON))
    outcomes = await give_back(shop, back(hold, 90), back(hold, 10))
    assert [each.collected for each in outcomes] == [70, 0]
    found = await shop.balance("ann")
    assert (found.total, found.debt) == (0, 0)
    await assert_coherent(database)


async def test_what_follows_the_member_ends_as_if_it_had_never_been_spent(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, IDLE)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    clock.move(5 * DAY)
    hold = await spend(shop, "ann", 100)
    # The end in the row of what is spent stands still.
    clock.move(20 * DAY)
    await shop.buy(purchase("b2", "ann", 100, clock.now()))
    clock.move(20 * DAY)
    assert (await give_back(shop, back(hold, 40)))[0].points == 40
    assert await lots(shop, "ann") == [(100, 40, "2026-03-01"), (1, 1, "2026-03-01")]
    assert (await shop.balance("ann")).spendable == 41
    await assert_coherent(database)


async def test_a_spending_that_is_undone_is_nothing_that_the_member_did(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, IDLE)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    clock.move(20 * DAY)
    hold = await spend(shop, "ann", 60)
    assert await lots(shop, "ann") == [(100, 40, "2026-02-26")]
    await give_back(shop, back(hold, 59))
    assert await lots(shop, "ann") == [(100, 99, "2026-02-26")]
    await give_back(shop, back(hold, 1))
    assert await lots(shop, "ann") == [(100, 100, "2026-02-06")]
    await assert_coherent(database)


async def test_pitfall_2_a_refund_neither_repeats_nor_loses_a_redemption(
    database: Database, clock: MovableClock
) -> None:
    """Odoo PR 212922 and 221928: the redemption was charged again; Square never undoes it."""
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON), purchase("b2", "ann", 5_000, NOON))
    hold = await spend(shop, "ann", 120)
    await shop.refund(Refund("r1", "b1", NOON))
    assert await totals(shop) == (150, 120, 0, 30, 0)
    (done,) = await give_back(shop, back(hold, 120))
    # Of the 120 the refund takes the 70 that it lacked.
    assert done.collected == 70
    assert await totals(shop) == (150, 0, 0, 100, 50)
    await assert_coherent(database)


async def test_pitfall_12_what_was_given_back_is_not_given_back_again(
    database: Database, clock: MovableClock
) -> None:
    """mollie/magento2 #928: the fix for points that were kept returned them twice."""
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, 100, NOON + HOUR, "tea"))
    hold = held.hold_id or 0
    await shop.settle(Resolution(new_id(), hold, Kind.VOID, "void"))
    assert [each.code for each in await give_back(shop, back(hold, 100))] == ["HOLD_NOT_FOUND"]
    spent = await spend(shop, "ann", 60, of=80)
    outcomes = await give_back(shop, back(spent, 80), back(spent, 60), back(spent, 60))
    assert [each.code for each in outcomes] == ["EXCEEDS_SPENDING", None, "EXCEEDS_SPENDING"]
    assert (await shop.balance("ann")).spendable == 100
    await assert_coherent(database)


async def test_what_goes_elsewhere_comes_back_from_there(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    (ann,) = await shop.member_ids("ann")

    async with database.read() as session:
        cause: int = await session.value("SELECT id FROM account WHERE code = 'breakage'")
    wanted = Hold(new_id(), ann, 40, NOON + HOUR, "trees", cause)
    (held,) = await shop.hold(wanted)
    plain = Hold(wanted.key, ann, 40, NOON + HOUR, "trees")
    assert [each.code for each in await shop.hold(wanted, plain)] == [None, "KEY_CONFLICT"]
    hold = held.hold_id or 0
    await shop.settle(Resolution(new_id(), hold, Kind.POST, "redemption"))
    given = "SELECT sum(CASE credit_account WHEN $1 THEN amount ELSE -amount END) FROM transfer"
    where = " WHERE kind <> 1 AND $1 IN (credit_account, debit_account)"
    async with database.read() as session:
        assert await session.value(given + where, cause) == 40
    await give_back(shop, back(hold, 15))
    async with database.read() as session:
        assert await session.value(given + where, cause) == 25
    assert await totals(shop) == (100, 25, 0, 0, 75)
    await assert_coherent(database)


async def test_without_a_timeline_the_wallets_do_it_alone(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    hold = await spend(shop, "ann", 100)

    async def work(session: Session) -> list[GivenBack]:
        books = await queries.books(session, shop.brand.id)
        assert books is not None
        now, items = clock.now(), [back(hold, 30), back(hold, 30)]
        return await service_give_back.give_back(session, now, shop.brand, books, items)

    assert [each.points for each in await database.write(work)] == [30, 30]
    assert (await shop.balance("ann")).spendable == 60


async def test_what_comes_back_is_taken_once_for_what_ended_and_for_what_is_owed(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, MONTH)
    await shop.buy(purchase("b1", "ann", 1_000, NOON))
    clock.move(10 * DAY)
    await shop.buy(purchase("b2", "ann", 1_000, clock.now()))
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, 20, NOON + 99 * DAY, "tea"))
    # The first refund finds what is reserved, and owes; the second what has ended, and forgoes.
    await shop.refund(Refund("r2", "b2", clock.now()))
    clock.set(datetime(2026, 2, 6, 5, tzinfo=UTC))
    await shop.refund(Refund("r1", "b1", clock.now()))
    hold = held.hold_id or 0
    await shop.settle(Resolution(new_id(), hold, Kind.POST, "redemption", 5))
    assert (await shop.balance("ann")).total == 0
    await assert_coherent(database)


@pytest.mark.parametrize("policy", ['"collect"', '{ limit = "30" }'])
async def test_two_holds_of_one_lot_pay_a_debt_together(
    database: Database, clock: MovableClock, policy: str
) -> None:
    text = GOOD.replace("[earning]", f"negative_balance = {policy}\n[earning]", 1)
    shop = await opened(database, clock, text)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    (ann,) = await shop.member_ids("ann")
    held = await shop.hold(*(Hold(new_id(), ann, 50, NOON + HOUR, "tea") for _ in range(2)))
    await shop.buy(purchase("b2", "ann", 2_000, NOON))
    await spend(shop, "ann", 20)
    await shop.refund(Refund("r1", "b1", NOON))
    await shop.settle(
        *(Resolution(new_id(), each.hold_id or 0, Kind.VOID, "void") for each in held)
    )
    balance = await shop.balance("ann")
    assert (balance.total, balance.debt) == (0, 0)
    await assert_coherent(database)


COLLECT = MONTH.replace("[earning]", 'negative_balance = "collect"\n[earning]', 1)


async def test_what_came_back_too_late_pays_what_was_due_before(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, COLLECT)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    hold = await spend(shop, "ann", 60)
    (ann,) = await shop.member_ids("ann")
    await shop.hold(*(Hold(new_id(), ann, points, NOON + 40 * DAY, "tea") for points in (15, 25)))
    await shop.refund(Refund("r1", "b1", NOON, 9_500))
    assert (await shop.balance("ann")).debt == 95
    clock.move(39 * DAY)
    await give_back(shop, back(hold, 60))
    assert (await shop.balance("ann")).debt == 35
    clock.move(DAY)
    # The holds are over, which nothing has booked; the rest of what they reserved is gone.
    assert (await shop.balance("ann")).debt == 0
    assert await shop.database.write(lambda each: jobs.expire_holds(each, clock.now())) == 2
    await expire(shop)
    found = await shop.balance("ann")
    assert (found.debt, found.total) == (0, 0)
    assert (await totals(shop))[:4] == (100, 0, 5, 95)
    await assert_coherent(database)


async def test_what_came_back_too_late_pays_nothing_that_is_due_since(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, COLLECT)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    hold = await spend(shop, "ann", 100)
    clock.move(40 * DAY)
    await shop.buy(purchase("b2", "ann", 2_000, clock.now()))
    await spend(shop, "ann", 20)
    await shop.refund(Refund("r1", "b2", clock.now()))
    await give_back(shop, back(hold, 100))
    found = await shop.balance("ann")
    assert (found.debt, found.total) == (20, 0)
    await assert_coherent(database)
